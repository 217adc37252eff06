import Addressing
import Manifests
import Posix
import ServiceProxy
import TestKit
import Testing

@Suite("A directory of manifests")
struct ManifestDirectoryTests {
    @Test(
        "takes YAML and JSON files, and no drafts",
        arguments: [
            ("web.yaml", true), ("web.yml", true), ("web.json", true), ("web.yaml~", false), (".web.yaml.swp", false),
            (".web.yaml", false), ("web.yaml.tmp", false), ("README.md", false), ("web", false),
        ]
    )
    func names(_ name: String, _ isManifest: Bool) {
        #expect(ManifestDirectory.isManifest(name) == isManifest)
    }

    @Test("holds what its files hold, and follows them")
    func follows() throws {
        let directory = try TemporaryDirectory()
        let watcher = Watching(directory.path)
        try directory.write("web.yaml", webYAML)
        let first = try #require(watcher.scan())
        #expect(first.changes.count == 2 && first.isComplete && first.hasBeenRead && first.problems.isEmpty)
        #expect(watcher.scan() == nil)
        try directory.write("web.yaml", webYAML.replacing("10.96.14.20", with: "10.96.14.21"))
        #expect(try #require(watcher.scan()).changes.map(\.words).contains("service default/web 10.96.14.21"))
        try directory.write("none.yaml", "# no objects\n")
        try directory.remove("web.yaml")
        let last = try #require(watcher.scan())
        #expect(Set(last.changes.map(\.words)) == ["delete service default/web", "delete slice default/web-1"])
    }

    @Test("knows the place of every object")
    func origins() throws {
        let directory = try TemporaryDirectory()
        try directory.write("web.yaml", webYAML)
        let watcher = Watching(directory.path)
        _ = watcher.scan()
        let origins = Dictionary(
            uniqueKeysWithValues: watcher.directory.origins.map { ($0.key.description, $0.value.description) }
        )
        #expect(origins == ["Service default/web": "web.yaml:1", "EndpointSlice default/web-1": "web.yaml:6"])
        #expect(watcher.directory.services.count == 1 && watcher.directory.slices.count == 1)
    }

    @Test("keeps the last good objects of a file that breaks")
    func brokenFile() throws {
        let directory = try TemporaryDirectory()
        try directory.write("web.yaml", webYAML)
        let watcher = Watching(directory.path)
        _ = watcher.scan()
        try directory.write("web.yaml", "kind: Service\nmetadata: {name")
        let update = try #require(watcher.scan())
        #expect(update.changes.isEmpty && update.isComplete)
        #expect(update.problems.map(\.keepsFormer) == [true])
        #expect(update.problems.first?.description.hasPrefix("web.yaml:2: ") == true)
        #expect(watcher.directory.services.count == 1)
        try directory.write("web.yaml", webYAML)
        #expect(try #require(watcher.scan()).problems.isEmpty)
    }

    @Test("is not complete while a file was never good")
    func neverGood() throws {
        let directory = try TemporaryDirectory()
        try directory.write("bad.yaml", "{")
        try directory.write("web.yaml", webYAML)
        let watcher = Watching(directory.path)
        let update = try #require(watcher.scan())
        #expect(update.hasBeenRead && !update.isComplete)
        #expect(update.changes.count == 2)
        #expect(update.problems.map(\.keepsFormer) == [false])
    }

    @Test("keeps the last good version of an object that is refused")
    func refusedObject() throws {
        let directory = try TemporaryDirectory()
        try directory.write("web.yaml", webYAML)
        let watcher = Watching(directory.path)
        _ = watcher.scan()
        try directory.write(
            "web.yaml",
            webYAML.replacing("port: 80,", with: "port: 70000,").replacing("23.2", with: "23.3")
        )
        let update = try #require(watcher.scan())
        #expect(update.problems.map(\.keepsFormer) == [true])
        #expect(watcher.directory.services.first?.ports.first?.port.number == 80)
        #expect(watcher.directory.slices.first?.endpoints.first?.address.description == "10.11.23.3")
    }

