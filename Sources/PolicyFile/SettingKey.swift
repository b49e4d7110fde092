internal import SleepCore

/// What one key of a service or tier may hold, what it means, and how it is read and written.
struct SettingKey: Sendable {
    /// One line for people, in the schema and in editors.
    let about: String
    /// A JSON Schema for the value.
    let schema: JSON
    /// Leaves the setting as it is where the value is faulty.
    let apply: @Sendable (YAMLNode, inout Settings, inout NodeReader) -> Void
    /// The setting as it would be written in the file.
    let text: @Sendable (Settings) -> String

    private init<Value>(
        _ key: PolicyKey, _ setting: any WritableKeyPath<Settings, Value> & Sendable, _ form: ValueForm<Value>,
        _ about: String
    ) {
        self.about = about
        schema = form.schema
        apply = { node, settings, reader in form.read(node, key.rawValue, &settings[keyPath: setting], &reader) }
        text = { form.text($0[keyPath: setting]) }
    }

    private static let month = Duration.seconds(30 * 86_400)

    /// Every key but `tier` and `container`, which are not settings.
    static let all: [PolicyKey: SettingKey] = [
        .replicas: .init(
            .replicas, \.replicas, .word(),
            "one: several matches are ambiguous and none is touched; all: they sleep and wake together"),
        .sleep: .init(.sleep, \.sleep, .word(), "whether it may sleep at all"),
        .idleAfter: .init(
            .idleAfter, \.idleAfter, .duration(.milliseconds(100)...month), "how long unused before it is frozen"),
        .minAwake: .init(
            .minAwake, \.minAwake, .duration(.zero...month), "shortest time awake between two sleeps"),
        .wakeBudget: .init(
            .wakeBudget, \.wakeBudget, .duration(.milliseconds(1)...(.seconds(600))), "how long a wake may take"),
        .wakeTimeout: .init(
            .wakeTimeout, \.wakeTimeout, .duration(.milliseconds(10)...(.seconds(600))),
            "when a wake is given up and reported failed"),
        .reclaim: .init(.reclaim, \.reclaim, .reclaim, "when memory is handed back, and how much of it"),
        .stopAfter: .init(
            .stopAfter, \.stopAfter, .durationOrNever(.seconds(1)...(.seconds(365 * 86_400))),
            "how long asleep before the container is stopped"),
        .freezer: .init(
            .freezer, \.freezer, .word(), "docker: the Engine's pause; cgroup: the kernel's freezer directly"),
        .wakeOn: .init(.wakeOn, \.wakeOn, .words(), "what wakes it"),
        .activity: .init(.activity, \.activity, .words(), "what counts as use"),
        .networkFloor: .init(
            .networkFloor, \.networkFloorBytesPerSecond, .rate, "traffic below it is not use"),
        .cpuFloor: .init(.cpuFloor, \.cpuFloor, .share, "CPU below it, as a share of one core, is not use"),
        .ignoreSources: .init(
            .ignoreSources, \.ignoreSources, .addresses,
            "addresses or CIDR blocks that neither wake it nor count as use"),
        .ready: .init(.ready, \.ready, .readiness, "what must be true before it counts as awake"),
        .requires: .init(
            .requires, \.requires, .texts("names of services"),
            "services woken with it, and kept awake while it is"),
    ]
}
