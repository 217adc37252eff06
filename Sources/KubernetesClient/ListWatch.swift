/// Keeps up with one resource of an API server: what to ask next, what an answer changes, how long to wait.
///
/// A value without clock and network: what arrives goes in, requests, changes and waits come out. Everything is listed
/// first, by a watch that begins with all there is or, where the server has no such thing, page by page; only a
/// complete list is handed over. From then on changes are, from the version that the list was of. What fails is
/// decided in `ListWatch+Failures`.
package struct ListWatch: Sendable {
    /// What to tell whoever keeps the objects.
    package enum Change: Hashable, Sendable {
        /// These are all there are.
        case replace([WatchedObject])
        /// This one is new or different.
        case put(WatchedObject)
        /// This one is gone.
        case remove(WatchedObject)
    }

    /// What to do next.
    package struct Step: Hashable, Sendable {
        /// What to ask.
        package let request: Request
        /// How long to wait before.
        package let delay: Duration

        init(_ request: Request, after delay: Duration = .zero) {
            self.request = request
            self.delay = delay
        }
    }

    /// How far it has come.
    enum Phase: Hashable, Sendable {
        /// Everything is being listed, page by page: what came so far.
        case listing([WatchedObject])
        /// Everything is being told as events: what came so far.
        case initialEvents([ObjectKey: WatchedObject])
        /// Changes are awaited.
        case watching
    }

    /// Objects asked for in a page.
    package static let pageSize = 500

    var phase = Phase.initialEvents([:])
    /// What the last answer was to.
    package internal(set) var request = Request.initialEvents(since: nil, seconds: 300)
    /// The last version known for sure; nil before the first complete list.
    package internal(set) var version: ResourceVersion?
    /// What failed last, in words; nil while all is well.
    package internal(set) var problem: String?
    var takesInitialEvents = true
    /// How often a watch with initial events ended before it had told them all.
    var cutInitialEvents = 0
    /// Failures in a row, without any news in between.
    var failures = 0
    var backoff = Backoff()
    var dice: SeededDice
    /// Whether the current stream has told anything.
    var hasNews = false

    /// Nothing has been asked; the seed is for the dice that spread what many clients do.
    package init(seed: UInt64) {
        dice = SeededDice(seed: seed)
    }

    /// Whether there is a complete list and changes to it are awaited.
    package var isWatching: Bool { phase == .watching }

    /// The first thing to do.
    package mutating func start() -> Step {
        begin(newest: false)
    }
}

// What arrives.
extension ListWatch {
    /// The server said yes.
    package mutating func accept() {
        problem = nil
    }

    /// Takes a page that has arrived as a whole.
    package mutating func take(
        _ objects: [WatchedObject],
        version: ResourceVersion,
        continuation: String?
    ) throws(ListWatchFailure) -> (changes: [Change], next: Step) {
        guard case .list(let freshness, let former, let limit) = request, case .listing(var all) = phase else {
            throw .malformed(MalformedAnswer("a page that nobody asked for"))
        }
        if case .notOlder(let known) = freshness, version.isBefore(known) { throw .backwards(from: known, to: version) }
        if continuation != nil, continuation == former { throw .malformed(MalformedAnswer("the list has no end")) }
        // Nobody else may hold the array, or each page would cost a copy of all before it.
        phase = .listing([])
        all += objects
        if let continuation {
            phase = .listing(all)
            return ([], step(.list(freshness, continuation: continuation, limit: limit)))
        }
        settle(at: version)
        return ([.replace(all)], watch())
    }

    /// Takes an event.
    package mutating func take(_ event: WatchEvent) throws(ListWatchFailure) -> Change? {
        if case .error(let status) = event { throw .refused(status, retryAfter: nil) }
        if case .initialEvents(var objects) = phase {
            phase = .watching
            let complete = objects.take(event)
            guard let complete else {
                phase = .initialEvents(objects)
                return nil
            }
            settle(at: complete)
            hasNews = true
            return .replace(objects.values.sorted { $0.key < $1.key })
        }
        try advance(to: event)
        switch event {
        case .added(let object), .modified(let object): return .put(object)
        case .deleted(let object): return .remove(object)
        case .bookmark, .error: return nil
        }
    }

    /// The stream ended as it should after living for `lived`.
    package mutating func end(after lived: Duration, at now: Duration) -> Step {
        guard isWatching else { return fail(.cut, at: now) }
        // client-go's VeryShortWatch: who is sent away at once should not come back at once.
        return lived < .seconds(1) && !hasNews ? fail(.cut, at: now) : watch()
    }
}

extension ListWatch {
    /// Everything is known as of a version.
    private mutating func settle(at version: ResourceVersion) {
        self.version = version
        phase = .watching
        problem = nil
        failures = 0
        cutInitialEvents = 0
    }

    /// History goes one way. A server that turns back has another one, and only a list tells what is true in it.
    private mutating func advance(to event: WatchEvent) throws(ListWatchFailure) {
        guard let next = event.version else { return }
        if let version, next.isBefore(version) { throw .backwards(from: version, to: next) }
        version = next
        hasNews = true
        problem = nil
        failures = 0
    }

    /// Lists everything anew.
    mutating func begin(newest: Bool, after delay: Duration = .zero) -> Step {
        let known = newest ? nil : version
        if takesInitialEvents {
            phase = .initialEvents([:])
            return step(.initialEvents(since: known, seconds: streamSeconds()), after: delay)
        }
        let freshness: Freshness =
            if newest { .newest } else { known.map { .notOlder(than: $0) } ?? .any }
        return beginPages(freshness, after: delay)
    }

    /// Lists everything page by page.
    mutating func beginPages(_ freshness: Freshness, limit: Int? = pageSize, after delay: Duration = .zero) -> Step {
        phase = .listing([])
        return step(.list(freshness, continuation: nil, limit: limit), after: delay)
    }

    /// Awaits changes.
    mutating func watch(after delay: Duration = .zero) -> Step {
        guard let version else { return begin(newest: false, after: delay) }
        phase = .watching
        return step(.watch(after: version, seconds: streamSeconds()), after: delay)
    }

    mutating func step(_ request: Request, after delay: Duration = .zero) -> Step {
        self.request = request
        hasNews = false
        return Step(request, after: delay)
    }

    /// Five to ten minutes, so that the clients of a restarted server do not come back together for ever.
    private mutating func streamSeconds() -> Int {
        Int.random(in: 300...600, using: &dice)
    }
}

extension [ObjectKey: WatchedObject] {
    /// Takes an event of those that tell what is there; returns the version when that was the last of them.
    fileprivate mutating func take(_ event: WatchEvent) -> ResourceVersion? {
        switch event {
        case .added(let object), .modified(let object): self[object.key] = object
        case .deleted(let object): self[object.key] = nil
        case .bookmark(let version, endsInitialEvents: true): return version
        case .bookmark, .error: break
        }
        return nil
    }
}

extension WatchEvent {
    /// The version that the resource has with it.
    var version: ResourceVersion? {
        switch self {
        case .added(let object), .modified(let object), .deleted(let object): object.version
        case .bookmark(let version, _): version
        case .error: nil
        }
    }
}
