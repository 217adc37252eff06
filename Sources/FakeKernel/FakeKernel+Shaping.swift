import Addressing
import NetworkModel

extension FakeKernel {
    /// A link has one root queue and one way round.
    mutating func add(_ shaping: Shaping) throws(KernelError) {
        guard state.links[shaping.link] != nil else { throw .noDevice("add shaping", shaping) }
        guard !state.shaping.contains(where: { $0.excludes(shaping) }) else { throw .exists("add shaping", shaping) }
        if case .redirect(let target) = shaping.rule {
            guard let target, state.links[LinkID(shaping.link.place, target)] != nil else {
                throw .noDevice("add shaping", shaping)
            }
        }
        state.shaping.insert(shaping)
    }

    mutating func remove(_ shaping: Shaping) throws(KernelError) {
        guard state.links[shaping.link] != nil else { throw .noDevice("remove shaping", shaping) }
        guard state.shaping.remove(shaping) != nil else { throw .noEntry("remove shaping", shaping) }
    }
}

extension Shaping {
    /// Whether a link cannot have both.
    fileprivate func excludes(_ other: Shaping) -> Bool {
        guard link == other.link else { return false }
        switch (rule, other.rule) {
        case (.bucket, .bucket), (.redirect, .redirect): return true
        case (.bucket, .redirect), (.redirect, .bucket): return false
        }
    }

    /// Whether it is a way to that link.
    func leads(to id: LinkID) -> Bool { link.place == id.place && rule == .redirect(to: id.name) }

    /// What becomes of such a way when the link goes (net/sched/act_mirred.c, `mirred_device_event`).
    var leadingNowhere: Shaping { Shaping(link, .redirect(to: nil)) }
}
