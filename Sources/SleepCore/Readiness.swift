/// What must be true before a woken service counts as awake.
package enum Readiness: Sendable, Equatable {
    case none
    case tcp(port: Int)
    /// `:PORT/path` at the container's own address.
    case http(port: Int, path: String)
    case url(String)
    case after(Duration)
}
