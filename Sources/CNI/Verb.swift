/// What a runtime asks of a plugin: the value of `CNI_COMMAND`, in capitals only.
package enum Verb: String, Hashable, Sendable, CaseIterable {
    case add = "ADD"
    case del = "DEL"
    case check = "CHECK"
    case gc = "GC"
    case status = "STATUS"
    case version = "VERSION"

    /// Whether it is about one attachment, and so comes with a container and an interface name.
    package var concernsAttachment: Bool {
        switch self {
        case .add, .del, .check: true
        case .gc, .status, .version: false
        }
    }

    /// The first version of the specification that has the verb.
    package var since: CNIVersion {
        switch self {
        case .add, .del, .version: .v010
        case .check: .v040
        case .gc, .status: .v110
        }
    }
}
