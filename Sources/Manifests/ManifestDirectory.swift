package import Posix
package import ServiceProxy

/// What a directory of manifests holds: per file the last good objects, and what is wrong now. Pure: it reads nothing.
///
/// Files are told apart by name; of two files with one object the first by name has it. A file that breaks keeps its
/// last good objects, and so does an object that is refused. A directory without any manifest, or one that cannot be
/// read, changes nothing at all: an unmounted or half-removed directory looks the same, and no service may vanish for
/// that. To have no services, leave a manifest without objects in it.
package struct ManifestDirectory: Sendable {
    /// What tells whether a file changed.
    package struct Fingerprint: Hashable, Sendable {
        let device: UInt64
        let inode: UInt64
        let size: Int
        let modified: Duration

        /// Of a file as stat(2) saw it.
        package init(_ status: FileStatus) {
            device = status.device
            inode = status.inode
            size = status.size
            modified = status.modified
        }

        init(device: UInt64, inode: UInt64, size: Int, modified: Duration) {
            self.device = device
            self.inode = inode
            self.size = size
            self.modified = modified
        }

        /// Of no file: what has this one is looked at again.
        static let never = Fingerprint(device: 0, inode: 0, size: -1, modified: .zero)
    }

    private struct File: Sendable {
        var fingerprint: Fingerprint
        /// The last good contents; nil when the file never was good.
        var contents: ManifestContents?
        var failure: ManifestProblem?
    }

    private var files: [String: File] = [:]
    /// The file whose object counts: of several the first by name.
    private var holders: [ObjectID: String] = [:]
    /// The other files with the same object, by name; hardly ever are there any.
    private var rivals: [ObjectID: [String]] = [:]
    private var pending: [ServiceChange] = []
    private var directoryProblem: ManifestProblem?
    /// Whether a listing with manifests in it was ever taken.
    package private(set) var hasBeenRead = false

    /// A directory that was never looked at.
    package init() {}

    /// Whether a name in the directory is a manifest's. Hidden, backup and temporary files are none.
    package static func isManifest(_ name: String) -> Bool {
        let isDraft = name.hasPrefix(".") || name.hasSuffix("~") || name.hasSuffix(".tmp")
        return !isDraft && [".yaml", ".yml", ".json"].contains { name.hasSuffix($0) }
    }

    /// Whether a file is known, good or not.
    func holds(_ name: String) -> Bool { files[name] != nil }

    /// The files of a listing that have to be read (again), by name.
    package func filesToRead(in listing: [String: Fingerprint]) -> [String] {
        listing.filter { files[$0.key]?.fingerprint != $0.value }.keys.sorted()
    }

    /// Takes a whole listing: files that are not in it are gone, with their objects.
    package mutating func takeListing(_ names: some Collection<String>) {
        guard !names.isEmpty else {
            takeFailure("no manifests in the directory")
            return
        }
        hasBeenRead = true
        directoryProblem = nil
        let present = Set(names)
        for name in files.keys.filter({ !present.contains($0) }).sorted() { remove(name) }
    }

    /// The directory cannot be read: everything stays.
    package mutating func takeFailure(_ text: String) {
        directoryProblem = ManifestProblem(text, at: nil, keepsFormer: hasBeenRead)
    }

    /// Files are gone, with their objects; unless none is left then.
    package mutating func takeRemoval(of names: [String]) {
        let gone = names.filter { files[$0] != nil }
        guard !gone.isEmpty else { return }
        guard gone.count < files.count else {
            takeFailure("no manifests in the directory")
            return
        }
        for name in gone { remove(name) }
    }

    /// Takes what a file holds, or why it is not to be read.
    package mutating func take(
        _ name: String,
        _ fingerprint: Fingerprint,
        _ result: Result<ManifestContents, ManifestError>
    ) {
        let former = files[name]?.contents
        switch result {
        case .success(let contents):
            let merged = contents.keepingRefused(of: former)
            files[name] = File(fingerprint: fingerprint, contents: merged, failure: nil)
            replaceObjects(of: name, former, merged)
        case .failure(let error):
            let origin = ManifestOrigin(name, error.place)
            let problem = ManifestProblem(error.text, at: origin, keepsFormer: former != nil)
            files[name] = File(fingerprint: fingerprint, contents: former, failure: problem)
        }
    }

    /// One file cannot be read now; it will be tried again at every look, and what it held stays.
    package mutating func takeUnreadable(_ name: String, _ text: String) {
        let former = files[name]?.contents
        let problem = ManifestProblem(text, at: ManifestOrigin(name, .wholeFile), keepsFormer: former != nil)
        files[name] = File(fingerprint: .never, contents: former, failure: problem)
    }

    /// What changed since this was last called.
    package mutating func takeChanges() -> [ServiceChange] {
        defer { pending = [] }
        return pending
    }

    /// Whether the directory as a whole is not as it should be, so that only a look at all of it will help.
    package var isHeld: Bool { directoryProblem != nil }

    /// Whether every file has been good at some time: if not, its services are unknown rather than gone.
    package var isComplete: Bool { hasBeenRead && files.values.allSatisfy { $0.contents != nil } }
}

