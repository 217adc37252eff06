import FoundationEssentials
import Posix

/// The one podnetd of this machine: holds the lock as long as it lives.
final class Instance: Sendable {
    private let lock: FileLock
    private let configuration: Configuration

    /// Takes the lock and makes the directories of lock and socket; throws when another podnetd runs.
    init(_ configuration: Configuration) throws {
        self.configuration = configuration
        for path in [configuration.lockPath, configuration.socketPath] {
            try FileSystem.makeDirectories(FileSystem.directory(of: path), permissions: 0o755)
        }
        lock = try Self.takeLock(configuration.lockPath)
        let processID = ProcessInfo.processInfo.processIdentifier
        try FileSystem.overwrite(configuration.lockPath, with: Array("\(processID)\n".utf8))
    }

    /// Removes the socket; the lock's file stays, since removing it would let two daemons lock two files.
    func leave() throws {
        _ = try FileSystem.removeIfPresent(configuration.socketPath)
    }

    private static func takeLock(_ path: String) throws -> FileLock {
        do throws(PosixError) {
            return try FileLock(path, timeout: .zero)
        } catch  where error.reason == .timedOut {
            throw AnotherInstance(lockPath: path, processID: owner(of: path))
        }
    }

    private static func owner(of path: String) -> String? {
        guard let bytes = try? FileSystem.read(path) else { return nil }
        let text = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        return Int32(text) == nil ? nil : text
    }
}

/// Another podnetd runs.
struct AnotherInstance: Error, CustomStringConvertible {
    /// The lock that it holds.
    let lockPath: String
    /// Its process ID, as far as it has written it.
    let processID: String?

    /// `another podnetd (process 17) holds /run/podnet/podnetd.lock`
    var description: String { "another podnetd\(processID.map { " (process \($0))" } ?? "") holds \(lockPath)" }
}
