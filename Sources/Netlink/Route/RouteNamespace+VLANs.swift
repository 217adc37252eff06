import NetworkModel

extension RouteNamespace {
    /// A port's VLANs, or nil on a kernel whose bridges have none.
    mutating func vlans(of link: LinkID) throws(KernelError) -> PortVLANs? {
        do throws(KernelError) {
            let index = try index(of: link)
            let records = try socket.dump(VLANMessages.dump(index: index), "read VLANs of link", "\(link)") {
                _,
                payload throws(MalformedMessage) in
                let record = try VLANRecord(payload)
                return record.index == index ? record : nil
            }
            return records.reduce(PortVLANs()) { $1.joined(to: $0) }
        } catch  where error.reason == .unsupported || error.reason == .notFound {
            return nil
        }
    }
}
