internal import CCurl
internal import Diagnostics
internal import EventLoops

/// One request on its way through libcurl.
final class CurlTransfer: @unchecked Sendable {
    // Belongs to one pump, on the loop of that; the task that waits for it keeps the reference only to cancel it there.

    /// Headers are no place for data: more than this ends the transfer.
    private static let headerLimit = 256 << 10

    let request: FetchRequest
    /// Transfers of one key share connections.
    let hostKey: String
    private let url: URLParts

    var continuation: UnsafeContinuation<FetchResponse, any Error>?
    var easy: UnsafeMutableRawPointer?
    var timer: TimerID?
    let deadline: ContinuousClock.Instant
    var isCancelled = false

    private var headerList: UnsafeMutablePointer<curl_slist>?
    private(set) var headers: [(String, String)] = []
    private var headerBytes = 0
    private var body: [UInt8] = []
    private var isTooLarge = false
    /// Whether this and the other answers under way are too large together.
    private var isOneTooMany = false
    /// Says whether more bytes of the body may be held, and counts them.
    var mayHold: (Int) -> Bool = { _ in true }
    /// How many bytes of the body are held.
    var heldBytes: Int { body.count }
    /// Whether whoever gets the body as it comes has had enough.
    private var isRefused = false
    /// Called when the answer's header is whole, of a request whose body is handed out as it comes.
    var onHeader: (() -> Void)?
    private var refusedAddress: String?
    /// Whether bytes of the body of the answer at hand have come.
    private(set) var isBodyBegun = false
    private var isHeaderWhole = false
    /// Whether the end of the connection may be the end of the body: HTTP/2 says where it is.
    private(set) var endsWithConnection = false
    private var decoder: GzipDecoder?
    /// Why the answer cannot be used, where that is seen here.
    private var flaw: AnswerFlaw?
    private var library: CurlLibrary?
    /// Where libcurl writes what failed, in more words than its code has.
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

    init(_ request: FetchRequest, _ url: URLParts, until deadline: ContinuousClock.Instant) {
        (self.request, self.url, self.deadline) = (request, url, deadline)
        var place = url
        place.path = ""
        place.query = nil
        place.fragment = nil
        hostKey = place.description.lowercased()
    }

    deinit {
        errorText.deallocate()
    }

    func finish(_ result: Result<FetchResponse, any Error>) {
        let waiter = continuation
        continuation = nil
        waiter?.resume(with: result)
    }

    // MARK: - Options

