package import JSON

/// Name resolution as configurations and results carry it.
package struct DNS: Hashable, Sendable {
    /// Addresses of name servers, in order; not judged here.
    package var nameservers: [String]
    /// The local domain.
    package var domain: String?
    /// Search domains, in order.
    package var search: [String]
    /// Resolver options.
    package var options: [String]

    /// Collects the parts.
    package init(
        nameservers: [String] = [],
        domain: String? = nil,
        search: [String] = [],
        options: [String] = []
    ) {
        self.nameservers = nameservers
        self.domain = domain
        self.search = search
        self.options = options
    }

    /// Whether it says nothing.
    package var isEmpty: Bool { self == DNS() }

    /// Reads the object; absence is an empty value.
    package init(_ field: JSONField) throws(JSONError) {
        let domain = try field["domain"].string()
        self.init(
            nameservers: try field["nameservers"].strings() ?? [],
            domain: domain == "" ? nil : domain,
            search: try field["search"].strings() ?? [],
            options: try field["options"].strings() ?? []
        )
    }

    /// The object, without the parts that are empty.
    package var json: JSON {
        .members([
            "nameservers": Self.list(nameservers),
            "domain": domain.map(JSON.string),
            "search": Self.list(search),
            "options": Self.list(options),
        ])
    }

    private static func list(_ texts: [String]) -> JSON? {
        texts.isEmpty ? nil : .array(texts.map(JSON.string))
    }
}
