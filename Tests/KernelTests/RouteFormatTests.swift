import Addressing
import Netlink
import NetworkModel
import TestKit
import Testing

/// Reading what the kernel writes, without a kernel.
@Suite("netlink format")
struct RouteFormatTests {
    @Test("attributes are read in order, with padding, and without the type's flags")
    func attributes() throws {
        let bytes: [UInt8] = [
            6, 0, 1, 0, 0xab, 0xcd, 0, 0,  // two bytes and padding
            8, 0, 2, 0x80, 4, 0, 3, 0,  // nested: an empty one
            7, 0, 0x04, 0x40, 0x61, 0, 0x62,  // in network order; the last needs no padding
        ]
        var found: [String] = []
        try forEachAttribute(in: bytes.span.bytes) { type, payload throws(MalformedMessage) in
            found.append("\(type): \(payload.array())")
        }
        #expect(found == ["1: [171, 205]", "2: [4, 0, 3, 0]", "4: [97, 0, 98]"])
    }

    @Test(
        "an attribute that cannot be is an error",
        arguments: [
            [1], [4, 0, 1], [3, 0, 1, 0], [0, 0, 1, 0], [5, 0, 1, 0], [8, 0, 1, 0, 0, 0, 0],
        ] as [[UInt8]]
    )
    func malformedAttributes(_ bytes: [UInt8]) {
        #expect(throws: MalformedMessage.self) {
            try forEachAttribute(in: bytes.span.bytes) { _, _ throws(MalformedMessage) in }
        }
    }

    @Test("values are read at their size; a shorter payload is an error")
    func values() throws {
        let bytes: [UInt8] = [0x01, 0x02, 0x03, 0x04, 0x05]
        let span = bytes.span.bytes
        #expect(try span.number(UInt8.self) == 1)
        #expect(try span.number(UInt16.self) == 0x0201)
        #expect(try span.bigEndian(UInt16.self) == 0x0102)
        #expect(try span.load(at: 1, as: UInt32.self) == 0x0504_0302)
        #expect(throws: MalformedMessage.self) { try bytes.span.bytes.number(UInt64.self) }
        #expect(throws: MalformedMessage.self) { try bytes.span.bytes.load(at: 2, as: UInt32.self) }
        #expect(throws: MalformedMessage.self) { try bytes.span.bytes.load(at: -1, as: UInt8.self) }
        #expect(throws: MalformedMessage.self) { try bytes.span.bytes.ipAddress() }
        #expect(try bytes.span.bytes.extracting(first: 4).ipAddress() == .v4(0x0102_0304))
        #expect(span.macAddress() == nil)
    }

    @Test(
        "a text ends at its NUL or at its end",
        arguments: [
            ("ab\0", "ab"), ("ab", "ab"), ("", ""), ("\0ab", ""), ("a\0b", "a"),
        ]
    )
    func text(_ raw: String, _ expected: String) {
        #expect(Array(raw.utf8).span.bytes.string() == expected)
    }

    /// As `bridge vlan add` and `bridge vlan del` send them, with the flag for "nested" besides.
    @Test(
        "a port's VLANs are set by what differs",
        arguments: [
            VLANChange(
                from: PortVLANs(native: 1, untagged: [1]),
                to: PortVLANs(native: 100, untagged: [100], tagged: [200, 201, 202]),
                set: [[0x08, 0, 200, 0], [0x10, 0, 202, 0], [0x06, 0, 100, 0]],
                deleted: [[0, 0, 1, 0]]
            ),
            VLANChange(
                from: PortVLANs(native: 1, untagged: [1]),
                to: PortVLANs(native: 100, untagged: [1, 100]),
                set: [[0x04, 0, 1, 0], [0x06, 0, 100, 0]],
                deleted: []
            ),
            VLANChange(
                from: PortVLANs(native: 7, tagged: [7, 8]),
                to: PortVLANs(untagged: [8], tagged: [7]),
                set: [[0x04, 0, 8, 0], [0, 0, 7, 0]],
                deleted: []
            ),
            VLANChange(from: PortVLANs(native: 1, untagged: [1]), to: PortVLANs(native: 1, untagged: [1])),
        ]
    )
    func vlans(_ change: VLANChange) {
        let found = VLANMessages.bytes(from: change.from, to: change.to, index: 5)
        let setLink: UInt8 = 19
        let deleteLink: UInt8 = 17
        let expected = [(setLink, change.set), (deleteLink, change.deleted)].filter { !$0.1.isEmpty }.map {
            type,
            entries in
            Self.vlanMessage(type, entries)
        }
        #expect(found == expected)
    }

    private static func vlanMessage(_ type: UInt8, _ entries: [[UInt8]]) -> [UInt8] {
        let attributes: [UInt8] = entries.flatMap { entry -> [UInt8] in [8, 0, 2, 0] + entry }
        let nest = [UInt8(attributes.count + 4), 0, 26, 0x80] + attributes
        let link: [UInt8] = [7, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        return [UInt8(32 + nest.count), 0, 0, 0, type, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0] + link + nest
    }

    @Test("a port's VLANs are read with ranges and flags")
    func vlanRecord() throws {
        let bytes: [UInt8] = [
            7, 0, 0, 0, 5, 0, 0, 0,  // the port
            12, 0, 1, 0x80, 8, 0, 1, 0, 0x06, 0, 100, 0,  // 100, native and untagged
            20, 0, 1, 0x80, 8, 0, 1, 0, 0, 0, 200, 0, 6, 0, 2, 0, 202, 0, 0, 0,  // 200 to 202
        ]
        let expected = PortVLANs(native: 100, untagged: [100], tagged: [200, 201, 202])
        #expect(try VLANRecord(bytes.span.bytes).vlans == expected)
    }

    @Test("whatever the bytes are, readers answer or throw", arguments: 0..<8)
    func randomBytes(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var answers = 0
        for _ in 0..<1_000 {
            let bytes = generator.message()
            answers += Self.readings(of: bytes)
        }
        // The random messages are close enough to real ones for the readers to get past the first check.
        #expect(answers > 500)
    }

    /// Reads the bytes as everything that they could be; returns how many readers were content.
    private static func readings(of bytes: [UInt8]) -> Int {
        let readers: [([UInt8]) throws -> Void] = [
            { _ = try LinkRecord($0.span.bytes) },
            { _ = try AddressRecord($0.span.bytes) },
            { _ = try RouteRecord($0.span.bytes) },
            { _ = try NeighborRecord($0.span.bytes) },
            { _ = try VLANRecord($0.span.bytes) },
            { try forEachMessage(in: $0.span.bytes) { _, _ throws(MalformedMessage) in } },
        ]
        return readers.count { reader in (try? reader(bytes)) != nil }
    }
}

