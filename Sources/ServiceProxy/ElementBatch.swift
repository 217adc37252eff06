import Addressing
import NetworkModel

/// Elements of one table to delete and to add. Deletions come first, so an element that changes is deleted and added.
struct ElementBatch {
    private var gone: [String: [[UInt8]]] = [:]
    private var new: [String: [KeyedElement]] = [:]

    /// From what the kernel has of a frontend to what it should have.
    mutating func replace(_ frontend: Frontend, _ former: FrontendState?, _ state: FrontendState?) {
        replaceMarks(ElementBytes.frontend(frontend), former, state)
        if former?.affinity == nil && state?.affinity == nil {
            replaceList(Picker.everywhere.endpoints, of: frontend, former?.endpoints ?? [], state?.endpoints ?? [])
            replaceList(Picker.here.endpoints, of: frontend, former?.here ?? [], state?.here ?? [])
        } else {
            replaceSlots(frontend, former?.slots ?? [], state?.slots ?? [])
        }
        replaceRanges(frontend, former?.sourceRanges ?? [], state?.sourceRanges ?? [])
    }

    /// Lists where a client comes back to its endpoint: places are by number of the endpoint, not by index.
    private mutating func replaceSlots(
        _ frontend: Frontend,
        _ former: [(slot: FrontendState.Slot, element: Element)],
        _ state: [(slot: FrontendState.Slot, element: Element)]
    ) {
        let before = Dictionary(uniqueKeysWithValues: former.map { ($0.slot, $0.element) })
        let after = Dictionary(uniqueKeysWithValues: state.map { ($0.slot, $0.element) })
        for (slot, element) in former where after[slot] != element {
            delete(slot.map, ElementBytes.slot(Int(slot.number), of: frontend))
        }
        for (slot, element) in state where before[slot] != element {
            add(slot.map, KeyedElement(ElementBytes.slot(Int(slot.number), of: frontend), element))
        }
    }

    private mutating func replaceMarks(_ key: [UInt8], _ former: FrontendState?, _ state: FrontendState?) {
        guard let former else {
            state?.forEachMark { add($0, KeyedElement(key, $1)) }
            return
        }
        var before: [String: Element] = [:]
        former.forEachMark { before[$0] = $1 }
        state?.forEachMark { set, element in
            let old = before.removeValue(forKey: set)
            guard old != element else { return }
            if old != nil { delete(set, key) }
            add(set, KeyedElement(key, element))
        }
        for set in before.keys { delete(set, key) }
    }

    private mutating func replaceList(
        _ map: String,
        of frontend: Frontend,
        _ before: [EndpointAddress],
        _ after: [EndpointAddress]
    ) {
        let same = zip(before, after).map { $0 == $1 }
        func differs(_ index: Int) -> Bool { index >= same.count || !same[index] }
        let old = before.indices.filter(differs).map { ElementBytes.slot($0, of: frontend) }
        if !old.isEmpty { gone[map, default: []] += old }
        let replacing = after.indices.filter(differs).map { index in
            let value = Element.Value.data(ElementBytes.endpoint(after[index]))
            return KeyedElement(ElementBytes.slot(index, of: frontend), Element(value, hasCounter: true))
        }
        if !replacing.isEmpty { new[map, default: []] += replacing }
    }

    private mutating func replaceRanges(_ frontend: Frontend, _ before: [CIDR], _ after: [CIDR]) {
        guard before != after else { return }
        for range in Set(before).subtracting(after).sorted() {
            delete(ServiceRuleset.SetName.allowed(range.prefixLength), ElementBytes.source(range, of: frontend))
        }
        for range in Set(after).subtracting(before).sorted() {
            let element = KeyedElement(ElementBytes.source(range, of: frontend), Element())
            add(ServiceRuleset.SetName.allowed(range.prefixLength), element)
        }
    }

    /// From what the kernel has of a virtual address to what it should have.
    mutating func replace(
        _ address: IPAddress,
        _ former: KernelMirror.ClusterIPState?,
        _ state: KernelMirror.ClusterIPState?
    ) {
        guard former?.comment != state?.comment else { return }
        let key = ElementBytes.address(address)
        if former != nil { delete(ServiceRuleset.SetName.clusterIPs, key) }
        guard let state else { return }
        add(ServiceRuleset.SetName.clusterIPs, KeyedElement(key, Element(comment: state.comment)))
    }

    /// A local endpoint comes or goes.
    mutating func replaceHairpin(_ address: IPAddress, _ wasThere: Bool, _ isThere: Bool) {
        guard wasThere != isThere else { return }
        let key = ElementBytes.pair(address)
        if wasThere {
            delete(ServiceRuleset.SetName.hairpin, key)
        } else {
            add(ServiceRuleset.SetName.hairpin, KeyedElement(key, Element()))
        }
    }

    private mutating func delete(_ set: String, _ key: [UInt8]) { gone[set, default: []].append(key) }
    private mutating func add(_ set: String, _ element: KeyedElement) { new[set, default: []].append(element) }

    /// By set, in a fixed order: what packets are looked up by first goes first and comes last.
    func changes(_ table: TableID) -> [RulesetChange] {
        gone.keys.sorted(by: ServiceRuleset.SetName.precedes)
            .compactMap { name in gone[name].map { .deleteElements(table, set: name, $0) } }
            + new.keys.sorted(by: ServiceRuleset.SetName.precedes).reversed()
            .compactMap { name in new[name].map { .addElements(table, set: name, $0) } }
    }
}
