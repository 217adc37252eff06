import Posix
package import ServiceProxy

/// Keeps up with a directory of manifests. It blocks: use it from a thread that may wait.
///
///     while running {
///         if let update = watcher.scan() { hand over update }
///         watcher.wait(for: .seconds(30))
///     }
package struct ManifestWatcher: ~Copyable, Sendable {
    /// What a scan found.
    package struct Update: Sendable {
        /// The objects that came, changed or went since the last update.
        package let changes: [ServiceChange]
        /// Everything that is wrong now.
        package let problems: [ManifestProblem]
        /// Whether there has been anything to read yet. If not, nothing is known, which is not the same as no services.
        package let hasBeenRead: Bool
        /// Whether the objects are all there are; false while a file has never been good.
        package let isComplete: Bool
    }

    /// The directory's path.
    package let path: String
    /// What the directory holds.
    package private(set) var directory = ManifestDirectory()
    private let inotify: Inotify?
    private let sizeLimit: Int
    private var watched: (watch: Inotify.Watch, status: FileStatus)?
    /// Names to look at; nil means all.
    private var touched: Set<String>?
    /// Files that someone is writing to. They are not read before they are closed: half a manifest may well be valid.
    private var beingWritten: Set<String> = []
    /// Files that were made and nothing else since: whoever made them may be about to write.
    private var justMade: Set<String> = []
    private var reported: (problems: [ManifestProblem], hasBeenRead: Bool) = ([], false)

    /// Watches `path`, which need not be there yet. Files larger than `sizeLimit` bytes are not read.
    package init(_ path: String, sizeLimit: Int = 64 << 20) {
        self.path = path
        self.sizeLimit = sizeLimit
        // Where inotify is not to be had (the kernel limits it per user), the regular scans remain.
        inotify = try? Inotify()
    }

    /// Whether nothing will tell what happens at the path: the directory is not there, or inotify is not to be had.
    package var isBlind: Bool { watched == nil }

    /// The number to wait on together with others: readable when a scan may find something. Nil without inotify.
    package var rawDescriptor: Int32? {
        switch inotify {
        case .some(let inotify): inotify.rawDescriptor
        case nil: nil
        }
    }

    /// Waits until something happens, at most for `duration`; then the next scan looks at everything.
    ///
    /// After a removal it waits a little longer, since removals often come in numbers.
    package mutating func wait(for duration: Duration) {
        guard hasEvents(within: duration) else {
            touched = nil
            return
        }
        let deadline = MonotonicClock.now() + .milliseconds(500)
        while takeEvents(), MonotonicClock.now() < deadline, hasEvents(within: .milliseconds(50)) {}
    }

    /// Looks at what changed since the last scan; nil when nothing is different.
    package mutating func scan() -> Update? {
        _ = takeEvents()
        do throws(PosixError) {
            try watchDirectory()
            if let names = touched, !directory.isHeld { look(at: names) } else { try lookAtAll() }
        } catch {
            directory.takeFailure("\(error)")
            touched = nil
        }
        return update()
    }

    private mutating func update() -> Update? {
        let changes = directory.takeChanges()
        let current = (problems: directory.problems, hasBeenRead: directory.hasBeenRead)
        guard !changes.isEmpty || current != reported else { return nil }
        reported = current
        return Update(
            changes: changes,
            problems: current.problems,
            hasBeenRead: current.hasBeenRead,
            isComplete: directory.isComplete
        )
    }
}

// Events.
extension ManifestWatcher {
    /// Whether events came in time.
    private func hasEvents(within duration: Duration) -> Bool {
        if let answer = try? inotify?.wait(for: duration) { return answer }
        MonotonicClock.sleep(duration)
        return false
    }

    /// Notes what has to be looked at; true when something was removed.
    private mutating func takeEvents() -> Bool {
        let events = (try? inotify?.events()) ?? []
        for event in events { take(event) }
        // A draft that is renamed to a manifest is the usual way to replace one, and no removal.
        return events.contains { event in
            let isOurs = event.name.map(ManifestDirectory.isManifest) ?? true
            return isOurs && !event.kinds.isDisjoint(with: [.deleted, .movedAway, .directoryLeft])
        }
    }

