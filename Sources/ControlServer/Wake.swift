internal import ControlTypes
internal import SleepCore
internal import SleepEngine

extension Phases {
    init(_ report: SleepMachine.WakeReport) {
        self.init(queuedMs: report.queued.rounded, thawMs: report.thaw.rounded, readyMs: report.ready.rounded)
    }
}

extension Wake {
    init(_ answer: WakeAnswer, _ report: SleepMachine.WakeReport) {
        self.init(
            service: answer.service, state: answer.state.rawValue, woke: report.woke, from: report.from?.rawValue,
            elapsedMs: report.elapsed.rounded, budgetMs: answer.budget.rounded,
            withinBudget: report.elapsed <= answer.budget, trigger: report.trigger.rawValue, phases: Phases(report))
    }

    /// A wake that nobody waits for.
    init(begun view: ServiceView) {
        self.init(
            service: view.policy.name, state: view.state.rawValue, woke: view.state == .waking,
            from: view.depth?.rawValue, elapsedMs: 0, budgetMs: view.policy.settings.wakeBudget.rounded,
            withinBudget: true, trigger: Trigger.operator.rawValue, phases: Phases(queuedMs: 0, thawMs: 0, readyMs: 0))
    }
}
