/// One kind of thing that comes in lists.
package protocol ListItem: Codable, Hashable, Sendable {
    /// The `kind` of a list of them.
    static var listKind: String { get }
}

/// Every answer of the daemon and every JSON or YAML document of `netctl`.
package struct Envelope<Item: ListItem>: Codable, Hashable, Sendable {
    /// `ControlAPI.version`
    package var apiVersion: String
    /// `Item.listKind`
    package var kind: String
    /// Where the items come from.
    package var metadata: Metadata
    /// The things themselves, in the order in which people want to read them.
    package var items: [Item]

    /// Wraps `items`.
    package init(metadata: Metadata, items: [Item]) {
        apiVersion = ControlAPI.version
        kind = Item.listKind
        self.metadata = metadata
        self.items = items
    }
}

/// Where and when the items of an answer were found, and what is missing from it.
package struct Metadata: Codable, Hashable, Sendable {
    /// One of the places that facts come from.
    package enum Source: String, Codable, Hashable, Sendable {
        case daemon, kernel, files
    }

    /// The node's name.
    package var node: String
    /// When the answer was put together.
    package var generatedAt: Timestamp
    /// What was read for it.
    package var sources: [Source]
    /// The daemon's count of changes to what it wants; absent when the daemon was not asked.
    package var generation: UInt64?
    /// Which run of the daemon counted it: letters, digits and dashes; absent when the daemon was not asked.
    package var run: String?
    /// When the daemon last knew the kernel to be as it wants it; absent before the first time and without a daemon.
    package var syncedAt: Timestamp?
    /// Whether something that belongs to the answer could not be read; `warnings` says what.
    package var partial: Bool
    /// Sentences for people.
    package var warnings: [String]

    /// Describes an answer.
    package init(
        node: String,
        generatedAt: Timestamp,
        sources: [Source],
        generation: UInt64? = nil,
        run: String? = nil,
        syncedAt: Timestamp? = nil,
        partial: Bool = false,
        warnings: [String] = []
    ) {
        self.node = node
        self.generatedAt = generatedAt
        self.sources = sources
        self.generation = generation
        self.run = run
        self.syncedAt = syncedAt
        self.partial = partial
        self.warnings = warnings
    }

    /// The daemon's state that the answer shows; nil when the daemon was not asked.
    package var revision: Revision? { generation.map { Revision($0, of: run) } }
}

/// The answer to `/v1/endpoints`.
package typealias EndpointList = Envelope<EndpointItem>
/// The answer to `/v1/services`.
package typealias ServiceList = Envelope<ServiceItem>
/// The answer to `/v1/status`: one item.
package typealias StatusList = Envelope<Status>
/// What `netctl pods` found; the daemon does not serve it.
package typealias PodList = Envelope<PodItem>
