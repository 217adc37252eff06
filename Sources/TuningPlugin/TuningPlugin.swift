import Addressing
package import CNI
import JSON
package import NetworkModel
package import PodWiring

/// `tuning`: sysctls of a pod's namespace and properties of its interface. It is called after the plugin that makes the
/// interface.
///
/// What it changes it keeps in a file, for DEL to put back: an interface may outlive its pod. The node's own namespace
/// is never touched.
package struct TuningPlugin<K: Kernel & ~Copyable>: Plugin {
    private let surroundings: Surroundings<K>
    private let files: TuningFiles

    /// Works in these surroundings, with these files.
    package init(_ surroundings: Surroundings<K>, _ files: TuningFiles) {
        self.surroundings = surroundings
        self.files = files
    }

    /// `tuning`
    package var name: String { "tuning" }

    /// Changes what the configuration says, keeps what was there, and passes the result on.
    package func add(_ request: Request) throws(CNIError) -> CNIResult {
        let config = try TuningConfig(request)
        try files.refuseUnlisted(config.sysctlKeys)
        guard let previous = request.config.prevResult else {
            throw CNIError(.invalidConfig, "Required prevResult missing", details: "tuning comes after another plugin")
        }
        let desired = TuningDesired(config, request.attachment)
        guard desired.scope != Scope() else { return previous }
        var kernel = try surroundings.kernel(request.netns)
        let found = try kernel.look(desired.scope)
        let wanted = try desired.state(given: found)
        let plan = try NetworkPlan(planning: found, to: wanted)
        if !plan.steps.isEmpty {
            let network = request.config.name
            let backup = TuningBackup(of: found, before: wanted, link: desired.link, network: network)
            try carryOut(plan, in: &kernel, keeping: backup, at: config.backupPath(of: request.attachment))
        }
        return desired.result(previous, sandbox: request.netns)
    }

    /// Demands that everything is as ADD made it.
    package func check(_ request: Request) throws(CNIError) {
        let config = try TuningConfig(request)
        _ = try request.requiredPrevResult()
        let desired = TuningDesired(config, request.attachment)
        guard desired.scope != Scope() else { return }
        var kernel = try surroundings.kernel(request.netns)
        let found = try kernel.look(desired.scope)
        let differences = NetworkDiff(from: found, to: try desired.state(given: found)).differences
        try CNIError.refuse(differences.map(\.description), "\(request.attachment) is not as it was tuned")
    }

    /// Puts back what was there, as far as there is something to put it back into.
    package func del(_ request: Request) throws(CNIError) {
        let path = TuningConfig.backupPath(request.config.root, request.attachment)
        guard let bytes = try files.read(path) else { return }
        if !request.netns.isEmpty, let backup = TuningBackup(bytes, LinkID(.container, request.attachment.ifName)) {
            try putBack(backup, request)
        }
        try files.remove(path)
    }

    /// Removes what was kept for this network's attachments that are not valid: their namespaces are gone.
    package func gc(_ request: NetworkRequest) throws(CNIError) {
        guard let valid = request.config.validAttachments else { return }
        let root = request.config.root
        let kept = Set(valid.map { TuningConfig.backupPath(root, $0) })
        var errors: [CNIError] = []
        for path in try files.backups(in: TuningConfig.backupDirectory(root)) where !kept.contains(path) {
            errors.collect { () throws(CNIError) in
                guard let bytes = try files.read(path), TuningBackup.isKept(for: request.config.name, in: bytes)
                else { return }
                try files.remove(path)
            }
        }
        if let error = CNIError(errors) { throw error }
    }

    /// Always ready.
    package func status(_ request: NetworkRequest) throws(CNIError) {}
}

extension TuningPlugin where K: ~Copyable {
    /// The file comes first: a crash in between leaves what DEL needs. What an earlier ADD kept is older, so it stays.
    private func carryOut(
        _ plan: NetworkPlan,
        in kernel: inout K,
        keeping backup: TuningBackup,
        at path: String
    ) throws(CNIError) {
        let former = try files.read(path)
        var kept = backup
        if let former, let first = TuningBackup(former, backup.link.id) { kept = first.completed(by: backup) }
        try files.write(path, Array((kept.json.text + "\n").utf8))
        do {
            try kernel.run(plan)
        } catch {
            // What could not be taken back is DEL's to put back.
            if error.rollback.isEmpty {
                if let former { try? files.write(path, former) } else { try? files.remove(path) }
            }
            throw CNIError(error)
        }
    }

    private func putBack(_ backup: TuningBackup, _ request: Request) throws(CNIError) {
        var kernel = try surroundings.kernel(request.netns)
        let found = try kernel.look(backup.scope)
        guard try !kernel.hasAnothers(found, than: request.attachment) else { return }
        let plan = NetworkDiff(from: found, to: backup.state(given: found)).planAroundConflicts
        try kernel.carryOutBestEffort(plan.steps)
    }
}
