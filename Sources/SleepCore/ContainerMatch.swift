/// How a service finds its container.
package enum ContainerMatch: Sendable, Hashable, CustomStringConvertible {
    case name(String)
    case compose(project: String, service: String)
    case label(key: String, value: String)

    package var description: String {
        switch self {
        case .name(let name): "container \(name)"
        case .compose(let project, let service): "compose service \(project)/\(service)"
        case .label(let key, let value): "label \(key)=\(value)"
        }
    }

    /// Whether a container with this name and these labels is meant. One-off containers of Compose
    /// (`compose run`) never are: they are not the service.
    package func matches(name: String, label: (String) -> String?) -> Bool {
        switch self {
        case .name(let wanted): name == wanted
        case .compose(let project, let service):
            label("com.docker.compose.service") == service && label("com.docker.compose.project") == project
                && label("com.docker.compose.oneoff")?.lowercased() != "true"
        case .label(let key, let value): label(key) == value
        }
    }
}
