/// The version of this program.
enum Version {
    /// Semantic versioning 2.0.
    static let text = "0.1.0"
}
