/// The texts of a small remote.
enum SampleRemote {
    /// An entry whose exposes are given as `["./disk"] = function() return … end`.
    static func entry(_ exposes: String, before: String = "") -> String {
        """
        \(before)
        local exposes = { \(exposes) }
        return { init = function() end, get = function(expose) return exposes[expose] end }
        """
    }

    /// A manifest with exposes and the files that belong to each.
    static func manifest(
        name: String = "checks", entry: String = "remoteEntry.lua", publicPath: String = "auto",
        exposes: [(name: String, files: [String])] = [("disk", [])]
    ) -> String {
        let listed = exposes.map { expose in
            let files = expose.files.map { "\"\($0)\"" }.joined(separator: ", ")
            return """
                {"id": "\(name):\(expose.name)", "name": "\(expose.name)", "path": "./\(expose.name)",
                 "assets": {"js": {"sync": [\(files)], "async": []}, "css": {"sync": [], "async": []}}}
                """
        }
        return """
            {"id": "\(name)", "name": "\(name)",
             "metaData": {"name": "\(name)", "type": "app", "buildInfo": {"buildVersion": "1.2.0", "buildName": "\(name)"},
              "remoteEntry": {"name": "\(entry)", "path": "", "type": "global"}, "types": {},
              "globalName": "\(name)", "pluginVersion": "1", "publicPath": "\(publicPath)"},
             "shared": [], "remotes": [], "exposes": [\(listed.joined(separator: ", "))]}
            """
    }
}
