/// The stubs of a remote's exposes, for the Lua language server.
struct TypeStubs: Sendable {
    static let apiName = "@mf-types.lua"
    static let archiveName = "@mf-types.zip"

    /// The stub of one expose.
    struct Stub: Sendable {
        /// The expose, without `./`.
        let expose: String
        /// The class that stands for it, such as `checks.disk`.
        let type: String
        let text: String
    }

    let stubs: [Stub]
    private let remote: String

    /// - Parameter sources: The source of each expose.
    init(remote: String, exposes: [(name: String, source: [UInt8])]) {
        self.remote = remote
        stubs = exposes.map { expose in
            let type = Self.type(of: expose.name, remote: remote)
            return Stub(
                expose: expose.name, type: type, text: Self.text(DocumentedModule(of: expose.source), type: type))
        }
    }

    /// The class of an expose.
    static func type(of expose: String, remote: String) -> String {
        let name = expose == "." ? remote : "\(remote).\(expose)"
        return String(name.map { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." ? $0 : $0 == "/" ? "." : "_" })
    }

    private static let head = "---@meta\n-- Written by `mflua build`.\nerror(\"Cannot require a meta file\")\n"

    /// Everything in one file.
    var api: String { Self.head + "\n" + stubs.map(\.text).joined(separator: "\n") }

    /// One file for each expose.
    var files: [(path: String, text: String)] {
        stubs.map { (($0.expose == "." ? remote : $0.expose) + ".lua", Self.head + "\n" + $0.text) }
    }

    private static func text(_ module: DocumentedModule, type: String) -> String {
        var lines = module.declarations.flatMap { $0 + [""] }
        if let function = module.function {
            lines += module.comment + function.comment.filter { !module.comment.contains($0) }
            lines += ["---@class \(type)", "---@overload \(signature(of: function))"]
            return lines.joined(separator: "\n") + "\nlocal \(local(type)) = {}\n"
        }
        lines += module.comment + ["---@class \(type)", "local \(local(type)) = {}", ""]
        for member in module.members {
            lines += member.comment + ["function \(local(type))\(member.name)(\(member.parameters)) end", ""]
        }
        return lines.joined(separator: "\n")
    }

    /// `fun(path: string): number`, as far as the comment says.
    private static func signature(of function: DocumentedModule.Member) -> String {
        let parameters = function.parameters.split(separator: ", ").map { name in
            let type = function.comment.lazy.compactMap {
                $0.annotation("param \(name) ") ?? $0.annotation("param \(name)? ")
            }
            .first
            return "\(name): \(type ?? "any")"
        }
        let result = function.comment.lazy.compactMap { $0.annotation("return ") }.first ?? "any"
        return "fun(\(parameters.joined(separator: ", "))): \(result)"
    }

    /// A name for the table of a class: a word of Lua.
    private static func local(_ type: String) -> String {
        "_" + String(type.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    }
}

extension String {
    /// The type behind `---@return `, without what follows it.
    fileprivate func annotation(_ name: String) -> String? {
        guard hasPrefix("---@\(name)") else { return nil }
        return dropFirst(4 + name.count).split(separator: " ").first.map(String.init)
    }
}
