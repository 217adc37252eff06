import CKernelShims
import Glibc
import Netlink
import Testing

/// A network namespace besides the test's own, for the pod's side: it lives as long as this value and its links.
struct SecondNetNS: ~Copyable {
    private let descriptor: Int32

    /// Makes the namespace; the calling thread is back in its own afterwards.
    init() throws {
        let home = Self.openCurrent()
        defer { close(home) }
        try #require(podnet_unshare_net() == 0)
        descriptor = Self.openCurrent()
        precondition(podnet_setns(home, podnet_clone_newnet()) == 0, "no way back from a namespace")
    }

    deinit { close(descriptor) }

    /// A path to open it by, in this process.
    var path: String { "/proc/self/fd/\(descriptor)" }

    /// How long a link that will come up may take here.
    ///
    /// One worker of the kernel tells all links of the machine of their carriers, and what takes dead namespaces apart
    /// holds its lock (net/core/link_watch.c, net/core/net_namespace.c). Tests make hundreds of namespaces in a second,
    /// after which it has come 8 s late.
    static let carrierLimit = Duration.seconds(60)

    /// The kernel with the calling thread's namespace as the host's and this one as the pod's.
    func kernel() throws -> LinuxKernel {
        var kernel = try LinuxKernel(netns: path)
        kernel.carrierLimit = Self.carrierLimit
        return kernel
    }

    private static func openCurrent() -> Int32 { open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC) }
}
