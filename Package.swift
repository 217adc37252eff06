// swift-tools-version: 6.2
import PackageDescription

// The plugins are run as root once per pod, so they can be built without one external package:
//     PODNET_PLUGINS_ONLY=1 swift build -c release --product podnet-cni
let pluginsOnly = Context.environment["PODNET_PLUGINS_ONLY"] != nil

let base: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]
// libnl's headers lie in a folder of their own. `pkgConfig:` would say so, too, but it also puts the system's library
// folder before all others, and with it the shared libraries that the plugins do without.
let headers = ["-Xcc", "-I/usr/include/libnl3"]
// What a start costs depends on how much of the program it touches (docs/decisions/0007-what-an-add-costs.md).
let startsFast = [
    // Else Swift finds a generic type at run time by its mangled name and asks of its arguments what they conform to by
    // reading all conformances of the program, half of what a plugin computes. The compiler knows both.
    "-disable-concrete-type-metadata-mangled-name-accessors",
    // A section for each function: the linker drops those that nobody calls and puts the others in order.
    "-function-sections",
    // Functions alike are else made one, with a stub without a name at each other's place, far from all that is in order.
    "-disable-llvm-merge-functions-pass",
    // Regular expressions are 1.3 MB of the program; who needs them imports them.
    "-disable-implicit-string-processing-module-import",
    // 128 zero bytes for every conformance, of which the plugins ask for few: 16 pages, each of them two faults.
    "-disable-preallocated-instantiation-caches",
]
let strict = base + [.strictMemorySafety(), .unsafeFlags(headers + startsFast.flatMap { ["-Xfrontend", $0] })]

func library(
    _ name: String,
    path: String? = nil,
    exclude: [String] = [],
    _ dependencies: Target.Dependency...
) -> Target {
    .target(name: name, dependencies: dependencies, path: path, exclude: exclude, swiftSettings: strict)
}

func command(
    _ name: String,
    path: String? = nil,
    exclude: [String] = [],
    linker: [LinkerSetting] = [],
    _ dependencies: Target.Dependency...
) -> Target {
    .executableTarget(
        name: name,
        dependencies: dependencies,
        path: path ?? "Sources/Commands/\(name)",
        exclude: exclude,
        swiftSettings: strict,
        linkerSettings: linker
    )
}

func tests(_ name: String, exclude: [String] = [], _ dependencies: Target.Dependency...) -> Target {
    .testTarget(name: "\(name)Tests", dependencies: dependencies, exclude: exclude, swiftSettings: base)
}

// An ADD calls few of the program's functions. Side by side they are on few pages, and what costs is each's first touch
// (docs/decisions/0007-what-an-add-costs.md). The list is made by scripts/link-order; what it does not know goes last.
let inOrder = [
    "--symbol-ordering-file=\(Context.packageDirectory)/Sources/Commands/podnet-cni/static/link-order",
    "--no-warn-symbol-ordering",
]
let keepsSymbols = Context.environment["PODNET_SYMBOLS"] != nil

// The plugins start once for every pod, and half of what a start costs is the dynamic linker: they do without one
// (docs/decisions/0003-plugin-start.md). Debian has archives of all libraries but libmnl; the folder `static` tells the
// linker that `CMNLAttributes` is what libnftnl needs of it. SwiftPM has no settings for any of this, hence "unsafe"
// flags, which a root package may use.
let pluginLinker: [LinkerSetting] = [
    .unsafeFlags(
        ["-static-executable", "-use-ld=lld", "-l_FoundationCollections", "-l_FoundationCShims"]
            + ["-lswiftSynchronization"]
            + ["-Xclang-linker", "-L\(Context.packageDirectory)/Sources/Commands/podnet-cni/static"]
            + (["--as-needed", "--gc-sections"] + inOrder + (keepsSymbols ? [] : ["-s"])).flatMap { ["-Xlinker", $0] }
    )
]

// A node has no Swift: what the daemon and netctl need of it is in them.
let withoutRuntime: [LinkerSetting] = [
    .unsafeFlags(
        ["-static-stdlib", "-use-ld=lld", "-lFoundation", "-lFoundationInternationalization", "-lFoundationEssentials"]
            + ["-lCoreFoundation", "-l_FoundationCollections", "-l_FoundationCShims", "-l_FoundationICU"]
            + ["-lswiftSynchronization", "-Xlinker", "--as-needed", "-Xlinker", "--gc-sections"]
    )
]

