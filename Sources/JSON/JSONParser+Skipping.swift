extension JSONParser {
    /// Steps over the value at the position, as strict as if it were read, at `depth` levels; but two equal keys pass.
    mutating func skipValue(at depth: Int) throws(JSONError) {
        switch current {
        case UInt8(ascii: "\""): try skipString()
        case UInt8(ascii: "{"): try skipMembers(at: depth)
        case UInt8(ascii: "["): try skipElements(at: depth)
        default: _ = try value()
        }
    }

    private mutating func skipMembers(at depth: Int) throws(JSONError) {
        try enter(at: depth)
        guard !skip(UInt8(ascii: "}")) else { return }
        while true {
            skipSpace()
            guard current == UInt8(ascii: "\"") else { throw expected("a key") }
            try skipString()
            skipSpace()
            guard skip(UInt8(ascii: ":")) else { throw expected("':'") }
            skipSpace()
            try skipValue(at: depth + 1)
            skipSpace()
            if skip(UInt8(ascii: "}")) { return }
            guard skip(UInt8(ascii: ",")) else { throw expected("',' or '}'") }
        }
    }

    private mutating func skipElements(at depth: Int) throws(JSONError) {
        try enter(at: depth)
        guard !skip(UInt8(ascii: "]")) else { return }
        while true {
            skipSpace()
            try skipValue(at: depth + 1)
            skipSpace()
            if skip(UInt8(ascii: "]")) { return }
            guard skip(UInt8(ascii: ",")) else { throw expected("',' or ']'") }
        }
    }

    private mutating func enter(at depth: Int) throws(JSONError) {
        guard depth < Self.depthLimit else { throw tooDeep }
        position += 1
        skipSpace()
    }

    /// Most strings are plain ASCII and need no second look; any other is read as if someone wanted it.
    private mutating func skipString() throws(JSONError) {
        let start = position
        position += 1
        let isASCII = skipPlainText() < 0x80
        if isASCII, skip(UInt8(ascii: "\"")) { return }
        position = start
        _ = try string()
    }
}
