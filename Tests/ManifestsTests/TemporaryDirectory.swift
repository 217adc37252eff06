import Posix

/// A directory that is removed with its files when the test ends.
final class TemporaryDirectory {
    let path: String

    init() throws {
        path = "/tmp/podnet-manifests-\(UInt64.random(in: 0...UInt64.max))"
        try FileSystem.makeDirectories(path)
    }

    /// Replaces a file as an editor that is careful does.
    func write(_ name: String, _ text: String) throws {
        try FileSystem.replace("\(path)/\(name)", with: Array(text.utf8))
    }

    func remove(_ name: String) throws { try FileSystem.remove("\(path)/\(name)") }

    func removeAll() throws {
        for name in try FileSystem.list(path) { try remove(name) }
    }

    deinit {
        try? removeAll()
        try? FileSystem.removeDirectory(path)
        _ = try? FileSystem.removeIfPresent(path)
    }
}
