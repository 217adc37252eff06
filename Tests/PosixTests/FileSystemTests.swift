import Posix
import TestKit
import Testing

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

private func reason(_ body: () throws -> Void) -> PosixError.Reason? {
    do {
        try body()
        return nil
    } catch {
        return (error as? PosixError)?.reason
    }
}

@Suite("Files by path")
struct FileSystemTests {
    let directory: TemporaryDirectory
    var path: String { directory.path }

    init() throws {
        directory = try TemporaryDirectory()
    }

    @Test("an error names operation, path and cause")
    func errorText() {
        let error = #expect(throws: PosixError.self) { try FileSystem.read("\(path)/x") }
        #expect(error?.description == "open \(path)/x: No such file or directory")
        #expect(error?.reason == .missing)
    }

    @Test("a path with a NUL is refused, not cut")
    func nul() throws {
        try FileSystem.create("\(path)/a", with: [])
        #expect(throws: PosixError.self) { try FileSystem.remove("\(path)/a\0b") }
        #expect(try FileSystem.list(path) == ["a"])
    }

    @Test("a file with more bytes than the limit is too large, one with as many is not")
    func limit() throws {
        try FileSystem.create("\(path)/a", with: bytes("12345"))
        #expect(try FileSystem.read("\(path)/a", limit: 5) == bytes("12345"))
        #expect(reason { _ = try FileSystem.read("\(path)/a", limit: 4) } == .tooLarge)
    }

    @Test("files of /proc, which have no size, are read whole")
    func procFile() throws {
        #expect(try FileSystem.read("/proc/self/status").count > 100)
    }

    @Test("a missing file reads as nil, a missing directory lists as empty, removing what is missing answers false")
    func missing() throws {
        #expect(try FileSystem.readIfPresent("\(path)/x/y") == nil)
        #expect(try FileSystem.listIfPresent("\(path)/x") == [])
        #expect(try FileSystem.removeIfPresent("\(path)/x") == false)
        #expect(try FileSystem.statusIfPresent("\(path)/x") == nil)
        #expect(try FileSystem.readSymbolicLinkIfPresent("\(path)/x") == nil)
    }

    @Test("a symbolic link is followed only where that was asked for")
    func symbolicLinks() throws {
        try FileSystem.create("\(path)/a", with: bytes("1"))
        try FileSystem.makeSymbolicLink("\(path)/b", holding: "a")
        #expect(reason { _ = try FileSystem.read("\(path)/b") } == .symbolicLink)
        #expect(try FileSystem.read("\(path)/b", followLinks: true) == bytes("1"))
        #expect(try FileSystem.status("\(path)/b").kind == .symbolicLink)
        #expect(try FileSystem.status("\(path)/b", followLinks: true).kind == .regular)
        #expect(reason { try FileSystem.overwrite("\(path)/b", with: []) } == .symbolicLink)
        #expect(try FileSystem.readSymbolicLink("\(path)/b") == "a")
    }

    @Test("replace leaves the new contents under the given mode and no other name")
    func replace() throws {
        try FileSystem.create("\(path)/a", with: bytes("old"), permissions: 0o600)
        try FileSystem.replace("\(path)/a", with: bytes("new"), permissions: 0o640)
        #expect(try FileSystem.read("\(path)/a") == bytes("new"))
        #expect(try FileSystem.status("\(path)/a").permissions == 0o640)
        #expect(try FileSystem.list(path) == ["a"])
    }

    @Test("a replace that does not work leaves the old contents and no other name")
    func failedReplace() throws {
        try FileSystem.makeDirectories("\(path)/a/b")
        #expect(reason { try FileSystem.replace("\(path)/a", with: bytes("new")) } == .isDirectory)
        #expect(try FileSystem.list(path) == ["a"])
    }

    @Test("overwrite makes, grows and shrinks a file", arguments: ["", "10.0.0.1", "10.0.0.1xxxxxxx"])
    func overwrite(_ old: String) throws {
        if !old.isEmpty { try FileSystem.create("\(path)/a", with: bytes(old)) }
        try FileSystem.overwrite("\(path)/a", with: bytes("10.0.0.22"))
        #expect(try FileSystem.read("\(path)/a") == bytes("10.0.0.22"))
    }

