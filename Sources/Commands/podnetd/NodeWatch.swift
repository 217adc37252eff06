import Addressing
import Dispatch
import Logging
import Netlink
import NetworkModel
import ServiceProxy
import Synchronization

/// Tells the reconciler what is true of the node, whenever that changes: the addresses that node ports are open at.
final class NodeWatch: Sendable {
    private struct State: Sendable {
        var selection: NodePortSelection
        /// What a cluster says of the node.
        var facts: NodeFacts?
        var told: NodeConditions?
    }

    private let addresses: Mutex<HostAddresses>
    private let state: Mutex<State>
    private let zone: String?
    private let queue = DispatchQueue(label: "podnet.node")
    private let inbox: ReconcilerInbox<ReconcilerEvent>
    private let logger: Logger
    private let listen: @Sendable ([IPAddress]) -> Void

    /// Subscribes: what changes from now on is reported. What is true now is told first, before any service: the node
    /// ports that an earlier run left would have to go otherwise. `zone` is the node's as long as no cluster says it. `listen`
    /// is told where servers for node ports are to listen.
    init(
        _ selection: NodePortSelection,
        zone: String?,
        inbox: ReconcilerInbox<ReconcilerEvent>,
        listen: @escaping @Sendable ([IPAddress]) -> Void,
        logger: Logger
    ) throws(KernelError) {
        addresses = Mutex(try HostAddresses())
        state = Mutex(State(selection: selection))
        self.zone = zone
        self.inbox = inbox
        self.logger = logger
        self.listen = listen
        lookHere()
    }

    /// What a cluster says of the node; nil before it says anything, or when it has none of our name.
    var facts: NodeFacts? { state.withLock { $0.facts } }

    /// Takes another choice of addresses.
    func use(_ selection: NodePortSelection) {
        state.withLock { $0.selection = selection }
        look()
    }

    /// Takes what a cluster says of the node.
    func use(_ facts: NodeFacts?) {
        state.withLock { $0.facts = facts }
        look()
    }

    /// Reports until the task is cancelled.
    ///
    /// Which address is the first one depends on routes, too, whose changes are many: they are looked at now and then.
    func run() async {
        look()
        let source = DispatchSource.makeReadSource(
            fileDescriptor: addresses.withLock { $0.fileDescriptor },
            queue: queue
        )
        source.setEventHandler { [self] in lookHere() }
        source.activate()
        while (try? await Task.sleep(for: .seconds(30))) != nil { look() }
        source.cancel()
    }

    private func look() {
        queue.async { [self] in lookHere() }
    }

    /// On the queue, or before it is in use.
    private func lookHere() {
        do throws(KernelError) {
            let (all, preferred) = try addresses.withLock { addresses throws(KernelError) in
                _ = try addresses.readQueued()
                return (try addresses.all(), try addresses.preferred())
            }
            tell(all, preferred)
        } catch {
            logger.warning("the node's addresses cannot be read", error: error)
        }
    }

    private func tell(_ all: [IPAddress], _ preferred: [IPAddress]) {
        let (conditions, listening) = state.withLock { state -> (NodeConditions?, [IPAddress]) in
            let primary = state.facts?.primary(among: all) ?? preferred
            let conditions = NodeConditions(
                nodePortAddresses: state.selection.addresses(among: all, preferred: primary),
                primaryAddresses: primary,
                zone: state.facts?.zone ?? zone
            )
            defer { state.told = conditions }
            let listening = state.selection.listening(among: all, preferred: primary)
            return (state.told == conditions ? nil : conditions, listening)
        }
        listen(listening)
        guard let conditions else { return }
        let text = conditions.nodePortAddresses.map(\.description).joined(separator: " ")
        logger.info("node ports are open", metadata: ["addresses": "\(text)"])
        inbox.put(.node(conditions))
    }
}

extension NodeFacts {
    /// The first of each family that the node really has, in the cluster's order; nil when there is none.
    fileprivate func primary(among all: [IPAddress]) -> [IPAddress]? {
        let own = addresses.filter { all.contains($0) }
        let first = IPAddress.Family.allCases.compactMap { family in own.first { $0.family == family } }
        return first.isEmpty ? nil : first
    }
}
