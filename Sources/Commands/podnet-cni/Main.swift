import BandwidthPlugin
import BridgePlugin
import CNI
import FirewallPlugin
import Glibc
import HostDevicePlugin
import IPAM
import LoopbackPlugin
import MacvlanPlugin
import Netlink
import NetworkModel
import PodWiring
import PortMapPlugin
import Posix
import PtpPlugin
import SbrPlugin
import TuningPlugin

/// Every CNI plugin of podnet; the name that the program is called by picks one.
@main
enum Main {
    static func main() {
        let arguments = StandardStreams.arguments
        let status = PluginMain.run(
            name: arguments.first ?? "",
            arguments: Array(arguments.dropFirst()),
            plugins: plugins,
            productVersion: "0.1.0"
        )
        exit(status)
    }

    private static var plugins: [PluginMain.Entry] {
        [
            .init("bridge") { BridgePlugin(surroundings) },
            .init("ptp") { PtpPlugin(surroundings) },
            .init("macvlan") { MacvlanPlugin(surroundings) },
            .init("host-device") { HostDevicePlugin(surroundings, Sysfs("/sys")) },
            .init("loopback") { LoopbackPlugin(surroundings) },
            .init("portmap") { PortMapPlugin(surroundings) },
            .init("firewall") { FirewallPlugin(surroundings) },
            .init("bandwidth") { BandwidthPlugin(surroundings) },
            .init("sbr") { SbrPlugin(surroundings) },
            .init("tuning") { TuningPlugin(surroundings, TuningFiles(allowlist: "/etc/cni/tuning/allowlist.conf")) },
            .init("host-local") { hostLocal },
            .init("static") { StaticPlugin() },
        ]
    }

    private static var hostLocal: HostLocalPlugin { .onDisk(bootIDPath: HostLocalPlugin.bootIDPath) }

    private static var surroundings: Surroundings<LinuxKernel> {
        Surroundings(
            openKernel: { (netns) throws(KernelError) in
                netns.isEmpty ? try LinuxKernel() : try LinuxKernel(netns: netns)
            },
            delegate: PluginDelegate(local: [hostLocal, StaticPlugin()]),
            node: try machineID(),
            exclusively: exclusively
        )
    }

    /// What tells this node's bridges from another's; absent in an image that was never booted.
    private static func machineID() throws(CNIError) -> String {
        do {
            let bytes = try FileSystem.readIfPresent("/etc/machine-id", limit: 64, followLinks: true) ?? []
            return String(decoding: bytes.prefix { $0 > 0x20 }, as: UTF8.self)
        } catch {
            throw CNIError(.ioFailure, "read the machine's ID", details: error.description)
        }
    }

    /// Runs a body while no other plugin changes what pods share. The lock is on /run, so a boot starts without it.
    private static func exclusively(_ body: () throws(CNIError) -> Void) throws(CNIError) {
        let lock = try sharedLock()
        try withExtendedLifetime(lock) { () throws(CNIError) in try body() }
    }

    private static func sharedLock() throws(CNIError) -> FileLock {
        do {
            try FileSystem.makeDirectories("/run/podnet", permissions: 0o755)
            return try FileLock("/run/podnet/cni.lock")
        } catch {
            let isBusy = error.errno == ETIMEDOUT
            throw CNIError(isBusy ? .tryAgainLater : .ioFailure, "lock what pods share", details: error.description)
        }
    }
}
