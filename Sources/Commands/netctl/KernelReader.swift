import Addressing
import Control
import Netlink
import NetworkModel

/// Reads from the kernel what rows are made of.
enum KernelReader {
    /// The daemon's tables, or why they cannot be read.
    static func services() -> Result<KernelView, KernelError> {
        var scope = Scope()
        for table in KernelView.tableIDs { scope.tables[table] = .all }
        return observe(scope).map { KernelView($0.ruleset.tables) }
    }

    /// Every link of the host.
    static func links() -> Result<[Link], KernelError> {
        do throws(KernelError) {
            var kernel = try LinuxKernel()
            return .success(try kernel.hostLinks())
        } catch {
            return .failure(error)
        }
    }

    /// What the host keeps of single pods behind some bridges.
    struct PodWires {
        /// Addresses that it has routes of its own to.
        var routes: Set<IPAddress> = []
        /// Permanent neighbours.
        var neighbors: [IPAddress: MACAddress] = [:]
    }

    /// Routes and neighbours of pods behind these bridges.
    static func podWires(behind bridges: Set<InterfaceName>) -> Result<PodWires, KernelError> {
        var scope = Scope()
        scope.routesOf = Set(bridges.map { LinkID(.host, $0) })
        scope.neighborsOf = scope.routesOf
        return observe(scope).map { state in
            let own = state.routes.filter { $0.origin == Route.ownProtocol && $0.destination.isHost }
            return PodWires(
                routes: Set(own.map(\.destination.address)),
                neighbors: Dictionary(state.neighbors.map { ($0.address, $0.mac) }, uniquingKeysWith: { $1 })
            )
        }
    }

    /// The addresses of pods by attachment, from the CNI plugins' table.
    static func taggedAddresses() -> Result<[String: [IPAddress]], KernelError> {
        let table = TableID(.inet, "podnet-cni")
        var scope = Scope()
        scope.tables[table] = .all
        return observe(scope).map { state in
            state.ruleset.tables[table].map { AttachmentEvidence.taggedAddresses(in: $0) } ?? [:]
        }
    }

    private static func observe(_ scope: Scope) -> Result<NetworkState, KernelError> {
        do throws(KernelError) {
            var kernel = try LinuxKernel()
            return .success(try kernel.observe(scope))
        } catch {
            return .failure(error)
        }
    }
}
