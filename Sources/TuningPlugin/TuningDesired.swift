import Addressing
import CNI
import NetworkModel
import PodWiring

/// What a pod's interface and its namespace's sysctls should be like: the heart of the plugin.
struct TuningDesired {
    let config: TuningConfig
    let link: LinkID

    init(_ config: TuningConfig, _ attachment: Attachment) {
        self.config = config
        link = LinkID(.container, attachment.ifName)
    }

    /// Whether anything of the link is said.
    var isAboutLink: Bool {
        config.mac != nil || config.isPromiscuous != nil || config.mtu != nil || config.transmitQueueLength != nil
            || config.isAllMulticast != nil
    }

    /// What to look at. A link that gets another hardware address loses its neighbours, so these are looked at, too.
    var scope: Scope {
        var scope = Scope()
        if isAboutLink {
            scope.links = [link]
            scope.neighborsOf = [link]
        }
        scope.sysctls = Set(config.sysctls.keys)
        return scope
    }

    /// The state as it should be, given what is there; what nothing is said of stays.
    func state(given observed: NetworkState) throws(CNIError) -> NetworkState {
        var state = NetworkState()
        for (sysctl, value) in config.sysctls {
            guard let found = observed.sysctls[sysctl] else {
                throw CNIError(.invalidConfig, "no sysctl \(sysctl)", details: "this kernel or namespace has none")
            }
            // The kernel writes several numbers with tabs between them, people write them with spaces.
            state.sysctls[sysctl] = Self.words(found) == Self.words(value) ? found : value
        }
        state.neighbors = observed.neighbors
        guard isAboutLink else { return state }
        guard var wanted = observed.links[link] else {
            throw CNIError(.other, "no interface \(link.name) in the container's namespace")
        }
        wanted = Link(link, kind: wanted.kind)
        wanted.mac = config.mac
        wanted.mtu = config.mtu
        wanted.isPromiscuous = config.isPromiscuous
        wanted.isAllMulticast = config.isAllMulticast
        wanted.transmitQueueLength = config.transmitQueueLength
        state.links[link] = wanted
        return state
    }

    private static func words(_ value: String) -> [Substring] { value.split { $0 == " " || $0 == "\t" } }

    /// The result with what the plugin changed in it.
    func result(_ previous: CNIResult, sandbox: String) -> CNIResult {
        var result = previous
        for index in result.interfaces.indices
        where result.interfaces[index].name == link.name.text && result.interfaces[index].sandbox == sandbox {
            if let mac = config.mac { result.interfaces[index].mac = mac.description }
            if let mtu = config.mtu { result.interfaces[index].mtu = mtu }
        }
        return result
    }
}