    @Test("that is cut anywhere never loses what it held")
    func cutAnywhere() throws {
        let directory = try TemporaryDirectory()
        try directory.write("web.yaml", webYAML)
        let watcher = Watching(directory.path)
        _ = watcher.scan()
        let bytes = Array(webYAML.utf8)
        let endOfService = try #require(webYAML.utf8.firstRange(of: "\n---\n".utf8)).lowerBound
        // What ends there is a whole file without a slice.
        let whole = webYAML.utf8.distance(from: webYAML.startIndex, to: endOfService)
        for cut in bytes.indices where !(whole...whole + 5).contains(cut) {
            try directory.write("web.yaml", String(decoding: bytes[..<cut], as: UTF8.self))
            _ = watcher.scan()
            let held = [watcher.directory.services.count, watcher.directory.slices.count]
            let end = String(decoding: bytes[..<cut].suffix(30), as: UTF8.self)
            #expect(held == [1, 1], "cut after \(cut) bytes: …\(end)")
            try directory.write("web.yaml", webYAML)
            _ = watcher.scan()
        }
    }

    @Test(
        "that is empty, gone or no directory changes nothing",
        arguments: ["emptied", "removed", "moved away", "a file now"]
    )
    func vanished(_ how: String) throws {
        let directory = try TemporaryDirectory()
        try directory.write("web.yaml", webYAML)
        try directory.write(
            "db.yaml",
            webYAML.replacing("web", with: "db").replacing("10.96.14.20", with: "10.96.14.30")
        )
        let watcher = Watching(directory.path)
        #expect(try #require(watcher.scan()).changes.count == 4)
        switch how {
        case "emptied": try directory.removeAll()
        case "removed": try directory.removeAll(); try FileSystem.removeDirectory(directory.path)
        case "moved away": try FileSystem.rename(directory.path, to: directory.path + ".away")
        default:
            try directory.removeAll()
            try FileSystem.removeDirectory(directory.path)
            try FileSystem.create(directory.path, with: [])
        }
        defer { if how == "moved away" { try? FileSystem.rename(directory.path + ".away", to: directory.path) } }
        let update = try #require(watcher.scan())
        #expect(update.changes.isEmpty && update.isComplete)
        #expect(update.problems.map(\.keepsFormer) == [true])
        #expect(watcher.directory.services.count == 2)
    }

    @Test("that comes back is taken up again")
    func comesBack() throws {
        let directory = try TemporaryDirectory()
        let watcher = Watching(directory.path + "/inner")
        let missing = try #require(watcher.scan())
        #expect(!missing.hasBeenRead && !missing.isComplete && missing.changes.isEmpty && missing.problems.count == 1)
        #expect(watcher.scan() == nil)
        try FileSystem.makeDirectories(directory.path + "/inner")
        #expect(try #require(watcher.scan()).problems.map(\.text) == ["no manifests in the directory"])
        try FileSystem.create(directory.path + "/inner/web.yaml", with: Array(webYAML.utf8))
        let update = try #require(watcher.scan())
        #expect(update.changes.count == 2 && update.problems.isEmpty)
        try FileSystem.remove(directory.path + "/inner/web.yaml")
        try FileSystem.removeDirectory(directory.path + "/inner")
    }

