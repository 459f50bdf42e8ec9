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
        let interrupt = PromptInterrupt()
        Signals.giveInterrupts(to: interrupt)
        defer { Signals.giveInterrupts(to: nil) }
        let reader = LineReader(interrupt)
        while true {
            switch await nextEntry(reader) {
            case .entry(let text, let code):
                reader.remember(text)
                do {
                    let texts = try await interrupt.evaluating { try await evaluate(code) }
                    if !texts.isEmpty { print(texts.joined(separator: "\t")) }
                } catch {
                    Terminal.report(error)
                }
                fflush(nil)
            case .interrupted: continue
            case .end: return print()
            }
        }
    }

    /// The results of a piece of code, as they are shown.
    private func evaluate(_ code: String) async throws -> [String] {
        var texts: [String] = []
        for value in try await runtime.evaluate(code, name: "=stdin") { texts.append(await runtime.display(value)) }
        return texts
    }

    private enum Entry {
        /// What was typed, and the code it stands for (`1 + 1` and `=1 + 1` are `return 1 + 1`).
        case entry(text: String, code: String)
        case interrupted
        case end
    }

    private func nextEntry(_ reader: LineReader) async -> Entry {
        var text: String
        let names = reader.completesNames ? await names() : []
        switch reader.next(prompt: "> ", completing: names) {
        case .text(let line): text = line
        case .interrupted: return .interrupted
        case .end: return .end
        }
        while true {
            let code = text.hasPrefix("=") ? "return " + text.dropFirst() : text
            if await syntaxError(in: "return " + code) == nil { return .entry(text: text, code: "return " + code) }
            guard let problem = await syntaxError(in: code), problem.hasSuffix("<eof>") else {
                return .entry(text: text, code: code)
            }
            switch reader.next(prompt: ">> ", completing: names) {
            case .text(let line): text += "\n" + line
            case .interrupted: return .interrupted
            case .end: return .entry(text: text, code: code)
            }
        }
    }

    /// The names that a line may use: globals, what is in them, and what `mf` has.
    private func names() async -> [String] {
        let list = """
            local names = {}
            local function add(name, value)
                names[#names + 1] = name
                if type(value) ~= "table" or value == _G then return end
                for key in next, value do
                    if type(key) == "string" and key:find("^[%a_][%w_]*$") then names[#names + 1] = name .. "." .. key end
                end
            end
            for name, value in next, _G do if type(name) == "string" then add(name, value) end end
            if rawget(_G, "mf") == nil then add("mf", require("mf")) end
            table.sort(names)
            return table.concat(names, "\\n")
            """
        let text = try? await runtime.evaluate(list, name: "=names").first?.stringValue
        return text?.split(separator: "\n").map(String.init) ?? []
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
