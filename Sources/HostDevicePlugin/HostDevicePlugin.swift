import Addressing
package import CNI
package import NetworkModel
package import PodWiring
import Posix

/// `host-device`: moves one of the host's devices into a pod, and back when the pod goes.
package struct HostDevicePlugin<K: Kernel & ~Copyable>: Plugin {
    let surroundings: Surroundings<K>
    let sysfs: Sysfs

    /// Works in these surroundings; `sysfs` says what devices there are.
    package init(_ surroundings: Surroundings<K>, _ sysfs: Sysfs) {
        self.surroundings = surroundings
        self.sysfs = sysfs
    }

    /// `host-device`
    package var name: String { "host-device" }
    /// All.
    package var supportedVersions: [CNIVersion] { .all }

    /// Moves the device. A failed ADD gives device and address back.
    package func add(_ request: Request) throws(CNIError) -> CNIResult {
        let config = try request.config.read(HostDeviceConfig.init)
        var kernel = try surroundings.kernel(request.netns)
        try kernel.refuseTaken(request.attachment.ifName)
        let device = try isWithoutLink(config.device) ? nil : try require(config.device, in: &kernel)
        return try surroundings.withAddresses(from: config.ipamType, request) { (given) throws(CNIError) in
            guard config.ipamType == nil || !given.ips.isEmpty else {
                throw CNIError(.other, "IPAM plugin returned missing IP config")
            }
            let plan = HostDevicePlan(request.attachment, given)
            if let device {
                let observed = try kernel.look(HostDevicePlan.scope(of: device.id))
                try kernel.carryOut(NetworkPlan(steps: try plan.steps(from: observed, device)))
            }
            return result(request, config, device, plan, given.dns).following(request.config.prevResult)
        }
    }

    /// Moves the device back and gives its addresses back; without a namespace what the kernel has brought home itself.
    package func del(_ request: Request) throws(CNIError) {
        try surroundings.delete(request) { () throws(CNIError) in
            // A configuration that cannot be read names no device; its addresses go back all the same.
            let device = try? request.config.read(HostDeviceConfig.init).device
            var kernel = try surroundings.kernel(request.netns)
            let isMoved = try request.netns.isEmpty ? false : bringHome(request.attachment, device, in: &kernel)
            if let device, !isMoved { try tidyUp(request.attachment.ifName, device, in: &kernel) }
        }
    }

    /// Demands that the device is in the pod, up and with its addresses; what differs is in the error's details.
    package func check(_ request: Request) throws(CNIError) {
        let config = try request.config.read(HostDeviceConfig.init)
        let previous = try request.requiredPrevResult()
        if let ipamType = config.ipamType { try surroundings.delegate.check(ipamType, request) }
        guard try !isWithoutLink(config.device) else { return }
        var kernel = try surroundings.kernel(request.netns)
        let found = try kernel.link(LinkID(.container, request.attachment.ifName))
        let plan = HostDevicePlan(request.attachment, previous.own(in: request))
        try plan.attachmentState(found?.kind ?? .other("")).check(request, previous, in: &kernel)
    }

    /// A device comes home with its namespace's end, so only addresses can be left, and an alias: a crash right after it
    /// was given, before the move.
    package func gc(_ request: NetworkRequest) throws(CNIError) {
        var errors: [CNIError] = []
        errors.collect { () throws(CNIError) in
            if let ipamType = request.config.ipamType { try surroundings.delegate.gc(ipamType, request) }
        }
        errors.collect { () throws(CNIError) in try forgetAlias(request.config) }
        if let error = CNIError(errors) { throw error }
    }

    /// Ready when addresses are to be had; a device that is not there may be in a pod.
    package func status(_ request: NetworkRequest) throws(CNIError) {
        let config = try request.config.read(HostDeviceConfig.init)
        if let ipamType = config.ipamType { try surroundings.delegate.status(ipamType, request) }
    }
}

/// Finding the device.
extension HostDevicePlugin where K: ~Copyable {
    private func isWithoutLink(_ device: HostDeviceConfig.Device) throws(CNIError) -> Bool {
        guard case .deviceID(let text) = device else { return false }
        return try Self.reading { () throws(PosixError) in try sysfs.isUserspaceDriven(text) }
    }

    private func require(_ device: HostDeviceConfig.Device, in kernel: inout K) throws(CNIError) -> Link {
        guard let link = try find(device, in: &kernel) else {
            throw CNIError(.invalidConfig, "failed to find physical interface", details: "\(device)")
        }
        guard link.kind != .loopback else {
            throw CNIError(.invalidConfig, "invalid config", details: "device: \(link.id) cannot leave its namespace")
        }
        return link
    }

