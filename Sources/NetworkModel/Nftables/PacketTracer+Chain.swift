import Addressing

/// One base chain being run, with the chains that it calls.
struct ChainRun {
    /// NFT_JUMP_STACK_SIZE (include/net/netfilter/nf_tables.h).
    private static let deepestCall = 16

    private(set) var context: RuleContext
    private(set) var hops: [Course.Hop] = []
    private(set) var writes: [Course.Write] = []
    /// Whether NAT has been settled by a rule.
    private(set) var isTranslated = false
    private let id: TableID
    private let table: Table
    private let kind: Chain.Base.Kind
    private let hook: Chain.Base.Hook

    init(_ id: TableID, _ table: Table, _ kind: Chain.Base.Kind, _ hook: Chain.Base.Hook, _ context: RuleContext) {
        self.id = id
        self.table = table
        self.kind = kind
        self.hook = hook
        self.context = context
    }

    /// What the chain says of the packet; its policy is to accept.
    mutating func run(_ chain: String, _ choices: inout Choices) throws(TraceError) -> Course.Fate {
        var calls: [(chain: String, next: Int)] = [(chain, 0)]
        while let (chain, next) = calls.popLast() {
            guard let rules = table.chains[chain]?.rules else { throw TraceError("no chain \(chain) in \(id)") }
            guard next < rules.count else { continue }
            switch try evaluate(rules[next], chain, next, &choices) {
            case .next: calls.append((chain, next + 1))
            case .end(let fate): return fate
            case .verdict(.accept): return .accepted
            case .verdict(.drop): return .dropped
            case .verdict(.return): break
            case .verdict(.jump(let target)): calls += [(chain, next + 1), (target, 0)]
            case .verdict(.goto(let target)): calls.append((target, 0))
            }
            if calls.count > Self.deepestCall { throw TraceError("calls deeper than 16 from chain \(chain) in \(id)") }
        }
        return .accepted
    }

    private mutating func evaluate(
        _ rule: Rule,
        _ chain: String,
        _ place: Int,
        _ choices: inout Choices
    ) throws(TraceError) -> RuleRun.Outcome {
        var run = RuleRun(table, context)
        do throws(TraceError) {
            for expression in rule.expressions {
                try checkHook(expression)
                guard try run.evaluate(expression, &choices), run.outcome == .next else { break }
            }
        } catch {
            throw TraceError("\(id) \(chain), rule \(place + 1): \(error)")
        }
        context = run.context
        isTranslated = isTranslated || run.isTranslated
        writes += run.writes.map { Course.Write(table: id, set: $0.set, key: $0.key, data: $0.data) }
        if run.hasEffect { hops.append(hop(rule, chain, place, run.elements)) }
        return run.outcome
    }

    /// The kernel refuses these in chains of other kinds and hooks (nft_nat_validate, nft_masq_validate,
    /// nft_reject_validate).
    private func checkHook(_ expression: Expression) throws(TraceError) {
        switch expression {
        case .dnat where kind != .nat || hook != .prerouting && hook != .output:
            throw TraceError("dnat in a \(kind.rawValue) chain at \(hook)")
        case .masquerade where kind != .nat || hook != .postrouting:
            throw TraceError("masquerade in a \(kind.rawValue) chain at \(hook)")
        case .reject where hook == .postrouting:
            throw TraceError("reject in a chain at \(hook)")
        case .payload, .meta, .setMeta, .conntrack, .compare, .bitwise, .immediate, .verdict, .lookup, .lookupMissing,
            .verdictMap, .writeElement, .random, .fibAddressType, .setAddress, .dnat, .masquerade, .reject, .counter,
            .unknown:
            break
        }
    }

    private func hop(_ rule: Rule, _ chain: String, _ place: Int, _ elements: [String]) -> Course.Hop {
        let text = NftSyntax.text(of: Rule(rule.expressions), in: table)
        return Course.Hop(table: id, chain: chain, rule: place, comment: rule.comment, elements: elements, text: text)
    }
}
