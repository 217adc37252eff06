extension Rejection {
    /// What a decoder found wrong with an object, with the field's path inside it.
    ///
    /// `depth` is how far down the document the object itself is.
    package init(_ object: ObjectID, _ error: any Error, below depth: Int) {
        let path = (error as? DecodingError)?.path.dropFirst(depth) ?? []
        let field = path.reduce(into: "") { text, key in
            text += key.intValue.map { "[\($0)]" } ?? (text.isEmpty ? key.stringValue : ".\(key.stringValue)")
        }
        self.init(object, field: field, value: "", reason: decoderSentence(error))
    }
}

/// The decoder's sentence, with the place in the text where it names one.
package func decoderSentence(_ error: any Error) -> String {
    guard let context = (error as? DecodingError)?.context else { return String(describing: error) }
    let cause = context.underlyingError.map { ": \($0)" } ?? ""
    return context.debugDescription + cause
}

extension DecodingError {
    fileprivate var context: Context? {
        switch self {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
            .dataCorrupted(let context):
            context
        @unknown default: nil
        }
    }

    fileprivate var path: [any CodingKey] { context?.codingPath ?? [] }
}
