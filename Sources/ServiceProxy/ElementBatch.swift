import Addressing
import NetworkModel

/// Elements of one table to delete and to add. Deletions come first, so an element that changes is deleted and added.
struct ElementBatch {
    private var gone: [String: [[UInt8]]] = [:]
    private var new: [String: [KeyedElement]] = [:]

    /// From what the kernel has of a frontend to what it should have.
    mutating func replace(_ frontend: Frontend, _ former: FrontendState?, _ state: FrontendState?) {
        replaceMarks(ElementBytes.frontend(frontend), former, state)
        for picker in 0..<2 {
            let (before, after) = (former?.lists[picker].endpoints ?? [], state?.lists[picker].endpoints ?? [])
            let map = (state ?? former)?.lists[picker].map ?? ""
            for index in 0..<max(before.count, after.count) {
                let old = index < before.count ? before[index] : nil
                let new = index < after.count ? after[index] : nil
                if old != new { replaceSlot(index, of: frontend, in: map, old, new) }
            }
        }
        replaceRanges(frontend, former?.sourceRanges ?? [], state?.sourceRanges ?? [])
    }

    private mutating func replaceMarks(_ key: [UInt8], _ former: FrontendState?, _ state: FrontendState?) {
        var before: [String: Element] = [:]
        former?.forEachMark { before[$0] = $1 }
        state?.forEachMark { set, element in
            let old = before.removeValue(forKey: set)
            guard old != element else { return }
            if old != nil { delete(set, key) }
            add(set, KeyedElement(key, element))
        }
        for set in before.keys { delete(set, key) }
    }

    private mutating func replaceSlot(
        _ index: Int,
        of frontend: Frontend,
        in map: String,
        _ old: EndpointAddress?,
        _ new: EndpointAddress?
    ) {
        let key = ElementBytes.slot(index, of: frontend)
        if old != nil { delete(map, key) }
        guard let new else { return }
        add(map, KeyedElement(key, Element(.data(ElementBytes.endpoint(new)), hasCounter: true)))
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
