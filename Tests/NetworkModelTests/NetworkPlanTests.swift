import Addressing
import FakeKernel
import NetworkModel
import Testing

@Suite("Plans of a pod's wire")
struct NetworkPlanTests {
    @Test("ADD on an empty node: rules are in place before the pod can speak")
    func add() throws {
        var kernel = FakeKernel()
        let plan = try NetworkPlan(from: kernel.observe(PodWire.scope), to: PodWire.wanted)
        #expect(
            plan.steps.map(words) == [
                "sysctl net/ipv4/ip_forward = 1",
                "bridge cni0",
                "veth vethabcdefgh – eth0 (container)",
                "change vethabcdefgh",
                "sysctl net/ipv4/conf/cni0/send_redirects = 0",
                "sysctl net/ipv4/conf/vethabcdefgh/rp_filter = 1",
                "sysctl net/ipv6/conf/eth0/accept_ra (container) = 0",
                "+ 10.11.23.1/32 dev cni0",
                "+ 10.11.23.2/32 dev eth0 (container)",
                "ruleset",
                "up eth0 (container)",
                "up cni0",
                "up vethabcdefgh",
                "+ 10.11.23.1/32 dev eth0 (container)",
                "+ default via 10.11.23.1 dev eth0 (container) onlink",
                "+ 10.11.23.1 dev eth0 (container) lladdr 02:00:00:00:00:01",
                "+ 10.11.23.2/32 dev cni0 proto 112",
                "+ 10.11.23.2 dev cni0 lladdr 02:00:00:00:00:02",
                "await vethabcdefgh",
            ]
        )
        try kernel.run(plan)
        #expect(NetworkDiff(from: try kernel.observe(PodWire.scope), to: PodWire.wanted).isEmpty)
    }

    @Test("a second ADD of the same attachment has nothing to do")
    func repeated() throws {
        var kernel = try Self.kernelWithPod()
        let plan = try NetworkPlan(from: kernel.observe(PodWire.scope), to: PodWire.wanted)
        #expect(plan.isEmpty)
    }

    @Test("DEL removes neighbours and routes, silences the link, takes away what guarded it, and then the link")
    func del() throws {
        var kernel = try Self.kernelWithPod()
        var desired = PodWire.shared
        desired.ruleset = try kernel.observe(PodWire.scope).ruleset.withoutElements
        let plan = try NetworkPlan(from: kernel.observe(PodWire.scope), to: desired)
        #expect(
            plan.steps.map(words) == [
                "- 10.11.23.2 dev cni0 lladdr 02:00:00:00:00:02",
                "- 10.11.23.2/32 dev cni0 proto 112",
                "down vethabcdefgh",
                "ruleset",
                "delete vethabcdefgh",
            ]
        )
        try kernel.run(plan)
        let left = try kernel.observe(PodWire.scope)
        #expect(Set(left.links.keys) == [PodWire.bridge])
        #expect(left.routes.isEmpty && left.neighbors.isEmpty)
        #expect(left.addresses == PodWire.shared.addresses)
        #expect(left.ruleset == PodWire.shared.ruleset)
    }

    @Test("DEL without the pod's namespace is the same")
    func delWithoutNamespace() throws {
        var kernel = try Self.kernelWithPod()
        kernel.hasContainer = false
        let plan = try NetworkPlan(from: kernel.observe(PodWire.scope), to: PodWire.shared)
        #expect(plan.steps.map(words).suffix(3) == ["down vethabcdefgh", "ruleset", "delete vethabcdefgh"])
        try kernel.run(plan)
        #expect(kernel.state.links[PodWire.eth0] == nil)
    }

    @Test("a failure at any step of ADD leaves what was there", arguments: [true, false])
    func rollback(withBridge: Bool) throws {
        var fresh = FakeKernel()
        if withBridge { try fresh.run(try NetworkPlan(from: fresh.observe(PodWire.scope), to: PodWire.shared)) }
        let plan = try NetworkPlan(from: fresh.observe(PodWire.scope), to: PodWire.wanted)
        let before = fresh.everything
        for step in 1...plan.steps.count {
            var kernel = fresh
            let error = KernelError("test", "step \(step)", reason: .exhausted, text: "No space left on device")
            kernel.fault = .failOnce(at: kernel.mutatingCalls + step, error)
            let thrown = #expect(throws: PlanError.self) { try kernel.run(plan) }
            #expect(thrown?.cause == error)
            #expect(thrown?.rollback == [])
            #expect(kernel.everything == before, "step \(step): \(words(plan.steps[step - 1]))")
        }
    }

    @Test("a pod tells who has its address once its port passes frames, unless it has permanent neighbours to lose")
    func announcement() throws {
        for neighbors in [[], PodWire.wanted.neighbors] {
            var kernel = FakeKernel()
            var wanted = PodWire.wanted
            wanted.neighbors = neighbors
            let last = try NetworkPlan(from: kernel.observe(PodWire.scope), to: wanted).steps.last
            var announced: LinkID?
            if case .changeLink(_, let link) = last, link.keepsMAC == true { announced = link.id }
            #expect(announced == (neighbors.isEmpty ? PodWire.eth0 : nil))
        }
    }

    @Test("a step whose answer is lost is taken back, whether it happened or not", arguments: [true, false])
    func rollbackOfUnknown(hasHappened: Bool) throws {
        var fresh = FakeKernel()
        let plan = try NetworkPlan(from: fresh.observe(PodWire.scope), to: PodWire.wanted)
        let error = KernelError("test", "it", reason: .other, text: "injected", isOutcomeUnknown: true)
        for step in 1...plan.steps.count {
            var kernel = fresh
            kernel.fault = hasHappened ? .loseAnswer(at: step) : .failOnce(at: step, error)
            let thrown = #expect(throws: PlanError.self) { try kernel.run(plan) }
            #expect(thrown?.rollback == [])
            #expect(kernel.everything == fresh.everything, "step \(step): \(words(plan.steps[step - 1]))")
        }
    }

    @Test("killed after any step of ADD, DEL leaves nothing of the pod's")
    func killed() throws {
        var fresh = FakeKernel()
        let plan = try NetworkPlan(from: fresh.observe(PodWire.scope), to: PodWire.wanted)
        for count in 0...plan.steps.count {
            var kernel = fresh
            kernel.fault = .kill(after: count)
            #expect(throws: PlanError.self) {
                try kernel.run(plan)
                _ = try kernel.run(NetworkPlan(steps: [.awaitCarrier(Link(PodWire.bridge, kind: .bridge))]))
            }
            kernel.fault = nil
            let found = try kernel.observe(PodWire.scope)
            var kept = PodWire.shared
            kept.links = kept.links.filter { found.links[$0.key] != nil }
            kept.addresses = kept.addresses.intersection(found.addresses)
            kept.sysctls = [:]
            kept.ruleset = found.ruleset.withoutElements
            for id in kept.links.keys { kept.links[id]?.isUp = nil }
            try kernel.run(try NetworkPlan(from: found, to: kept))
            #expect(Set(kernel.state.links.keys).isSubset(of: [PodWire.bridge, host("lo"), pod("lo")]))
            #expect(kernel.state.routes.isEmpty && kernel.state.neighbors.isEmpty, "killed after \(count)")
        }
    }

    static func kernelWithPod() throws -> FakeKernel {
        var kernel = FakeKernel()
        try kernel.run(try NetworkPlan(from: kernel.observe(PodWire.scope), to: PodWire.wanted))
        return kernel
    }
}

