/// Reads the parts of versions and ranges off bytes, left to right.
struct VersionScanner {
    private let bytes: UnsafeBufferPointer<UInt8>
    private(set) var position = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    /// The next byte, not taken; 0 at the end.
    var next: UInt8 { position < bytes.count ? bytes[position] : 0 }

    mutating func take(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    mutating func skipBlanks() {
        while position < bytes.count, isBlank(bytes[position]) { position += 1 }
    }

    /// Digits without a leading zero. A number that is too large for any version comes out as the largest integer.
    mutating func number() -> UInt64? {
        let start = position
        var value: UInt64 = 0
        while position < bytes.count, isDigit(bytes[position]) {
            let (product, high) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(bytes[position] - 0x30))
            value = high || carry || value == .max ? .max : sum
            position += 1
        }
        guard position > start, position == start + 1 || bytes[start] != 0x30 else { return nil }
        return value
    }

    /// `major.minor.patch`, prerelease, build metadata.
    mutating func version() -> Version? {
        guard let major = number(), take(UInt8(ascii: ".")), let minor = number(), take(UInt8(ascii: ".")),
            let patch = number(), let prerelease = prerelease(), skipBuild()
        else { return nil }
        return Version(major, minor, patch, prerelease: prerelease)
    }

    /// `-alpha.1`: its identifiers, none when there is no `-`, nil when what follows is no prerelease.
    mutating func prerelease() -> [Version.Identifier]? {
        guard take(UInt8(ascii: "-")) else { return [] }
        var identifiers: [Version.Identifier] = []
        repeat {
            guard let text = word() else { return nil }
            if text.utf8.allSatisfy(isDigit) {
                guard text.utf8.count == 1 || text.utf8.first != 0x30 else { return nil }
                identifiers.append(.number(text))
            } else {
                identifiers.append(.text(text))
            }
        } while take(UInt8(ascii: "."))
        return identifiers
    }

    /// `+build.7`, which counts for nothing.
    ///
    /// - Returns: False when what follows a `+` is no build metadata.
    mutating func skipBuild() -> Bool {
        guard take(UInt8(ascii: "+")) else { return true }
        repeat {
            guard word() != nil else { return false }
        } while take(UInt8(ascii: "."))
        return true
    }

    /// Letters, digits and hyphens, at least one.
    private mutating func word() -> String? {
        let start = position
        while position < bytes.count, isWordByte(bytes[position]) { position += 1 }
        return position > start ? String(decoding: bytes[start..<position], as: UTF8.self) : nil
    }
}

func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

private func isWordByte(_ byte: UInt8) -> Bool {
    isDigit(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == UInt8(ascii: "-")
}

/// The text with every kind of blank, such as a no-break space, made a plain one.
func normalizingBlanks(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        result.unicodeScalars.append(scalar.properties.isWhitespace || scalar == "\u{FEFF}" ? " " : scalar)
    }
    return result
}
