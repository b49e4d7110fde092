internal import NIOCore

/// The open connections, so that no crowd of idle ones can lock others out. Event loop only.
final class Connections {
    /// Above this many the one that has been idle longest is closed.
    static let most = 4096

    /// For all that came over TCP.
    let wakeLimiter = WakeLimiter()
    private var open: [ObjectIdentifier: Connection] = [:]
    /// Counts requests; tells who was active last without asking a clock.
    private var turn: UInt64 = 0

    func add(_ connection: Connection) {
        if open.count >= Self.most {
            let idlest = open.values.filter { !$0.isAnswering }.min { $0.lastTurn < $1.lastTurn }
            (idlest ?? connection).close()
        }
        open[ObjectIdentifier(connection)] = connection
    }

    func remove(_ connection: Connection) { open[ObjectIdentifier(connection)] = nil }

    /// It has just been used.
    func note(_ connection: Connection) {
        turn += 1
        connection.lastTurn = turn
    }
}
