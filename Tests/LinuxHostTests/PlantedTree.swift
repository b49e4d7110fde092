import Foundation

/// Files laid out as the kernel lays out `/proc` and the cgroup file system; gone with the value that planted them.
final class PlantedTree {
    let root = NSTemporaryDirectory() + "svcd-host-\(UInt32.random(in: 0 ... .max))"

    deinit { try? FileManager.default.removeItem(atPath: root) }

    func write(_ path: String, _ text: String) throws {
        let full = root + path
        try FileManager.default.createDirectory(
            atPath: (full as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try text.write(toFile: full, atomically: true, encoding: .utf8)
    }
}
