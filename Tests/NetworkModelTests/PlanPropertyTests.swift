import Addressing
import FakeKernel
import NetworkModel
import Testing

@Suite("Whatever the two states are")
struct PlanPropertyTests {
    static let seeds = Array(UInt64(0)..<100)

    @Test("the plan from one to the other makes one the other", arguments: seeds)
    func reachesDesired(_ seed: UInt64) throws {
        let (start, goal) = Self.states(seed)
        var kernel = FakeKernel(holding: start)
        let scope = Scope(start, goal)
        let plan = try NetworkPlan(from: try kernel.observe(scope), to: goal)
        try kernel.run(plan)
        let end = try kernel.observe(scope)
        #expect(NetworkDiff(from: end, to: goal).differences == [])
        #expect(end.comparable.withoutSysctls == goal.withoutSysctls)
        #expect(try NetworkPlan(from: end, to: goal).isEmpty)
    }

    @Test("a state does not differ from itself", arguments: seeds)
    func reflexive(_ seed: UInt64) throws {
        let (state, _) = Self.states(seed)
        let diff = NetworkDiff(from: state, to: state)
        #expect(diff.isEmpty && diff.differences.isEmpty)
        #expect(try diff.plan().isEmpty)
    }

    @Test("a failure at any step is taken back, unless a link is gone or silenced already", arguments: seeds)
    func rollsBack(_ seed: UInt64) throws {
        let (start, goal) = Self.states(seed)
        let plan = try NetworkPlan(from: start, to: goal)
        let error = KernelError("test", "fault", reason: .other, text: "injected")
        for (position, step) in plan.steps.enumerated() {
            var kernel = FakeKernel(holding: start)
            kernel.fault = .failOnce(at: position + 1, error)
            let thrown = #expect(throws: PlanError.self) { try kernel.run(plan) }
            #expect(thrown?.cause == error)
            #expect(thrown?.rollback == [])
            #expect(kernel.everything.withoutSysctls == start.withoutSysctls, "failed at \(words(step))")
            if case .deleteLink = step { return }
            // A link that goes down loses what is on it, and none goes down but to be removed.
            if case .changeLink(let old, let new) = step, old.isUp == true, new.isUp == false { return }
        }
    }

    @Test("differences in words are there exactly when there is something to do", arguments: seeds)
    func wordsAndSteps(_ seed: UInt64) throws {
        let (start, goal) = Self.states(seed)
        let diff = NetworkDiff(from: start, to: goal)
        #expect(diff.differences.isEmpty == diff.planAroundConflicts.isEmpty)
        #expect(diff.isEmpty == diff.differences.isEmpty)
    }

    private static func states(_ seed: UInt64) -> (NetworkState, NetworkState) {
        var random = RandomNetwork(seed: seed)
        return (random.next(), random.next())
    }
}

@Suite("Steps")
struct StepTests {
    @Test("taken back twice are the step again, where there is a way back at all")
    func inverse() throws {
        var kernel = FakeKernel()
        let steps = try NetworkPlan(from: kernel.observe(PodWire.scope), to: PodWire.wanted).steps
        let inverses = steps.compactMap(\.inverse)
        // No way back: waiting, and sysctls that came with a link and go with it.
        #expect(inverses.count == steps.count - 4)
        for step in inverses {
            if case .deleteLink = step { continue }
            #expect(step.inverse?.inverse == step)
        }
    }
}

@Suite("Whatever the two rulesets are")
struct RulesetPropertyTests {
    @Test(
        "the transaction from one to the other makes one the other, and its undo takes it back",
        arguments: UInt64(0)..<400
    )
    func thereAndBack(_ seed: UInt64) throws {
        let (start, goal) = (RandomRuleset(seed: seed).ruleset, RandomRuleset(seed: seed &* 31 &+ 7).ruleset)
        var state = NetworkState()
        state.ruleset = start
        var kernel = FakeKernel(holding: state)
        let diff = RulesetDiff(from: start, to: goal)
        try kernel.commit(diff.changes, generation: nil)
        #expect(kernel.state.ruleset == goal)
        #expect(RulesetDiff(from: kernel.state.ruleset, to: goal).isEmpty)
        try kernel.commit(diff.undo, generation: nil)
        #expect(kernel.state.ruleset == start)
    }
}

extension NetworkState {
    /// Sysctls come with links and stay with them, whatever anybody wants.
    var withoutSysctls: NetworkState {
        var state = self
        state.sysctls = [:]
        return state
    }
}
