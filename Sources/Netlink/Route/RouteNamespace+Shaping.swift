import Addressing
import CNLRoute
import Glibc
import NetworkModel

extension RouteNamespace {
    /// How a link's traffic is shaped, as far as we know the ways; nothing when there is no such link.
    mutating func shaping(of link: LinkID) throws(KernelError) -> [Shaping] {
        do throws(KernelError) {
            let index = try index(of: link)
            let bucket = try socket.getIfAny(ShapingMessages.getRoot(index: index), "read shaping", "of \(link)") {
                _,
                payload throws(MalformedMessage) in try ShapingRecord(payload).bucket
            }
            let rules: [Shaping.Rule?] = [bucket.map { .bucket($0) }, try redirection(of: link, index)]
            return rules.compactMap { $0 }.map { Shaping(link, $0) }
        } catch  where error.reason == .notFound {
            return []
        }
    }

    private mutating func redirection(of link: LinkID, _ index: Int32) throws(KernelError) -> Shaping.Rule? {
        let targets = try socket.dump(ShapingMessages.dumpFilters(index: index), "read filters", "of \(link)") {
            _,
            payload throws(MalformedMessage) -> Int32? in
            let record = try ShapingRecord(payload)
            return record.index == index ? record.target : nil
        }
        guard let target = targets.first else { return nil }
        return .redirect(to: try target == 0 ? nil : name(of: target))
    }

    /// Shapes a link's traffic.
    mutating func add(_ shaping: Shaping) throws(KernelError) {
        let index = try index(of: shaping.link)
        switch shaping.rule {
        case .bucket(let bucket):
            try socket.request(ShapingMessages.addBucket(bucket, index: index), "add shaping", "\(shaping)")
        case .redirect(let name):
            guard let name else {
                throw KernelError("add shaping", "\(shaping)", reason: .invalid, text: "no link to lead to")
            }
            let target = try self.index(of: LinkID(place, name))
            try socket.request(ShapingMessages.addIngress(index: index), "add shaping", "\(shaping)")
            do throws(KernelError) {
                let message = ShapingMessages.addRedirect(to: target, index: index)
                try socket.request(message, "add shaping", "\(shaping)")
            } catch {
                try? socket.request(ShapingMessages.removeIngress(index: index), "remove shaping", "\(shaping)")
                throw error
            }
        }
    }

    /// Stops that.
    mutating func remove(_ shaping: Shaping) throws(KernelError) {
        let index = try index(of: shaping.link)
        let message =
            switch shaping.rule {
            case .bucket: ShapingMessages.removeBucket(index: index)
            case .redirect: ShapingMessages.removeIngress(index: index)
            }
        try socket.request(message, "remove shaping", "\(shaping)")
    }
}
