import Foundation

func writeFile(_ path: String, _ text: String, mode: Int) throws {
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
}

func removeFile(_ path: String) { try? FileManager.default.removeItem(atPath: path) }
