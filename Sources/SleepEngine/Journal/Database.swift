internal import CSQLite

/// One SQLite connection. Not Sendable: whoever opens it uses it from one place at a time.
final class Database {
    private let handle: OpaquePointer
    private var statements: [String: OpaquePointer] = [:]

    /// Opens or creates the file.
    ///
    /// - Throws: `JournalFault` with SQLite's own message.
    init(path: String) throws(JournalFault) {
        var opened: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
        guard sqlite3_open_v2(path, &opened, flags, nil) == SQLITE_OK, let opened else {
            let message = opened.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
            sqlite3_close_v2(opened)
            throw JournalFault(operation: "opening \(path)", message: message)
        }
        handle = opened
        sqlite3_busy_timeout(handle, 2000)
    }

    deinit {
        for statement in statements.values { sqlite3_finalize(statement) }
        sqlite3_close_v2(handle)
    }

    enum Value: Sendable {
        case integer(Int64)
        case text(String)
        case null

        init(_ text: String?) { self = text.map(Value.text) ?? .null }
        init(_ number: Int64?) { self = number.map(Value.integer) ?? .null }
    }

    /// The current row of a query; columns count from 0.
    struct Row {
        let statement: OpaquePointer
        func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }
        func optionalInteger(_ column: Int32) -> Int64? {
            sqlite3_column_type(statement, column) == SQLITE_NULL ? nil : integer(column)
        }
        func text(_ column: Int32) -> String { optionalText(column) ?? "" }
        func optionalText(_ column: Int32) -> String? {
            sqlite3_column_text(statement, column).map { String(cString: $0) }
        }
    }

    /// Runs one statement, calling `row` for every row it gives.
    func run(_ sql: String, _ values: [Value] = [], row: (Row) -> Void = { _ in }) throws(JournalFault) {
        let statement = try prepare(sql)
        defer {
            sqlite3_reset(statement)
            sqlite3_clear_bindings(statement)
        }
        for (index, value) in values.enumerated() {
            let position = Int32(index + 1)
            switch value {
            case .integer(let number): sqlite3_bind_int64(statement, position, number)
            case .text(let text): bind(text, to: statement, position)
            case .null: sqlite3_bind_null(statement, position)
            }
        }
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW: row(Row(statement: statement))
            case SQLITE_DONE: return
            default: throw fault(sql)
            }
        }
    }

    private func bind(_ text: String, to statement: OpaquePointer, _ position: Int32) {
        // SQLITE_TRANSIENT: SQLite copies the text before the call returns.
        let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        sqlite3_bind_text(statement, position, text, -1, transient)
    }

    private func prepare(_ sql: String) throws(JournalFault) -> OpaquePointer {
        if let statement = statements[sql] { return statement }
        var statement: OpaquePointer?
        guard sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil) == SQLITE_OK,
            let statement
        else { throw fault(sql) }
        statements[sql] = statement
        return statement
    }

    private func fault(_ sql: String) -> JournalFault {
        JournalFault(operation: sql, message: String(cString: sqlite3_errmsg(handle)))
    }
}

/// What SQLite said when it refused.
package struct JournalFault: Error, Sendable, CustomStringConvertible {
    package var operation: String
    package var message: String
    package var description: String { "the journal failed: \(message) (\(operation))" }
}
