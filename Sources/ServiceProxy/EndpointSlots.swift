/// Which endpoint has which index.
package enum EndpointSlots {
    /// Gives `chosen` the indices 0 to n−1 so that as few elements as possible change.
    ///
    /// Who stays keeps its index; newcomers take the places of those who left, then further ones; places that stay free
    /// are filled from the end. Endpoints are all different in either list.
    package static func assign(_ chosen: [EndpointAddress], after former: [EndpointAddress]) -> [EndpointAddress] {
        if former.isEmpty || former == chosen { return chosen }
        let wanted = Set(chosen)
        let present = Set(former)
        var newcomers = chosen.lazy.filter { !present.contains($0) }.makeIterator()
        var slots: [EndpointAddress?] = former.map { wanted.contains($0) ? $0 : newcomers.next() }
        while let newcomer = newcomers.next() { slots.append(newcomer) }
        return closingGaps(slots)
    }

    private static func closingGaps(_ slots: [EndpointAddress?]) -> [EndpointAddress] {
        var rest = slots[...]
        var closed: [EndpointAddress] = []
        closed.reserveCapacity(slots.count)
        while let first = rest.popFirst() {
            if let endpoint = first ?? lastEndpoint(of: &rest) { closed.append(endpoint) }
        }
        return closed
    }

    private static func lastEndpoint(of slots: inout ArraySlice<EndpointAddress?>) -> EndpointAddress? {
        while let last = slots.popLast() {
            if let last { return last }
        }
        return nil
    }
}
