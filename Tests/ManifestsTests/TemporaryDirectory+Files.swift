import Posix
import TestKit

extension TemporaryDirectory {
    /// Replaces a file as an editor that is careful does.
    func write(_ name: String, _ text: String) throws {
        try FileSystem.replace("\(path)/\(name)", with: Array(text.utf8))
    }

    func remove(_ name: String) throws { try FileSystem.remove("\(path)/\(name)") }

    func removeAll() throws {
        for name in try FileSystem.list(path) { try remove(name) }
    }
}
