import CNI
import Posix

/// The files of the plugin: what an administrator allows, and what was there before.
package struct TuningFiles: Sendable {
    private let allowlist: String

    /// `allowlist` is `/etc/cni/tuning/allowlist.conf` but for tests.
    package init(allowlist: String) { self.allowlist = allowlist }

    /// Where the allowlist is, one of its lines must describe a part of each key, as the configuration has it.
    func refuseUnlisted(_ keys: [String]) throws(CNIError) {
        guard !keys.isEmpty, let patterns = try patterns() else { return }
        var unlisted = keys
        for pattern in patterns {
            let expression = try expression(pattern)
            unlisted.removeAll { expression.matches(partOf: $0) }
        }
        guard let key = unlisted.first else { return }
        throw CNIError(
            .invalidConfig,
            "Sysctl \(key) is not allowed. Only the following sysctls are allowed: "
                + "[\(patterns.joined(separator: " "))]",
            details: allowlist
        )
    }

    /// The paths of all backups in a directory, which need not be there.
    func backups(in directory: String) throws(CNIError) -> [String] {
        try Self.attempt("list the backups") { () throws(PosixError) in
            try FileSystem.listIfPresent(directory).filter { $0.hasSuffix(".json") }.map { "\(directory)/\($0)" }
        }
    }

    /// The bytes of a backup, nil where there is none.
    func read(_ path: String) throws(CNIError) -> [UInt8]? {
        try Self.attempt("read the backup") { () throws(PosixError) in try FileSystem.readIfPresent(path) }
    }

    /// Writes a backup, and makes its directory.
    func write(_ path: String, _ bytes: [UInt8]) throws(CNIError) {
        try Self.attempt("write the backup") { () throws(PosixError) in
            try FileSystem.makeDirectories(FileSystem.directory(of: path))
            try FileSystem.replace(path, with: bytes)
        }
    }

    /// Removes a backup; none is no error.
    func remove(_ path: String) throws(CNIError) {
        try Self.attempt("remove the backup") { () throws(PosixError) in _ = try FileSystem.removeIfPresent(path) }
    }

    /// The lines that are not blank, nil where there is no list.
    private func patterns() throws(CNIError) -> [String]? {
        // A list that is mounted into a container is often a symbolic link.
        let bytes = try Self.attempt("read the allowlist") { () throws(PosixError) in
            try FileSystem.readIfPresent(allowlist, followLinks: true)
        }
        return bytes.map { bytes in
            bytes.split(separator: UInt8(ascii: "\n"))
                .map { String(decoding: $0.trimmed, as: UTF8.self) }
                .filter { !$0.isEmpty }
        }
    }

    private func expression(_ pattern: String) throws(CNIError) -> RegularExpression {
        do throws(RegularExpression.Invalid) {
            return try RegularExpression(pattern)
        } catch {
            throw CNIError(.invalidConfig, "invalid allowlist", details: "\(allowlist): \(error)")
        }
    }

    private static func attempt<Value>(
        _ what: String,
        _ body: () throws(PosixError) -> Value
    ) throws(CNIError) -> Value {
        do throws(PosixError) {
            return try body()
        } catch {
            throw CNIError(.ioFailure, what, details: error.description)
        }
    }
}

extension ArraySlice<UInt8> {
    /// Without white space around it.
    fileprivate var trimmed: ArraySlice<UInt8> {
        let isBlank: (UInt8) -> Bool = { $0 <= 0x20 }
        return ArraySlice(drop(while: isBlank).reversed().drop(while: isBlank).reversed())
    }
}
