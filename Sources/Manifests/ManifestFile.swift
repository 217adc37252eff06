import Posix

/// Reads files of one directory.
struct ManifestFile: Sendable {
    private let directory: String
    /// Larger files are not read, in bytes.
    private let sizeLimit: Int

    /// What came of reading one.
    enum Reading: Sendable {
        case contents(ManifestDirectory.Fingerprint, Result<ManifestContents, ManifestError>)
        /// It changed or vanished while it was read.
        case changing
        case unreadable(String)
    }

    init(in directory: String, sizeLimit: Int) {
        self.directory = directory
        self.sizeLimit = sizeLimit
    }

    /// Reads and parses a file that nobody should be writing to.
    func reading(of name: String) -> Reading {
        do throws(PosixError) {
            let file = try Descriptor(opening: "\(directory)/\(name)", [.read, .nonBlocking, .followLinks])
            let before = try file.status()
            let result = try contents(of: file, name, before.size)
            guard try file.status() == before else { return .changing }
            return .contents(ManifestDirectory.Fingerprint(before), result)
        } catch  where error.reason == .missing {
            return .changing
        } catch {
            return .unreadable("\(error)")
        }
    }

    private func contents(
        of file: borrowing Descriptor,
        _ name: String,
        _ size: Int
    ) throws(PosixError) -> Result<ManifestContents, ManifestError> {
        guard size <= sizeLimit else {
            return .failure(ManifestError("it has \(size) bytes; more than \(sizeLimit) are not read"))
        }
        let bytes = try file.readAll(limit: sizeLimit)
        do throws(ManifestError) {
            return .success(try ManifestContents(parsing: bytes, file: name))
        } catch {
            return .failure(error)
        }
    }
}
