package import CNI
package import NetworkModel

/// What a plugin that wires pods needs of the node besides its configuration: kernels, other plugins, a lock.
package struct Surroundings<K: Kernel & ~Copyable> {
    /// Opens the host's namespace and, for a path that is not empty, a pod's.
    package let openKernel: (_ netns: String) throws(KernelError) -> K
    /// Runs IPAM plugins.
    package let delegate: any Delegate
    private let readNode: () throws(CNIError) -> String
    /// Runs a body while no other plugin on this node changes what pods share.
    package let exclusively: (_ body: () throws(CNIError) -> Void) throws(CNIError) -> Void

    /// Collects the parts.
    package init(
        openKernel: @escaping (_ netns: String) throws(KernelError) -> K,
        delegate: any Delegate,
        node: @escaping @autoclosure () throws(CNIError) -> String,
        exclusively: @escaping (_ body: () throws(CNIError) -> Void) throws(CNIError) -> Void
    ) {
        self.openKernel = openKernel
        self.delegate = delegate
        readNode = node
        self.exclusively = exclusively
    }
}

extension Surroundings where K: ~Copyable {
    /// Tells nodes apart in derived names: the machine ID, or "" where there is none.
    ///
    /// One that cannot be read is an error and not "": a bridge would change its hardware address.
    package var node: String {
        get throws(CNIError) { try readNode() }
    }

    /// Opens the kernel for a plugin; an error is the plugin's answer.
    package func kernel(_ netns: String) throws(CNIError) -> K {
        do {
            return try openKernel(netns)
        } catch {
            throw CNIError(error)
        }
    }
}
