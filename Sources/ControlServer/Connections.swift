internal import NIOCore

/// The open connections, so that no crowd of idle ones can lock others out. Event loop only.
final class Connections {
    /// Above this many the one that has been idle longest is closed.
    static let most = 4096

    /// For all that came over TCP.
    let wakeLimiter = WakeLimiter()
    private var open: [ObjectIdentifier: (handler: ConnectionHandler, channel: any Channel)] = [:]
    /// Counts requests; tells who was active last without asking a clock.
    private(set) var turn: UInt64 = 0

    func nextTurn() -> UInt64 {
        turn += 1
        return turn
    }

    func add(_ handler: ConnectionHandler, _ channel: any Channel) {
        if open.count >= Self.most {
            let idlest = open.values.filter { $0.handler.isIdle }.min { $0.handler.lastTurn < $1.handler.lastTurn }
            (idlest?.channel ?? channel).close(promise: nil)
        }
        open[ObjectIdentifier(handler)] = (handler, channel)
    }

    func remove(_ handler: ConnectionHandler) { open[ObjectIdentifier(handler)] = nil }
}