/// A step in few words.
func words(_ step: Step) -> String {
    switch step {
    case .forgetFlows(let filter): "flows \(filter)"
    case .createBridge(let link): "bridge \(link.id)"
    case .createVethPair(let link, let peer): "veth \(link.id) – \(peer.id)"
    case .createMacvlan(let link): "macvlan \(link.id)"
    case .moveLink(let link, let target): "move \(link.id) to \(target)"
    case .deleteLink(let link): "delete \(link.id)"
    case .changeLink(let old, let new) where old.isUp != new.isUp: new.isUp == true ? "up \(new.id)" : "down \(new.id)"
    case .changeLink(_, let new): "change \(new.id)"
    case .addAddress(let address): "+ \(address)"
    case .removeAddress(let address): "- \(address)"
    case .addRoute(let route): "+ \(route)"
    case .removeRoute(let route): "- \(route)"
    case .addRule(let rule): "+ rule \(rule)"
    case .removeRule(let rule): "- rule \(rule)"
    case .addNeighbor(let neighbor): "+ \(neighbor)"
    case .removeNeighbor(let neighbor): "- \(neighbor)"
    case .createIFB(let link): "create \(link.id)"
    case .addShaping(let shaping): "+ \(shaping)"
    case .removeShaping(let shaping): "- \(shaping)"
    case .setSysctl(let sysctl, _, let value): "sysctl \(sysctl) = \(value)"
    case .changeRuleset: "ruleset"
    case .awaitCarrier(let link): "await \(link.id)"
    case .awaitAddress(let address): "await \(address)"
    }
}
