package import Addressing

/// One ADD, DEL or CHECK: everything in it has been validated.
package struct Request: Hashable, Sendable {
    /// The environment's part.
    package let invocation: Invocation
    /// The configuration.
    package let config: NetworkConfig
    /// Whose it is.
    package let attachment: Attachment
    /// `CNI_ARGS`; empty for DEL, which must not depend on them.
    package let arguments: CNIArguments

    /// Puts the two parts together and checks what the verbs about an attachment need beyond them.
    package init(_ invocation: Invocation, _ config: NetworkConfig) throws(CNIError) {
        self.invocation = invocation
        self.config = config
        let containerID = try invocation.containerID()
        attachment = Attachment(network: config.name, containerID: containerID, ifName: try invocation.ifName())
        arguments = invocation.verb == .del ? .none : try invocation.arguments()
    }

    /// The path of the container's network namespace, byte for byte as given.
    ///
    /// Empty in a DEL that has none to work in: no longer there, no namespace at all, or the plugin's own.
    package var netns: String { invocation.netns }

    /// The previous result, which a CHECK and a chained plugin cannot do without.
    package func requiredPrevResult() throws(CNIError) -> CNIResult {
        guard let result = config.prevResult else { throw CNIError(.invalidConfig, "required prevResult missing") }
        return result
    }

    /// The same request with another verb.
    func with(verb: Verb) throws(CNIError) -> Request { try Request(invocation.with(verb: verb), config) }

    /// The same request without a namespace.
    func withoutNetns() throws(CNIError) -> Request { try Request(invocation.withoutNetns(), config) }
}

/// One GC or STATUS: about the network, not about one attachment.
package struct NetworkRequest: Hashable, Sendable {
    /// The environment's part.
    package let invocation: Invocation
    /// The configuration; for GC with its `validAttachments`.
    package let config: NetworkConfig

    /// Puts the two parts together.
    package init(_ invocation: Invocation, _ config: NetworkConfig) {
        self.invocation = invocation
        self.config = config
    }
}
