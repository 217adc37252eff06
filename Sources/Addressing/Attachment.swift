/// The name of a CNI network: a letter or digit, then letters, digits, `_`, `.` or `-`.
package struct NetworkName: Hashable, Sendable, CustomStringConvertible {
    /// The name.
    package let text: String

    /// Takes a name that the CNI specification allows.
    package init(_ text: String) throws(InvalidValue) {
        guard isCNIIdentifier(text) else { throw InvalidValue(text, isNot: "a network name") }
        self.text = text
    }

    /// The name.
    package var description: String { text }
}

/// A runtime's name for a container: a letter or digit, then letters, digits, `_`, `.` or `-`.
///
/// It can hold no `/` and does not begin with a dot, so it is safe as one component of a path.
package struct ContainerID: Hashable, Sendable, CustomStringConvertible {
    /// The ID.
    package let text: String

    /// Takes an ID that the CNI specification allows.
    package init(_ text: String) throws(InvalidValue) {
        guard isCNIIdentifier(text) else { throw InvalidValue(text, isNot: "a container ID") }
        self.text = text
    }

    /// The ID.
    package var description: String { text }
}

/// CNI 1.1.0 §2: `^[a-zA-Z0-9][a-zA-Z0-9_.\-]*$`.
private func isCNIIdentifier(_ text: String) -> Bool {
    func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
    guard let first = text.utf8.first, isAlphanumeric(first) else { return false }
    return text.utf8.allSatisfy { isAlphanumeric($0) || "_.-".utf8.contains($0) }
}

/// One interface of one container on one network: what a CNI ADD makes, and the one owner of all that it makes.
package struct Attachment: Hashable, Sendable, CustomStringConvertible {
    /// The network.
    package let network: NetworkName
    /// The container.
    package let containerID: ContainerID
    /// The interface inside the container.
    package let ifName: InterfaceName

    /// Names an attachment.
    package init(network: NetworkName, containerID: ContainerID, ifName: InterfaceName) {
        self.network = network
        self.containerID = containerID
        self.ifName = ifName
    }

    /// `network/containerID/ifName`; none of the three can hold a `/`, so it reads back.
    package var description: String { network.text + "/" + containerID.text + "/" + ifName.text }

    /// Reads what `description` writes.
    package init(parsing text: String) throws(InvalidValue) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3 else { throw InvalidValue(text, isNot: "an attachment") }
        self.init(
            network: try NetworkName(parts[0]),
            containerID: try ContainerID(parts[1]),
            ifName: try InterfaceName(parts[2])
        )
    }
}
