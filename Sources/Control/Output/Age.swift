/// How long something has lasted, for people: two units at most.
package enum Age {
    /// `5s`, `4m12s`, `3h5m`, `2d4h`, `9d`; what lies in the future is `0s`.
    package static func text(seconds: Int64) -> String {
        let seconds = max(0, seconds)
        let (minute, hour, day): (Int64, Int64, Int64) = (60, 3_600, 86_400)
        switch seconds {
        case ..<(2 * minute): return "\(seconds)s"
        case ..<hour: return pair(seconds, minute, "m", 1, "s")
        case ..<(2 * day): return pair(seconds, hour, "h", minute, "m")
        case ..<(8 * day): return pair(seconds, day, "d", hour, "h")
        default: return "\(seconds / day)d"
        }
    }

    /// The time from one moment to another.
    package static func text(from start: Timestamp, to end: Timestamp) -> String {
        text(seconds: end.secondsSinceEpoch - start.secondsSinceEpoch)
    }

    private static func pair(_ seconds: Int64, _ large: Int64, _ a: String, _ small: Int64, _ b: String) -> String {
        let rest = seconds % large / small
        return "\(seconds / large)\(a)" + (rest == 0 ? "" : "\(rest)\(b)")
    }
}
