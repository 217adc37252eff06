/// Finds what somebody may have meant who mistyped a name.
enum NearestName {
    /// The known name with the fewest letters to change, at most a third of them; nil when none is that near.
    static func of(_ text: String, among names: [String]) -> String? {
        let nearest = names.map { (name: $0, distance: distance(text, $0)) }.min { $0.distance < $1.distance }
        return nearest.flatMap { $0.distance * 3 <= max(text.count, 3) ? $0.name : nil }
    }

    /// How many letters have to be added, removed or replaced (Levenshtein).
    private static func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right)
        var row = Array(0...right.count)
        for (line, letter) in left.enumerated() {
            var diagonal = row[0]
            row[0] = line + 1
            for column in right.indices {
                let replaced = diagonal + (right[column] == letter ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, row[column] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }
}
