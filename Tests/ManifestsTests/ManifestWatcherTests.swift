import Manifests
import Posix
import ServiceProxy
import TestKit
import Testing

@Suite("Watching a directory of manifests")
struct ManifestWatcherTests {
    private func service(_ name: String, _ address: String) -> String {
        """
        apiVersion: v1
        kind: Service
        metadata: {name: \(name)}
        spec: {clusterIP: \(address), ports: [{port: 80}]}
        """
    }

    @Test("a file is not read between its making and its closing, at any moment of it")
    func halfWritten() throws {
        let directory = try TemporaryDirectory()
        let watch = Watch(directory.path)
        #expect(watch.scan()?.hasBeenRead == false)
        let bytes = Array(service("web", "10.96.0.1").utf8)
        do {
            let file = try Descriptor(opening: "\(directory.path)/web.yaml", [.write, .create])
            #expect(watch.look()?.hasBeenRead != true)
            try file.writeAll(Array(bytes.prefix(20)))
            #expect(watch.look()?.hasBeenRead != true)
            try file.writeAll(Array(bytes.dropFirst(20)))
        }
        let update = try #require(watch.look())
        #expect(update.hasBeenRead && update.isComplete)
        #expect(update.changes.count == 1)
        #expect(update.problems.isEmpty)
    }

    @Test("a file that is rewritten in place keeps its services until it is closed")
    func rewritten() throws {
        let directory = try TemporaryDirectory()
        try directory.write("web.yaml", service("web", "10.96.0.1"))
        let watch = Watch(directory.path)
        #expect(watch.scan()?.changes.count == 1)
        do {
            let file = try Descriptor(opening: "\(directory.path)/web.yaml", [.write, .truncate])
            #expect(watch.look() == nil)
            try file.writeAll(Array(service("db", "10.96.0.2").utf8))
        }
        #expect(watch.look()?.changes.count == 2)
    }

    @Test("a file with nothing but a comment is one without services")
    func empty() throws {
        let directory = try TemporaryDirectory()
        try directory.write("web.yaml", service("web", "10.96.0.1"))
        let watch = Watch(directory.path)
        _ = watch.scan()
        try directory.write("none.yaml", "# none\n")
        _ = watch.look()
        try directory.remove("web.yaml")
        let update = try #require(watch.look())
        #expect(update.changes.count == 1)
        #expect(update.isComplete)
    }

    @Test("an object that stands in two files is a problem as long as it does")
    func doubles() throws {
        let directory = try TemporaryDirectory()
        try directory.write("a.yaml", service("web", "10.96.0.1"))
        try directory.write("b.yaml", service("web", "10.96.0.2"))
        let watch = Watch(directory.path)
        #expect(watch.scan()?.problems.count == 1)
        try directory.remove("a.yaml")
        let update = try #require(watch.look())
        #expect(update.problems.isEmpty)
        #expect(update.changes.count == 1)
    }
}

/// A watcher that the macros of the tests can call.
private final class Watch {
    private var watcher: ManifestWatcher

    init(_ path: String) { watcher = ManifestWatcher(path) }

    func scan() -> ManifestWatcher.Update? { watcher.scan() }

    /// What the kernel has told by now; the second look goes over everything, as the regular one does.
    func look() -> ManifestWatcher.Update? {
        watcher.wait(for: .zero)
        let told = watcher.scan()
        watcher.wait(for: .zero)
        return told ?? watcher.scan()
    }
}
