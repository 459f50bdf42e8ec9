/// When something is due, in the five fields of cron: minute, hour, day of the month, month, day of the week.
///
/// A field is `*`, a number, a range `1-5`, each of them with a step `*/15`, or a list of these; months and days of the week
/// have names, `jan` and `mon`. Where both days are limited, one of them is enough. `@hourly`, `@daily`, `@weekly`,
/// `@monthly` and `@yearly` stand for the usual five.
package struct CronSchedule: Sendable, Equatable {
    /// What is wrong with a text.
    package struct Problem: Error, Equatable, CustomStringConvertible {
        package let description: String
        init(_ description: String) { self.description = description }
    }

    let minutes: Set<Int>
    let hours: Set<Int>
    let days: Set<Int>
    let months: Set<Int>
    let weekdays: Set<Int>
    /// Whether a day of the month, or of the week, is as good as any other.
    let isAnyDay: Bool
    let isAnyWeekday: Bool
    /// Whether it is due in each hour: the hour then goes by the time that passes, not by the clock on the wall.
    let isHourly: Bool

    private struct Field {
        let name: String
        let range: ClosedRange<Int>
        var names: [String] = []
    }

    private static let fields = [
        Field(name: "minute", range: 0...59), Field(name: "hour", range: 0...23),
        Field(name: "day of the month", range: 1...31),
        Field(
            name: "month", range: 1...12,
            names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
        Field(name: "day of the week", range: 0...7, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
    ]
    private static let shorthands = [
        "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
        "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
    ]

    /// Reads five fields.
    ///
    /// ```swift
    /// try CronSchedule("30 2 * * mon-fri")
    /// ```
    package init(_ text: String) throws(Problem) {
        let words = (Self.shorthands[text] ?? text).split { $0 == " " || $0 == "\t" }
        if text.hasPrefix("@"), words.count == 1 { throw Problem("there is no shorthand `\(text)`") }
        guard words.count == Self.fields.count else {
            throw Problem("it has \(words.count) field\(words.count == 1 ? "" : "s") in place of 5")
        }
        var sets: [Set<Int>] = []
        for (word, field) in zip(words, Self.fields) { sets.append(try Self.values(of: word, field)) }
        (minutes, hours, days, months) = (sets[0], sets[1], sets[2], sets[3])
        weekdays = Set(sets[4].map { $0 % 7 })
        isAnyDay = words[2].first == "*"
        isAnyWeekday = words[4].first == "*"
        isHourly = words[1] == "*"
        let longest = months.map { [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][$0 - 1] }.max() ?? 31
        if isAnyWeekday, days.allSatisfy({ $0 > longest }) { throw Problem("no such day of the month ever comes") }
    }

    private static func values(of word: Substring, _ field: Field) throws(Problem) -> Set<Int> {
        var values: Set<Int> = []
        for part in word.split(separator: ",", omittingEmptySubsequences: false) {
            let halves = part.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            var step = 1
            if halves.count == 2 {
                guard let number = Int(halves[1]), number >= 1, number <= field.range.upperBound else {
                    throw Problem("`\(halves[1])` is no step of the \(field.name)")
                }
                step = number
            }
            let range: ClosedRange<Int>
            if halves[0] == "*" {
                range = field.range
            } else {
                let ends = halves[0].split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
                let first = try value(of: ends[0], field)
                let last =
                    ends.count == 2 ? try value(of: ends[1], field) : halves.count == 2 ? field.range.upperBound : first
                guard first <= last else {
                    throw Problem("the range `\(halves[0])` of the \(field.name) runs backwards")
                }
                range = first...last
            }
            for value in stride(from: range.lowerBound, through: range.upperBound, by: step) { values.insert(value) }
        }
        return values
    }

    private static func value(of text: Substring, _ field: Field) throws(Problem) -> Int {
        if let index = field.names.firstIndex(of: text.lowercased()) {
            return index + (field.range.lowerBound == 1 ? 1 : 0)
        }
        guard text.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int(text) else {
            throw Problem("`\(text)` is no \(field.name)")
        }
        guard field.range.contains(number) else {
            throw Problem(
                "the \(field.name) `\(text)` is not between \(field.range.lowerBound) and \(field.range.upperBound)")
        }
        return number
    }
}
