/// The fields of svcd's records in the journal: stable names for facts, and an id for each kind of message.
///
/// `systemd/svcd.catalog` explains each id; a test holds them against each other.
enum LogCatalog {
    /// The names that people search by; every other fact has its own, in capitals behind `SVCD_`.
    private static let names = [
        "service.name": "SVCD_SERVICE", "service.from": "SVCD_FROM", "service.to": "SVCD_TO",
        "service.depth": "SVCD_DEPTH", "elapsed_ms": "SVCD_LATENCY_MS",
    ]

    static func fields(_ message: String, _ facts: [(key: String, value: String)]) -> [(String, String)] {
        var fields = facts.map { (names[$0.key] ?? field($0.key), $0.value) }
        if let id = ids[message] { fields.append(("MESSAGE_ID", id)) }
        return fields
    }

    /// Capitals, digits and underscores are all that journald takes (systemd.journal-fields(7)).
    private static func field(_ key: String) -> String {
        "SVCD_" + String(key.uppercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    }

    static let ids = [
        "service changed": "3bfdab04504547679cbf2fbc965e5933",
        "service did not change": "f6ec1c6e0e5a4a94acdd439e8d54839f",
        "service would change": "1fc8720ec28b47dd9408c2b12ff8df96",
        "Docker is lost": "3559e54c972a4faa82f047f607280b5f",
        "Docker answers": "78260d82fa884066b9884aae49d0df6e",
        "policy loaded": "c6aa6e92928b46ea9c2bfd665ec9b4ba",
        "policy is invalid, the old one stays": "9fe84e311b7640368413a4bff2aa7026",
        "mode set": "56cc68e762914cd4a5967752fb5a950c",
        "request": "53b8f206826d42afbb382d9da93dcd8c",
        "memory can't be handed back": "c60110a613e945ec91c224d7a0c6fde4",
        "journal can't be written": "8af0c5da71d14d738f9c29b0105a5f12",
        "journal is written again": "e1954559deae4293b753ec252a33e717",
        "services are left asleep": "4d383e227e8241d8bc6e1bb0c9710bfd",
        "sleeper released": "5daf50e52fdd48adb179d8e1b9d1d760",
        "svcd is up": "04289971a4444ac19a3eaf711b2c20fe",
        "svcd is down": "2443bdbde8014467875b0f2ae9d781b3",
    ]
}
