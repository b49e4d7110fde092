internal import ControlTypes
internal import Libc

/// Prints a line to standard error.
func complain(_ line: String) {
    let bytes = Array("svcctl: \(line)\n".utf8)
    write(STDERR_FILENO, bytes, bytes.count)
}

/// Prints an answer as it came.
func printJSON(_ body: [UInt8]) { print(String(decoding: body, as: UTF8.self)) }

/// Writes out what `print` has kept back.
func flushOutput() { fflush(nil) }

/// Columns as wide as their widest cell; colour only on a terminal, and not where NO_COLOR says so.
struct Table {
    enum Colour: String {
        case green = "32"
        case blue = "34"
        case yellow = "33"
        case red = "31"
    }

    struct Cell {
        var text: String
        var colour: Colour?
        init(_ text: String, _ colour: Colour? = nil) {
            self.text = text
            self.colour = colour
        }
    }

    private var rows: [[Cell]]

    init(_ heads: String...) { rows = [heads.map { Cell($0) }] }

    mutating func add(_ cells: [Cell]) { rows.append(cells) }
    mutating func add(_ texts: String...) { rows.append(texts.map { Cell($0) }) }

    func print() {
        let isColoured = isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == nil
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in rows.map { column < $0.count ? $0[column].text.count : 0 }.max() ?? 0 }
        for row in rows {
            var line = ""
            for (column, cell) in row.enumerated() {
                let padding = column == row.count - 1 ? 0 : widths[column] - cell.text.count + 2
                if isColoured, let colour = cell.colour {
                    line += "\u{1B}[\(colour.rawValue)m\(cell.text)\u{1B}[0m"
                } else {
                    line += cell.text
                }
                line += String(repeating: " ", count: padding)
            }
            Swift.print(line)
        }
    }

    static func colour(ofState state: String) -> Colour {
        switch state {
        case "awake": .green
        case "asleep": .blue
        case "failed", "down", "absent", "ambiguous": .red
        default: .yellow
        }
    }
}

/// `11.8 ms`, `1.2 s`.
func latency(_ milliseconds: Double?) -> String {
    guard let milliseconds else { return "-" }
    return milliseconds < 1000 ? "\(rounded(milliseconds)) ms" : "\(rounded(milliseconds / 1000)) s"
}

private func rounded(_ number: Double) -> String {
    let text = "\((number * 10).rounded() / 10)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}

/// `85 %`.
func percent(_ share: Double?) -> String { share.map { "\(rounded($0 * 100)) %" } ?? "-" }

/// `3s`, `12m`, `5h`, `2d`: one unit, rounded down.
func span(_ seconds: Double) -> String {
    let seconds = Int(exactly: seconds.rounded(.down)) ?? 0
    if seconds < 60 { return "\(seconds)s" }
    if seconds < 3600 { return "\(seconds / 60)m" }
    if seconds < 86_400 { return "\(seconds / 3600)h" }
    return "\(seconds / 86_400)d"
}

/// `35 MiB`.
func size(_ bytes: Int?) -> String { bytes.map { "\($0 >> 20) MiB" } ?? "-" }
