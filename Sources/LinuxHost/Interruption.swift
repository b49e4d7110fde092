internal import Libc
internal import SleepCore

/// While it lasts, raising the flag interrupts the system call that this thread is in.
struct Interruption {
    private let order: HaltFlag
    private var unblocked = sigset_t()

    init(of order: HaltFlag) {
        self.order = order
        // No SA_RESTART: the call is to return. Dispatch's threads block signals.
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in }
        sigaction(SIGURG, &action, nil)
        sigemptyset(&unblocked)
        sigaddset(&unblocked, SIGURG)
        pthread_sigmask(SIG_UNBLOCK, &unblocked, nil)
        let thread = pthread_self()
        order.whenRaised { pthread_kill(thread, SIGURG) }
    }

    func end() {
        order.whenRaised(nil)
        var blocked = unblocked
        pthread_sigmask(SIG_BLOCK, &blocked, nil)
    }
}