    private mutating func take(_ event: Inotify.Event) {
        if event.kinds.contains(.overflow) {
            touched = nil
            beingWritten = []
            justMade = []
        }
        guard event.watch == watched?.watch else { return }
        if !event.kinds.isDisjoint(with: [.directoryLeft, .unmounted, .watchEnded]) {
            watched = nil
            touched = nil
        }
        guard let name = event.name else { return }
        if event.kinds.contains(.written) { beingWritten.insert(name) } else { beingWritten.remove(name) }
        if event.kinds.contains(.created) { justMade.insert(name) } else { justMade.remove(name) }
        if ManifestDirectory.isManifest(name) {
            touched?.insert(name)
        } else if name.hasPrefix("..") {
            // The files of a mounted ConfigMap are links through `..data`, which is what changes.
            touched = nil
        }
    }

    /// Sees to it that the directory that is now at the path is watched.
    private mutating func watchDirectory() throws(PosixError) {
        let status = try FileSystem.status(path, followLinks: true)
        if let watched {
            if watched.status.isSameFile(as: status) { return }
            inotify?.end(watched.watch)
        }
        watched = nil
        touched = nil
        beingWritten = []
        justMade = []
        let kinds: Inotify.Kinds = [
            .written, .closedAfterWriting, .movedAway, .movedHere, .created, .deleted, .directoryLeft,
        ]
        if let watch = try inotify?.watch(path, for: kinds) { watched = (watch, status) }
    }
}

// Files.
extension ManifestWatcher {
    private mutating func lookAtAll() throws(PosixError) {
        var listing: [String: ManifestDirectory.Fingerprint] = [:]
        for name in try FileSystem.list(path) where ManifestDirectory.isManifest(name) {
            guard let fingerprint = fingerprint(of: name) else { continue }
            // What was never read and cannot be yet must not count as a file without services.
            if directory.holds(name) || !isUnfinished(name, fingerprint) { listing[name] = fingerprint }
        }
        touched = []
        let names = directory.filesToRead(in: listing).filter { name in
            listing[name].map { !isUnfinished(name, $0) } ?? false
        }
        let file = ManifestFile(in: path, sizeLimit: sizeLimit)
        for (name, reading) in zip(names, eachAtOnce(names, file.reading)) { take(name, reading) }
        directory.takeListing(listing.keys)
    }

    private mutating func look(at names: Set<String>) {
        touched = []
        var gone: [String] = []
        for name in names.sorted() {
            guard let fingerprint = fingerprint(of: name) else {
                gone.append(name)
                continue
            }
            guard !directory.filesToRead(in: [name: fingerprint]).isEmpty, !isUnfinished(name, fingerprint) else {
                continue
            }
            take(name, ManifestFile(in: path, sizeLimit: sizeLimit).reading(of: name))
        }
        directory.takeRemoval(of: gone)
    }

    /// Nil when there is no such file. That one cannot be looked at, like a link to itself, keeps nobody from the others.
    private mutating func fingerprint(of name: String) -> ManifestDirectory.Fingerprint? {
        do throws(PosixError) {
            guard let status = try FileSystem.statusIfPresent("\(path)/\(name)", followLinks: true) else { return nil }
            return status.kind == .regular ? ManifestDirectory.Fingerprint(status) : nil
        } catch {
            directory.takeUnreadable(name, "\(error)")
            return .never
        }
    }

    /// Takes what came of reading a file; one that changed meanwhile has its turn later.
    private mutating func take(_ name: String, _ reading: ManifestFile.Reading) {
        switch reading {
        case .contents(let fingerprint, let result): directory.take(name, fingerprint, result)
        case .changing: touched?.insert(name)
        case .unreadable(let reason): directory.takeUnreadable(name, reason)
        }
    }

    /// Whether someone is writing to a file, or has made it and is about to.
    private func isUnfinished(_ name: String, _ fingerprint: ManifestDirectory.Fingerprint) -> Bool {
        beingWritten.contains(name) || fingerprint.size == 0 && justMade.contains(name)
    }
}
