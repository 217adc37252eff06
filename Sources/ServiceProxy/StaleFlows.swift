import Addressing
package import NetworkModel

/// Frontends whose connections are to be looked at.
///
/// A connection is stale when nobody who may answer it does. Connection tracking remembers where its packets go for as
/// long as they come, so a client that goes on sending would never get to an endpoint that lives, and might get to whoever
/// has the address by now.
package struct FlowSearch: Hashable, Sendable {
    /// Whether all that services hold are meant, besides the following.
    package var includesAll = false
    /// Those that may have lost an endpoint, whether anybody holds them (any more) or not.
    package var lost: Set<Frontend> = []
    /// Those that may have had none before: what began then went nowhere.
    package var begun: Set<Frontend> = []

    /// Names frontends.
    package init(lost: Set<Frontend> = [], begun: Set<Frontend> = []) {
        self.lost = lost
        self.begun = begun
    }

    /// All that services hold.
    package static let all = {
        var search = FlowSearch()
        search.includesAll = true
        return search
    }()

    /// Whether nothing is to be looked at.
    var isEmpty: Bool { !includesAll && lost.isEmpty && begun.isEmpty }

    /// Both in one.
    mutating func join(_ other: FlowSearch) {
        includesAll = includesAll || other.includesAll
        lost.formUnion(other.lost)
        begun.formUnion(other.begun)
    }
}

extension ProxyCore {
    /// What to ask the kernel. The answers hold more than what is stale, but little that is no service's.
    package func flowFilters(_ search: FlowSearch) -> [FlowFilter] {
        var questions: [FlowQuestions.Kind: FlowQuestions] = [:]
        func ask(about frontend: Frontend, lost: Bool, begun: Bool) {
            let kind = FlowQuestions.Kind(family: frontend.address.family, transport: frontend.transport)
            if lost { questions[kind, default: FlowQuestions(kind)].lost.insert(frontend) }
            if begun { questions[kind, default: FlowQuestions(kind)].begun.insert(frontend) }
        }
        for frontend in search.lost { ask(about: frontend, lost: true, begun: false) }
        for frontend in search.begun { ask(about: frontend, lost: true, begun: true) }
        if search.includesAll {
            for (frontend, state) in mirror.frontends where state.holder != nil {
                ask(about: frontend, lost: true, begun: true)
            }
        }
        return questions.values.flatMap(\.filters)
    }

    /// Those of `flows` that are to be forgotten.
    package func staleFlows(_ flows: [Flow], in search: FlowSearch) -> [Flow] {
        Dictionary(grouping: flows, by: \.frontend).flatMap { frontend, flows -> [Flow] in
            let state = mirror.frontends[frontend]
            guard
                search.includesAll && state?.holder != nil
                    || search.lost.contains(frontend) || search.begun.contains(frontend)
            else { return [] }
            let alive = Set((state?.all ?? []).map { FlowEnd($0.address, $0.port) })
            return flows.filter { $0.isStale(whenAlive: alive) }
        }
    }
}

/// What to ask the kernel about the frontends of one family and protocol.
///
/// It walks its whole table for every question, but hands out no more than is asked for.
private struct FlowQuestions {
    struct Kind: Hashable {
        let family: IPAddress.Family
        let transport: TransportProtocol
    }

    private let kind: Kind
    var lost: Set<Frontend> = []
    var begun: Set<Frontend> = []

    init(_ kind: Kind) { self.kind = kind }

    /// TCP's connections end by themselves, or with a reset, once both sides have spoken.
    private var isAnswered: Bool? { kind.transport == .tcp ? false : nil }

    var filters: [FlowFilter] {
        // One question about both. But for floods there are few half-open connections.
        if kind.transport == .tcp, begun.count > 1 { return [every(isTranslated: nil, isAnswered: false)] }
        return led + unled
    }

    /// Flows that are translated are services', or those of published ports.
    private var led: [FlowFilter] {
        if lost.count > 2 { return [every(isTranslated: true, isAnswered: isAnswered)] }
        return lost.map { exact($0, isTranslated: true, isAnswered: isAnswered) }
    }

    /// Flows that are not are anybody's.
    private var unled: [FlowFilter] {
        if begun.count > 8 { return [every(isTranslated: false, isAnswered: false)] }
        return begun.map { exact($0, isTranslated: false, isAnswered: false) }
    }

    private func every(isTranslated: Bool?, isAnswered: Bool?) -> FlowFilter {
        FlowFilter(kind.family, kind.transport, isTranslated: isTranslated, isAnswered: isAnswered)
    }

    private func exact(_ frontend: Frontend, isTranslated: Bool, isAnswered: Bool?) -> FlowFilter {
        FlowFilter(
            kind.family,
            kind.transport,
            destination: frontend.address,
            destinationPort: frontend.port,
            isTranslated: isTranslated,
            isAnswered: isAnswered
        )
    }
}

extension Flow {
    /// What the client connected to.
    fileprivate var frontend: Frontend { Frontend(destination.address, transport, destination.port) }

    /// Whether it should be forgotten, when `alive` are all who may answer.
    ///
    /// What is not translated was begun before there was a rule for it, or while there was none. Where somebody has
    /// answered it - a load balancer elsewhere, a program on this node - the client keeps whom it has.
    fileprivate func isStale(whenAlive alive: Set<FlowEnd>) -> Bool {
        if alive.contains(answerer) || transport == .tcp && isAnswered { return false }
        return isTranslated || !alive.isEmpty && !isAnswered
    }
}
