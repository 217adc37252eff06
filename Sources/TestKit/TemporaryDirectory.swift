import Posix

/// A directory of a test's own, removed with all that is in it.
package final class TemporaryDirectory: Sendable {
    package let path: String

    package init() throws {
        path = "/tmp/podnet-test-\(FileSystem.uniqueSuffix())"
        try FileSystem.makeDirectories(path, permissions: 0o700)
    }

    deinit {
        try? Self.remove(path)
    }

    private static func remove(_ path: String) throws {
        guard try FileSystem.status(path).kind == .directory else { return try FileSystem.remove(path) }
        for name in try FileSystem.list(path) { try remove("\(path)/\(name)") }
        try FileSystem.removeDirectory(path)
    }
}
