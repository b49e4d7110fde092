internal import CSQLite
import Foundation

/// The state that an earlier svcd has left when it was killed amid sleepers of every kind; `Tests/upgrade/make.sh`
/// made it, and says how.
package struct OldState {
    /// Its sleepers, all to be woken by a hook; `frozen` by the kernel's freezer, the others by Docker.
    package static let sleepers = ["paused", "frozen", "reclaimed", "stopped"]
    /// All its services, each of a container of its own name.
    package static let services = sleepers + ["learned", "leased", "pinned", "pinned-for-a-while"]
    /// The policy that it ran by.
    package static var policyPath: String { folder.appendingPathComponent("policy.yaml").path }

    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("upgrade")

    /// The kernel's boot id.
    package var boot: String
    /// Of containers, by name.
    package var ids: [String: String]
    /// Where the kernel's freezer holds `frozen`.
    package var place: String

    package init(boot: String, ids: [String: String], place: String) {
        self.boot = boot
        self.ids = ids
        self.place = place
    }

    /// Writes its journal, as if it had been killed a second ago.
    package func write(to path: String) throws {
        var text = try String(contentsOf: Self.folder.appendingPathComponent("state.sql"), encoding: .utf8)
        let now = Int64(Date().timeIntervalSince1970 * 1000)
        var values = ["@BOOT@": boot, "@PLACE:frozen@": place, "@NOW@": "\(now)"]
        for (name, id) in ids { values["@ID:\(name)@"] = id }
        for (parameter, value) in values { text = text.replacingOccurrences(of: parameter, with: value) }
        guard text.range(of: "@[A-Z]", options: .regularExpression) == nil else {
            throw Overdue(description: "state.sql has a parameter that nothing is given for")
        }
        var database: OpaquePointer?
        defer { sqlite3_close(database) }
        guard sqlite3_open(path, &database) == SQLITE_OK,
            sqlite3_exec(database, text, nil, nil, nil) == SQLITE_OK
        else { throw Overdue(description: "\(path): \(String(cString: sqlite3_errmsg(database)))") }
    }
}
