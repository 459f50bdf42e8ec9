extension String {
    /// The text in one line, with everything that a terminal or a log reader would act on shown as an escape: control
    /// characters (C0, DEL, C1), line and paragraph separators, and what reverses the direction of text.
    ///
    /// ```swift
    /// "done\nerror: \u{1B}[31m".escapedToOneLine      // done\nerror: \u{1B}[31m
    /// ```
    public var escapedToOneLine: String { escaped { $0.isActedOn } }

    /// The text as ``escapedToOneLine`` has it, with its line ends and tabs as they are; carriage returns are left out.
    public var escapedKeepingLines: String {
        let isPlain = !unicodeScalars.contains { $0.isActedOn && $0 != "\n" && $0 != "\t" }
        if isPlain { return self }
        var text = self
        text.unicodeScalars.removeAll { $0 == "\r" }
        return text.escaped { $0.isActedOn && $0 != "\n" && $0 != "\t" }
    }

    /// The text inside of XML: what has a meaning there stands as its name, and what XML cannot hold as U+FFFD.
    package var escapedForXML: String {
        var result = ""
        for scalar in unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\n", "\t": result += "&#\(scalar.value);"
            case _ where scalar.value < 0x20 || scalar.value & 0xFFFE == 0xFFFE: result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private func escaped(_ mustEscape: (Unicode.Scalar) -> Bool) -> String {
        guard unicodeScalars.contains(where: mustEscape) else { return self }
        var result = ""
        for scalar in unicodeScalars {
            if mustEscape(scalar) {
                result += scalar.escaped(asASCII: true)
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

extension Unicode.Scalar {
    /// Whether a terminal or a reader of lines does something else with it than show it.
    fileprivate var isActedOn: Bool {
        switch value {
        case 0..<0x20, 0x7F...0x9F: true
        // Marks, embeddings, overrides and isolates of text direction; line and paragraph separator.
        case 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        // Tags and the byte order mark, which show nothing.
        case 0xFEFF, 0xE0000...0xE007F: true
        default: false
        }
    }
}
