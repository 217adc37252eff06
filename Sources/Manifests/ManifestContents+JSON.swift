import JSON
import ServiceProxy

extension ManifestContents {
    /// Reads one object, a `v1/List`, or a typed list as the API server answers (`ServiceList`).
    static func json(_ bytes: [UInt8], _ file: String) throws(ManifestError) -> ManifestContents {
        var contents = ManifestContents()
        var reader = JSONReader(bytes)
        do throws(FieldFault) {
            try contents.add(document: &reader, file) { _, index in index.map { .item($0) } ?? .wholeFile }
        } catch {
            throw ManifestError(error.sentence)
        }
        do throws(JSONError) {
            try reader.finish()
        } catch {
            throw ManifestError(error.description)
        }
        return contents
    }
}
