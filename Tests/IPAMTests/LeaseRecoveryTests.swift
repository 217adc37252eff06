import Addressing
import Glibc
import IPAM
import Posix
import Testing

@Suite("Leases of others, and what crashes leave")
struct LeaseRecoveryTests {
    let files: LeaseFiles

    init() throws {
        files = try LeaseFiles()
    }

    @Test(
        "leases that another program made are respected, found and released",
        arguments: [
            "abc\r\neth0", "abc\neth0\n", " abc\r\neth0 ", "abc", "abc\n",
        ]
    )
    func foreignFormats(_ text: String) throws {
        try files.write("10.0.0.2", text)
        let store = try files.store()
        #expect(try store.reserve("other") == ["10.0.0.3"])
        #expect(try store.addresses(of: owner("abc")).map(\.description) == ["10.0.0.2"])
        try store.release(owner("abc"))
        #expect(try files.leases() == ["10.0.0.3"])
    }

    @Test("a lease that names only a container is taken for the interface's only when there is no better one")
    func oldFormatLast() throws {
        try files.write("10.0.0.2", "abc")
        try files.write("10.0.0.3", "abc\r\neth0")
        let store = try files.store()
        try store.release(owner("abc"))
        #expect(try files.leases() == ["10.0.0.2"])
        try store.release(owner("abc"))
        #expect(try files.leases() == [])
    }

    @Test("an empty lease is free, everything else unknown is taken")
    func emptyAndForeign() throws {
        try files.write("10.0.0.2", "")
        try files.write("10.0.0.3", "no host-local wrote this")
        try FileSystem.makeDirectories("\(files.directory)/10.0.0.4")
        try FileSystem.makeSymbolicLink("\(files.directory)/10.0.0.5", holding: "/dev/null")
        let store = try files.store()
        #expect(try store.reserve("a", from: ["10.0.0.0/29"]) == ["10.0.0.2"])
        #expect(try store.reserve("b", from: ["10.0.0.0/29"]) == ["10.0.0.6"])
        #expect(throws: IPAMError.self) { try store.reserve("c", from: ["10.0.0.0/29"]) }
        #expect(try files.text("10.0.0.2") == "a\r\neth0")
        try store.release(owner("a"))
        try store.retain(only: [])
        #expect(try files.leases() == ["10.0.0.3", "10.0.0.4", "10.0.0.5"])
    }

    @Test("a pipe in a lease's place, which has no size, is taken and kept, and nobody waits for it")
    func pipe() throws {
        try FileSystem.makeDirectories(files.directory)
        #expect(mkfifo("\(files.directory)/10.0.0.2", 0o600) == 0)
        let store = try files.store()
        #expect(try store.reserve("a") == ["10.0.0.3"])
        try store.retain(only: [])
        #expect(try files.leases() == ["10.0.0.2"])
    }

    @Test("an index entry without its lease does not count")
    func indexWithoutLease() throws {
        let store = try files.store()
        _ = try store.reserve("a")
        try FileSystem.remove("\(files.directory)/10.0.0.2")
        #expect(try store.addresses(of: owner("a")) == [])
        #expect(try store.reserve("a") == ["10.0.0.3"])
        #expect(try files.index().values.map { $0.prefix(8) } == ["10.0.0.3"])
        try FileSystem.remove("\(files.directory)/10.0.0.3")
        try store.release(owner("a"))
        #expect(try files.index() == [:])
    }

    @Test("an index entry whose address is someone else's by now frees nothing")
    func indexOfReusedAddress() throws {
        let store = try files.store()
        _ = try store.reserve("a")
        try files.write("10.0.0.2", "b\r\neth0")
        try store.release(owner("a"))
        #expect(try files.text("10.0.0.2") == "b\r\neth0")
    }

    @Test("a lease without its index entry is found by reading")
    func leaseWithoutIndex() throws {
        let store = try files.store()
        _ = try store.reserve("a")
        try FileSystem.remove("\(files.directory)/.podnet/b1/a:eth0")
        #expect(try store.addresses(of: owner("a")).map(\.description) == ["10.0.0.2"])
        try store.release(owner("a"))
        #expect(try files.leases() == [])
    }

    @Test("an index entry that makes no sense is passed over", arguments: ["x", "10.0.0.2", "x 0 /n", "10.0.0.2 x /n"])
    func brokenIndex(_ text: String) throws {
        let store = try files.store()
        _ = try store.reserve("a")
        let path = "\(files.directory)/.podnet/b1/a:eth0"
        try FileSystem.remove(path)
        try FileSystem.makeSymbolicLink(path, holding: text)
        try store.release(owner("a"))
        #expect(try files.leases() == [])
        #expect(try files.index() == [:])
    }

    @Test("a store in which another program has worked so far is taken over with the first ADD")
    func adoption() throws {
        try files.write("10.0.0.2", "a\r\neth0")
        try files.write("fd00::2", "a\r\neth0")
        try files.write("10.0.0.3", "old")
        let store = try files.store()
        _ = try store.reserve("b")
        #expect(try files.index()["b1/a:eth0"] == "10.0.0.2,fd00::2 0 ")
        #expect(throws: IPAMError.self) { try store.reserve("a") }
        try store.release(owner("a"))
        #expect(try files.leases() == ["10.0.0.3", "10.0.0.4"])
    }

