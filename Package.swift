// swift-tools-version: 6.2
import PackageDescription

/// What every Swift target is compiled with: the compiler polices layers and threads.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let metrics: Target.Dependency = .product(name: "Metrics", package: "swift-metrics")
let collections: Target.Dependency = .product(name: "OrderedCollections", package: "swift-collections")
let heaps: Target.Dependency = .product(name: "HeapModule", package: "swift-collections")
let deques: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOHTTP1", package: "swift-nio"),
]

let package = Package(
    name: "mflua",
    products: [
        .library(name: "MFLua", targets: ["MFLua"]),
        .executable(name: "mflua", targets: ["mflua"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    ],
    targets: [
        // The C side.
        .systemLibrary(name: "CLua", pkgConfig: "lua5.4", providers: [.apt(["liblua5.4-dev"])]),
        // Headers only: libcurl is opened at the first fetch, and naming its pkg-config file would link it.
        .systemLibrary(name: "CCurl", providers: [.apt(["libcurl4-openssl-dev", "zlib1g-dev"])]),
        .target(name: "CLuaShim", dependencies: ["CLua"]),
        .target(name: "CBenchPeer", dependencies: ["CLua"]),
        .target(name: "CEventLoop"),
        .target(name: "CExecutor"),
        .target(name: "CFiles"),
        .target(name: "CSandbox"),

        // The layers, lowest first.
        .target(name: "Posix", swiftSettings: settings),
        .target(name: "Diagnostics", swiftSettings: settings),
        .target(
            name: "EventLoops", dependencies: ["CEventLoop", "Diagnostics", "Posix", deques, heaps],
            swiftSettings: settings),
        .target(
            name: "LuaBridge", dependencies: ["CLuaShim", "Diagnostics", "EventLoops", "LuaLibrary"],
            swiftSettings: settings),
        .target(
            name: "LuaLibrary", path: "lua", exclude: ["types"],
            resources: [.embedInCode("mf"), .embedInCode("plugins"), .embedInCode("spec")], swiftSettings: settings),
        .target(name: "Semver", swiftSettings: settings),
        .target(
            name: "Fetch", dependencies: ["CCurl", "CFiles", "Diagnostics", "EventLoops", "Posix", deques],
            swiftSettings: settings),
        .target(name: "Stores", dependencies: ["Diagnostics", "Posix"], swiftSettings: settings),
        .target(name: "Serving", dependencies: ["Diagnostics", "Posix", logging] + nio, swiftSettings: settings),
        .target(
            name: "Federation",
            dependencies: [
                "CSandbox", "Diagnostics", "EventLoops", "Fetch", "LuaBridge", "LuaLibrary", "Posix", "Semver",
                "Stores", collections, logging, metrics,
            ],
            swiftSettings: settings),
        .target(
            name: "HotReload",
            dependencies: ["Diagnostics", "EventLoops", "LuaBridge", "Federation", "Posix", logging],
            swiftSettings: settings),

        .target(
            name: "Authoring",
            dependencies: [
                "Diagnostics", "EventLoops", "Federation", "Fetch", "LuaBridge", "Posix", "Semver",
                collections,
            ],
            swiftSettings: settings),

        // All of it for those who embed it.
        .target(
            name: "MFLua",
            dependencies: ["Diagnostics", "EventLoops", "Federation", "Fetch", "HotReload", "LuaBridge"],
            swiftSettings: settings),

        // The commands.
        .executableTarget(
            name: "mflua",
            dependencies: [
                "Authoring", "CExecutor", "Diagnostics", "EventLoops", "LuaBridge", "LuaLibrary", "Fetch", "Posix",
                "Serving",
                "Federation", "HotReload", argumentParser, logging,
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "mflua-conformance",
            dependencies: [
                "Diagnostics", "EventLoops", "LuaBridge", "Fetch", "Posix", "Semver", "Serving", "Federation",
                "HotReload", argumentParser,
            ],
            resources: [.embedInCode("interpreter")],
            swiftSettings: settings),
        .executableTarget(
            name: "mflua-attacks",
            dependencies: [
                "Diagnostics", "EventLoops", "LuaBridge", "Fetch", "Posix", "Serving", "Federation", argumentParser,
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "mflua-bench",
            dependencies: [
                "CBenchPeer", "Diagnostics", "EventLoops", "LuaBridge", "Fetch", "Posix", "Serving", "Federation",
                "HotReload", argumentParser,
            ],
            swiftSettings: settings),

        // Links libcurl, as a program in C would: nothing else here does.
        .executableTarget(
            name: "mflua-bench-peer", dependencies: ["CBenchPeer"], linkerSettings: [.linkedLibrary("curl")]),

        // The tests.
        .target(name: "TestSupport", dependencies: ["Diagnostics"], path: "Tests/Support", swiftSettings: settings),
        // Starts programs where the kernel refuses to lock them up, or lacks a system call.
        .executableTarget(name: "refuse-seccomp", path: "Tests/Refusal"),
        // What a worker that has been taken over may try.
        .executableTarget(name: "locked-up", dependencies: ["CSandbox"], path: "Tests/LockedUp"),
        .testTarget(name: "PosixTests", dependencies: ["Posix", "TestSupport"], swiftSettings: settings),
        .testTarget(
            name: "StoresTests", dependencies: ["Diagnostics", "Posix", "Stores", "TestSupport"],
            swiftSettings: settings),
        .testTarget(name: "DiagnosticsTests", dependencies: ["Diagnostics"], swiftSettings: settings),
        .testTarget(
            name: "EventLoopsTests", dependencies: ["Diagnostics", "EventLoops", "Posix", "TestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "SemverTests", dependencies: ["LuaBridge", "Semver", "TestSupport"], swiftSettings: settings),
        .testTarget(
            name: "FetchTests", dependencies: ["Diagnostics", "EventLoops", "Fetch", "TestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "ServingTests", dependencies: ["Diagnostics", "Serving", "TestSupport", logging],
            swiftSettings: settings),
        .testTarget(
            name: "LuaBridgeTests",
            dependencies: ["CLuaShim", "Diagnostics", "EventLoops", "LuaBridge", "TestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "FederationTests",
            dependencies: [
                "Diagnostics", "EventLoops", "LuaBridge", "Fetch", "Serving", "Federation", "TestSupport", logging,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "AuthoringTests",
            dependencies: [
                "Authoring", "Diagnostics", "EventLoops", "Federation", "Fetch", "LuaBridge", "Posix", "TestSupport",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "MFLua", "Diagnostics", "EventLoops", "LuaBridge", "Fetch", "Serving", "Federation", "TestSupport",
                "mflua", "refuse-seccomp",
                logging,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "TenantTests",
            dependencies: [
                "CSandbox", "Diagnostics", "EventLoops", "Fetch", "LuaBridge", "Federation", "TestSupport",
                "mflua-attacks", "refuse-seccomp", "locked-up", metrics,
                .product(name: "MetricsTestKit", package: "swift-metrics"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "ConformanceTests",
            dependencies: [
                "Diagnostics", "EventLoops", "LuaBridge", "Posix", "Serving", "Federation", "TestSupport",
                "mflua-conformance",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "HotReloadTests",
            dependencies: [
                "Diagnostics", "EventLoops", "LuaBridge", "Fetch", "Serving", "Federation", "HotReload", "TestSupport",
                logging,
            ],
            swiftSettings: settings),
        .testTarget(name: "LayeringTests", dependencies: ["TestSupport"], swiftSettings: settings),
    ]
)
