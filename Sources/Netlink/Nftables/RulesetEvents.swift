import CNFTNL
package import NetworkModel

/// A change of the ruleset, by anybody.
package struct RulesetEvent: Hashable, Sendable {
    /// The number of the ruleset since then.
    package let generation: UInt32
    /// The socket that made it: that of `NftablesSocket.portID` for our own commits.
    package let portID: UInt32
    /// The thread that made it, by its number in the first process namespace; for `nft` that is the process.
    package let processID: UInt32
    /// The first 15 bytes of its name: `nft`, `podnetd`.
    package let processName: String
    /// What it did to the tables that are watched; nil when none are.
    package fileprivate(set) var touched: [TableID: TableTouch]?

    /// Reads an NFT_MSG_NEWGEN, which is also what NFT_MSG_GETGEN is answered with.
    init(_ header: MessageHeader, _ payload: RawSpan) throws(MalformedMessage) {
        var processID: UInt32 = 0
        var processName = ""
        try forEachAttribute(in: payload, from: MemoryLayout<nfgenmsg>.size) { type, value throws(MalformedMessage) in
            switch type {
            case Int(NFTA_GEN_PROC_PID.rawValue): processID = try value.bigEndian()
            case Int(NFTA_GEN_PROC_NAME.rawValue): processName = value.string()
            default: break
            }
        }
        generation = try Self.generation(in: payload)
        portID = header.portID
        self.processID = processID
        self.processName = processName
    }

    /// The number in such a message, and nothing else of it.
    static func generation(in payload: RawSpan) throws(MalformedMessage) -> UInt32 {
        var generation: UInt32?
        try forEachAttribute(in: payload, from: MemoryLayout<nfgenmsg>.size) { type, value throws(MalformedMessage) in
            if type == Int(NFTA_GEN_ID.rawValue) { generation = try value.bigEndian() }
        }
        guard let generation else { throw MalformedMessage("ruleset generation without a number") }
        return generation
    }
}

/// Tells who changed the ruleset of a namespace, our own commits included, and what others did to some tables.
///
/// The kernel announces every object that a commit changes, and then the commit. What nobody asked for is dropped in the
/// kernel (a filter on the socket), so that a commit of ours of 100,000 elements is still one event here.
package struct RulesetEvents: ~Copyable, Sendable {
    private var socket: NetlinkSocket
    private var touches: TouchedTables?

    private static var group: Int { Int(NFNLGRP_NFTABLES.rawValue) }

    /// Subscribes in the calling thread's namespace; every commit from now on is reported, by whom and no more.
    package init() throws(KernelError) {
        let opened = try NetlinkSocket(.netfilter, receiveBuffer: 1 << 20)
        try opened.accept(onlyType: MessageHeader.newGeneration)
        try opened.subscribe(to: Self.group)
        socket = opened
        touches = nil
    }

    /// The same, and what each commit did to these tables but for those of one socket, which knows itself what it does.
    package init(watching tables: Set<TableID>, but portID: UInt32) throws(KernelError) {
        let opened = try NetlinkSocket(.netfilter, receiveBuffer: 4 << 20)
        try opened.drop(from: portID, exceptType: MessageHeader.newGeneration)
        try opened.subscribe(to: Self.group)
        socket = opened
        touches = TouchedTables(tables)
    }

    /// The descriptor's number, to poll for events together with others.
    package var fileDescriptor: Int32 { socket.fileDescriptor }

    /// Hears nothing until `resume`: while nobody listens, the kernel announces nothing, which for a large commit takes
    /// longer than the commit itself. Compare generations afterwards to know whether something was missed.
    package func pause() throws(KernelError) { try socket.unsubscribe(from: Self.group) }

    /// Hears again.
    package func resume() throws(KernelError) { try socket.subscribe(to: Self.group) }

    /// Events in the kernel's order.
    package struct Batch: Hashable, Sendable {
        /// What was changed, oldest first.
        package var events: [RulesetEvent] = []
        /// Whether there were more than the socket's buffer held: read the ruleset anew.
        package var missed = false
    }

    /// Waits for events, nil for ever, and returns all that are queued by then; none when the time is over.
    package mutating func wait(atMost timeout: Duration?) throws(KernelError) -> Batch {
        try collect { socket, take throws(KernelError) in try socket.waitForEvents(atMost: timeout, take) }
    }

    /// The events that are queued, without waiting; for callers that poll the descriptor themselves.
    package mutating func readQueued() throws(KernelError) -> Batch {
        try collect { socket, take throws(KernelError) in try socket.readEvents(take) }
    }

    private typealias Take = (MessageHeader, _ payload: RawSpan) throws(MalformedMessage) -> Void

    private mutating func collect(
        _ read: (inout NetlinkSocket, Take) throws(KernelError) -> EventWait
    ) throws(KernelError) -> Batch {
        var batch = Batch()
        var touches = touches
        let outcome = try read(&socket) { header, payload throws(MalformedMessage) in
            guard header.isNewGeneration else {
                try touches?.take(header, payload)
                return
            }
            var event = try RulesetEvent(header, payload)
            event.touched = touches?.end()
            batch.events.append(event)
        }
        batch.missed = outcome == .missed
        if batch.missed { _ = touches?.end() }
        self.touches = touches
        return batch
    }
}

