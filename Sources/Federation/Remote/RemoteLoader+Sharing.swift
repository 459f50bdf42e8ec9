import Diagnostics
import EventLoops
import Logging
import LuaBridge
import OrderedCollections

/// Containers that join a share scope without a request for an expose.
extension RemoteLoader {
    /// Registers an existing container as a remote.
    ///
    /// - Throws: ``MFError`` with `RUNTIME-012` without a function `get`, `RUNTIME-002` where `init` is something else.
    func initRawContainer(_ name: String, url: String, container: LuaValue) throws -> RemoteModule {
        let module = RemoteModule(context, remoteInfo: Remote(name: name, entry: url).resolved())
        let made = try Container(container, state: state)
        guard made.hasGet else { throw MFError.containerWithoutGet(module.remoteInfo, keys: try container.textKeys) }
        guard made.hasInit || made.lacksInit else {
            throw MFError.containerWithoutInit(module.remoteInfo, host: self.name)
        }
        module.container = made
        moduleCache[name] = module
        return module
    }

    /// Initialises a remote for a share scope. Failures are offered to errorLoadRemote, then logged: the share is chosen
    /// from what is there.
    static let initialize: ShareService.Initialize = { context, remote, initScope in
        try await RemoteLoader(context).initializeForSharing(remote, initScope: initScope)
    }

    private func initializeForSharing(_ remote: String, initScope: LiveList<LuaValue>?) async throws {
        var info = options.remotes.elements.first { $0.name == remote }?.resolved()
        let id: String
        do {
            id = try await beforeRequest(remote, stepwise: true)
        } catch let error as MFError {
            // errorLoadRemote was asked already.
            return log.warning("remote \(remote) cannot share: \(error.message)")
        }
        do {
            let module = try await resolve(asked: id, stepwise: true).module
            info = module.remoteInfo
            do {
                _ = try await container(of: module)
            } catch let error where !(error is CancellationError) {
                guard let container = try await askForContainer(remote, info: info, error: error) else { return }
                module.container = container
            }
            guard module.container?.hasInit == true, !module.isInitializing else { return }
            _ = try await initialize(module, initScope: initScope)
        } catch let error as MFError {
            _ = try? await askForContainer(remote, info: info, error: error)
            log.warning("remote \(remote) cannot share: \(error.message)")
        }
    }

    private func askForContainer(
        _ remote: String, info: ResolvedRemote?, error: any Error
    ) async throws -> Container? {
        let replacement = try await hooks.emit(
            lifecycle.errorLoadRemote,
            ErrorLoadRemote(
                id: remote, error: error, from: "runtime", lifecycle: "beforeLoadShare", remote: info, expose: nil,
                showsOptions: false, context: context))
        return replacement.isTruthy ? try Container(replacement, state: state) : nil
    }
}
