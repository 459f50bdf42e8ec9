extension MFError: CustomStringConvertible {
    /// Message and code in one line, causes after it: for logs.
    public var description: String {
        var line = "\(message) [\(code)]"
        if let cause { line += ": \(cause)" }
        return line
    }

    /// The error as the tool prints it: message and code, context, causes nested below, traceback, hint.
    ///
    /// ```
    /// error: remote `app2` does not expose `./button` [RUNTIME-014]
    ///   host: shell
    ///   request: app2/button
    ///
    /// hint: it exposes `./Button`, `./card`
    /// ```
    ///
    /// Messages may quote what a server or a script said, so control characters are shown as escapes.
    public func rendered(color: Bool = false) -> String {
        let ink = Ink(isOn: color)
        var lines = block(title: ink.red("error:"), indent: "", ink: ink)
        if let traceback = chain.lazy.compactMap(\.traceback).first {
            lines.append("")
            lines += traceback.escapedKeepingLines.split(separator: "\n").enumerated().map { index, line in
                let text = line.drop { $0 == " " || $0 == "\t" }
                return ink.dim(index == 0 ? String(text) : "  " + text)
            }
        }
        if let hint = chain.lazy.compactMap(\.hint).first {
            lines += ["", ink.cyan("hint:") + " " + hint.escapedKeepingLines.indentingFollowingLines(by: "      ")]
        }
        return lines.joined(separator: "\n")
    }

    /// This error and the `MFError`s that led to it, outermost first.
    public var chain: [MFError] {
        var errors = [self]
        while let next = errors[errors.count - 1].cause as? MFError { errors.append(next) }
        return errors
    }

    private func block(title: String, indent: String, ink: Ink) -> [String] {
        let text = message.escapedKeepingLines.indentingFollowingLines(by: indent + "  ")
        var lines = ["\(indent)\(title) \(ink.bold(text)) \(ink.dim("[\(code)]"))"]
        let inner = indent + "  "
        for (key, value) in context {
            let text = value.escapedKeepingLines.indentingFollowingLines(by: inner + "  ")
            lines.append("\(inner)\(ink.dim(key + ":")) \(text)")
        }
        if let cause = cause as? MFError {
            lines += cause.block(title: ink.red("caused by:"), indent: inner, ink: ink)
        } else if let cause {
            let text = String(describing: cause).escapedKeepingLines.indentingFollowingLines(by: inner + "  ")
            lines.append("\(inner)\(ink.red("caused by:")) \(text)")
        }
        return lines
    }
}

/// Terminal colours, or none.
private struct Ink {
    let isOn: Bool

    func red(_ text: String) -> String { paint(text, "1;31") }
    func cyan(_ text: String) -> String { paint(text, "1;36") }
    func bold(_ text: String) -> String { paint(text, "1") }
    func dim(_ text: String) -> String { paint(text, "2") }

    private func paint(_ text: String, _ style: String) -> String {
        isOn ? "\u{1B}[\(style)m\(text)\u{1B}[0m" : text
    }
}

extension String {
    fileprivate func indentingFollowingLines(by indent: String) -> String {
        guard contains("\n") else { return self }
        return split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\n" + indent)
    }
}
