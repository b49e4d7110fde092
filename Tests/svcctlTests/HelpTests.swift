import ArgumentParser
import Testing

@testable import svcctl

@Suite("the help of a command")
struct HelpTests {
    /// A command with the words that call it.
    struct Command: CustomTestStringConvertible, Sendable {
        var type: any ParsableCommand.Type
        var words: String
        var testDescription: String { words }

        var below: [Command] {
            type.configuration.subcommands.filter { $0.configuration.shouldDisplay }.map {
                Command(type: $0, words: "\(words) \($0._commandName)")
            }
        }
    }

    static let all: [Command] = {
        var found: [Command] = []
        var next = [Command(type: Svcctl.self, words: "svcctl")]
        while let command = next.popLast() {
            found.append(command)
            next += command.below
        }
        return found
    }()

    private static let columns = 80

    @Test("fits a terminal of 80 columns", arguments: all)
    func width(command: Command) {
        let help = Svcctl.helpMessage(for: command.type, columns: Self.columns)
        for line in help.split(separator: "\n") { #expect(line.count <= Self.columns, "\(line)") }
    }

    @Test("is wrapped once: a paragraph is one line, only examples stand below each other", arguments: all)
    func paragraphs(command: Command) {
        let lines = command.type.configuration.discussion.split(separator: "\n", omittingEmptySubsequences: false)
        for (line, next) in zip(lines, lines.dropFirst()) where !line.isEmpty && !next.isEmpty {
            #expect(line.hasPrefix("svcctl ") && next.hasPrefix("svcctl "), "\(line)")
        }
        for example in lines where example.hasPrefix("svcctl ") { #expect(example.count <= Self.columns - 2) }
    }

    @Test("has an example", arguments: all)
    func example(command: Command) {
        let lines = command.type.configuration.discussion.split(separator: "\n")
        #expect(lines.contains { $0.hasPrefix(command.words) })
    }

    @Test("is there for every command of the contract")
    func commands() {
        let words = Set(Self.all.map(\.words))
        for name in [
            "status", "is-awake", "wake", "sleep", "pin", "unpin", "mode", "run", "why", "history", "budgets", "events",
            "policy check", "policy show", "policy schema", "reload", "doctor",
        ] { #expect(words.contains("svcctl \(name)")) }
    }
}
