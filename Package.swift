// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioLocks = Target.Dependency.product(name: "NIOConcurrencyHelpers", package: "swift-nio")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")

let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")

let package = Package(
    name: "svcd",
    products: [
        .executable(name: "svcd", targets: ["svcd"]),
        .executable(name: "svcctl", targets: ["svcctl"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", exact: "0.2.0"),
    ],
    targets: [
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        .systemLibrary(name: "CLinux"),

        .target(name: "Libc", dependencies: ["CLinux"], swiftSettings: settings),
        .target(name: "SleepCore", dependencies: [histogram, "Libc"], swiftSettings: settings),
        .target(name: "ControlTypes", swiftSettings: settings),
        .target(
            name: "PolicyFile", dependencies: ["SleepCore", "ControlTypes", "Libc", "CYAML"], swiftSettings: settings),
        .target(name: "UnixHTTP", dependencies: ["Libc", nioCore, nioPosix, nioHTTP], swiftSettings: settings),
        .target(name: "DockerEngine", dependencies: ["SleepCore", "UnixHTTP"], swiftSettings: settings),
        .target(name: "LinuxHost", dependencies: ["SleepCore", "Libc"], swiftSettings: settings),
        .target(name: "Systemd", dependencies: ["CSystemd", "Libc", logging], swiftSettings: settings),
        .target(name: "SleepEngine", dependencies: ["SleepCore", "CSQLite", logging, heap], swiftSettings: settings),
        .target(
            name: "ControlServer",
            dependencies: [
                "SleepEngine", "SleepCore", "PolicyFile", "ControlTypes", "Libc", nioCore, nioPosix, nioHTTP,
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "svcd",
            dependencies: [
                "SleepCore", "PolicyFile", "DockerEngine", "LinuxHost", "SleepEngine", "ControlServer", "ControlTypes",
                "Systemd", "Libc", nioCore, nioPosix, logging, arguments, lifecycle, signals,
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "svcctl",
            dependencies: ["ControlTypes", "PolicyFile", "SleepCore", "UnixHTTP", "Libc", arguments],
            swiftSettings: settings),

        .target(
            name: "TestSupport",
            dependencies: [
                "SleepCore", "SleepEngine", "ControlTypes", "UnixHTTP", "CSQLite", nioCore, nioPosix, nioHTTP, nioLocks,
                logging,
            ],
            path: "Tests/TestSupport", swiftSettings: settings),
        .executableTarget(
            name: "bench",
            dependencies: [
                "TestSupport", "ControlTypes", "SleepCore", "DockerEngine", "LinuxHost", "UnixHTTP", nioPosix,
                arguments,
            ],
            path: "Tests/bench",
            exclude: ["README.md", "run.sh", "compare.sh", "instructions.sh", "instructions.py", "stub_docker.py"],
            swiftSettings: settings),
        .testTarget(
            name: "SleepCoreTests", dependencies: ["SleepCore"], exclude: ["oracle.log"], swiftSettings: settings),
        .testTarget(
            name: "PolicyFileTests", dependencies: ["PolicyFile", "SleepCore", "ControlTypes"], swiftSettings: settings),
        .testTarget(
            name: "DockerEngineTests", dependencies: ["DockerEngine", "SleepCore", "TestSupport", nioPosix, nioLocks],
            swiftSettings: settings),
        .testTarget(
            name: "ControlServerTests",
            dependencies: [
                "ControlServer", "ControlTypes", "PolicyFile", "SleepCore", "SleepEngine", "TestSupport", nioCore,
                nioPosix, nioLocks, logging,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "SleepEngineTests", dependencies: ["SleepCore", "SleepEngine", "PolicyFile", "TestSupport", logging],
            swiftSettings: settings),
        .testTarget(name: "LinuxHostTests", dependencies: ["LinuxHost", "SleepCore", "Libc"], swiftSettings: settings),
        .testTarget(name: "SystemdTests", dependencies: ["Systemd"], swiftSettings: settings),
        .testTarget(name: "svcctlTests", dependencies: ["svcctl", arguments], swiftSettings: settings),
        .testTarget(
            name: "svcdTests",
            dependencies: [
                "TestSupport", "ControlTypes", "SleepCore", "UnixHTTP", "svcd", "svcctl", nioCore, nioPosix,
            ],
            swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
