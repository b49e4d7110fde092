internal import ArgumentParser
internal import ControlTypes

enum ModeArgument: String, ExpressibleByArgument, CaseIterable { case auto, observe, off }

struct ModeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mode", abstract: "Shows or sets whether svcd acts on its own; survives restarts.",
        discussion: """
            auto: idle services fall asleep. observe: decides and logs, touches nothing. off: nothing.

            svcctl mode            show it
            svcctl mode observe    watch for a day what it would do
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "auto, observe or off; none: show it.")
    var mode: ModeArgument?

    func run() async throws {
        try await reporting {
            let client = ControlClient(options)
            let change = query([("mode", mode?.rawValue)])
            let body = try await client.send(mode == nil ? "GET" : "PUT", "/v1/mode" + change)
            if options.output == .json { return printJSON(body) }
            print(try Wire.decode(ModeAnswer.self, from: body).mode)
        }
    }
}

struct ReloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload", abstract: "Loads the policy anew, all or nothing.",
        discussion: """
            svcctl reload
            svcctl policy check /etc/svcd/policy.yaml && svcctl reload
            """)

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        try await reporting {
            let body = try await ControlClient(options).send("POST", "/v1/reload")
            if options.output == .json { return printJSON(body) }
            let answer = try Wire.decode(Reloaded.self, from: body)
            print("policy loaded, \(answer.services) services")
            for note in answer.notInEffect { print("  note: \(note)") }
        }
    }
}
