import ServiceProxy

extension ManifestContents {
    /// The objects with their places, in the order of the file for each kind.
    var places: [(id: ObjectID, place: ManifestPlace)] {
        services.map { ($0.value.name.id, $0.place) } + slices.map { ($0.value.id, $0.place) }
    }

    /// The objects without their places.
    var objects: Set<ServiceChange> {
        Set(services.lazy.map { .service($0.value) }).union(slices.lazy.map { .slice($0.value) })
    }

    /// The same contents, but what was refused now and good in `former` stays as it was there.
    func keepingRefused(of former: ManifestContents?) -> ManifestContents {
        var merged = withoutDoubles
        for (index, problem) in merged.problems.enumerated() {
            guard let id = problem.object, let former, merged.keep(id, of: former) else { continue }
            merged.problems[index].keepsFormer = true
        }
        return merged
    }

    private mutating func keep(_ id: ObjectID, of former: ManifestContents) -> Bool {
        guard !places.contains(where: { $0.id == id }) else { return false }
        switch id.kind {
        case .service:
            guard let service = former.services.first(where: { $0.value.name.id == id }) else { return false }
            services.append(service)
        case .endpointSlice:
            guard let slice = former.slices.first(where: { $0.value.id == id }) else { return false }
            slices.append(slice)
        }
        return true
    }

    /// Keeps the first of several objects with one name; the others become problems.
    private var withoutDoubles: ManifestContents {
        guard Set(places.map(\.id)).count < services.count + slices.count else { return self }
        var seen: Set<ObjectID> = []
        var doubles: Set<ObjectID> = []
        var contents = self
        contents.services = services.filter { $0.value.name.id.isFirst(in: &seen, else: &doubles) }
        contents.slices = slices.filter { $0.value.id.isFirst(in: &seen, else: &doubles) }
        contents.problems += doubles.sorted().map { id in
            ManifestProblem("\(id) stands twice in the file; the first counts", at: nil, object: id, .warning)
        }
        return contents
    }
}

extension ObjectID {
    fileprivate func isFirst(in seen: inout Set<ObjectID>, else doubles: inout Set<ObjectID>) -> Bool {
        let isFirst = seen.insert(self).inserted
        if !isFirst { doubles.insert(self) }
        return isFirst
    }
}
