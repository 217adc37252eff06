import Addressing

/// The numbers by which clients with session affinity keep their endpoints, whatever their indices are.
package enum EndpointIdentity {
    /// A number for each endpoint of a list, all different.
    ///
    /// It comes from address and port alone, so nobody has to remember it: it is the same after a restart, in every
    /// list, and when an endpoint comes back. Two endpoints of one list seldom have the same; then the later one gets
    /// the next free number.
    package static func numbers(of endpoints: [EndpointAddress]) -> [UInt32] {
        var taken = Set<UInt32>(minimumCapacity: endpoints.count)
        return endpoints.map { endpoint in
            var number = number(of: endpoint)
            while !taken.insert(number).inserted { number &+= 1 }
            return number
        }
    }

    /// Different for different addresses of one port, if they differ in one of their 32-bit words only.
    private static func number(of endpoint: EndpointAddress) -> UInt32 {
        // 2^32 divided by the golden ratio: neighbouring ports come to lie far apart.
        let port = UInt32(endpoint.port.number) &* 0x9e37_79b1
        switch endpoint.address {
        case .v4(let bits): return bits ^ port
        case .v6(let high, let low):
            let words = high ^ low
            return UInt32(truncatingIfNeeded: words >> 32) ^ UInt32(truncatingIfNeeded: words) ^ port
        }
    }
}
