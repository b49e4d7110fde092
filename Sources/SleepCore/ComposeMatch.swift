private let matchKey = "compose"

extension MatchKind {
    /// `{compose: mcp/playwright}`: a service of a Compose project. One-off containers (`compose run`) never are:
    /// they are not the service.
    static let compose = MatchKind(
        key: matchKey, grammar: "PROJECT/SERVICE", about: "a service of a Compose project"
    ) { text in parts(text, "/").map { .compose(project: $0, service: $1) } }
}

extension ContainerMatch {
    package static func compose(project: String, service: String) -> ContainerMatch {
        ContainerMatch(
            matchKey, "compose service", "\(project)/\(service)",
            .labels(
                [Label("com.docker.compose.project", project), Label("com.docker.compose.service", service)],
                unless: ["com.docker.compose.oneoff"]))
    }
}
