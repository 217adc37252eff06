package import Control

/// What a client of the control socket wants.
package enum ControlRequest: Hashable, Sendable {
    /// One of the lists; with `after` as soon as the state is another one, or the wait is over.
    case list(ControlAPI.Path, after: Revision?)
    /// Whether the daemon does its work.
    case health

    /// Where health is asked for: the path that kube-proxy answers at.
    package static let healthPath = "/healthz"

    /// Why a request is refused.
    package struct Refusal: Error, Hashable, Sendable {
        /// The HTTP status.
        package let status: Int
        /// One sentence.
        package let message: String
    }

    /// Reads a request's method, path, `after=` and `run=`.
    package init(method: String, path: String, after: String?, run: String? = nil) throws(Refusal) {
        guard method == "GET" || method == "HEAD" else {
            throw Refusal(status: 405, message: "\(method) is not known here, only GET")
        }
        if path == Self.healthPath {
            self = .health
        } else if let list = ControlAPI.Path(rawValue: path) {
            self = .list(list, after: try Self.generation(after).map { Revision($0, of: run) })
        } else {
            let known = ControlAPI.Path.allCases.map(\.rawValue).joined(separator: ", ")
            throw Refusal(status: 404, message: "nothing is at '\(path)': known are \(known), \(Self.healthPath)")
        }
    }

    private static func generation(_ text: String?) throws(Refusal) -> UInt64? {
        guard let text else { return nil }
        if let number = UInt64(text) { return number }
        throw Refusal(status: 400, message: "\(ControlAPI.afterParameter): '\(text)' is not a generation")
    }
}
