extension Reference {
    /// A field of a class, as it is declared.
    typealias Declared = (name: String, type: String, summary: String, availability: Availability)

    /// The lines of fields. The language server marks no `---@field` as deprecated, so that what goes is set besides.
    static func fields(
        _ fields: [Declared],
        named table: String = "fields", isDeclared: Bool = false
    ) -> String {
        var text = ""
        for field in fields where field.availability.deprecated == nil {
            text +=
                "---@field \(field.name) \(field.type) \(field.summary)"
                + (field.availability.since.map { " Since \($0)." } ?? "") + "\n"
        }
        let gone = fields.filter { $0.availability.deprecated != nil }
        if gone.isEmpty { return text }
        if !isDeclared { text += "local \(table) = {}\n" }
        return text + gone.map { deprecated($0, in: table) }.joined()
    }

    private static func deprecated(
        _ field: Declared, in table: String
    ) -> String {
        let isOptional = field.name.hasSuffix("?")
        let name = isOptional ? String(field.name.dropLast()) : field.name
        let type = isOptional ? "(\(field.type))?" : field.type
        return """

            --- \(field.summary)\(field.availability.since.map { " Since \($0)." } ?? "")
            --- \(field.availability.deprecated?.sentence ?? "")
            ---@deprecated
            ---@type \(type)
            \(table).\(name) = nil

            """
    }
}
