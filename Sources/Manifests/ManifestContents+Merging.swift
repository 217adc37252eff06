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

    /// The same contents; but as long as something in them is refused, nothing that `former` had goes: what is missing may
    /// be missing because the file was cut.
    func keepingRefused(of former: ManifestContents?) -> ManifestContents {
        var merged = withoutDoubles
        let refused = merged.problems.indices.filter { merged.problems[$0].severity == .error }
        guard let former, !refused.isEmpty else { return merged }
        let present = Set(merged.places.map(\.id))
        let kept = Set(former.places.map(\.id)).subtracting(present)
        merged.services += former.services.filter { kept.contains($0.value.name.id) }
        merged.slices += former.slices.filter { kept.contains($0.value.id) }
        for index in refused {
            merged.problems[index].keepsFormer = merged.problems[index].object.map(kept.contains) ?? !kept.isEmpty
        }
        return merged
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
