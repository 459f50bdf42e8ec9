/// Why an answer that came without an error of libcurl's is not used all the same.
enum AnswerFlaw: Equatable {
    /// The connection ended inside the header: libcurl takes that for an answer without a body.
    case cutHeader
    /// The body is packed and ends before its end.
    case cutShort
    /// The body is not what its `Content-Encoding` says.
    case undecodable
    /// The body is packed in a way that nobody asked for.
    case encoding(String)
    /// `Content-Length` comes several times, or is no number, or stands beside `Transfer-Encoding`.
    case length(String)
    /// 206: a part, where the whole was asked for.
    case part
    /// The header is too large.
    case hugeHeader
}

extension CurlTransfer {
    /// Whether the caller asks for an encoding: the body is left as it comes, unless it is gzip.
    var asksForEncoding: Bool { request.headers.contains { $0.0.lowercased() == "accept-encoding" } }

    /// The way in which the body is packed, in lower case; nil when it is not.
    var encoding: String? {
        let values = values(of: "content-encoding").map { $0.lowercased() }.filter { $0 != "identity" && $0 != "" }
        return values.isEmpty ? nil : values.joined(separator: ", ")
    }

    /// What is wrong with the answer's header.
    func flawOfHeader() -> AnswerFlaw? {
        let lengths = values(of: "content-length")
        if lengths.count > 1 || lengths.contains(where: { Int64($0) == nil || $0.hasPrefix("-") || $0.hasPrefix("+") })
        {
            return .length(lengths.joined(separator: ", "))
        }
        if let length = lengths.first, !values(of: "transfer-encoding").isEmpty {
            return .length("\(length), Transfer-Encoding: \(values(of: "transfer-encoding").joined(separator: ", "))")
        }
        if !isRedirect, let encoding, !["gzip", "x-gzip"].contains(encoding), !asksForEncoding {
            return .encoding(encoding)
        }
        return nil
    }

    /// What is wrong with an answer that is at its end.
    func flawOfEnd(_ status: Int) -> AnswerFlaw? {
        if status == 206, !request.acceptsPart { return .part }
        return isCutShort || isPackedNothing(status) ? .cutShort : nil
    }

    /// Whether not one byte of a packed body has come, and only the end of the connection says that there is none: an
    /// empty body that is packed has bytes.
    private func isPackedNothing(_ status: Int) -> Bool {
        guard endsWithConnection, !isBodyBegun, request.method != "HEAD", !isRedirect, encoding != nil else {
            return false
        }
        let isBodiless = status < 200 || status == 204 || status == 304
        return !isBodiless && values(of: "content-length").isEmpty && values(of: "transfer-encoding").isEmpty
    }

    private func values(of name: String) -> [String] {
        headers.filter { $0.0.lowercased() == name }.map(\.1)
    }
}
