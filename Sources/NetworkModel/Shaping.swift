package import Addressing

/// How fast packets may leave a link, or where those that come in go first.
///
/// The kernel shapes what leaves. What a pod sends comes in at the host's end of its pair, so it takes a way round by an
/// intermediate device (ifb), which it leaves at the pace that is wanted.
package struct Shaping: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// What happens to packets.
    package enum Rule: Hashable, Sendable {
        /// What leaves the link takes tokens from a bucket: its root queue (tc-tbf(8)).
        case bucket(TokenBucket)
        /// What comes in leaves by another link of the same namespace first; nil, observed, is one that is gone.
        case redirect(to: InterfaceName?)
    }

    /// The link.
    package var link: LinkID
    /// What happens there.
    package var rule: Rule

    /// Describes shaping of a link.
    package init(_ link: LinkID, _ rule: Rule) {
        self.link = link
        self.rule = rule
    }

    /// `by rate 125000 … dev veth1`, or `to bwp1 dev veth1`
    package var description: String {
        switch rule {
        case .bucket(let bucket): "\(bucket) dev \(link)"
        case .redirect(let target): "to \(target?.text ?? "a link that is gone") dev \(link)"
        }
    }

    /// Buckets, then ways to them; by link.
    package static func < (left: Self, right: Self) -> Bool {
        func rank(_ shaping: Self) -> Int { if case .bucket = shaping.rule { 0 } else { 1 } }
        return (rank(left), left.link, left.description) < (rank(right), right.link, right.description)
    }
}

/// A token bucket in the kernel's own units, so that what was set is what is observed.
package struct TokenBucket: Hashable, Sendable, CustomStringConvertible {
    /// Bytes a second.
    package var rate: UInt64
    /// How long a full bucket lasts at that rate, in ticks of 64 ns (include/net/pkt_sched.h, `PSCHED_SHIFT`).
    package var buffer: UInt32
    /// How many bytes may wait.
    package var limit: UInt32

    /// Takes the kernel's numbers.
    package init(rate: UInt64, buffer: UInt32, limit: UInt32) {
        self.rate = rate
        self.buffer = buffer
        self.limit = limit
    }

    /// A bucket of `burst` bytes; beyond it, as many may wait as leave in 25 ms.
    ///
    /// The kernel counts a bucket's nanoseconds in 32 bits (net/sched/sch_tbf.c, `tbf_change`), so it lasts 4.29 s at most.
    package init(rate: UInt64, burst: UInt64) {
        let rate = max(rate, 1)
        let longest = UInt64(UInt32.max)
        let (product, isTooMuch) = burst.multipliedReportingOverflow(by: 1_000_000_000)
        let nanoseconds = isTooMuch ? longest : min(product / rate, longest)
        let (most, isEndless) = rate.multipliedReportingOverflow(by: longest)
        let held = isEndless ? burst : min(burst, most / 1_000_000_000)
        self.init(rate: rate, buffer: UInt32(nanoseconds >> 6), limit: UInt32(clamping: rate / 40 + held))
    }

    /// `rate 125000 B/s buffer 1000 limit 4125`
    package var description: String { "rate \(rate) B/s buffer \(buffer) limit \(limit)" }
}