    @Test("gives an object that stands in two files to the first by name, and to the other when that goes")
    func doubles() throws {
        let directory = try TemporaryDirectory()
        let other = webYAML.replacing("10.96.14.20", with: "10.96.14.99")
        try directory.write("b.yaml", other)
        let watcher = Watching(directory.path)
        _ = watcher.scan()
        try directory.write("a.yaml", webYAML)
        let update = try #require(watcher.scan())
        #expect(update.changes.map(\.words).contains("service default/web 10.96.14.20"))
        #expect(
            update.problems.map(\.description) == [
                "b.yaml:1: Service default/web is already in a.yaml, which counts",
                "b.yaml:6: EndpointSlice default/web-1 is already in a.yaml, which counts",
            ]
        )
        try directory.remove("a.yaml")
        let back = try #require(watcher.scan())
        #expect(back.changes.map(\.words).contains("service default/web 10.96.14.99"))
        #expect(back.problems.isEmpty)
    }

    @Test("reads a file that is being written only when it is closed")
    func halfWritten() throws {
        let directory = try TemporaryDirectory()
        try directory.write("web.yaml", webYAML)
        let watcher = Watching(directory.path)
        _ = watcher.scan()
        do {
            let file = try Descriptor(opening: directory.path + "/web.yaml", [.write, .truncate])
            // Half of the file is a valid manifest without the slice.
            try file.writeAll(Array(webYAML.utf8.prefix(webYAML.utf8.count / 4)))
            #expect(watcher.scan() == nil)
        }
        #expect(watcher.scan() != nil)
    }

    @Test("replaced by another directory is looked at anew")
    func exchanged() throws {
        let directory = try TemporaryDirectory()
        try FileSystem.makeDirectories(directory.path + "/one")
        try FileSystem.makeDirectories(directory.path + "/two")
        try FileSystem.create(directory.path + "/one/web.yaml", with: Array(webYAML.utf8))
        let other = webYAML.replacing("10.96.14.20", with: "10.96.14.99")
        try FileSystem.create(directory.path + "/two/web.yaml", with: Array(other.utf8))
        try FileSystem.makeSymbolicLink(directory.path + "/now", holding: "one")
        let watcher = Watching(directory.path + "/now")
        _ = watcher.scan()
        try FileSystem.makeSymbolicLink(directory.path + "/next", holding: "two")
        try FileSystem.rename(directory.path + "/next", to: directory.path + "/now")
        #expect(try #require(watcher.scan()).changes.map(\.words) == ["service default/web 10.96.14.99"])
        for path in ["now", "one/web.yaml", "two/web.yaml"] { try FileSystem.remove(directory.path + "/" + path) }
        for path in ["one", "two"] { try FileSystem.removeDirectory(directory.path + "/" + path) }
    }

    @Test("reports a file that is too large without reading it")
    func tooLarge() throws {
        let directory = try TemporaryDirectory()
        try directory.write("web.yaml", webYAML)
        let watcher = Watching(directory.path, sizeLimit: 100)
        let update = try #require(watcher.scan())
        let size = webYAML.utf8.count
        #expect(update.problems.map(\.description) == ["web.yaml: it has \(size) bytes; more than 100 are not read"])
    }

    @Test("wakes who waits for it")
    func wakes() throws {
        let directory = try TemporaryDirectory()
        try directory.write("web.yaml", webYAML)
        let watcher = Watching(directory.path)
        _ = watcher.scan()
        let before = MonotonicClock.now()
        try directory.write("web.yaml", webYAML.replacing("10.96.14.20", with: "10.96.14.21"))
        watcher.wait(for: .seconds(30))
        #expect(MonotonicClock.now() - before < .seconds(20))
        #expect(watcher.scan() != nil)
    }
}

/// A watcher that `#expect` and `#require` can look into.
private final class Watching {
    private var watcher: ManifestWatcher

    init(_ path: String, sizeLimit: Int = 1 << 20) {
        watcher = ManifestWatcher(path, sizeLimit: sizeLimit)
    }

    var directory: ManifestDirectory { watcher.directory }

    func scan() -> ManifestWatcher.Update? { watcher.scan() }

    func wait(for duration: Duration) { watcher.wait(for: duration) }
}

extension ServiceChange {
    /// The change in a few words.
    fileprivate var words: String {
        switch self {
        case .service(let service):
            "service \(service.name) \(service.clusterIPs.map(\.description).joined(separator: ","))"
        case .deleteService(let name): "delete service \(name)"
        case .slice(let slice): "slice \(slice.id.namespace)/\(slice.id.name)"
        case .deleteSlice(let id): "delete slice \(id.namespace)/\(id.name)"
        }
    }
}
