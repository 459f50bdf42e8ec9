import Diagnostics
import Posix

/// A new project: a remote, a host or a plugin that runs as it is.
package struct ProjectTemplate: Sendable {
    /// What is made.
    package enum Kind: String, Sendable, CaseIterable {
        case remote, host, plugin
    }

    package let kind: Kind
    package let name: String

    /// - Throws: ``MFError`` with `BUILD-006` for a name that is no word.
    package init(_ kind: Kind, name: String) throws {
        guard ProjectName.isWord(name), !name.hasSuffix(".lua") else { throw MFError.badProjectName(name) }
        (self.kind, self.name) = (kind, name)
    }

    /// The files, by their paths below the folder.
    package var files: [(path: String, text: String)] {
        let own =
            switch kind {
            case .remote: remoteFiles
            case .host: hostFiles
            case .plugin: pluginFiles
            }
        return own + [
            (".luarc.json", Self.languageServer), (".luacheckrc", Self.luacheck), (".gitignore", "/dist/\n/.mflua/\n"),
        ]
    }

    /// Writes the files into a new folder of the project's name. All are there at once, or none.
    ///
    /// - Parameter parent: Where the folder is made.
    /// - Returns: The folder.
    /// - Throws: ``MFError`` with `BUILD-007` where there is something of that name, `CLI-006` for what cannot be written.
    @discardableResult
    package func write(in parent: String) throws -> String {
        let folder = parent == "." ? name : "\(parent)/\(name)"
        guard !File.exists(folder) else { throw MFError.projectExists(folder) }
        do {
            let stage = try Folder.makeUnique("\(parent)/.\(name)-")
            do {
                for file in files {
                    if let slash = file.path.lastIndex(of: "/") {
                        try FileTree.makeFolder("\(stage)/\(file.path[..<slash])")
                    }
                    try File.write(file.text, to: "\(stage)/\(file.path)")
                }
                try Folder.openToOthers(stage)
                try File.move(stage, to: folder)
            } catch {
                _ = try? FileTree.remove(stage, recursively: true)
                throw error
            }
        } catch let reason as Errno {
            throw MFError.cannotMakeProject(folder, reason)
        }
        return folder
    }

    private static let languageServer = """
        {
          "runtime.version": "Lua 5.4",
          "workspace.library": [".mflua/types"],
          "workspace.ignoreDir": ["dist", ".mflua"],
          "diagnostics.globals": ["describe", "it", "before_each", "after_each", "setup", "teardown", "spy", "stub"]
        }

        """

    private static let luacheck = """
        std = "lua54"
        max_line_length = 120
        exclude_files = { "dist", ".mflua" }
        files["spec"] = { std = "lua54+busted" }

        """
}

extension ProjectTemplate {
    private var remoteFiles: [(path: String, text: String)] {
        [
            (
                ProjectConfig.fileName,
                """
                return {
                  name = "\(name)",
                  version = "0.1.0",
                  exposes = { ["./hello"] = "src/hello.lua" },
                  -- Modules that hosts provide: statsd = { import = false, requiredVersion = "^1.0.0" }
                  shared = {},
                }

                """
            ),
            (
                "src/hello.lua",
                """
                --- What hosts load as `\(name)/hello`.
                local M = {}

                --- Greets somebody.
                ---@param who string
                ---@return string
                function M.greet(who)
                  return "hello, " .. who .. ", from \(name)"
                end

                return M

                """
            ),
            (
                "spec/hello_spec.lua",
                """
                package.path = "./src/?.lua;./src/?/init.lua;" .. package.path

                describe("hello", function()
                  it("greets by name", function()
                    assert.are.equal("hello, ada, from \(name)", require("hello").greet("ada"))
                  end)
                end)

                """
            ),
        ]
    }

    private var hostFiles: [(path: String, text: String)] {
        [
            (
                "host.lua",
                """
                local mf = require("mf")

                mf.init {
                  name = "\(name)",
                  remotes = {
                    -- { name = "checks", entry = "http://127.0.0.1:3006/mf-manifest.json" },
                  },
                  shared = {},
                  plugins = {},
                }

                print(require("src.greeting").text("\(name)"))
                -- print(mf.loadRemote("checks/hello").greet("\(name)"))

                """
            ),
            (
                "src/greeting.lua",
                """
                --- A module of the host's own.
                local M = {}

                --- What the host says when it starts.
                ---@param name string
                ---@return string
                function M.text(name)
                  return name .. " is running"
                end

                return M

                """
            ),
            (
                "spec/greeting_spec.lua",
                """
                describe("greeting", function()
                  it("names the host", function()
                    assert.are.equal("\(name) is running", require("src.greeting").text("\(name)"))
                  end)
                end)

                """
            ),
        ]
    }

    private var pluginFiles: [(path: String, text: String)] {
        let plugin = name.hasSuffix("-plugin") ? name : name + "-plugin"
        return [
            (
                "\(plugin).lua",
                """
                --- Prints what is loaded.
                return {
                  name = "\(plugin)",
                  about = "Prints what is loaded.",
                  options = {
                    prefix = { type = "string", default = "loaded ", about = "What each line begins with." },
                  },
                  plugin = function(options)
                    return {
                      onLoad = function(args)
                        print(options.prefix .. args.id)
                      end,
                    }
                  end,
                }

                """
            ),
            (
                "host.lua",
                """
                -- Tries the plugin.
                local mf = require("mf")

                mf.init { name = "try", remotes = {}, plugins = { { "./\(plugin).lua", { prefix = "loaded: " } } } }
                print("\(plugin) is registered")

                """
            ),
            (
                "spec/plugin_spec.lua",
                """
                describe("\(plugin)", function()
                  local declaration = dofile("\(plugin).lua")

                  it("listens to loads", function()
                    local hooks = declaration.plugin({ prefix = "" })
                    assert.are.equal("function", type(hooks.onLoad))
                  end)
                end)

                """
            ),
        ]
    }
}

extension MFError {
    fileprivate static func badProjectName(_ name: String) -> MFError {
        MFError(
            .projectNameInvalid, "`\(name)` is not a name of a project",
            hint: "begin with a letter or digit and use letters, digits, `_`, `-` and `.`, such as `checks`")
    }

    fileprivate static func projectExists(_ folder: String) -> MFError {
        MFError(
            .projectExists, "`\(folder)` exists already", hint: "choose another name, or another folder with `--in`")
    }

    fileprivate static func cannotMakeProject(_ folder: String, _ reason: Errno) -> MFError {
        MFError(.cannotWrite, "cannot write `\(folder)`", context: [("reason", reason.description)])
    }
}