    /// Tells libcurl what to do.
    func configure(_ library: CurlLibrary, timeLeft: Duration) -> CURLcode {
        self.library = library
        let table = library.table
        let context = Unmanaged.passUnretained(self).toOpaque()
        var code = CURLE_OK
        func set(_ option: CURLoption, _ value: Int) {
            if code == CURLE_OK { code = mf_curl_set_long(table, easy, option, value) }
        }
        func set(_ option: CURLoption, _ value: String) {
            if code == CURLE_OK { code = mf_curl_set_string(table, easy, option, value) }
        }
        func set(_ option: CURLoption, _ value: UnsafeMutableRawPointer?) {
            if code == CURLE_OK { code = mf_curl_set_pointer(table, easy, option, value) }
        }

        errorText.initialize(to: 0)
        set(CURLOPT_ERRORBUFFER, UnsafeMutableRawPointer(errorText))
        set(CURLOPT_URL, url.encodedForSending)
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        if request.onPart == nil { set(CURLOPT_TIMEOUT_MS, max(1, timeLeft.inMilliseconds)) }
        set(CURLOPT_CONNECTTIMEOUT_MS, max(1, request.connectTimeout.inMilliseconds))
        // What comes is unpacked here, not by libcurl.
        set(CURLOPT_HTTP_CONTENT_DECODING, 0)
        set(CURLOPT_TCP_KEEPALIVE, 1)
        set(CURLOPT_USERAGENT, "mflua")
        // A request may wait for another's connection only where several can share it.
        set(CURLOPT_PIPEWAIT, hostKey.hasPrefix("https:") ? 1 : 0)
        if let file = library.certificateFile { set(CURLOPT_CAINFO, file) }
        if let folder = library.certificateFolder { set(CURLOPT_CAPATH, folder) }
        // Not to wait for the resolver's thread when a request is given up while a name is looked up: that takes seconds.
        set(CURLOPT_QUICK_EXIT, 1)
        configureMethod(set, set)
        configureHeaders()
        set(CURLOPT_HTTPHEADER, headerList.map { UnsafeMutableRawPointer($0) })
        if code == CURLE_OK, request.method != "HEAD", request.onPart == nil {
            code = mf_curl_set_offset(
                table, easy, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(max(1, request.maxBytes)))
        }
        if code == CURLE_OK, let body = request.body {
            code = mf_curl_set_offset(table, easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
            if code == CURLE_OK {
                code = body.withUnsafeBytes { bytes in
                    // Copied by libcurl; an empty body needs an address all the same.
                    var nothing: UInt8 = 0
                    let start = bytes.baseAddress.map { UnsafeMutableRawPointer(mutating: $0) }
                    return withUnsafeMutableBytes(of: &nothing) {
                        mf_curl_set_pointer(table, easy, CURLOPT_COPYPOSTFIELDS, start ?? $0.baseAddress)
                    }
                }
            }
        }
        if code == CURLE_OK {
            code = mf_curl_set_data_callback(table, easy, CURLOPT_WRITEFUNCTION) { data, size, count, context in
                CurlTransfer.from(context).receive(body: UnsafeRawBufferPointer(start: data, count: size * count))
            }
        }
        if code == CURLE_OK {
            code = mf_curl_set_data_callback(table, easy, CURLOPT_HEADERFUNCTION) { data, size, count, context in
                CurlTransfer.from(context).receive(header: UnsafeRawBufferPointer(start: data, count: size * count))
            }
        }
        set(CURLOPT_WRITEDATA, context)
        set(CURLOPT_HEADERDATA, context)
        if request.policy != nil, code == CURLE_OK { code = configurePolicy(table, context) }
        return code
    }

    private func configureMethod(_ set: (CURLoption, Int) -> Void, _ setText: (CURLoption, String) -> Void) {
        switch (request.method, request.body) {
        case ("GET", nil): set(CURLOPT_HTTPGET, 1)
        case ("HEAD", nil): set(CURLOPT_NOBODY, 1)
        case ("POST", .some): set(CURLOPT_POST, 1)
        case (let method, .some):
            set(CURLOPT_POST, 1)
            setText(CURLOPT_CUSTOMREQUEST, method)
        case (let method, nil): setText(CURLOPT_CUSTOMREQUEST, method)
        }
    }

    private func configureHeaders() {
        var lines = request.headers.map { name, value in value.isEmpty ? "\(name);" : "\(name): \(value)" }
        if !asksForEncoding { lines.append("Accept-Encoding: gzip") }
        if request.body != nil {
            // Neither wait for "100 Continue" nor claim that the body is a form.
            lines.append("Expect:")
            if !request.headers.contains(where: { $0.0.lowercased() == "content-type" }) {
                lines.append("Content-Type:")
            }
        }
        for line in lines {
            if let longer = library?.table.pointee.slist_append(headerList, line) { headerList = longer }
        }
    }

    /// Whether the body is packed and its end has not come.
    var isCutShort: Bool { decoder?.isAtEnd == false }

    /// Frees what libcurl only borrowed.
    func freeHeaders(_ library: CurlLibrary) {
        if let headerList { library.table.pointee.slist_free_all(headerList) }
        headerList = nil
    }

    // MARK: - Receiving

    private static func from(_ context: UnsafeMutableRawPointer?) -> CurlTransfer {
        Unmanaged<CurlTransfer>.fromOpaque(context!).takeUnretainedValue()
    }

    /// Returns how much was taken; less than there was ends the transfer.
    private func receive(body bytes: UnsafeRawBufferPointer) -> Int {
        // What a page says about where to go instead is of no use, in whatever way it is packed.
        if isRedirect { return bytes.count }
        if !isBodyBegun {
            isBodyBegun = true
            flaw = flawOfHeader()
            if flaw == nil, let encoding, encoding == "gzip" || encoding == "x-gzip", let library {
                decoder = GzipDecoder(library.table)
                if decoder == nil { flaw = .undecodable }
            }
        }
        if flaw != nil { return 0 }
        guard let decoder else { return keep(bytes) ? bytes.count : 0 }
        do {
            try decoder.take(bytes) { keep($0) }
            return bytes.count
        } catch {
            if error == .malformed { flaw = .undecodable }
            return 0
        }
    }

    /// Takes bytes of the body, unpacked.
    private func keep(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if let onPart = request.onPart, isAnswer {
            return hand(Array(bytes), to: onPart)
        }
        guard body.count + bytes.count <= request.maxBytes else {
            isTooLarge = true
            return false
        }
        guard mayHold(bytes.count) else {
            isOneTooMany = true
            return false
        }
        body.append(contentsOf: bytes)
        return true
    }

    private func receive(header bytes: UnsafeRawBufferPointer) -> Int {
        headerBytes += bytes.count
        guard headerBytes <= Self.headerLimit else {
            flaw = .hugeHeader
            return 0
        }
        if bytes.starts(with: "HTTP/".utf8) {
            // Another answer begins: the one before was only information.
            headers = []
            (isBodyBegun, decoder, isHeaderWhole) = (false, nil, false)
            endsWithConnection = bytes.starts(with: "HTTP/1".utf8)
        } else if let colon = bytes.firstIndex(of: UInt8(ascii: ":")) {
            headers.append((Self.text(bytes[..<colon]), Self.text(bytes[(colon + 1)...])))
        } else if bytes.first == 0x0D || bytes.first == 0x0A {
            isHeaderWhole = true
            guard let onPart = request.onPart, isAnswer else { return bytes.count }
            onHeader?()
            guard hand([], to: onPart) else { return 0 }
        }
        return bytes.count
    }

    private var status: Int {
        library.map { mf_curl_info_long($0.table, easy, CURLINFO_RESPONSE_CODE) } ?? 0
    }

    /// Whether the answer only leads elsewhere.
    var isRedirect: Bool { request.isRedirect(status, headers) }

    /// Whether what comes in is handed out, and not a redirect or an error.
    private var isAnswer: Bool {
        let status = status
        return (200..<300).contains(status) || (request.acceptsAnyStatus && status >= 400)
    }

    private func hand(_ bytes: [UInt8], to onPart: (FetchResponse, [UInt8]) -> Bool) -> Bool {
        isRefused = !onPart(FetchResponse(status: status, url: request.url, headers: headers), bytes)
        return !isRefused
    }

    private static func text(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
        let start = bytes.firstIndex { !isSpace($0) } ?? bytes.endIndex
        let end = bytes.lastIndex { !isSpace($0) }.map { $0 + 1 } ?? start
        return String(decoding: bytes[start..<end], as: UTF8.self)
    }

    /// What became of it.
    func result(_ library: CurlLibrary, _ code: CURLcode) -> Result<FetchResponse, any Error> {
        let table = library.table
        if isTooLarge { return .failure(MFError.bodyTooLarge(request)) }
        if isOneTooMany { return .failure(MFError.tooMuchUnderWay(request)) }
        if isRefused { return .failure(MFError.fetchCancelled(request)) }
        // libcurl gives up on a line of a header that is too long for want of room.
        if code == CURLE_OUT_OF_MEMORY, !isHeaderWhole, headerBytes > 0 { flaw = .hugeHeader }
        if let flaw { return .failure(MFError.unusable(flaw, request)) }
        guard code == CURLE_OK else {
            let circumstances = CurlCircumstances(
                isConnected: mf_curl_info_offset(table, easy, CURLINFO_PRETRANSFER_TIME_T) > 0, address: refusedAddress,
                systemError: Int32(truncatingIfNeeded: mf_curl_info_long(table, easy, CURLINFO_OS_ERRNO)),
                tunnelStatus: mf_curl_info_long(table, easy, CURLINFO_HTTP_CONNECTCODE),
                usesProxy: request.policy == nil)
            if let refusedAddress, code == CURLE_COULDNT_CONNECT || code == CURLE_ABORTED_BY_CALLBACK {
                let error = MFError.addressNotAllowed(request, host: url.host ?? "", address: refusedAddress)
                return .failure(error)
            }
            return .failure(
                MFError.curl(CurlFailure(code: code, text: explanation(library, code)), request, circumstances))
        }
        let status = status
        if let flaw = isHeaderWhole ? flawOfHeader() ?? flawOfEnd(status) : .cutHeader {
            return .failure(MFError.unusable(flaw, request))
        }
        return .success(FetchResponse(status: status, url: request.url, headers: headers, body: body))
    }

    private func explanation(_ library: CurlLibrary, _ code: CURLcode) -> String {
        errorText.pointee == 0 ? library.describe(code) : String(cString: errorText)
    }

    // MARK: - Policy

    private func configurePolicy(_ table: UnsafePointer<mf_curl>, _ context: UnsafeMutableRawPointer) -> CURLcode {
        // Before connecting, and once more before the request is sent: that one sees kept connections, too.
        var code = mf_curl_set_open_socket_callback(table, easy) { context, _, address in
            let transfer = CurlTransfer.from(context)
            let bytes = addressBytes { mf_curl_address_bytes(address, $0) }
            return transfer.allows(bytes) ? mf_curl_open_socket(address) : -1
        }
        if code == CURLE_OK { code = mf_curl_set_pointer(table, easy, CURLOPT_OPENSOCKETDATA, context) }
        if code == CURLE_OK {
            code = mf_curl_set_prerequest_callback(table, easy) { context, address, _, _, _ in
                let bytes = addressBytes { mf_curl_parse_address(address, $0) }
                return CurlTransfer.from(context).allows(bytes) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
            }
        }
        if code == CURLE_OK { code = mf_curl_set_pointer(table, easy, CURLOPT_PREREQDATA, context) }
        // Behind a proxy the address would be the proxy's.
        if code == CURLE_OK { code = mf_curl_set_string(table, easy, CURLOPT_NOPROXY, "*") }
        return code
    }

    private func allows(_ address: [UInt8]) -> Bool {
        guard let policy = request.policy else { return true }
        if !address.isEmpty, policy.allowsAddress(url, address) { return true }
        refusedAddress = addressText(address)
        return false
    }
}

/// An address as a policy sees it: an IPv4 address in an IPv6 one is an IPv4 address.
private func addressBytes(_ fill: (UnsafeMutablePointer<UInt8>) -> Int32) -> [UInt8] {
    let bytes = [UInt8](unsafeUninitializedCapacity: 16) { buffer, count in
        buffer.initialize(repeating: 0)
        count = Int(fill(buffer.baseAddress!))
    }
    let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
    return bytes.count == 16 && bytes.starts(with: mapped) ? Array(bytes[12...]) : bytes
}

private func addressText(_ bytes: [UInt8]) -> String {
    if bytes.count == 4 { return bytes.map(String.init).joined(separator: ".") }
    return stride(from: 0, to: bytes.count - 1, by: 2)
        .map { String(UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]), radix: 16) }
        .joined(separator: ":")
}
