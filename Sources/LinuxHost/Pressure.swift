/// Stalls as the kernel tells them (Documentation/accounting/psi.rst).
struct Pressure {
    enum Resource: String { case memory, io }
    enum Share: String { case some, full }

    /// 0...1 over the last ten seconds; null where the kernel doesn't tell.
    static func average10(_ resource: Resource, _ share: Share, proc: String = "/proc") -> Double? {
        guard let text = readText("\(proc)/pressure/\(resource.rawValue)"),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix(share.rawValue) }),
            let field = line.split(separator: " ").first(where: { $0.hasPrefix("avg10=") })
        else { return nil }
        return Double(field.dropFirst(6)).map { $0 / 100 }
    }
}
