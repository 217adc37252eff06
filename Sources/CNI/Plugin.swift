/// A CNI plugin: what it does with each verb, without environment, stdin and stdout.
///
/// `PluginMain` calls it for a runtime, a delegate in the same process for another plugin. A request is valid; version,
/// names and the namespace have been checked.
package protocol Plugin {
    /// The name it is called by: `bridge`, `host-local`.
    var name: String { get }
    /// The versions that it can be configured in, oldest first.
    var supportedVersions: [CNIVersion] { get }

    /// Makes the attachment; on error it has undone what it did.
    func add(_ request: Request) throws(CNIError) -> CNIResult
    /// Removes all that is the attachment's. Succeeds when nothing is there, however often it is called.
    func del(_ request: Request) throws(CNIError)
    /// Finds out whether the attachment is as ADD made it; changes nothing.
    func check(_ request: Request) throws(CNIError)
    /// Removes what belongs to attachments that are not valid; without a list of valid ones, nothing.
    func gc(_ request: NetworkRequest) throws(CNIError)
    /// Throws when no ADD could be served; changes nothing.
    func status(_ request: NetworkRequest) throws(CNIError)
}

extension Plugin {
    /// Every version that is known here.
    package var supportedVersions: [CNIVersion] { .all }
}