var targets: [Target] = [
    .systemLibrary(name: "CMNL", providers: [.apt(["libmnl-dev"])]),
    .systemLibrary(name: "CNFTNL", providers: [.apt(["libnftnl-dev"])]),
    .systemLibrary(name: "CNLRoute", providers: [.apt(["libnl-route-3-dev"])]),
    .target(name: "CKernelShims"),
    .target(name: "CMNLAttributes"),
    .target(name: "CPluginStart"),

    library("Addressing"),
    library("JSON"),
    library("Posix", "CKernelShims"),
    library("NetworkModel", "Addressing"),
    library("Netlink", "NetworkModel", "Addressing", "Posix", "CMNL", "CNFTNL", "CNLRoute", "CKernelShims"),
    library("FakeKernel", "NetworkModel", "Addressing"),
    library("TestKit", "Posix"),
    library("FakeNode", "FakeKernel", "PodWiring", "CNI", "NetworkModel", "JSON", "Addressing"),

    library("CNI", "JSON", "Addressing", "Posix"),
    library("IPAM", "CNI", "JSON", "Addressing", "Posix"),
    library("PodWiring", "CNI", "NetworkModel", "JSON", "Addressing"),
    library("BridgePlugin", "PodWiring", "CNI", "NetworkModel", "JSON", "Addressing"),
    library("PtpPlugin", "PodWiring", "CNI", "NetworkModel", "JSON", "Addressing"),
    library("HostDevicePlugin", "PodWiring", "CNI", "NetworkModel", "JSON", "Addressing", "Posix"),
    library("MacvlanPlugin", "PodWiring", "CNI", "NetworkModel", "JSON", "Addressing"),
    library("LoopbackPlugin", "PodWiring", "CNI", "NetworkModel", "Addressing"),
    library("FirewallPlugin", "PodWiring", "CNI", "NetworkModel", "JSON", "Addressing"),
    library("PortMapPlugin", "PodWiring", "CNI", "NetworkModel", "JSON", "Addressing"),
    library("BandwidthPlugin", "PodWiring", "CNI", "NetworkModel", "JSON", "Addressing"),
    library("SbrPlugin", "PodWiring", "CNI", "NetworkModel", "JSON", "Addressing"),
    library("TuningPlugin", "PodWiring", "CNI", "NetworkModel", "JSON", "Addressing", "Posix"),
    command(
        "podnet-cni",
        exclude: ["static"],
        linker: pluginLinker,
        "CMNLAttributes",
        "CPluginStart",
        "BridgePlugin",
        "PtpPlugin",
        "FirewallPlugin",
        "LoopbackPlugin",
        "HostDevicePlugin",
        "MacvlanPlugin",
        "PortMapPlugin",
        "TuningPlugin",
        "BandwidthPlugin",
        "SbrPlugin",
        "PodWiring",
        "IPAM",
        "CNI",
        "Netlink",
        "NetworkModel",
        "Addressing",
        "Posix"
    ),

    tests("Addressing", "Addressing"),
    tests("JSON", "JSON", "TestKit"),
    tests("Posix", "Posix", "TestKit"),
    tests("NetworkModel", "NetworkModel", "Addressing", "FakeKernel", "TestKit"),
    tests("CNI", "CNI", "JSON", "Addressing", "Posix"),
    tests("IPAM", "IPAM", "TestKit", "CNI", "JSON", "Addressing", "Posix"),
    tests(
        "BridgePlugin",
        "BridgePlugin",
        "FakeNode",
        "FakeKernel",
        "PodWiring",
        "CNI",
        "NetworkModel",
        "JSON",
        "Addressing"
    ),
    tests("HostDevicePlugin", "HostDevicePlugin", "FakeNode", "FakeKernel", "CNI", "NetworkModel", "Addressing"),
    tests("MacvlanPlugin", "MacvlanPlugin", "FakeNode", "FakeKernel", "PodWiring", "CNI", "NetworkModel", "Addressing"),
    tests("PodWiring", "PodWiring", "FakeKernel", "NetworkModel", "Addressing"),
    tests("PtpPlugin", "PtpPlugin", "FakeNode", "FakeKernel", "PodWiring", "CNI", "NetworkModel", "Addressing"),
    tests("PortMapPlugin", "PortMapPlugin", "FakeNode", "FakeKernel", "PodWiring", "CNI", "NetworkModel", "Addressing"),
    tests(
        "FirewallPlugin",
        "FirewallPlugin",
        "FakeNode",
        "FakeKernel",
        "PodWiring",
        "CNI",
        "NetworkModel",
        "Addressing"
    ),
    tests(
        "BandwidthPlugin",
        "BandwidthPlugin",
        "FakeNode",
        "FakeKernel",
        "PodWiring",
        "CNI",
        "NetworkModel",
        "Addressing"
    ),
    tests("SbrPlugin", "SbrPlugin", "FakeNode", "FakeKernel", "CNI", "NetworkModel", "Addressing"),
    tests(
        "TuningPlugin",
        "TuningPlugin",
        "TestKit",
        "FakeNode",
        "FakeKernel",
        "PodWiring",
        "CNI",
        "NetworkModel",
        "JSON",
        "Addressing",
        "Posix"
    ),
    tests(
        "Kernel",
        "TestKit",
        "Netlink",
        "FakeKernel",
        "NetworkModel",
        "Addressing",
        "Posix",
        "CKernelShims",
        "BridgePlugin",
        "CNI",
        "JSON"
    ),
]