/// What a commit that is not yet announced as a whole did to the tables that are watched.
private struct TouchedTables: Sendable {
    private let watched: Set<TableID>
    private var touched: [TableID: TableTouch] = [:]

    init(_ tables: Set<TableID>) { watched = tables }

    /// The commit is complete: what it did.
    mutating func end() -> [TableID: TableTouch] {
        defer { touched = [:] }
        return touched
    }

    /// Takes the announcement of one object. The table's name is attribute 1 of every kind of object.
    mutating func take(_ header: MessageHeader, _ payload: RawSpan) throws(MalformedMessage) {
        guard header.type >> 8 == UInt16(NFNL_SUBSYS_NFTABLES) else { return }
        var set = ""
        var name = ""
        try forEachAttribute(in: payload, from: MemoryLayout<nfgenmsg>.size) { type, value throws(MalformedMessage) in
            switch type {
            case Int(NFTA_SET_ELEM_LIST_TABLE.rawValue): name = value.string()
            // The same number as NFTA_SET_NAME.
            case Int(NFTA_SET_ELEM_LIST_SET.rawValue) where header.isElements || header.isSet: set = value.string()
            default: break
            }
        }
        guard let table = watched.first(where: { $0.name == name && $0.family.number == header.family(payload) })
        else { return }
        guard header.isElements else {
            touched[table, default: TableTouch()].restructure(header.extent, set: header.isSet ? set : nil)
            return
        }
        let elements = try ElementPiece(payload, .all).kept
        touched[table, default: TableTouch()].append(elements, of: set, areAdditions: header.isNewElements)
    }
}

extension MessageHeader {
    /// NFT_MSG_NEWGEN as a message's type.
    fileprivate static var newGeneration: UInt16 { type(NFT_MSG_NEWGEN) }

    private static func type(_ message: nf_tables_msg_types) -> UInt16 {
        UInt16(NFNL_SUBSYS_NFTABLES) << 8 | UInt16(message.rawValue)
    }

    fileprivate var isNewGeneration: Bool { type == Self.newGeneration }
    fileprivate var isNewElements: Bool { type == Self.type(NFT_MSG_NEWSETELEM) }
    fileprivate var isElements: Bool { isNewElements || type == Self.type(NFT_MSG_DELSETELEM) }
    fileprivate var isSet: Bool { type == Self.type(NFT_MSG_NEWSET) || type == Self.type(NFT_MSG_DELSET) }

    private var isChainOrRule: Bool {
        [NFT_MSG_NEWCHAIN, NFT_MSG_DELCHAIN, NFT_MSG_NEWRULE, NFT_MSG_DELRULE].contains { type == Self.type($0) }
    }

    /// What the announcement of something that is no element says of its table.
    fileprivate var extent: TableTouch.Extent { isSet || isChainOrRule ? .rules : .table }

    /// `nfgen_family`, the first byte of what follows.
    fileprivate func family(_ payload: RawSpan) -> UInt8? {
        try? payload.load(at: 0, as: UInt8.self)
    }
}
