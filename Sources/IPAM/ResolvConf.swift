package import CNI

/// Reads the text of a resolv.conf(5) as host-local does: `nameserver`, `domain`, `search` and `options` lines.
///
/// Several `search` and `options` lines add up, the last `domain` counts, and what is not understood is left out.
package func parseResolvConf(_ text: String) -> DNS {
    var dns = DNS()
    for line in text.split(whereSeparator: \.isNewline) {
        let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
        guard words.count >= 2, let keyword = words.first, keyword.first != "#", keyword.first != ";" else { continue }
        switch keyword {
        case "nameserver": dns.nameservers.append(words[1])
        case "domain": dns.domain = words[1]
        case "search": dns.search += words.dropFirst()
        case "options": dns.options += words.dropFirst()
        default: break
        }
    }
    return dns
}
