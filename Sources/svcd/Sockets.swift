internal import ControlServer
internal import Systemd

/// The sockets to serve: those that systemd has handed over, by their names, and our own for the rest.
struct Sockets {
    var unix: [(descriptor: CInt, power: ControlServer.Power)] = []
    /// The TCP socket that was handed over; null: none was.
    var listen: CInt?
    /// Our own, to be removed at the end. What systemd has made stays its own, and callers wait in it meanwhile.
    var files: [SocketFile] = []

    /// - Throws: `SocketFile.Fault`
    init(control: String, hook: String, hookMode: UInt32) throws(SocketFile.Fault) {
        let inherited = ServiceManager.takeSockets()
        listen = inherited["listen"]?.first
        for (name, power, path, mode, group) in [
            ("control", ControlServer.Power.control, control, UInt32(0o660), "svcd"),
            ("hook", .hook, hook, hookMode, "svcd-hook"),
        ] {
            if let descriptors = inherited[name] {
                unix += descriptors.map { ($0, power) }
            } else {
                let file = try SocketFile(path: path, mode: mode, group: group)
                files.append(file)
                unix.append((file.descriptor, power))
            }
        }
    }
}
