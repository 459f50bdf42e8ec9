import Posix

/// Which function answers a request: `GET /disks/{name}`, `GET /files/{path...}`.
///
/// A step that is written out goes before `{name}`, and that before `{rest...}`.
struct RouteTable<Target: Sendable>: Sendable {
    /// What is wrong with a route.
    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    /// What a request leads to.
    enum Match {
        case found(Target, parameters: [(String, String)])
        /// The path is known, the method is not.
        case otherMethod(allowed: [String])
        case none
    }

    private struct Route: Sendable {
        let method: String
        let names: [String]
        let target: Target
    }

    private struct Node: Sendable {
        var literals: [String: Node] = [:]
        /// At most one: what follows `{name}`.
        var parameters: [Node] = []
        /// What takes all that is left.
        var rest: [Route] = []
        var routes: [Route] = []
    }

    private var root = Node()

    init() {}

    /// Adds a route.
    mutating func add(_ text: String, _ target: Target) throws(Problem) {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        let tokens = "!#$%&'*+-.^_`|~".unicodeScalars
        guard words.count == 2, !words[0].isEmpty, words[1].hasPrefix("/"),
            words[0].unicodeScalars.allSatisfy({
                ("A"..."Z").contains($0) || tokens.contains($0) || ("0"..."9").contains($0)
            })
        else { throw Problem(description: "is no route: write a method and a path, such as \"GET /healthz\"") }
        if words[1].contains(where: { $0 == "?" || $0 == "#" }) {
            throw Problem(description: "has a query: a route is a path alone")
        }
        let steps = words[1].dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        var names: [String] = []
        for (index, step) in steps.enumerated() where step.contains("{") || step.contains("}") {
            guard let name = Self.name(of: step) else {
                throw Problem(
                    description: "has the step `\(step)`: a parameter is a whole step, `{name}` or `{rest...}`")
            }
            if name.takesRest, index != steps.count - 1 {
                throw Problem(description: "has steps after `\(step)`, which takes all that is left")
            }
            if names.contains(name.text) { throw Problem(description: "has two parameters `\(name.text)`") }
            names.append(name.text)
        }
        let route = Route(method: String(words[0]), names: names, target: target)
        try Self.add(route, steps[...], to: &root)
    }

    private static func add(_ route: Route, _ steps: ArraySlice<Substring>, to node: inout Node) throws(Problem) {
        guard let step = steps.first else { return try append(route, to: &node.routes) }
        switch name(of: step) {
        case (_, true)?: try append(route, to: &node.rest)
        case (_, false)?:
            if node.parameters.isEmpty { node.parameters.append(Node()) }
            try add(route, steps.dropFirst(), to: &node.parameters[0])
        case nil: try add(route, steps.dropFirst(), to: &node.literals[String(step), default: Node()])
        }
    }

    private static func append(_ route: Route, to routes: inout [Route]) throws(Problem) {
        if routes.contains(where: { $0.method == route.method }) {
            throw Problem(description: "matches the same requests as another")
        }
        routes.append(route)
    }

    private static func name(of step: Substring) -> (text: String, takesRest: Bool)? {
        guard step.hasPrefix("{"), step.hasSuffix("}") else { return nil }
        var text = step.dropFirst().dropLast()
        let takesRest = text.hasSuffix("...")
        if takesRest { text = text.dropLast(3) }
        guard !text.isEmpty, text.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }) else {
            return nil
        }
        return (String(text), takesRest)
    }

    // MARK: - Matching

    /// What a request leads to; one for HEAD is answered as one for GET where nothing else is said.
    ///
    /// - Parameter path: Percent-encoded, without its query.
    func match(_ method: String, _ path: Substring) -> Match {
        guard path.hasPrefix("/") else { return .none }
        var steps: [String] = []
        for step in path.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            guard let bytes = step.utf8.percentDecoded(strictly: true),
                let text = String(validating: bytes, as: UTF8.self)
            else { return .none }
            steps.append(text)
        }
        var found: [(routes: [Route], values: [String])] = []
        Self.collect(steps[...], [], root, &found)
        for wanted in method == "HEAD" ? ["HEAD", "GET"] : [method] {
            for (routes, values) in found {
                if let route = routes.first(where: { $0.method == wanted }) {
                    return .found(route.target, parameters: Array(zip(route.names, values)))
                }
            }
        }
        var allowed = Set(found.flatMap(\.routes).map(\.method))
        if allowed.isEmpty { return .none }
        if allowed.contains("GET") { allowed.insert("HEAD") }
        return .otherMethod(allowed: allowed.sorted())
    }

    /// All that fits, the most exact first.
    private static func collect(
        _ steps: ArraySlice<String>, _ values: [String], _ node: Node,
        _ found: inout [(routes: [Route], values: [String])]
    ) {
        guard let step = steps.first else {
            if !node.routes.isEmpty { found.append((node.routes, values)) }
            return
        }
        if let next = node.literals[step] { collect(steps.dropFirst(), values, next, &found) }
        if !step.isEmpty, let next = node.parameters.first {
            collect(steps.dropFirst(), values + [step], next, &found)
        }
        if !node.rest.isEmpty { found.append((node.rest, values + [steps.joined(separator: "/")])) }
    }
}
