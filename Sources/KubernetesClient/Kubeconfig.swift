import Addressing
import FoundationEssentials
import Posix
import Yams

/// One or several kubeconfig files, put together as kubectl does it: of two entries with one name the first counts.
package struct Kubeconfig: Sendable {
    private var clusters: [String: (entry: ClusterEntry, file: String)] = [:]
    private var users: [String: (entry: UserEntry, file: String)] = [:]
    private var contexts: [String: ContextEntry] = [:]
    private var currentContext: String?

    /// Reads a list of paths separated by colons, as KUBECONFIG has it. Of several files some may be missing.
    package init(paths: String) throws(KubeconfigError) {
        let names = paths.split(separator: ":").map(String.init)
        for path in names {
            guard let bytes = try Self.read(path, mayBeMissing: names.count > 1) else { continue }
            try add(String(decoding: bytes, as: UTF8.self), file: path)
        }
    }

    private static func read(_ path: String, mayBeMissing: Bool) throws(KubeconfigError) -> [UInt8]? {
        do throws(PosixError) {
            return try FileSystem.read(path, followLinks: true)
        } catch  where error.reason == .missing && mayBeMissing {
            return nil
        } catch {
            throw KubeconfigError(path, "\(error)")
        }
    }

    /// Reads one text; `file` is its path, which the paths in it are relative to.
    package init(yaml: String, file: String) throws(KubeconfigError) {
        try add(yaml, file: file)
    }

    private mutating func add(_ yaml: String, file: String) throws(KubeconfigError) {
        let document: Document
        do {
            document = try YAMLDecoder().decode(Document.self, from: yaml)
        } catch {
            throw KubeconfigError(file, Self.sentence(error))
        }
        for entry in document.clusters ?? [] where clusters[entry.name] == nil {
            clusters[entry.name] = (entry.cluster, file)
        }
        for entry in document.users ?? [] where users[entry.name] == nil { users[entry.name] = (entry.user, file) }
        for entry in document.contexts ?? [] where contexts[entry.name] == nil { contexts[entry.name] = entry.context }
        let current = document.currentContext.flatMap { $0.isEmpty ? nil : $0 }
        currentContext = currentContext ?? current
    }

    /// Where a decoder stumbled, without the text, which may be secret.
    private static func sentence(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "it is no YAML" }
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context),
            .keyNotFound(_, let context):
            let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }
            return "\(path.joined(separator: ".")): it is not what a kubeconfig has there"
        @unknown default: return "it is no kubeconfig"
        }
    }
}

/// What is wrong with a kubeconfig.
package struct KubeconfigError: Error, Hashable, Sendable, CustomStringConvertible {
    /// `/etc/podnet/kubeconfig: users.admin: …`
    package let description: String

    init(_ file: String, _ fault: String) {
        description = "\(file): \(fault)"
    }
}

extension Kubeconfig {
    /// How the current context reaches its cluster; `server` overrides the address in it.
    package func access(server override: ServerAddress? = nil) throws(KubeconfigError) -> ClusterAccess {
        guard let name = currentContext else { throw KubeconfigError("kubeconfig", "current-context is missing") }
        guard let context = contexts[name] else {
            throw KubeconfigError("kubeconfig", "current-context: there is no context '\(name)'")
        }
        guard let (cluster, clusterFile) = clusters[context.cluster] else {
            throw KubeconfigError("kubeconfig", "contexts.\(name): there is no cluster '\(context.cluster)'")
        }
        var access = try cluster.access(override, in: clusterFile, named: context.cluster)
        guard let userName = context.user, !userName.isEmpty else { return access }
        guard let (user, userFile) = users[userName] else {
            throw KubeconfigError("kubeconfig", "contexts.\(name): there is no user '\(userName)'")
        }
        try user.add(to: &access, cluster, in: userFile, named: userName)
        return access
    }
}

// The file's form. Unknown keys are for other programs.
private struct Document: Decodable {
    let clusters: [NamedCluster]?
    let users: [NamedUser]?
    let contexts: [NamedContext]?
    let currentContext: String?

    private enum CodingKeys: String, CodingKey {
        case clusters, users, contexts
        case currentContext = "current-context"
    }
}

private struct NamedCluster: Decodable {
    let name: String
    let cluster: ClusterEntry
}

private struct NamedUser: Decodable {
    let name: String
    let user: UserEntry
}

private struct NamedContext: Decodable {
    let name: String
    let context: ContextEntry
}

private struct ContextEntry: Decodable, Sendable {
    let cluster: String
    let user: String?
}

private struct ClusterEntry: Decodable, Sendable {
    let server: String
    let authority: String?
    let authorityData: String?
    let serverName: String?
    let skipsVerification: Bool?
    let proxyURL: String?

    private enum CodingKeys: String, CodingKey {
        case server
        case authority = "certificate-authority"
        case authorityData = "certificate-authority-data"
        case serverName = "tls-server-name"
        case skipsVerification = "insecure-skip-tls-verify"
        case proxyURL = "proxy-url"
    }