/// What is said to the kernel, and how: entries are flags and number, two bytes each.
struct VLANChange: Sendable {
    let from: PortVLANs
    let to: PortVLANs
    var set: [[UInt8]] = []
    var deleted: [[UInt8]] = []
}

extension SeededGenerator {
    /// A fixed part and attributes with plausible types and lengths, often cut or broken somewhere.
    mutating func message() -> [UInt8] {
        var bytes = (0..<[8, 12, 16].randomElement(using: &self, or: 16)).map { _ in small() }
        for _ in 0..<Int.random(in: 0...5, using: &self) {
            let payload = Int.random(in: 0...20, using: &self)
            let length = Bool.random(using: &self) ? payload + 4 : Int(UInt8.random(in: 0...40, using: &self))
            bytes += [UInt8(length), 0, UInt8.random(in: 0...60, using: &self), 0]
            bytes += (0..<((payload + 3) & ~3)).map { _ in small() }
        }
        let cut = Int.random(in: 0...3, using: &self) == 0 ? Int.random(in: 0...bytes.count, using: &self) : bytes.count
        return Array(bytes.prefix(cut))
    }

    /// Mostly small numbers, which are families, lengths and types.
    private mutating func small() -> UInt8 {
        UInt8.random(in: 0...(Bool.random(using: &self) ? 12 : 255), using: &self)
    }
}

extension Array {
    fileprivate func randomElement(using generator: inout SeededGenerator, or other: Element) -> Element {
        randomElement(using: &generator) ?? other
    }
}
