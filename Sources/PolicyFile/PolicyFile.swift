internal import Libc
package import SleepCore

/// Turns a policy file into a `Policy`, or into every fault it has.
///
/// From bytes to settings: `YAMLReader` makes a tree with marks, `PolicyReader` walks it, `SettingKey` has a row for
/// each key of a service or tier, and a `ValueForm` reads, prints and describes the value behind it. The reader, the
/// suggestions, the JSON Schema and `policy show` all come from these rows; a new key is a row. Ways to name a
/// container are rows of `MatchKind`. Nothing here asks Docker or changes anything.
package enum PolicyFile {
    /// Files larger than this are not policies.
    static let mostBytes = 1 << 20

    /// Reads and validates a file.
    ///
    /// - Throws: `PolicyFaults` with everything that is wrong with it.
    package static func load(_ path: String) throws(PolicyFaults) -> Policy {
        func fail(_ message: String) -> PolicyFaults {
            PolicyFaults(faults: [PolicyFault(file: path, mark: nil, message: message)])
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw fail(String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw fail(String(cString: strerror(errno))) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw fail("not a regular file") }
        guard status.st_mode & S_IWOTH == 0 else {
            throw fail("others may write it, so anybody could have svcd pause anything, expected chmod o-w")
        }
        guard status.st_size <= mostBytes else {
            throw fail("\(status.st_size) bytes, expected a policy of at most \(mostBytes)")
        }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size) + 1)
        var length = 0
        while length < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                read(descriptor, $0.baseAddress?.advanced(by: length), $0.count - length)
            }
            guard count >= 0 else { throw fail(String(cString: strerror(errno))) }
            if count == 0 { break }
            length += count
        }
        var policy = try parse(Array(bytes[..<length]), file: path)
        policy.source = path
        return policy
    }

    /// Validates the text of a policy.
    ///
    /// - Parameter file: the name that faults carry.
    package static func parse(_ text: [UInt8], file: String) throws(PolicyFaults) -> Policy {
        func fail(_ mark: Mark?, _ message: String) -> PolicyFaults {
            PolicyFaults(faults: [PolicyFault(file: file, mark: mark, message: message)])
        }
        guard text.count <= mostBytes else {
            throw fail(nil, "\(text.count) bytes, expected a policy of at most \(mostBytes)")
        }
        guard let checked = String(validating: text, as: UTF8.self) else {
            throw fail(firstInvalid(text), "not UTF-8, expected plain text")
        }
        let root: YAMLNode?
        do throws(YAMLReader.Fault) {
            root = try YAMLReader.read(Array(checked.utf8))
        } catch {
            throw fail(error.mark, error.message)
        }
        guard let root else { throw fail(nil, "empty, expected at least 'version: 1'") }
        var reader = PolicyReader(file: file)
        let policy = reader.read(root)
        guard reader.nodes.faults.isEmpty else { throw PolicyFaults(faults: reader.nodes.faults) }
        return policy
    }

    private static func firstInvalid(_ text: [UInt8]) -> Mark {
        // Decoding repairs what is broken, so the first byte that changes is the first that is wrong.
        let repaired = Array(String(decoding: text, as: UTF8.self).utf8)
        let position = zip(text, repaired).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? text.count
        let before = text[..<min(position, text.count)]
        let line = before.count { $0 == UInt8(ascii: "\n") } + 1
        let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        return Mark(line: line, column: position - start + 1)
    }
}

/// One thing that is wrong with a policy.
package struct PolicyFault: Sendable, Equatable, CustomStringConvertible {
    package var file: String
    /// Null: the file as a whole.
    package var mark: Mark?
    package var message: String

    package init(file: String, mark: Mark?, message: String) {
        self.file = file
        self.mark = mark
        self.message = message
    }

    /// `file:line:column: what, what was expected, did you mean`.
    package var description: String {
        mark.map { "\(file):\($0.line):\($0.column): \(message)" } ?? "\(file): \(message)"
    }
}

/// Everything that is wrong with a policy, in the order of the file; never empty.
package struct PolicyFaults: Error, Sendable, Equatable, CustomStringConvertible {
    package var faults: [PolicyFault]
    package init(faults: [PolicyFault]) { self.faults = faults }
    package var description: String { faults.map(\.description).joined(separator: "\n") }
}