    /// The device, if it is on the host.
    private func find(_ device: HostDeviceConfig.Device, in kernel: inout K) throws(CNIError) -> Link? {
        switch device {
        case .name(let name):
            return try kernel.link(LinkID(.host, name))
        case .hardwareAddress(let mac):
            return try kernel.links().first { $0.mac == mac }
        case .kernelPath(let path):
            return try first(of: Self.reading { () throws(PosixError) in try sysfs.interfaces(at: path) }, in: &kernel)
        case .deviceID(let text):
            return try first(of: Self.reading { () throws(PosixError) in try sysfs.interfaces(of: text) }, in: &kernel)
        }
    }

    private func first(of names: [String], in kernel: inout K) throws(CNIError) -> Link? {
        guard let name = names.lazy.compactMap({ try? InterfaceName($0) }).first else { return nil }
        return try kernel.link(LinkID(.host, name))
    }

    private static func reading<Value>(_ body: () throws(PosixError) -> Value) throws(CNIError) -> Value {
        do throws(PosixError) {
            return try body()
        } catch {
            throw CNIError(.ioFailure, "read /sys", details: error.description)
        }
    }
}

/// The way back.
extension HostDevicePlugin where K: ~Copyable {
    /// Moves the pod's device to the host under its old name; false when the pod has none.
    private func bringHome(
        _ attachment: Attachment,
        _ device: HostDeviceConfig.Device?,
        in kernel: inout K
    ) throws(CNIError) -> Bool {
        guard let link = try kernel.link(LinkID(.container, attachment.ifName)), link.kind != .loopback,
            try !kernel.isAnothers(link, than: attachment)
        else { return false }
        guard let name = link.formerName ?? device?.name else {
            throw CNIError(.other, "\(link.id) has no alias that says what it was called on the host")
        }
        try kernel.carryOutBestEffort(HostDevicePlan.giveBack(link, as: name))
        return true
    }

    /// A device that is at home is in no pod, so its alias is of no use to anyone.
    private func forgetAlias(_ config: NetworkConfig) throws(CNIError) {
        guard config.validAttachments != nil, let name = (try? config.read(HostDeviceConfig.init))?.device.name
        else { return }
        var kernel = try surroundings.kernel("")
        guard let link = try kernel.link(LinkID(.host, name)), link.formerName == name else { return }
        try kernel.carryOutBestEffort(HostDevicePlan.forget(link))
    }

    /// The alias that a crash has left, and a device that a namespace's end has brought home under the name that it had in
    /// the pod, or under a number when that was taken (net/core/dev.c, default_device_exit_net).
    private func tidyUp(
        _ ifName: InterfaceName,
        _ device: HostDeviceConfig.Device,
        in kernel: inout K
    ) throws(CNIError) {
        if let link = try find(device, in: &kernel) {
            if link.formerName == link.id.name { try kernel.carryOutBestEffort(HostDevicePlan.forget(link)) }
            return
        }
        // Only a name makes sure that the alias is ours: everybody may have given a device one.
        guard let name = device.name else { return }
        let stray = try kernel.links().first { link in
            link.formerName == name && (link.id.name == ifName || link.id.name.text.hasPrefix("dev"))
        }
        if let stray { try kernel.carryOutBestEffort(HostDevicePlan.giveBack(stray, as: name)) }
    }
}

extension HostDevicePlugin where K: ~Copyable {
    private func result(
        _ request: Request,
        _ config: HostDeviceConfig,
        _ device: Link?,
        _ plan: HostDevicePlan,
        _ dns: DNS
    ) -> CNIResult {
        let interface = device.map { device in
            CNIResult.Interface(
                name: request.attachment.ifName.text,
                mac: device.mac?.description,
                mtu: device.mtu,
                sandbox: request.netns,
                pciID: config.device.pciID
            )
        }
        return CNIResult(
            interfaces: interface.map { [$0] } ?? [],
            ips: plan.pod.addresses.map {
                CNIResult.IP($0.cidr, gateway: $0.gateway, interface: interface.map { _ in 0 })
            },
            routes: plan.pod.namedRoutes,
            dns: request.config.dns.isEmpty ? dns : request.config.dns
        )
    }
}

extension HostDevicePlan {
    init(_ attachment: Attachment, _ given: CNIResult) {
        self.init(
            attachment,
            addresses: given.ips.map { PodAddress($0.address, gateway: $0.gateway) },
            routes: given.routes.map(PodRoute.init)
        )
    }
}

extension HostDeviceConfig.Device {
    /// The name that the configuration says.
    fileprivate var name: InterfaceName? {
        if case .name(let name) = self { name } else { nil }
    }

    fileprivate var pciID: String? {
        if case .deviceID(let text) = self { text } else { nil }
    }
}

extension Link {
    /// The name that its alias keeps.
    fileprivate var formerName: InterfaceName? { alias.flatMap { try? InterfaceName($0) } }
}
