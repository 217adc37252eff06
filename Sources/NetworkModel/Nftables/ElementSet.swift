/// A named set or map.
package struct ElementSet: Hashable, Sendable {
    /// A data type of nft, which only tells `nft list` how to print the bytes: the kernel knows lengths.
    package enum DataType: UInt32, Hashable, Sendable {
        // The numbers are nft's (include/datatype.h, enum datatypes), part of what it stores in the kernel.
        case ipv4Address = 7
        case ipv6Address = 8
        case etherAddress = 9
        case inetProto = 12
        case inetService = 13
        /// A 32-bit number in host order, printed as 0x….
        case mark = 19
        /// A 32-bit number in host order, the type of `meta priority`.
        case classID = 23
        case interfaceIndex = 20
        /// A name, 16 bytes.
        case interfaceName = 41

        /// In bytes, before padding to 4 in a concatenation.
        package var length: Int {
            switch self {
            case .ipv4Address, .mark, .classID, .interfaceIndex: 4
            case .ipv6Address, .interfaceName: 16
            case .etherAddress: 6
            case .inetProto: 1
            case .inetService: 2
            }
        }
    }

    /// What a map's elements lead to.
    package enum Value: Hashable, Sendable {
        /// Bytes of these types, one after the other, each padded to 4 bytes when there are several.
        case data([DataType])
        case verdict
    }

    /// What makes a set one that rules write to (`flags dynamic,timeout`).
    ///
    /// Its elements come from packets and go by themselves: nobody lists or compares them.
    package struct Dynamic: Hashable, Sendable {
        /// How long an element stays after it was last written, in seconds; at least 1.
        package var timeout: UInt32
        /// How many elements there can be; at least 1.
        package var size: UInt32

        /// Describes a set that rules write to.
        package init(timeout: UInt32, size: UInt32) {
            self.timeout = timeout
            self.size = size
        }
    }

    /// The types of the key's parts; each is padded to 4 bytes when there are several.
    package var key: [DataType]
    /// Nil for a set.
    package var value: Value?
    /// Nil when only transactions change its elements.
    package var dynamic: Dynamic?
    /// What it is for.
    package var comment: String?
    /// Elements by key.
    package var elements: [[UInt8]: Element]

    /// Describes a set (`value` nil) or a map.
    package init(
        key: [DataType],
        value: Value? = nil,
        dynamic: Dynamic? = nil,
        comment: String? = nil,
        elements: [[UInt8]: Element] = [:]
    ) {
        self.key = key
        self.value = value
        self.dynamic = dynamic
        self.comment = comment
        self.elements = elements
    }
}

/// What an element of a set or map holds besides its key.
package struct Element: Hashable, Sendable {
    /// What a map's element leads to.
    package enum Value: Hashable, Sendable {
        case data([UInt8])
        case verdict(Verdict)
    }

    /// Nil in a set.
    package var value: Value?
    /// Whom or what it belongs to. At most 127 bytes.
    package var comment: String?
    /// Whether it counts the packets that matched it.
    package var hasCounter: Bool
    /// Packets counted so far; only observed, never compared.
    package var packets: UInt64?

    /// Describes an element.
    package init(_ value: Value? = nil, comment: String? = nil, hasCounter: Bool = false, packets: UInt64? = nil) {
        self.value = value
        self.comment = comment
        self.hasCounter = hasCounter
        self.packets = packets
    }

    /// Without what was counted.
    package static func == (left: Element, right: Element) -> Bool {
        left.value == right.value && left.comment == right.comment && left.hasCounter == right.hasCounter
    }

    /// As `==`: without what was counted.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(value)
        hasher.combine(comment)
        hasher.combine(hasCounter)
    }
}