    @Test("after a boot, leases whose namespace is gone are free, the others stay and are known")
    func reboot() throws {
        let (gone, alive) = (try files.namespace("gone"), try files.namespace("alive"))
        let store = try files.store()
        _ = try store.reserve("a", netns: gone)
        _ = try store.reserve("b", netns: alive)
        _ = try store.reserve("c", netns: "/nonexistent")
        try FileSystem.remove(gone)
        try files.write("last_reserved_ip.0", "10.0.0.6")
        #expect(try files.store(boot: "b2").reserve("d", netns: alive) == ["10.0.0.2"])
        #expect(try files.leases() == ["10.0.0.2", "10.0.0.3"])
        #expect(try files.index().keys.sorted() == ["b2/b:eth0", "b2/d:eth0"])
    }

    @Test("a path that leads to another namespace by now counts as gone")
    func reusedNamespacePath() throws {
        let netns = try files.namespace("ns")
        _ = try files.store().reserve("a", netns: netns)
        // Made before the first goes, so that it cannot get the same inode number.
        let other = try files.namespace("other")
        try FileSystem.rename(other, to: netns)
        #expect(try files.store(boot: "b2").reserve("b") == ["10.0.0.3"])
        #expect(try files.leases() == ["10.0.0.3"])
    }

    @Test("leases taken over from another program go with the next boot")
    func adoptedThenReboot() throws {
        try files.write("10.0.0.2", "a\r\neth0")
        _ = try files.store().reserve("b")
        _ = try files.store(boot: "b2").reserve("c")
        #expect(try files.leases() == ["10.0.0.4"])
    }

    @Test("within one boot a lease stays, whatever became of its namespace")
    func sameBoot() throws {
        let netns = try files.namespace("ns")
        _ = try files.store().reserve("a", netns: netns)
        try FileSystem.remove(netns)
        _ = try files.store().reserve("b")
        #expect(try files.leases() == ["10.0.0.2", "10.0.0.3"])
    }

    @Test("a late DEL of a former boot's container does not free the new owner's address")
    func lateDEL() throws {
        _ = try files.store().reserve("a", from: ["10.0.0.9/32"])
        _ = try files.store(boot: "b2").reserve("b", from: ["10.0.0.9/32"])
        try files.store(boot: "b2").release(owner("a"))
        #expect(try files.text("10.0.0.9") == "b\r\neth0")
    }

    @Test("a DEL that comes before this boot's first ADD finds its lease")
    func earlyDEL() throws {
        _ = try files.store().reserve("a")
        try files.store(boot: "b2").release(owner("a"))
        #expect(try files.leases() == [])
    }

    @Test("a sweep that was killed half-way is done again")
    func interruptedSweep() throws {
        _ = try files.store().reserve("a")
        let unfinished = "\(files.directory)/.podnet/.unfinished"
        try FileSystem.makeDirectories(unfinished)
        try FileSystem.makeSymbolicLink("\(unfinished)/zzz:eth0", holding: "10.0.0.6 0 /x")
        _ = try files.store(boot: "b2").reserve("b")
        #expect(try files.leases() == ["10.0.0.3"])
        #expect(try files.index().keys.sorted() == ["b2/b:eth0"])
        #expect(try FileSystem.list("\(files.directory)/.podnet") == ["b2"])
    }

    @Test("GC keeps the listed owners' leases, and takes entries and spare files of all others with them")
    func retain() throws {
        let store = try files.store()
        for id in ["a", "b", "c"] { _ = try store.reserve(id) }
        try files.write("10.0.0.5", "b")
        try files.write("10.0.0.6", "z")
        try files.write("10.0.0.9", "")
        try files.write(".podnet/.staged-1-2", "x")
        try store.retain(only: [owner("b"), owner("a", "eth1")])
        #expect(try files.leases() == ["10.0.0.3", "10.0.0.5"])
        #expect(try files.index().keys.sorted() == ["b1/b:eth0"])
        #expect(try FileSystem.list("\(files.directory)/.podnet") == ["b1"])
    }

    @Test("GC takes back what it can, and says that there is a lease that it could not read")
    func retainWithUnreadable() throws {
        let store = try files.store()
        for id in ["a", "b"] { _ = try store.reserve(id) }
        // Nothing opens a socket's file: ENXIO.
        #expect(mknod("\(files.directory)/10.0.0.6", S_IFSOCK | 0o600, 0) == 0)
        let error = #expect(throws: IPAMError.self) { try store.retain(only: [owner("b")]) }
        #expect(error?.description.contains("10.0.0.6") == true)
        #expect(try files.leases() == ["10.0.0.3", "10.0.0.6"])
        #expect(try files.index().keys.sorted() == ["b1/b:eth0"])
    }
}
