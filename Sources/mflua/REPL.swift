import Diagnostics
import Federation
import Glibc
import LuaBridge

/// Reads, evaluates and prints until the input ends.
///
/// An expression's values are printed; input that stops in the middle of something is continued on the next line.
/// Timers and tasks go on while a line is being typed.
struct REPL {
    let runtime: Runtime

    func run() async {
        let reader = LineReader()
        while let entry = await nextEntry(reader) {
            reader.remember(entry.text)
            do {
                let values = try await runtime.evaluate(entry.code, name: "=stdin")
                var texts: [String] = []
                for value in values { texts.append(await runtime.display(value)) }
                if !texts.isEmpty { print(texts.joined(separator: "\t")) }
            } catch {
                Terminal.report(error)
            }
            fflush(nil)
        }
        print()
    }

    /// One entry: what was typed, and the code it stands for (`1 + 1` is `return 1 + 1`).
    private func nextEntry(_ reader: LineReader) async -> (text: String, code: String)? {
        guard var text = reader.next(prompt: "> ") else { return nil }
        while true {
            if await syntaxError(in: "return " + text) == nil { return (text, "return " + text) }
            guard let problem = await syntaxError(in: text), problem.hasSuffix("<eof>"),
                let line = reader.next(prompt: ">> ")
            else { return (text, text) }
            text += "\n" + line
        }
    }

    /// Lua's words about a piece of code that does not compile; nil when it does.
    private func syntaxError(in code: String) async -> String? {
        let check = "local _, problem = load(\(LuaLiteral.quoted(code)), '=stdin', 't') return problem"
        return try? await runtime.evaluate(check, name: "=stdin").first?.stringValue
    }
}

/// Lua source text for values.
enum LuaLiteral {
    /// A string literal that stands for exactly these bytes.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): result += "\\" + String(UnicodeScalar(byte))
            case 0x20..<0x7f: result.unicodeScalars.append(UnicodeScalar(byte))
            default: result += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
        return result + "\""
    }
}
