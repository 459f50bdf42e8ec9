import TestSupport

/// Runs the built `mflua`.
func mflua(
    _ arguments: String..., input: String = "", environment: [String: String?] = [:], in folder: TemporaryFolder? = nil
) async throws -> ChildProcess.Result {
    try await ChildProcess.run(
        Places.mflua, arguments, input: input, environment: environment, folder: folder?.path ?? Places.root)
}
