internal import Glibc

/// The variables of this process's environment.
package enum EnvironmentVariables {
    /// All of them, in their order; bytes that are not UTF-8 become U+FFFD.
    package static var all: [(name: String, value: String)] {
        var place = environ
        var variables: [(name: String, value: String)] = []
        while let entry = place.pointee {
            let text = String(cString: entry)
            if let sign = text.firstIndex(of: "=") {
                variables.append((String(text[..<sign]), String(text[text.index(after: sign)...])))
            }
            place += 1
        }
        return variables
    }
}
