import Addressing
package import CNI
package import NetworkModel
package import PodWiring

/// `loopback`: brings a pod's `lo` up. Runtimes call it before the network proper.
package struct LoopbackPlugin<K: Kernel & ~Copyable>: Plugin {
    let surroundings: Surroundings<K>

    /// Works in these surroundings.
    package init(_ surroundings: Surroundings<K>) {
        self.surroundings = surroundings
    }

    /// `loopback`
    package var name: String { "loopback" }
    /// All.
    package var supportedVersions: [CNIVersion] { .all }

    /// Brings `lo` up and answers its addresses, or passes an earlier result on.
    package func add(_ request: Request) throws(CNIError) -> CNIResult {
        var kernel = try surroundings.kernel(request.netns)
        let found = try Loopback(in: &kernel)
        try found.setUp(true, in: &kernel)
        return request.config.prevResult ?? found.result(sandbox: request.netns)
    }

    /// Takes `lo` down; a namespace that is gone has none.
    package func del(_ request: Request) throws(CNIError) {
        guard !request.netns.isEmpty else { return }
        var kernel = try surroundings.kernel(request.netns)
        try Loopback(in: &kernel).setUp(false, in: &kernel)
    }

    /// Demands that `lo` is up.
    package func check(_ request: Request) throws(CNIError) {
        var kernel = try surroundings.kernel(request.netns)
        guard try Loopback(in: &kernel).link.isUp == true else {
            throw CNIError(.other, "lo is down", details: "sandbox \(request.netns)")
        }
    }

    /// Nothing outlives a namespace's `lo`.
    package func gc(_ request: NetworkRequest) throws(CNIError) {}

    /// Always ready.
    package func status(_ request: NetworkRequest) throws(CNIError) {}
}

/// A pod's `lo` as it was found.
struct Loopback {
    let link: Link

    init<K: Kernel & ~Copyable>(in kernel: inout K) throws(CNIError) {
        do {
            let id = LinkID(.container, try InterfaceName("lo"))
            var scope = Scope()
            scope.links = [id]
            guard let link = try kernel.observe(scope).links[id] else {
                throw CNIError(.other, "no lo in the container's namespace")
            }
            self.link = link
        } catch let error as KernelError {
            throw CNIError(error)
        } catch let error as CNIError {
            throw error
        } catch {
            throw CNIError(.other, "\(error)")
        }
    }

    func setUp<K: Kernel & ~Copyable>(_ isUp: Bool, in kernel: inout K) throws(CNIError) {
        guard link.isUp != isUp else { return }
        var wanted = link
        wanted.isUp = isUp
        do {
            try kernel.apply(.changeLink(from: link, to: wanted))
        } catch {
            throw CNIError(error)
        }
    }

    /// The kernel gives `lo` its addresses when it comes up, so they are known without looking again.
    func result(sandbox: String) -> CNIResult {
        let interface = CNIResult.Interface(name: "lo", mac: "00:00:00:00:00:00", sandbox: sandbox)
        let own: [CIDR] = ["127.0.0.1/8", "::1/128"].compactMap { CIDR($0) }
        return CNIResult(interfaces: [interface], ips: own.map { CNIResult.IP($0, interface: 0) })
    }
}
