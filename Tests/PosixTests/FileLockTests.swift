import Posix
import TestKit
import Testing

@Suite("Locks")
struct FileLockTests {
    let directory: TemporaryDirectory
    var path: String { "\(directory.path)/lock" }

    init() throws {
        directory = try TemporaryDirectory()
    }

    @Test("a held lock is not given out again, and the wait for it ends")
    func exclusion() throws {
        let lock = try FileLock(path)
        let error = withExtendedLifetime(lock) {
            #expect(throws: PosixError.self) { _ = try FileLock(path, timeout: .zero) }
        }
        #expect(error?.reason == .timedOut)
        #expect(error?.operation == "lock")
        #expect(error?.subject == path)
    }

    @Test("a lock is free again when its holder is gone")
    func release() throws {
        func holdBriefly() throws { _ = try FileLock(path, timeout: .zero) }
        try holdBriefly()
        try holdBriefly()
    }

    @Test("locks of different files do not meet")
    func independence() throws {
        let lock = try FileLock(path)
        try withExtendedLifetime(lock) { _ = try FileLock("\(path).2", timeout: .zero) }
    }

    @Test("a symbolic link in the lock's place is refused")
    func symbolicLink() throws {
        try FileSystem.makeSymbolicLink(path, holding: "elsewhere")
        #expect(throws: PosixError.self) { _ = try FileLock(path, timeout: .zero) }
        #expect(try FileSystem.list(directory.path) == ["lock"])
    }
}

@Suite("Staged files")
struct StagedFileTests {
    let directory: TemporaryDirectory
    var path: String { directory.path }

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func stage(unnamed: Bool) throws -> StagedFile {
        try StagedFile.write(
            in: path,
            spareName: "\(path)/.spare",
            contents: [1, 2, 3],
            permissions: 0o640,
            unnamed: unnamed
        )
    }

    @Test("a staged file gets its names complete, and leaves no other", arguments: [true, false])
    func link(unnamed: Bool) throws {
        func stageAndLink() throws {
            let file = try stage(unnamed: unnamed)
            #expect(try FileSystem.list(path) == (unnamed ? [] : [".spare"]))
            try file.link(to: "\(path)/a")
            try file.link(to: "\(path)/b")
        }
        try stageAndLink()
        #expect(try FileSystem.list(path).sorted() == ["a", "b"])
        #expect(try FileSystem.read("\(path)/b") == [1, 2, 3])
        #expect(try FileSystem.status("\(path)/a").permissions == 0o640)
    }

    @Test("a taken name stays as it is", arguments: [true, false])
    func taken(unnamed: Bool) throws {
        try FileSystem.create("\(path)/a", with: [9])
        func stageAndLink() throws { try stage(unnamed: unnamed).link(to: "\(path)/a") }
        let error = #expect(throws: PosixError.self) { try stageAndLink() }
        #expect(error?.reason == .exists)
        #expect(try FileSystem.read("\(path)/a") == [9])
        #expect(try FileSystem.list(path) == ["a"])
    }
}

@Suite("The clock")
struct MonotonicClockTests {
    @Test("never goes back, and a wait is not shorter than asked for")
    func order() {
        let before = MonotonicClock.now()
        MonotonicClock.sleep(.milliseconds(2))
        #expect(MonotonicClock.now() - before >= .milliseconds(2))
    }
}