    @Test("create refuses a file that is there")
    func createExisting() throws {
        try FileSystem.create("\(path)/a", with: bytes("1"))
        #expect(reason { try FileSystem.create("\(path)/a", with: bytes("2")) } == .exists)
        #expect(try FileSystem.read("\(path)/a") == bytes("1"))
    }

    @Test("directories are made with those above them, again without effect, and not over a file")
    func makeDirectories() throws {
        try FileSystem.makeDirectories("\(path)/a/b/c", permissions: 0o711)
        try FileSystem.makeDirectories("\(path)/a/b/c")
        #expect(try FileSystem.status("\(path)/a/b").permissions == 0o711)
        try FileSystem.create("\(path)/f", with: [])
        #expect(reason { try FileSystem.makeDirectories("\(path)/f") } == .exists)
        #expect(reason { try FileSystem.makeDirectories("\(path)/f/g") } == .exists)
    }

    @Test("a link or a rename without replacing does not take a taken name")
    func takenNames() throws {
        try FileSystem.create("\(path)/a", with: bytes("a"))
        try FileSystem.create("\(path)/b", with: bytes("b"))
        #expect(reason { try FileSystem.link("\(path)/a", to: "\(path)/b") } == .exists)
        #expect(reason { try FileSystem.renameWithoutReplacing("\(path)/a", to: "\(path)/b") } == .exists)
        try FileSystem.renameWithoutReplacing("\(path)/a", to: "\(path)/c")
        #expect(try FileSystem.list(path).sorted() == ["b", "c"])
        #expect(try FileSystem.read("\(path)/b") == bytes("b"))
    }

    @Test("two names of one file are the same file, two files are not")
    func identity() throws {
        try FileSystem.create("\(path)/a", with: [])
        try FileSystem.create("\(path)/b", with: [])
        try FileSystem.link("\(path)/a", to: "\(path)/c")
        let a = try FileSystem.status("\(path)/a")
        #expect(try a.isSameFile(as: FileSystem.status("\(path)/c")))
        #expect(try !a.isSameFile(as: FileSystem.status("\(path)/b")))
    }

    @Test(
        "names of every kind are listed",
        arguments: ["a", ".hidden", "ü", "with space", String(repeating: "n", count: 255)]
    )
    func list(_ name: String) throws {
        try FileSystem.create("\(path)/\(name)", with: [])
        #expect(try FileSystem.list(path) == [name])
    }

    @Test(
        "a path is taken apart at its last slash",
        arguments: [("/a/b", "/a", "b"), ("/a", "/", "a"), ("a", ".", "a")]
    )
    func components(_ path: String, directory: String, last: String) {
        #expect(FileSystem.directory(of: path) == directory)
        #expect(FileSystem.lastComponent(of: path) == last)
    }

    @Test("/proc says what file system it is")
    func fileSystemType() throws {
        #expect(try FileSystem.fileSystemType("/proc") == 0x9fa0)
    }
}

@Suite("Descriptors")
struct DescriptorTests {
    @Test("a descriptor closes itself, unless it was released")
    func closing() throws {
        let directory = try TemporaryDirectory()
        let file = "\(directory.path)/a"
        func isOpen(_ number: Int32) -> Bool {
            (try? FileSystem.readSymbolicLink("/proc/self/fd/\(number)")) == file
        }
        func openAndDrop() throws -> Int32 {
            let descriptor = try Descriptor(opening: file, [.write, .create])
            #expect(isOpen(descriptor.raw))
            return descriptor.raw
        }
        #expect(try !isOpen(openAndDrop()))
        let number = try Descriptor(opening: file, .read).release()
        #expect(isOpen(number))
        _ = Descriptor(adopting: number)
        #expect(!isOpen(number))
    }

    @Test("append goes to the end, truncate cuts")
    func writing() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/a"
        try FileSystem.create(path, with: [1, 2])
        let file = try Descriptor(opening: path, [.write, .append])
        try file.writeAll([3, 4])
        #expect(try FileSystem.read(path) == [1, 2, 3, 4])
        try file.truncate(to: 1)
        #expect(try file.status().size == 1)
        #expect(try file.duplicate().status().isSameFile(as: file.status()))
    }
}
