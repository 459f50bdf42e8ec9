/// `mflua help exit-codes`: what the command tells who started it.
enum ExitCodes {
    /// What the table is asked for with.
    static let topic = "exit-codes"

    /// The codes and what they mean. The README has the same table.
    static let table: [(code: String, meaning: String)] = [
        ("0", "success"),
        ("1", "an error in the script, in a spawned task that nobody waited for, or of the command"),
        ("13", "the script waits and nothing is left that could wake it"),
        ("64", "wrong usage: an unknown option, a missing or invalid value"),
        ("128 + n", "ended by signal n: 130 after Ctrl-C (SIGINT), 143 after SIGTERM"),
        ("any", "the argument of os.exit"),
    ]

    /// The table for a terminal.
    static var text: String {
        "Exit codes of mflua:\n" + table.map { "  \($0.code.padded(to: 10))\($0.meaning)" }.joined(separator: "\n")
    }
}
