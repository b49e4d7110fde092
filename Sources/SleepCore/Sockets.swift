/// A socket of a container in which something waits that the container has not read.
package struct UnreadSocket: Sendable, Hashable {
    /// Both ends, as `10.0.0.2:80 10.0.0.7:51234`; the same for as long as the socket lives.
    package var endpoints: String
    /// The port at the container's end.
    package var port: Int
    /// Bytes, and one more for a connection that the container has not accepted yet.
    package var waiting: Int

    package init(endpoints: String, port: Int, waiting: Int) {
        self.endpoints = endpoints
        self.port = port
        self.waiting = waiting
    }
}

/// A connection to a service on which its peer has said the last word.
package struct OpenRequest: Sendable, Equatable {
    /// The kernel's number for the connection: never used again.
    package var connection: UInt64
    /// How many segments with data have come and gone: unchanged, it is the same request.
    package var segments: UInt64
    package var port: Int

    package init(connection: UInt64, segments: UInt64, port: Int) {
        self.connection = connection
        self.segments = segments
        self.port = port
    }
}

/// A watch over a sleeper's packets, or why there is none.
package enum TrafficWatch {
    case watching(AnyObject)
    case refused(String)
}
