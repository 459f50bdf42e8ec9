import Diagnostics
import Fetch
import LuaBridge

/// What a listener of `fetch` or `loadFileError` may return in place of asking the network: `mf.response{…}`, what
/// `mf.fetch` returned, or a table with a `body`.
struct HookResponse {
    var status = 200
    var body: [UInt8] = []
    /// Where it came from, if it says so.
    var url: String?

    /// Nothing for a value that is no response.
    ///
    /// - Throws: ``MFError`` with `HOOK-002` for a status that no answer has.
    init?(_ value: LuaValue) throws {
        if case .object(let object) = value, let response = object as? ResponseView {
            (status, body, url) = (response.response.status, response.response.body, response.response.url)
        } else {
            let fields: [String: LuaValue]
            switch value {
            case .table(let table):
                fields = [
                    "body": try table.get("body"), "status": try table.get("status"), "url": try table.get("url"),
                ]
            case .record(let record):
                fields = ["body": record["body"], "status": record["status"], "url": record["url"]]
            default: return nil
            }
            guard let bytes = fields["body"]?.bytesValue else { return nil }
            if let given = fields["status"], !given.isNothing {
                guard let known = given.httpStatus else { throw MFError.hookResponseWithoutStatus(given) }
                status = known
            }
            (body, url) = (bytes, fields["url"]?.stringValue)
        }
        if url?.isEmpty == true { url = nil }
    }

    /// The file that it answers with.
    ///
    /// - Throws: ``MFError`` with `FETCH-002` for a status other than 2xx, and for 206: a part is not the file.
    func successful(for hook: String, _ asked: String) throws -> FetchedFile {
        guard (200..<300).contains(status), status != 206 else {
            throw MFError.hookResponseStatus(status, hook: hook, url: url ?? asked)
        }
        return FetchedFile(body: body, url: url ?? asked)
    }
}

extension MFError {
    /// A listener answered with a table whose status is none.
    static func hookResponseWithoutStatus(_ found: LuaValue) -> MFError {
        MFError(
            .badHookValue,
            "a listener set an invalid `status`: expected \(OptionType.httpStatus.expected), found "
                + found.mismatchDescription,
            context: [("field", "status")], hint: "leave `status` out for 200")
    }

    /// A listener answered with a failure.
    static func hookResponseStatus(_ status: Int, hook: String, url: String) -> MFError {
        MFError(
            .fetchStatus, "a listener of `\(hook)` answered with status \(status)",
            context: [("url", URLParts.redacted(url)), ("status", "\(status)")],
            hint: "return nothing to send the request over the network")
    }
}
