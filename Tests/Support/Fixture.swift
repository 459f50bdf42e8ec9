import Glibc

/// Files below `Fixtures/`.
public enum Fixture {
    /// The bytes of a file, by its path below `Fixtures/`.
    public static func bytes(_ path: String) throws -> [UInt8] {
        let file = "\(Places.root)/Fixtures/\(path)"
        guard let stream = fopen(file, "r") else { throw SystemError("open \(file)") }
        defer { fclose(stream) }
        var content: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&piece, 1, piece.count, stream)
            guard count > 0 else { return content }
            content += piece[..<count]
        }
    }
}
