import Testing

@testable import SleepCore

/// For each thing that can be done with a service, and each event: what is done afterwards.
///
/// What a row doesn't name leaves the course as it is. No pair may trap, however little sense it makes.
@Suite("the course")
struct CourseTests {
    enum Phase: String, CaseIterable {
        case resting, recording, freezing, doubtful, thawing, halting, readying, between, recordingStop, stopping
    }

    /// An event, and the course it leads to from each phase.
    struct Column: Sendable, CustomStringConvertible {
        var description: String
        var leads: [Phase: Phase]
        var event: @Sendable (Scenario) -> SleepMachine.Event

        init(
            _ description: String, _ leads: [Phase: Phase] = [:],
            _ event: @escaping @Sendable (Scenario) -> SleepMachine.Event
        ) {
            self.description = description
            self.leads = leads
            self.event = event
        }
    }

    /// A service in that phase. It may be halting, so it can be handed back; and it must answer, so it can be asked.
    static func service(_ phase: Phase) -> Scenario {
        var service = Scenario {
            $0.reclaim = Reclaim(after: .seconds(5), target: 0.7)
            $0.ready = .tcp(port: 80)
        }
        if phase == .resting { return service }
        service.pass(.seconds(10))
        if phase == .recording { return service }
        service.finish()
        if phase == .freezing { return service }
        if phase == .doubtful {
            service.finish(.refused)
            return service
        }
        service.finish()
        if phase == .halting { service.pass(.seconds(5)) }
        if phase == .recordingStop || phase == .stopping {
            service.sleep(.stopped)
            if phase == .stopping { service.finish() }
            return service
        }
        service.wake()
        if phase == .halting || phase == .readying { service.finish() }
        if phase == .between { service.finish(.refused) }
        return service
    }

    static let columns: [Column] = [
        Column(
            "operation ends well",
            [
                .recording: .freezing, .freezing: .resting, .thawing: .readying, .readying: .resting,
                .recordingStop: .stopping, .stopping: .resting,
            ]
        ) { .operationFinished($0.lastNumber, nil) },
        Column(
            "operation fails",
            [
                .recording: .resting, .freezing: .doubtful, .thawing: .between, .readying: .resting,
                .recordingStop: .resting, .stopping: .resting,
            ]
        ) { .operationFinished($0.lastNumber, .refused) },
        Column(
            "operation gets no answer",
            [
                .recording: .resting, .freezing: .doubtful, .thawing: .between, .readying: .resting,
                .recordingStop: .resting, .stopping: .resting,
            ]
        ) { .operationFinished($0.lastNumber, .silence) },
        Column("an answer to nothing") { _ in .operationFinished(1 << 40, nil) },
        Column("operation started") { .operationStarted($0.lastNumber) },
        Column("the kernel says it runs", [.thawing: .readying]) { .containersRun($0.lastNumber) },
        Column("look finds it running", [.doubtful: .freezing, .between: .readying]) {
            .lookFinished(generation: $0.look ?? 0, [.named("c")])
        },
        Column("look finds it frozen", [.doubtful: .resting, .between: .thawing]) {
            .lookFinished(generation: $0.look ?? 0, [.named("c", .paused)])
        },
        Column("look finds it down", [.doubtful: .resting, .between: .resting]) {
            .lookFinished(generation: $0.look ?? 0, [.named("c", .down)])
        },
        Column("look finds nothing", [.doubtful: .resting, .between: .resting]) {
            .lookFinished(generation: $0.look ?? 0, [])
        },
        Column("look fails") { .lookFailed(generation: $0.look ?? 0) },
        Column("listing") { _ in .found([.named("c")], intents: [:]) },
        Column("listing of another") { _ in .found([.named("d")], intents: ["d": .frozen]) },
        Column("entrusted") { _ in .entrusted(["c": .frozen]) },
        Column("hint: runs") { _ in .hinted(.runs) },
        Column("hint: paused") { _ in .hinted(.paused) },
        Column("hint: other") { _ in .hinted(.other) },
        Column("thawed beside all") { _ in .thawed(["c"], .external) },
        Column("reclaim ends", [.halting: .readying]) { .reclaimFinished($0.reclaim ?? 0, ReclaimOutcome(.halted)) },
        Column("hook") {
            .wakeRequested(.init(id: 77, arrived: $0.now, deadline: $0.now + .seconds(9), trigger: .hook))
        },
        Column("operator's wake") {
            .wakeRequested(.init(id: 78, arrived: $0.now, deadline: $0.now + .seconds(9), trigger: .operator))
        },
        Column("demand") { _ in .wakeDemanded(.dependency, by: nil) },
        Column("sleep", [.resting: .recording]) { _ in .sleepRequested(.init(id: 79, force: true)) },
        Column("deeper sleep", [.resting: .recording]) { _ in
            .sleepRequested(.init(id: 80, depth: .stopped, force: true))
        },
        Column("caller leaves") { _ in .waiterLeft(1) },
        Column("use") { _ in .sampled(ActivityReading(use: "9 KiB/s")) },
        Column("needed") { _ in .neededBy(["front"]) },
        Column("lease") { .leaseTaken(id: "l", until: $0.now + .seconds(60)) },
        Column("lease ends") { _ in .leaseEnded(id: "l") },
        Column("pin") { _ in .pinned(until: nil) },
        Column("unpin") { _ in .unpinned },
        Column("mode observe") { _ in .modeChanged(.observe) },
        Column("rules") { .rulesChanged($0.machine.rules) },
        Column("engine lost") { _ in .engineLost },
        Column("engine back") { _ in .engineBack },
        Column("let go of") { _ in .retired(startStopped: true, .operator) },
        Column("time") { _ in .timeCame },
    ]

    @Test("is what it is after every event in every phase", arguments: Phase.allCases)
    func table(_ phase: Phase) {
        for column in Self.columns {
            var service = Self.service(phase)
            #expect(service.machine.course.phase == phase)
            service.send(column.event(service))
            #expect(service.machine.course.phase == column.leads[phase] ?? phase, "\(phase), \(column)")
        }
    }

    @Test("is held against every event there is")
    func columns() {
        let names = Set(Self.columns.map { $0.event(Self.service(.resting)).name })
        #expect(names.count == 26)
    }

    @Test("changes nothing that it may not change while containers are being changed")
    func looking() {
        for phase in Phase.allCases {
            let mayLook = ![.freezing, .thawing, .stopping].contains(phase)
            #expect(Self.service(phase).machine.course.mayLook == mayLook, "\(phase)")
        }
    }

    @Test("has an operation just where one is under way")
    func operations() {
        for phase in Phase.allCases {
            let isFree = [.resting, .doubtful, .between].contains(phase)
            let course = Self.service(phase).machine.course
            #expect(course.isFree == isFree && (course.operation == nil) == (isFree || phase == .halting), "\(phase)")
        }
    }
}

extension Course {
    var phase: CourseTests.Phase {
        switch self {
        case .resting: .resting
        case .recording: .recording
        case .freezing: .freezing
        case .doubtful: .doubtful
        case .thawing: .thawing
        case .halting: .halting
        case .readying: .readying
        case .between: .between
        case .recordingStop: .recordingStop
        case .stopping: .stopping
        }
    }
}
