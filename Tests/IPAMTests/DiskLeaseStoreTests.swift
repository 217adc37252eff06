import Addressing
import CNI
import Dispatch
import IPAM
import Posix
import Synchronization
import TestKit
import Testing

@Suite("Leases on disk")
struct DiskLeaseStoreTests {
    let files: LeaseFiles

    init() throws {
        files = try LeaseFiles()
    }

    @Test("files are those of the reference, byte for byte")
    func format() throws {
        #expect(try files.store().reserve("abc", from: ["10.0.0.0/29"], ["fd00::/64"]) == ["10.0.0.2", "fd00::2"])
        #expect(try files.text("10.0.0.2") == "abc\r\neth0")
        #expect(try files.text("fd00::2") == "abc\r\neth0")
        #expect(try files.text("last_reserved_ip.0") == "10.0.0.2")
        #expect(try files.text("last_reserved_ip.1") == "fd00::2")
        #expect(try FileSystem.status("\(files.directory)/10.0.0.2").permissions == 0o600)
        #expect(try FileSystem.status(files.directory).permissions == 0o755)
        let names = ["10.0.0.2", "fd00::2", "last_reserved_ip.0", "last_reserved_ip.1", "lock", ".podnet"]
        #expect(try FileSystem.list(files.directory).sorted() == names.sorted())
    }

    @Test("the index names addresses, namespace inode and namespace")
    func indexEntry() throws {
        let netns = try files.namespace("ns1")
        _ = try files.store().reserve("abc", netns: netns, from: ["10.0.0.0/29"], ["fd00::/64"])
        let inode = try FileSystem.status(netns).inode
        #expect(try files.index() == ["b1/abc:eth0": "10.0.0.2,fd00::2 \(inode) \(netns)"])
    }

    @Test("addresses go round, whoever asks")
    func roundRobin() throws {
        let store = try files.store()
        #expect(try store.reserve("a") == ["10.0.0.2"])
        try store.release(owner("a"))
        #expect(try store.reserve("a") == ["10.0.0.3"])
        #expect(try files.store().reserve("b") == ["10.0.0.4"])
        try files.write("last_reserved_ip.0", " 10.0.0.6\n")
        #expect(try store.reserve("c") == ["10.0.0.2"])
        try files.write("last_reserved_ip.0", "nonsense")
        #expect(try store.reserve("d") == ["10.0.0.5"])
    }

    @Test("release takes back the owner's addresses only, and again does nothing")
    func release() throws {
        let store = try files.store()
        _ = try store.reserve("a")
        _ = try store.reserve("b")
        try store.release(owner("a", "eth1"))
        #expect(try files.leases() == ["10.0.0.2", "10.0.0.3"])
        try store.release(owner("a"))
        try store.release(owner("a"))
        #expect(try files.leases() == ["10.0.0.3"])
        #expect(try files.index().keys.sorted() == ["b1/b:eth0"])
    }

    @Test("release where nothing was ever reserved makes nothing")
    func releaseNothing() throws {
        try files.store().release(owner("a"))
        try files.store().retain(only: [])
        #expect(try FileSystem.list(files.temporary.path) == [])
    }

    @Test("all or none: a full second set leaves nothing of the first")
    func allOrNone() throws {
        let store = try files.store()
        _ = try store.reserve("a", from: ["10.0.0.0/29"], ["fd00::1/128"])
        #expect(throws: IPAMError.self) { try store.reserve("b", from: ["10.0.0.0/29"], ["fd00::1/128"]) }
        #expect(try files.leases() == ["10.0.0.2", "fd00::1"])
        #expect(try files.index().count == 1)
        #expect(try files.text("last_reserved_ip.0") == "10.0.0.2")
    }

    @Test("a write that does not work leaves no lease", arguments: ["last_reserved_ip.0", "last_reserved_ip.1"])
    func rollback(_ broken: String) throws {
        try FileSystem.makeDirectories("\(files.directory)/\(broken)")
        #expect(throws: IPAMError.self) {
            try files.store().reserve("a", from: ["10.0.0.0/29"], ["fd00::/64"])
        }
        #expect(try files.leases() == [])
        #expect(try files.index() == [:])
    }

    @Test("an attachment that holds an address of the set gets no second one; one of another set is another matter")
    func duplicate() throws {
        let store = try files.store()
        _ = try store.reserve("a")
        #expect(throws: IPAMError.duplicate(try IPAddress(parsing: "10.0.0.2"), try ContainerID("a"), set: 0)) {
            try store.reserve("a")
        }
        #expect(try store.reserve("a", from: ["10.1.0.0/29"]) == ["10.1.0.2"])
        #expect(try store.addresses(of: owner("a")).map(\.description) == ["10.0.0.2", "10.1.0.2"])
        try store.release(owner("a"))
        #expect(try files.leases() == [])
    }

    @Test("an ID too long for an index entry works without one")
    func longID() throws {
        let id = String(repeating: "x", count: 251)
        let store = try files.store()
        #expect(try store.reserve(id) == ["10.0.0.2"])
        #expect(throws: IPAMError.self) { try store.reserve(id) }
        #expect(try store.addresses(of: owner(id)).map(\.description) == ["10.0.0.2"])
        #expect(try files.index() == [:])
        try store.release(owner(id))
        #expect(try files.leases() == [])
    }

    @Test("a held lock is waited for no longer than allowed, and nothing is changed")
    func lockTimeout() throws {
        func reserveWhileLocked() throws -> IPAMError? {
            let lock = try FileLock("\(files.directory)/lock")
            let store = try files.store(lockTimeout: .zero)
            return withExtendedLifetime(lock) {
                #expect(throws: IPAMError.self) { try store.release(owner("a")) }
                return #expect(throws: IPAMError.self) { try store.reserve("a") }
            }
        }
        try FileSystem.makeDirectories(files.directory)
        let error = try reserveWhileLocked()
        #expect(error?.description == "\(files.directory)/lock is locked by another process")
        #expect(error?.cniError.code == .tryAgainLater)
        #expect(try files.leases() == [])
        #expect(try files.store().reserve("a") == ["10.0.0.2"])
    }

    @Test("nobody gets an address twice when a hundred ask at once")
    func parallel() throws {
        let given = Mutex<[String]>([])
        let failures = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: 100) { number in
            do {
                let addresses = try files.store().reserve("c\(number)", from: ["10.0.0.0/25"], ["fd00::/64"])
                given.withLock { $0 += addresses }
                if number.isMultiple(of: 3) { try files.store().release(owner("c\(number)")) }
            } catch {
                failures.withLock { $0.append("\(error)") }
            }
        }
        #expect(failures.withLock { $0 } == [])
        let all = given.withLock { $0 }
        #expect(all.count == 200)
        // 126 addresses, 100 asked for: round robin gives none again, released or not.
        #expect(Set(all).count == 200)
        #expect(try files.leases().count == 2 * 66)
    }

    @Test("one address and a hundred askers: one gets it")
    func contention() throws {
        let winners = Mutex(0)
        DispatchQueue.concurrentPerform(iterations: 100) { number in
            if (try? files.store().reserve("c\(number)", from: ["10.0.0.7/32"])) != nil {
                winners.withLock { $0 += 1 }
            }
        }
        #expect(winners.withLock { $0 } == 1)
    }
}
