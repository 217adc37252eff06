import Posix

/// What /sys says of devices: which network interface one has, and whether there can be one.
package struct Sysfs: Sendable {
    private let root: String

    /// Reads below `root`, which is `/sys` but for tests.
    package init(_ root: String) { self.root = root }

    /// The interfaces of the device in this directory, which may begin with the root's name.
    func interfaces(at path: String) throws(PosixError) -> [String] {
        let below = path.hasPrefix("/sys/") ? String(path.dropFirst(5)) : path
        return try FileSystem.listIfPresent("\(root)/\(below)/net").sorted()
    }

    /// The interfaces of a PCI function or an auxiliary device.
    func interfaces(of device: String) throws(PosixError) -> [String] {
        for bus in Self.buses {
            let directory = "\(root)/bus/\(bus)/devices/\(device)"
            // A virtio device is one level down.
            let places =
                [directory]
                + (try FileSystem.listIfPresent(directory)).sorted()
                .filter { $0.hasPrefix("virtio") }.map { "\(directory)/\($0)" }
            for place in places {
                let names = try FileSystem.listIfPresent("\(place)/net").sorted()
                if !names.isEmpty { return names }
            }
        }
        return []
    }

    /// Whether a program drives the PCI function from userspace, so that the kernel has no interface for it.
    func isUserspaceDriven(_ device: String) throws(PosixError) -> Bool {
        let driver = try FileSystem.readSymbolicLinkIfPresent("\(root)/bus/pci/devices/\(device)/driver")
        return driver.map { Self.userspaceDrivers.contains(FileSystem.lastComponent(of: $0)) } ?? false
    }

    private static let buses = ["pci", "auxiliary"]
    private static let userspaceDrivers: Set<String> = ["vfio-pci", "uio_pci_generic", "igb_uio"]
}
