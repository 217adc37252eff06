package import NetworkModel

extension LinuxKernel {
    /// Applies all changes to the host's ruleset as one transaction, or none.
    package mutating func commit(_ changes: [RulesetChange], generation: UInt32?) throws(KernelError) {
        try withNftables { socket throws(KernelError) in try socket.commit(changes, generation: generation) }
    }

    /// The number of the host's current ruleset.
    package mutating func generation() throws(KernelError) -> UInt32 {
        try withNftables { socket throws(KernelError) in try socket.generation() }
    }

    /// The number of the socket that `commit` uses, by which events of our own commits are known.
    package mutating func rulesetPortID() throws(KernelError) -> UInt32 {
        try withNftables { socket throws(KernelError) in try socket.portID }
    }

    /// The rules of one chain of the host's.
    package mutating func rules(of table: TableID, chain: String) throws(KernelError) -> [StandingRule] {
        try withNftables { socket throws(KernelError) in try socket.rules(of: table, chain: chain) }
    }

    /// The names of the chains of one table of the host's; nil when there is no such table.
    package mutating func chainNames(of table: TableID) throws(KernelError) -> Set<String>? {
        try withNftables { socket throws(KernelError) in try socket.chainNames(of: table) }
    }

    /// A table of the host, or nil when there is none of this name.
    mutating func table(_ id: TableID, _ elements: Scope.ElementScope) throws(KernelError) -> Table? {
        try withNftables { socket throws(KernelError) in try socket.table(id, elements: elements) }
    }

    /// Most calls need no ruleset, so the socket is opened by the first that does.
    private mutating func withNftables<Result>(
        _ body: (inout NftablesSocket) throws(KernelError) -> Result
    ) throws(KernelError) -> Result {
        if nftables == nil { nftables = try NftablesSocket() }
        guard let result = try nftables?.with(body) else { preconditionFailure("the socket was opened above") }
        return result
    }
}

extension NftablesSocket {
    /// Hands itself to `body`, which optional chaining alone cannot.
    fileprivate mutating func with<Result>(
        _ body: (inout NftablesSocket) throws(KernelError) -> Result
    ) throws(KernelError) -> Result {
        try body(&self)
    }
}
