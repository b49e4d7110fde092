package import SleepCore

/// A kernel of a few variables, one fake for each of its sides. Tests set what is true and see what was asked.
///
/// Its fakes know containers by name; the freezer knows those that a `FakeEngine` with this freezer has.
package final class FakeHost: ContainerHost {
    package let freezer: FakeFreezer
    package let packets: FakePackets
    package let sockets: FakeSockets
    package let memory: FakeMemory
    package let meters = FakeMeters()

    /// - Parameter reclaimTakes: how long it takes to hand one container's memory back.
    package init(
        time: any TimeSource = RealTime(), log: CallLog = CallLog(), reclaimTakes: Duration = .milliseconds(1)
    ) {
        freezer = FakeFreezer(time: time, log: log)
        packets = FakePackets(log: log)
        sockets = FakeSockets(time: time)
        memory = FakeMemory(time: time, log: log, reclaimTakes: reclaimTakes)
    }

    /// Something comes for a container: what is said waits in a socket, and a watch over packets sees it.
    package func arrive(at name: String, port: Int = 80, from remote: String = "10.0.0.7") {
        sockets.say(to: name, port: port, from: remote)
        packets.send(to: name, from: remote)
    }
}
