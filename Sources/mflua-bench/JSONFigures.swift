/// Decoding a manifest of 84 KB into Lua tables.
struct JSONFigures {
    let engine: Engine
    let site: Site
    let peer: Peer

    func run(_ report: Report) async throws {
        var text = Site.largeManifest
        let file = site.write(text, to: "large.json")
        try await engine.run("text = io.open(\"\(file)\"):read('a') decode = require('mf').json.decode")
        let ours = try await engine.each(40) { "for _ = 1, \($0) do decode(text) end" }
        let peer = Measure.least(of: 7) { self.peer.json(&text, rounds: 40) }
        let size = text.utf8.count / 1024
        report.add(Figure("decoding a manifest of \(size) KiB (C: a parser)", ours: ours, peer: peer, bar: 1.5))
    }
}
