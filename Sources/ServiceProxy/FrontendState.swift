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
        return endpoints.isEmpty ? nil : .pick(.everywhere, endpoints.count)
    }

    /// Whether there is nothing in the kernel or to remember.
    var isEmpty: Bool { code == nil && traits.isEmpty && sourceRanges == nil && draining.isEmpty }

    /// Every endpoint that connections go to or may go on with.
    var all: [EndpointAddress] { endpoints + (here ?? []) + draining }

    /// Calls `body` with every element besides the endpoints': the set and the element. The key is the frontend.
    func forEachMark(_ body: (String, Element) -> Void) {
        typealias Name = ServiceRuleset.SetName
        if let code { body(Name.frontends, Element(.data(code.bytes), comment: comment, hasCounter: true)) }
        if let here {
            if !endpoints.isEmpty {
                body(Name.everywhere, Element(.data(FrontendCode.pick(.everywhere, endpoints.count).bytes)))
            }
            if !here.isEmpty { body(Name.here, Element(.data(FrontendCode.pick(.here, here.count).bytes))) }
        }
        if traits.contains(.refused) { body(Name.refused, Element(comment: comment)) }
        if traits.contains(.masqueraded) { body(Name.masqueraded, Element()) }
        if traits.contains(.masqueradedFromNode) { body(Name.masqueradedFromNode, Element()) }
        if sourceRanges != nil { body(Name.restricted, Element(comment: comment)) }
    }

    /// Sees to it that `shape` has what the rules need for it.
    func demand(_ shape: inout RulesetShape) {
        if case .pick(let picker, let count)? = code { shape.require(picker, count) }
        if let here {
            shape.require(.everywhere, endpoints.count)
            shape.require(.here, here.count)
        }
        for range in sourceRanges ?? [] { shape.prefixLengths.insert(range.prefixLength) }
    }
}
