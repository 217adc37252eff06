import ServiceProxy

/// Which objects of one resource are held, and what a change of them means for the proxy.
///
/// A list without any object where there were some is doubted: a server that lost its store looks the same, and no
/// service may vanish for that. What was there stays until the doubt is over, or the objects are named one by one.
struct ObjectLedger: Sendable {
    /// How long a list without any object is doubted.
    static let doubt: Duration = .seconds(300)

    let resource: Resource
    /// Whether a complete list has been taken.
    private(set) var hasSynced = false
    /// Objects that are not taken, and why.
    private(set) var refused: [ObjectKey: Rejection] = [:]
    /// When to believe that there is nothing; nil when nothing is doubted.
    private(set) var doubtEnds: Duration?
    private var held: Set<ObjectKey> = []
    /// Objects that a doubted list did not have.
    private var missing: Set<ObjectKey> = []
    private let acceptsEmptiness: Bool

    /// Holds nothing of `resource`, which is services or slices.
    init(_ resource: Resource, acceptsEmptiness: Bool) {
        self.resource = resource
        self.acceptsEmptiness = acceptsEmptiness
    }

    /// Takes a change at a time of any clock that only goes forward.
    mutating func take(_ change: ListWatch.Change, at now: Duration) -> [ServiceChange] {
        switch change {
        case .replace(let objects): replace(objects, at: now)
        case .put(let object): put(object).map { [$0] } ?? []
        case .remove(let object): remove(object.key).map { [$0] } ?? []
        }
    }

    /// Ends the doubt when its time is over: what is missing is gone.
    mutating func pass(_ now: Duration) -> [ServiceChange] {
        guard let doubtEnds, now >= doubtEnds else { return [] }
        self.doubtEnds = nil
        let gone = missing
        missing = []
        return gone.sorted().compactMap { remove($0) }
    }

    /// Whether a former good version of a refused object is in force.
    func keepsFormer(of key: ObjectKey) -> Bool { held.contains(key) }
}

extension ObjectLedger {
    private mutating func replace(_ objects: [WatchedObject], at now: Duration) -> [ServiceChange] {
        hasSynced = true
        let gone = held.union(refused.keys).subtracting(objects.lazy.map(\.key))
        if objects.isEmpty, !acceptsEmptiness {
            missing = gone
            doubtEnds = doubtEnds ?? now + Self.doubt
            return []
        }
        doubtEnds = nil
        missing = []
        return gone.sorted().compactMap { remove($0) } + objects.compactMap { put($0) }
    }

    private mutating func put(_ object: WatchedObject) -> ServiceChange? {
        missing.remove(object.key)
        refused[object.key] = nil
        switch object.content {
        case .service(let service):
            held.insert(object.key)
            return .service(service)
        case .slice(let slice):
            held.insert(object.key)
            return .slice(slice)
        case .refused(let rejection):
            refused[object.key] = rejection
            return nil
        case .nothing, .node, .serviceCIDR:
            return remove(object.key)
        }
    }

    private mutating func remove(_ key: ObjectKey) -> ServiceChange? {
        missing.remove(key)
        refused[key] = nil
        guard held.remove(key) != nil else { return nil }
        guard resource == .services else { return .deleteSlice(resource.id(of: key)) }
        // What was held had a valid name.
        return (try? ServiceName(namespace: key.namespace, name: key.name)).map { .deleteService($0) }
    }
}
