import Testing

@testable import svcd

@Suite("a readiness URL")
struct PlainURLTests {
    @Test(
        "host, port, path and what goes into the Host header",
        arguments: [
            ("http://db", "db", 80, "/", "db"), ("http://db/", "db", 80, "/", "db"),
            ("http://db:8080/health?deep=1", "db", 8080, "/health?deep=1", "db:8080"),
            ("http://db?deep=1", "db", 80, "/?deep=1", "db"),
            ("http://[::1]:9000/a", "::1", 9000, "/a", "[::1]:9000"),
            ("http://[fd00::2]", "fd00::2", 80, "/", "[fd00::2]"),
            ("http://10.0.0.7:65535", "10.0.0.7", 65_535, "/", "10.0.0.7:65535"),
        ])
    func parts(text: String, host: String, port: Int, path: String, authority: String) throws {
        let url = try #require(PlainURL(text))
        #expect(url.host == host && url.port == port && url.path == path && url.authority == authority)
    }

    @Test(
        "what is none",
        arguments: [
            "", "db:8080/health", "https://db/", "HTTP://db/", "http://", "http:///health", "http://:80/",
            "http://db:0/", "http://db:65536/", "http://db:http/", "http://user@db/", "http://user:pass@db/",
            "http://[]/",
        ])
    func refused(text: String) {
        #expect(PlainURL(text) == nil)
    }
}
