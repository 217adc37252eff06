package import Addressing
package import CNI
import NetworkModel

extension CNIResult {
    /// The host's links that the pod is behind, in the result's order.
    ///
    /// No packet comes in by a device that shapes what a pod sends. `bandwidth` adds its own to the result, which a CHECK
    /// gives to the plugins before it, too.
    package var linksBeforePod: [InterfaceName] {
        interfaces.filter { ($0.sandbox ?? "").isEmpty }
            .compactMap { try? InterfaceName($0.name) }
            .filter { !AttachmentNames.isShaper($0) }
    }
}
