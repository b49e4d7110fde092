import NIOConcurrencyHelpers

/// What the fakes of a test were asked to do, in order over all of them: `freeze s`, `pause s`, `watch s`, …
package final class CallLog: Sendable {
    private let calls = NIOLockedValueBox<[String]>([])

    package init() {}

    package var all: [String] { calls.withLockedValue { $0 } }

    package func note(_ call: String) { calls.withLockedValue { $0.append(call) } }

    /// Those that begin with one of these words.
    package func only(_ verbs: String...) -> [String] {
        all.filter { call in verbs.contains { call.split(separator: " ").first.map(String.init) == $0 } }
    }

    /// Begins anew.
    package func clear() { calls.withLockedValue { $0 = [] } }
}
