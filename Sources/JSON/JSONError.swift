/// What is wrong with a JSON document, and where in it.
package struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The place: `ipam.ranges[0][0].subnet`; empty for the whole document.
    package let path: String
    /// What is wrong there.
    package let message: String

    /// Names a fault at a place.
    package init(path: String, message: String) {
        self.path = path
        self.message = message
    }

    /// For example `mtu: expected an integer, found the string "1500"`.
    package var description: String { path.isEmpty ? message : "\(path): \(message)" }
}

/// Puts paths together.
enum JSONPath {
    static func member(_ key: String, of path: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
    static func element(_ index: Int, of path: String) -> String { "\(path)[\(index)]" }
}
