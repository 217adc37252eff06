import Addressing
package import CNI

/// The IPAM plugin `static`: gives an attachment the addresses that its configuration or its runtime names.
///
/// It keeps nothing, so DEL and GC have nothing to do, and who gives out what is the business of whoever writes the
/// configuration.
package struct StaticPlugin: Plugin, Sendable {
    /// A plugin has no state.
    package init() {}

    /// `static`
    package var name: String { "static" }
    /// All.
    package var supportedVersions: [CNIVersion] { .all }

    /// Answers the addresses.
    package func add(_ request: Request) throws(CNIError) -> CNIResult {
        let config = try StaticConfig(request.config, arguments: request.arguments)
        return CNIResult(ips: config.addresses, routes: config.routes, dns: config.dns)
    }

    /// There is nothing to give back.
    package func del(_ request: Request) throws(CNIError) {}

    /// Demands that the previous result has every address, with the gateway that it was given.
    package func check(_ request: Request) throws(CNIError) {
        let config = try StaticConfig(request.config, arguments: request.arguments)
        let found = try request.requiredPrevResult().ips
        for wanted in config.addresses {
            guard let ip = found.first(where: { $0.address.address == wanted.address.address }) else {
                throw CNIError(.other, "static: \(wanted.address.address) is configured and not in prevResult")
            }
            guard wanted.gateway == nil || wanted.gateway == ip.gateway else {
                throw CNIError(
                    .other,
                    "static: Failed to match addr \(wanted.address.address) on interface \(request.attachment.ifName)"
                )
            }
        }
    }

    /// There is nothing to collect.
    package func gc(_ request: NetworkRequest) throws(CNIError) {}

    /// Ready when the configuration can be read.
    package func status(_ request: NetworkRequest) throws(CNIError) {
        _ = try StaticConfig(request.config)
    }
}
