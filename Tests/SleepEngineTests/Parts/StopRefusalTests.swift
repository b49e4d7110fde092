import SleepCore
import Testing

@testable import SleepEngine

@Suite("what may not be stopped")
struct StopRefusalTests {
    private func refusal(
        _ change: (inout Settings) -> Void = { _ in }, _ details: (inout Container.Details) -> Void = { _ in }
    ) -> StopRefusal? {
        var (settings, container) = (Settings(), Container(id: "1", name: "s", status: .paused))
        var found = Container.Details()
        change(&settings)
        details(&found)
        container.details = found
        return StopRefusal(container, settings)
    }

    @Test("without ready and HEALTHCHECK nobody would know when a cold start has ended")
    func readiness() {
        #expect(refusal() == .readinessUnknown)
        #expect(refusal({ $0.ready = .tcp(port: 80) }) == nil)
        #expect(refusal({ _ in }, { $0.health = "starting" }) == nil)
        #expect(refusal({ $0.ready = Readiness.none }) == nil, "the policy says that there is nothing to wait for")
    }

    @Test("Docker would remove it")
    func removed() {
        #expect(refusal({ $0.ready = .tcp(port: 80) }, { $0.isRemovedOnStop = true }) == .isRemovedOnStop(name: "s"))
    }

    @Test("no packet would wake it any more, whatever else is true of it")
    func packets() {
        let change: (inout Settings) -> Void = { $0.wakeOn = [.traffic, .hook] }
        #expect(refusal(change, { $0.isRemovedOnStop = true }) == .wouldNotWake(.traffic))
    }

    @Test("a container that only a listing has told of is not refused: the look that follows tells")
    func unknown() {
        #expect(StopRefusal(Container(id: "1", name: "s", status: .paused), Settings()) == nil)
    }
}