var dependencies: [Package.Dependency] = []

if !pluginsOnly {
    dependencies = [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ]
    let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
    let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
    let yams = Target.Dependency.product(name: "Yams", package: "Yams")
    let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
    let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
    let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
    let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
    let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
    let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
    let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
    let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")

    targets += [
        library("Control", "NetworkModel", "JSON", "Addressing"),
        library("ServiceProxy", "NetworkModel", "Control", "JSON", "Addressing", "Posix"),
        library("Manifests", "ServiceProxy", "JSON", "Addressing", "Posix", yams),
        library(
            "KubernetesClient",
            "ServiceProxy",
            "JSON",
            "Addressing",
            "Posix",
            asyncHTTPClient,
            nioCore,
            nioHTTP1,
            nioPosix,
            nioSSL,
            yams
        ),
        library("FakeAPIServer", nioCore, nioPosix, nioSSL),
        // Apart from the program, since tests are linked to Swift's shared libraries.
        library(
            "PodnetDaemon",
            path: "Sources/Commands/podnetd",
            exclude: ["Program"],
            "ServiceProxy",
            "Manifests",
            "KubernetesClient",
            "Control",
            "Netlink",
            "NetworkModel",
            "JSON",
            "Addressing",
            "Posix",
            argumentParser,
            logging,
            serviceLifecycle,
            unixSignals,
            hummingbird,
            hummingbirdCore,
            nioCore,
            nioPosix,
            yams
        ),
        command("podnetd", path: "Sources/Commands/podnetd/Program", linker: withoutRuntime, "PodnetDaemon"),
        command(
            "netctl",
            linker: withoutRuntime,
            "Control",
            "Netlink",
            "NetworkModel",
            "JSON",
            "Addressing",
            "Posix",
            argumentParser,
            asyncHTTPClient,
            nioCore,
            nioHTTP1,
            yams
        ),
        .executableTarget(
            name: "podnet-bench",
            dependencies: ["Netlink", "NetworkModel"],
            path: "Benchmarks/podnet-bench",
            swiftSettings: base
        ),
        .executableTarget(
            name: "podnet-fake-apiserver",
            dependencies: ["FakeAPIServer"],
            path: "Tests/podnet-fake-apiserver",
            swiftSettings: base
        ),
        tests(
            "KubernetesClient",
            exclude: ["Recordings"],
            "KubernetesClient",
            "FakeAPIServer",
            "ServiceProxy",
            "Control",
            "Addressing",
            "Posix"
        ),
        tests("Control", exclude: ["Golden"], "Control", "NetworkModel", "JSON", "Addressing"),
        tests(
            "ServiceProxy",
            exclude: ["Golden"],
            "ServiceProxy",
            "TestKit",
            "NetworkModel",
            "Addressing",
            "JSON",
            "FakeKernel",
            "Netlink",
            "Posix"
        ),
        tests("podnetd", "PodnetDaemon", "ServiceProxy", "Control", "KubernetesClient", "Addressing", logging),
        tests("Manifests", "Manifests", "TestKit", "ServiceProxy", "Addressing", "Posix"),
    ]
}

let package = Package(
    name: "podnet",
    dependencies: dependencies,
    targets: targets,
    swiftLanguageModes: [.v6]
)
