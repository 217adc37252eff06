package import Addressing

/// A version of the CNI specification.
package enum CNIVersion: String, Hashable, Sendable, CaseIterable, Comparable, CustomStringConvertible {
    case v010 = "0.1.0"
    case v020 = "0.2.0"
    case v030 = "0.3.0"
    case v031 = "0.3.1"
    case v040 = "0.4.0"
    case v100 = "1.0.0"
    case v110 = "1.1.0"

    /// The newest one known here: what VERSION answers in.
    package static let latest = CNIVersion.v110

    /// What a configuration without `cniVersion` means; the reference's decoder says so.
    package static let whenMissing = CNIVersion.v010

    /// Reads a version that is known here.
    package init(parsing text: String) throws(InvalidValue) {
        guard let version = CNIVersion(rawValue: text) else {
            throw InvalidValue(text, isNot: "a known CNI version")
        }
        self = version
    }

    /// For example `1.1.0`.
    package var description: String { rawValue }

    /// By age.
    package static func < (left: CNIVersion, right: CNIVersion) -> Bool {
        // All parts have one digit, so the order of the texts is that of the numbers.
        left.rawValue < right.rawValue
    }
}

extension [CNIVersion] {
    /// All of them, 0.1.0 to 1.1.0.
    package static var all: [CNIVersion] { CNIVersion.allCases }
}
