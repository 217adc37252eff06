package import NetworkModel

/// The kernel itself: the calling thread's network namespace as the host's, and one pod's if there is one.
///
/// Use it on the thread that made it, or on one in the same namespace. It enters the pod's namespace only to open a
/// socket there, and to read and write sysctls.
package struct LinuxKernel: Kernel, ~Copyable, Sendable {
    var host: RouteNamespace
    /// Nil without a pod's namespace: then nothing is in it, as far as anyone can see.
    var container: RouteNamespace?
    /// In the host's namespace.
    var nftables: NftablesSocket?
    /// How long `.awaitCarrier` waits before it is an error.
    package var carrierLimit = Duration.seconds(5)

    /// Opens a routing socket in the host's namespace.
    package init() throws(KernelError) {
        self.init(host: try RouteNamespace(.host), container: nil)
    }

    /// Opens a routing socket in the pod's namespace, too.
    package init(container netns: consuming NetNS) throws(KernelError) {
        let inner = try RouteNamespace(.container, try RouteNamespace.Way(into: netns))
        self.init(host: try RouteNamespace(.host), container: inner)
    }

    /// Opens the pod's namespace by its path, too.
    package init(netns path: String) throws(KernelError) {
        try self.init(container: try NetNS(path: path))
    }

    private init(host: consuming RouteNamespace, container: consuming RouteNamespace?) {
        self.host = host
        self.container = container
    }

    /// Does something in the pod's namespace; nil where there is none.
    mutating func inContainer<Result>(
        _ body: (inout RouteNamespace) throws(KernelError) -> Result
    ) throws(KernelError) -> Result? {
        try container?.with(body)
    }
}

extension RouteNamespace {
    /// Hands itself to `body`, which optional chaining alone cannot.
    fileprivate mutating func with<Result>(
        _ body: (inout RouteNamespace) throws(KernelError) -> Result
    ) throws(KernelError) -> Result {
        try body(&self)
    }
}
