import Logging
import Netlink
import NetworkModel
import ServiceProxy

/// Tells the log of kube-proxy's rules: with two proxies each translates what the other does not get first.
struct RivalWatch: Sendable {
    /// Whether its tables go when ours are complete.
    let areToGo: Bool
    /// Where it is told.
    let logger: Logger

    /// Looks now and then until the task is cancelled.
    func run() async {
        tellOfSharedTables()
        var known: [TableID]?
        repeat {
            let found = look(known)
            if !found.isEmpty, found != known { tell(found, again: known?.isEmpty ?? false) }
            known = found
        } while (try? await Task.sleep(for: .seconds(30))) != nil
    }

    private func look(_ known: [TableID]?) -> [TableID] {
        do throws(KernelError) {
            var kernel = try LinuxKernel()
            return try kernel.rivalTables()
        } catch {
            logger.warning("whether kube-proxy's tables are there cannot be read", error: error)
            return known ?? []
        }
    }

    private func tell(_ tables: [TableID], again: Bool) {
        let text: Logger.Message =
            switch (again, areToGo) {
            case (true, _): "kube-proxy makes its tables: it runs, and has to be stopped"
            case (false, true): "kube-proxy's tables go as soon as all services are in podnetd's own"
            case (false, false): "kube-proxy's tables are there: stop it, and start podnetd with --take-over"
            }
        let names = tables.map(\.description).joined(separator: ", ")
        logger.log(level: again || !areToGo ? .warning : .info, text, metadata: ["tables": "\(names)"])
    }

    /// Where everybody has rules nothing is removed: kube-proxy itself knows best which are its own.
    private func tellOfSharedTables() {
        do throws(KernelError) {
            var kernel = try LinuxKernel()
            for (table, count) in try kernel.rivalChains() {
                logger.warning(
                    "kube-proxy's rules of iptables mode are there: stop it, and run kube-proxy --cleanup",
                    metadata: ["table": "\(table)", "chains": "\(count)"]
                )
            }
        } catch {
            logger.warning("whether kube-proxy's rules are there cannot be read", error: error)
        }
    }
}
