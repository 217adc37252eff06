import FoundationEssentials

/// What a program that gives credentials is told, and what it says (client.authentication.k8s.io).
struct ExecCredential: Sendable {
    /// The token, if it gives one.
    let token: Secret?
    /// A client certificate, if it gives one.
    let certificate: ClusterAccess.ClientCertificate?
    /// How long they are good; nil when it does not say.
    let remaining: Duration?

    /// Reads what a program printed at `now`.
    init(printed bytes: [UInt8], by program: ExecProgram, at now: Date) throws(MalformedAnswer) {
        guard let document = try? JSONDecoder().decode(Document.self, from: Data(bytes)),
            document.kind == "ExecCredential", document.apiVersion == program.apiVersion
        else {
            throw MalformedAnswer("'\(program.command)' printed no ExecCredential of \(program.apiVersion)")
        }
        let status = document.status
        token = status?.token.map { Secret($0) }
        if let chain = status?.clientCertificateData, let key = status?.clientKeyData {
            certificate = ClusterAccess.ClientCertificate(chain: .inline(Secret(chain)), key: .inline(Secret(key)))
        } else {
            certificate = nil
        }
        guard token != nil || certificate != nil else {
            throw MalformedAnswer("'\(program.command)' gave neither token nor certificate")
        }
        let expiry = status?.expirationTimestamp.flatMap { text in try? Date(text, strategy: .iso8601) }
        remaining = expiry.map { .seconds($0.timeIntervalSince(now)) }
    }

    /// The value of KUBERNETES_EXEC_INFO for a program.
    static func information(for program: ExecProgram) -> String {
        let spec = Information.Spec(interactive: false, cluster: program.clusterInformation)
        let information = Information(apiVersion: program.apiVersion, kind: "ExecCredential", spec: spec)
        return (try? JSONEncoder().encode(information)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    private struct Document: Decodable {
        let apiVersion: String?
        let kind: String?
        let status: Status?
    }

    private struct Status: Decodable {
        let token: String?
        let clientCertificateData: String?
        let clientKeyData: String?
        let expirationTimestamp: String?
    }

    private struct Information: Encodable {
        let apiVersion: String
        let kind: String
        let spec: Spec

        struct Spec: Encodable {
            let interactive: Bool
            let cluster: [String: String]?
        }
    }
}
