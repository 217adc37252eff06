import Posix

/// The executable that `CNI_PATH` holds for a plugin.
struct PluginFile {
    let path: String
    let status: FileStatus

    /// The first regular executable `type` of the directories; a name that could lead out of them is refused before
    /// anything is looked at (CVE-2021-20206), and so is a file that everybody may have put there.
    init(_ type: String, in directories: [String]) throws(CNIError) {
        guard !type.isEmpty, type != ".", type != "..", !type.utf8.contains(where: { $0 == 0 || $0 == 0x2f }) else {
            throw CNIError(.invalidConfig, "invalid plugin type", details: "'\(type)' is not a plugin's name")
        }
        guard let found = Self.firstExecutable(type, in: directories) else {
            let details = "looked in \(directories.joined(separator: ":"))"
            throw CNIError(.invalidConfig, "no plugin '\(type)' in CNI_PATH", details: details)
        }
        (path, status) = found
        try refuseForeignHands()
    }

    private static func firstExecutable(_ type: String, in directories: [String]) -> (String, FileStatus)? {
        for directory in directories {
            if let found = executable("\(directory)/\(type)") { return found }
        }
        return nil
    }

    private static func executable(_ path: String) -> (String, FileStatus)? {
        // Links are followed: distributions install plugins as such.
        guard let status = try? FileSystem.status(path, followLinks: true), status.kind == .regular else { return nil }
        return status.permissions & 0o111 != 0 ? (path, status) : nil
    }

    private func refuseForeignHands() throws(CNIError) {
        let directory = FileSystem.directory(of: path)
        let directoryPermissions = (try? FileSystem.status(directory, followLinks: true))?.permissions ?? 0
        // In a directory with the sticky bit nobody can replace another's file.
        let mayReplace = directoryPermissions & 0o1002 == 0o002
        guard status.permissions & 0o002 == 0, !mayReplace else {
            throw CNIError(.invalidConfig, "untrusted plugin", details: "\(path) can be written by everybody")
        }
    }

    /// Whether it is the program that is running: a link of the multi-call executable.
    var isThisProgram: Bool {
        (try? FileSystem.status("/proc/self/exe", followLinks: true))?.isSameFile(as: status) ?? false
    }
}
