import Testing

@testable import Federation

@Suite struct RouteTableTests {
    private static let table = {
        var table = RouteTable<String>()
        for route in [
            "GET /", "GET /disks/all", "GET /disks/{name}", "PUT /disks/{name}", "GET /disks/{name}/size",
            "GET /files/{path...}", "GET /files/special", "POST /{any...}",
        ] {
            try? table.add(route, route)
        }
        return table
    }()

    static let requests: [(request: String, result: String)] = [
        ("GET /", "GET /"), ("GET /disks/all", "GET /disks/all"), ("GET /disks/sda", "GET /disks/{name} name=sda"),
        ("GET /disks/a%2Fb", "GET /disks/{name} name=a/b"), ("GET /disks/all/size", "GET /disks/{name}/size name=all"),
        ("PUT /disks/all", "PUT /disks/{name} name=all"), ("HEAD /disks/all", "GET /disks/all"),
        ("GET /files/a/b", "GET /files/{path...} path=a/b"), ("GET /files/special", "GET /files/special"),
        ("GET /files/", "GET /files/{path...} path="), ("GET /none", "405 POST"),
        ("DELETE /disks/all", "405 GET, HEAD, POST, PUT"),
        ("GET /disks/%ZZ", "404"), ("GET /disks/%FF", "404"), ("GET *", "404"), ("POST /x/y", "POST /{any...} any=x/y"),
    ]

    @Test(arguments: requests) func theMostExactRouteAnswers(request: String, result: String) {
        let words = request.split(separator: " ")
        let text =
            switch Self.table.match(String(words[0]), words[1]) {
            case .found(let route, let parameters):
                ([route] + parameters.map { "\($0)=\($1)" }).joined(separator: " ")
            case .otherMethod(let allowed): "405 " + allowed.joined(separator: ", ")
            case .none: "404"
            }
        #expect(text == result)
    }
}
