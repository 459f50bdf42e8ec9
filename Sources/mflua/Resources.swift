import Diagnostics
import EventLoops
import Glibc

/// What the command cannot do without. Swift's runtime and the C library end a process that lacks it without a word, so it
/// is asked for first, where limits are so low that it may be lacking.
enum Resources {
    private static let descriptors = 6
    private static let threads = 6
    private static let addressSpace = 40 << 20

    /// - Throws: ``MFError`` with `RUNTIME-016` that says what is lacking.
    static func check() throws {
        if limit(RLIMIT_NOFILE) < 64 { try checkDescriptors() }
        if limit(RLIMIT_AS) < 512 << 20 {
            EventLoop.useSmallStacks()
            try checkAddressSpace()
        }
        if limit(__RLIMIT_NPROC) < 1024 { try checkThreads() }
    }

    private static func limit(_ resource: __rlimit_resource) -> UInt {
        var limit = rlimit()
        return getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0 ? limit.rlim_cur : .max
    }

    private static func checkDescriptors() throws {
        var opened: [Int32] = []
        defer { for descriptor in opened { close(descriptor) } }
        for _ in 0..<descriptors {
            let descriptor = open("/", O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw MFError.resourceLacking("file descriptor", errno) }
            opened.append(descriptor)
        }
    }

    private static func checkAddressSpace() throws {
        let space = mmap(nil, addressSpace, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | Int32(MAP_NORESERVE), -1, 0)
        guard let space, space != MAP_FAILED else { throw MFError.resourceLacking("memory", errno) }
        munmap(space, addressSpace)
    }

    /// All at a time: each waits until there are enough.
    private static func checkThreads() throws {
        var started: [pthread_t] = []
        // Not `pthread_attr_t()`: a release build finds that initialiser in a module of NIO's.
        let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
        pthread_attr_init(attributes)
        pthread_attr_setstacksize(attributes, 64 << 10)
        defer {
            pthread_attr_destroy(attributes)
            attributes.deallocate()
        }
        var gate: [Int32] = [-1, -1]
        guard pipe(&gate) == 0 else { throw MFError.resourceLacking("file descriptor", errno) }
        var failure: Int32 = 0
        while started.count < threads, failure == 0 {
            var thread = pthread_t()
            failure = pthread_create(
                &thread, attributes,
                { gate in
                    var byte: UInt8 = 0
                    _ = read(Int32(Int(bitPattern: gate)), &byte, 1)
                    return nil
                }, UnsafeMutableRawPointer(bitPattern: Int(gate[0])))
            if failure == 0 { started.append(thread) }
        }
        close(gate[1])
        for thread in started { pthread_join(thread, nil) }
        close(gate[0])
        guard failure == 0 else { throw MFError.resourceLacking("thread", failure) }
    }
}
