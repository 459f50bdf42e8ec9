/// What `mflua explain` prints about one code.
public struct CodeEntry: Sendable {
    /// The code.
    public let code: MFError.Code
    /// The code's name in Swift: `exposeNotFound`.
    public let name: String
    /// What it means, in a few words.
    public let title: String
    /// Cause and cure, in several lines.
    public let explanation: String

    init(_ code: MFError.Code, _ name: String, _ title: String, _ explanation: String) {
        self.code = code
        self.name = name
        self.title = title
        self.explanation = explanation
    }
}

extension MFError.Code {
    /// Every code that mflua itself uses, family by family. A number is given once and kept.
    public static let all: [CodeEntry] =
        runtimeCodes + loadCodes + sharingCodes + luaCodes + fetchCodes + hookCodes + pluginCodes + storeCodes
        + limitCodes + reloadCodes + execCodes + fileCodes + serveCodes + connectCodes
        + commandCodes + authoringCodes

    /// The table's entry for this code; nil for a code of a plugin's own.
    public var entry: CodeEntry? {
        Self.all.first { $0.code == self }
    }
}
