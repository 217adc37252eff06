import CNFTNL
import NetworkModel

extension NftablesSocket {
    /// The rules of one chain, whoever made it: one request, which costs nothing when there is no such chain.
    mutating func rules(of table: TableID, chain: String) throws(KernelError) -> [StandingRule] {
        var request = Self.request(NFT_MSG_GETRULE, family: table.family.number)
        request.append(attribute: Int(NFTA_RULE_TABLE.rawValue), table.name)
        request.append(attribute: Int(NFTA_RULE_CHAIN.rawValue), chain)
        do throws(KernelError) {
            return try socket.dump(request, "read", "rules of \(table) \(chain)") {
                _,
                payload throws(MalformedMessage) in
                try standingRule(in: payload, of: table)
            }
        } catch  where error.reason == .notFound {
            return []
        }
    }
}
