/// One thing that is not as it should be.
package struct Difference: Hashable, Sendable, CustomStringConvertible {
    /// How it differs.
    package enum Kind: Hashable, Sendable {
        /// Desired, not there.
        case missing
        /// There, not desired.
        case extra
        /// There, otherwise than desired.
        case changed(want: String, have: String)
    }

    /// What: `link eth0 (container) mtu`, `route default via 10.11.23.1 dev eth0 (container)`.
    package let subject: String
    /// How.
    package let kind: Kind

    /// Names a difference.
    package init(_ subject: String, _ kind: Kind) {
        self.subject = subject
        self.kind = kind
    }

    /// `…: missing`, `…: not wanted`, or `…: want 1400, have 1500`.
    package var description: String {
        switch kind {
        case .missing: "\(subject): missing"
        case .extra: "\(subject): not wanted"
        case .changed(let want, let have): "\(subject): want \(want), have \(have)"
        }
    }
}

extension NetworkDiff {
    /// Every difference in words, in a fixed order; empty exactly if the diff is, but for `Link.keepsMAC`.
    package var differences: [Difference] {
        conflicts.map(\.difference)
            + missingLinks.map { Difference("link \($0.id)", .missing) }
            + extraLinks.map { Difference("link \($0.id)", .extra) }
            + changedLinks.flatMap(\.differences)
            + Self.differences("address", addresses)
            + Self.differences("route", routes)
            + Self.differences("rule", rules)
            + Self.differences("neighbour", neighbors)
            + Self.differences("shaping", shaping)
            + sysctls.map { change in
                let have = change.have.map { "'\($0)'" } ?? "none"
                return Difference("sysctl \(change.sysctl)", .changed(want: "'\(change.want)'", have: have))
            }
            + ruleset.differences
    }

    private static func differences<Member: CustomStringConvertible>(
        _ word: String,
        _ members: Members<Member>
    ) -> [Difference] {
        members.missing.map { Difference("\(word) \($0)", .missing) }
            + members.extra.map { Difference("\(word) \($0)", .extra) }
    }
}

extension LinkConflict {
    fileprivate var difference: Difference {
        let (want, have) = (self.words(wanted), self.words(found))
        return Difference("link \(link)", .changed(want: want, have: have))
    }
}

extension NetworkDiff.LinkChange {
    fileprivate var differences: [Difference] {
        [
            compare("address", \.mac),
            compare("mtu", \.mtu),
            compare("up", \.isUp),
            compare("promiscuous", \.isPromiscuous),
            compare("all multicast", \.isAllMulticast),
            compare("queue length", \.transmitQueueLength),
            compare("alias", \.alias),
            compare("master", \.master),
            compare("hairpin mode", \.bridgePort?.hairpinMode),
            compare("isolated", \.bridgePort?.isolated),
            compare("VLANs", \.bridgePort?.vlans),
            compare("VLAN filtering", \.bridge?.filtersVLANs),
        ].compactMap { $0 }
    }

    private func compare<Value: Equatable>(_ property: String, _ path: KeyPath<Link, Value?>) -> Difference? {
        let (want, have) = (self.want[keyPath: path], self.have[keyPath: path])
        guard want != have else { return nil }
        func words(_ value: Value?) -> String { value.map { "\($0)" } ?? "none" }
        return Difference("link \(self.want.id) \(property)", .changed(want: words(want), have: words(have)))
    }
}
