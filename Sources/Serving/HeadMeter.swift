import NIOCore

/// Counts the bytes of a request's head before the decoder gathers them: a head without an end takes no memory.
///
/// The decoder limits header fields by itself, but not the target.
final class HeadMeter: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// The head has become longer than a server takes.
    struct Overflow: Error {}

    private let limit: Int
    private var count = 0
    /// Whether the first line is over.
    private(set) var hasLine = false
    private var isOver = false
    /// Set by the connection: whether bytes belong to a head.
    var isInHead = true {
        didSet { (count, hasLine) = (0, false) }
    }
    /// Called with the first byte of a head.
    var onFirstByte: () -> Void = {}

    init(limit: Int) { self.limit = limit }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return }
        if isInHead {
            let bytes = unwrapInboundIn(data)
            if count == 0, bytes.readableBytes > 0 { onFirstByte() }
            count += bytes.readableBytes
            hasLine = hasLine || bytes.readableBytesView.contains(UInt8(ascii: "\n"))
        }
        context.fireChannelRead(data)
        if isInHead, count > limit {
            isOver = true
            context.fireErrorCaught(Overflow())
        }
    }
}
