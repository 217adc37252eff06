import Addressing
import NetworkModel

/// What the kernel holds of one frontend, and on whose behalf.
struct FrontendState: Equatable, Sendable {
    /// Nil for one that was found in the kernel until a service asks for it.
    var holder: ServiceName?
    /// The element's comment.
    var comment: String
    /// By index, for connections that may go to any node; the only list unless `here` is one.
    var endpoints: [EndpointAddress] = []
    /// By index, for connections that stay on this node, where it depends on their source; else nil.
    var here: [EndpointAddress]?
    /// How long a client stays with its endpoint; nil when it does not.
    var affinity: Affinity?
    /// What else happens to its connections.
    var traits: Traits = []
    /// Who may come; nil is everybody.
    var sourceRanges: [CIDR]?
    /// No longer chosen, but open connections may go on there.
    var draining: [EndpointAddress] = []

    /// What else happens to the connections of a frontend.
    struct Traits: OptionSet, Hashable, Sendable {
        let rawValue: UInt8

        /// They are refused, since no endpoint anywhere wants them.
        static let refused = Traits(rawValue: 1)
        /// They are dropped, since no endpoint is on this node.
        static let dropped = Traits(rawValue: 2)
        /// They get the node's address as their source.
        static let masqueraded = Traits(rawValue: 4)
        /// They do if they come from this node.
        static let masqueradedFromNode = Traits(rawValue: 8)
    }

    /// What `frontends` leads to; nil when it has no element.
    var code: FrontendCode? {
        if traits.contains(.dropped) { return .drop }
        if here != nil { return .bySource }
        return endpoints.isEmpty ? nil : .pick(Picker(isHere: false, affinity), endpoints.count)
    }

    /// Whether there is nothing in the kernel or to remember.
    var isEmpty: Bool { code == nil && traits.isEmpty && sourceRanges == nil && draining.isEmpty }

    /// Every endpoint that connections go to or may go on with.
    var all: [EndpointAddress] { endpoints + (here ?? []) + draining }

    /// Calls `body` with every element besides the endpoints': the set and the element. The key is the frontend.
    func forEachMark(_ body: (String, Element) -> Void) {
        typealias Name = ServiceRuleset.SetName
        if let code { body(Name.frontends, Element(.data(code.bytes), comment: comment, hasCounter: true)) }
        if here != nil {
            for (map, list) in [(Name.everywhere, lists[0]), (Name.here, lists[1])] where !list.endpoints.isEmpty {
                body(map, Element(.data(FrontendCode.pick(list.picker, list.endpoints.count).bytes)))
            }
        }
        if traits.contains(.refused) { body(Name.refused, Element(comment: comment)) }
        if traits.contains(.masqueraded) { body(Name.masqueraded, Element()) }
        if traits.contains(.masqueradedFromNode) { body(Name.masqueradedFromNode, Element()) }
        if sourceRanges != nil { body(Name.restricted, Element(comment: comment)) }
    }

    /// The lists with the way that each is picked from.
    var lists: [(picker: Picker, endpoints: [EndpointAddress])] {
        [(Picker(isHere: false, affinity), endpoints), (Picker(isHere: true, affinity), here ?? [])]
    }

    /// A place in one of the maps that make up the lists: its key is the number and the frontend.
    struct Slot: Hashable {
        let map: String
        let number: UInt32
    }

    /// The elements that make up the lists.
    var slots: [(slot: Slot, element: Element)] { lists.flatMap(Self.slots) }

    private static func slots(_ picker: Picker, _ endpoints: [EndpointAddress]) -> [(slot: Slot, element: Element)] {
        let indices = (0..<endpoints.count).map { UInt32(truncatingIfNeeded: $0) }
        guard picker.affinity != nil else { return slots(picker, endpoints, by: indices) }
        let numbers = EndpointIdentity.numbers(of: endpoints)
        let identities = zip(indices, numbers).map { index, number in
            (slot: Slot(map: picker.identities, number: index), element: Element(.data(RegisterBytes.host(number))))
        }
        return identities + slots(picker, endpoints, by: numbers)
    }

    private static func slots(
        _ picker: Picker,
        _ endpoints: [EndpointAddress],
        by numbers: [UInt32]
    ) -> [(slot: Slot, element: Element)] {
        zip(numbers, endpoints).map { number, endpoint in
            let element = Element(.data(ElementBytes.endpoint(endpoint)), hasCounter: true)
            return (Slot(map: picker.endpoints, number: number), element)
        }
    }

    /// Sees to it that `shape` has what the rules need for it.
    func demand(_ shape: inout RulesetShape) {
        if case .pick(let picker, let count)? = code { shape.require(picker, count) }
        if here != nil { for (picker, endpoints) in lists { shape.require(picker, endpoints.count) } }
        for range in sourceRanges ?? [] { shape.prefixLengths.insert(range.prefixLength) }
    }
}