extension ManifestDirectory {
    /// Everything that is in force, by name.
    package var services: [Service] {
        names.flatMap { name in (files[name]?.contents?.services ?? []).map(\.value).filter { owns(name, $0.name.id) } }
    }

    /// Everything that is in force, by name of the file.
    package var slices: [EndpointSlice] {
        names.flatMap { name in (files[name]?.contents?.slices ?? []).map(\.value).filter { owns(name, $0.id) } }
    }

    /// Where the objects in force stand. Walks over all of them.
    package var origins: [ObjectID: ManifestOrigin] {
        files.reduce(into: [:]) { origins, file in
            for (id, place) in file.value.contents?.places ?? [] where owns(file.key, id) {
                origins[id] = origins[id] ?? ManifestOrigin(file.key, place)
            }
        }
    }

    /// What is wrong now, by file.
    package var problems: [ManifestProblem] {
        // It is asked for at every change of any file, so files without problems must cost next to nothing.
        let troubled = files.filter {
            $0.value.failure != nil || $0.value.contents?.problems.isEmpty == false || !rivals.isEmpty
        }
        let own = troubled.sorted { $0.key < $1.key }.flatMap { name, file in
            [file.failure].compactMap(\.self) + (file.contents?.problems ?? []) + shadowed(in: name, file.contents)
        }
        return [directoryProblem].compactMap(\.self) + own
    }

    private var names: [String] { files.keys.sorted() }

    private func owns(_ file: String, _ id: ObjectID) -> Bool { holders[id] == file }

    private func shadowed(in name: String, _ contents: ManifestContents?) -> [ManifestProblem] {
        // Walking the places of a file costs as much as it has objects, and hardly ever is there a double.
        guard !rivals.isEmpty else { return [] }
        return (contents?.places ?? []).compactMap { id, place in
            guard let owner = holders[id], owner != name else { return nil }
            let origin = ManifestOrigin(name, place)
            return ManifestProblem("\(id) is already in \(owner), which counts", at: origin, object: id)
        }
    }
}

extension ManifestDirectory {
    private mutating func remove(_ name: String) {
        let former = files[name]?.contents
        files[name] = nil
        replaceObjects(of: name, former, nil)
    }

    /// Brings the objects in force, and the changes to report, in line with a file's new contents.
    private mutating func replaceObjects(
        of name: String,
        _ former: ManifestContents?,
        _ contents: ManifestContents?
    ) {
        let ids = Set((contents?.places ?? []).map(\.id))
        for (id, _) in former?.places ?? [] where !ids.contains(id) { withdraw(id, from: name) }
        let same = former?.objects.intersection(contents?.objects ?? []) ?? []
        for service in contents?.services ?? [] where hold(service.value.name.id, by: name) {
            if !same.contains(.service(service.value)) { pending.append(.service(service.value)) }
        }
        for slice in contents?.slices ?? [] where hold(slice.value.id, by: name) {
            if !same.contains(.slice(slice.value)) { pending.append(.slice(slice.value)) }
        }
    }

    /// Whether the file is now the one whose object counts.
    private mutating func hold(_ id: ObjectID, by name: String) -> Bool {
        guard let holder = holders[id] else {
            holders[id] = name
            return true
        }
        if holder == name { return true }
        setFiles(Set(files(with: id) + [name]).sorted(), with: id)
        return owns(name, id)
    }

    private func files(with id: ObjectID) -> [String] { holders[id].map { [$0] + (rivals[id] ?? []) } ?? [] }

    private mutating func setFiles(_ files: [String], with id: ObjectID) {
        holders[id] = files.first
        rivals[id] = files.count > 1 ? Array(files.dropFirst()) : nil
    }

    private mutating func withdraw(_ id: ObjectID, from name: String) {
        let files = files(with: id)
        let rest = files.filter { $0 != name }
        setFiles(rest, with: id)
        guard files.first == name else { return }
        pending.append(rest.first.flatMap { object(id, in: $0) } ?? id.deletion)
    }

    /// The change that brings an object of a file into force.
    private func object(_ id: ObjectID, in name: String) -> ServiceChange? {
        let contents = files[name]?.contents
        switch id.kind {
        case .service: return contents?.services.first { $0.value.name.id == id }.map { .service($0.value) }
        case .endpointSlice: return contents?.slices.first { $0.value.id == id }.map { .slice($0.value) }
        }
    }
}

extension ObjectID {
    /// The change that takes the object away; only for names that were valid once.
    fileprivate var deletion: ServiceChange {
        guard kind == .service, let name = try? ServiceName(namespace: namespace, name: name) else {
            return .deleteSlice(self)
        }
        return .deleteService(name)
    }
}
