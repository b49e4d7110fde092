package struct Lease: Codable, Sendable {
    package var id: String
    package var service: String
    package var expiresAt: String
    package var wake: Wake

    package init(id: String, service: String, expiresAt: String, wake: Wake) {
        self.id = id
        self.service = service
        self.expiresAt = expiresAt
        self.wake = wake
    }
}
