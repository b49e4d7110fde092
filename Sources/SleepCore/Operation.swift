extension SleepMachine {
    package struct Operation: Sendable, Equatable {
        package enum Kind: Sendable, Equatable {
            /// Store the intent to put these to sleep, so deep; `unlessUsed`: not where they are found in use.
            case record([String], Depth, unlessUsed: Bool)
            /// `unlessUsed`: thaw them at once where a client has come meanwhile.
            case freeze([String], unlessUsed: Bool)
            /// Unpause the first, start the second.
            case wake(thaw: [String], start: [String])
            /// Wait until these answer. `afterStart`: they have just been started.
            case ready([String], afterStart: Bool)
            /// Thaw these and stop them.
            case stop([String])

            /// The ids of all that it is done with.
            var containers: [String] {
                switch self {
                case .record(let ids, _, _), .freeze(let ids, _), .ready(let ids, _), .stop(let ids): ids
                case .wake(let thaw, let start): thaw + start
                }
            }
        }
        package var id: UInt64
        package var kind: Kind
        /// How long it may take.
        package var limit: Duration
    }

    /// Why an operation did not succeed.
    package struct OperationFault: Sendable, Equatable {
        package var message: String
        package var mayStillLand: Bool
        /// Docker said that the container was in the wanted state already.
        package var isConflict: Bool
        /// Nothing went wrong and nothing was done: the message says what stands in the way.
        package var isVeto: Bool
        /// What was waited for didn't come in time.
        package var isTimeout: Bool

        package init(
            message: String, mayStillLand: Bool = false, isConflict: Bool = false, isVeto: Bool = false,
            isTimeout: Bool = false
        ) {
            self.message = message
            self.mayStillLand = mayStillLand
            self.isConflict = isConflict
            self.isVeto = isVeto
            self.isTimeout = isTimeout
        }
    }
}