    func access(
        _ override: ServerAddress?,
        in file: String,
        named name: String
    ) throws(KubeconfigError) -> ClusterAccess {
        if proxyURL != nil { throw KubeconfigError(file, "clusters.\(name).proxy-url: proxies are not supported") }
        var access = ClusterAccess(try address(override, in: file, named: name))
        access.serverName = serverName.flatMap { $0.isEmpty ? nil : $0 }
        if skipsVerification == true {
            access.trust = .everybody
        } else if let authorities = try source(authorityData, authority, "certificate-authority", in: file) {
            access.trust = .authorities(authorities)
        }
        return access
    }

    private func address(
        _ override: ServerAddress?,
        in file: String,
        named name: String
    ) throws(KubeconfigError) -> ServerAddress {
        if let override { return override }
        do throws(InvalidValue) {
            return try ServerAddress(parsing: server)
        } catch {
            throw KubeconfigError(file, "clusters.\(name).server: \(error)")
        }
    }
}

private struct UserEntry: Decodable, Sendable {
    let certificate: String?
    let certificateData: String?
    let key: String?
    let keyData: String?
    let token: String?
    let tokenFile: String?
    let exec: ExecEntry?
    let username: String?
    let authProvider: AuthProvider?
    let asUser: String?
    let asGroups: [String]?

    struct AuthProvider: Decodable {}

    private enum CodingKeys: String, CodingKey {
        case token, tokenFile, exec, username
        case certificate = "client-certificate"
        case certificateData = "client-certificate-data"
        case key = "client-key"
        case keyData = "client-key-data"
        case authProvider = "auth-provider"
        case asUser = "as"
        case asGroups = "as-groups"
    }

    func add(
        to access: inout ClusterAccess,
        _ cluster: ClusterEntry,
        in file: String,
        named name: String
    ) throws(KubeconfigError) {
        if authProvider != nil {
            throw KubeconfigError(file, "users.\(name).auth-provider: Kubernetes has dropped it; use exec")
        }
        if username != nil { throw KubeconfigError(file, "users.\(name).username: no API server takes passwords") }
        let chain = try source(certificateData, certificate, "client-certificate", in: file)
        let privateKey = try source(keyData, key, "client-key", in: file)
        switch (chain, privateKey) {
        case (let chain?, let key?): access.certificate = ClusterAccess.ClientCertificate(chain: chain, key: key)
        case (nil, nil): break
        default: throw KubeconfigError(file, "users.\(name): client-certificate and client-key go together")
        }
        access.token = try tokenSource(access, cluster, in: file, named: name)
        access.impersonation = ClusterAccess.Impersonation(user: asUser, groups: asGroups ?? [])
    }

    private func tokenSource(
        _ access: ClusterAccess,
        _ cluster: ClusterEntry,
        in file: String,
        named name: String
    ) throws(KubeconfigError) -> ClusterAccess.TokenSource {
        if let tokenFile, !tokenFile.isEmpty { return .text(.file(absolute(tokenFile, from: file))) }
        if let token, !token.isEmpty { return .text(.inline(Secret(token))) }
        guard let exec else { return .nowhere }
        return .program(try exec.program(access, cluster, in: file, named: name))
    }
}

private struct ExecEntry: Decodable, Sendable {
    let apiVersion: String
    let command: String
    let args: [String]?
    let env: [Variable]?
    let interactiveMode: String?
    let provideClusterInfo: Bool?

    struct Variable: Decodable, Sendable {
        let name: String
        let value: String
    }

    func program(
        _ access: ClusterAccess,
        _ cluster: ClusterEntry,
        in file: String,
        named name: String
    ) throws(KubeconfigError) -> ExecProgram {
        let versions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"]
        guard versions.contains(apiVersion) else {
            throw KubeconfigError(file, "users.\(name).exec.apiVersion: '\(apiVersion)' is not one of \(versions)")
        }
        guard interactiveMode != "Always" else {
            throw KubeconfigError(file, "users.\(name).exec.interactiveMode: there is nobody to ask")
        }
        let information = [
            "server": access.server.description, "tls-server-name": access.serverName,
            "certificate-authority-data": cluster.authorityData,
        ].compactMapValues(\.self)
        return ExecProgram(
            apiVersion: apiVersion,
            command: command.contains("/") ? absolute(command, from: file) : command,
            arguments: args ?? [],
            environment: Dictionary((env ?? []).map { ($0.name, $0.value) }, uniquingKeysWith: { $1 }),
            clusterInformation: provideClusterInfo == true ? information : nil
        )
    }
}

/// A text that is given in base64, or by the path of its file; data wins, as in client-go.
private func source(
    _ data: String?,
    _ path: String?,
    _ field: String,
    in file: String
) throws(KubeconfigError) -> ClusterAccess.TextSource? {
    if let data, !data.isEmpty {
        guard let bytes = Data(base64Encoded: data) else { throw KubeconfigError(file, "\(field)-data: no base64") }
        return .inline(Secret(String(decoding: bytes, as: UTF8.self)))
    }
    return path.flatMap { $0.isEmpty ? nil : .file(absolute($0, from: file)) }
}

/// Paths in a kubeconfig are relative to it.
private func absolute(_ path: String, from file: String) -> String {
    path.hasPrefix("/") ? path : "\(FileSystem.directory(of: file))/\(path)"
}
