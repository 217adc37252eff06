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

    /// The kernel with the calling thread's namespace as the host's and this one as the pod's.
    func kernel() throws -> LinuxKernel { try LinuxKernel(netns: path) }

    private static func openCurrent() -> Int32 { open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC) }
}
