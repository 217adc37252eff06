/// Runs other plugins for a plugin: `type` is what the configuration calls them, for example `ipam.type`.
///
/// The other plugin gets the whole configuration and the environment of the request; its error is passed on as it is.
package protocol Delegate {
    /// Runs its ADD and reads its result.
    ///
    /// When it throws, nothing of this ADD is left, and what an earlier one gave the same attachment is still there.
    func add(_ type: String, _ request: Request) throws(CNIError) -> CNIResult
    /// Runs its DEL, also from within an ADD that is undone.
    func del(_ type: String, _ request: Request) throws(CNIError)
    /// Runs its CHECK.
    func check(_ type: String, _ request: Request) throws(CNIError)
    /// Runs its GC, with the same valid attachments.
    func gc(_ type: String, _ request: NetworkRequest) throws(CNIError)
    /// Runs its STATUS.
    func status(_ type: String, _ request: NetworkRequest) throws(CNIError)
}
