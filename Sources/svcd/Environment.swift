internal import Libc
internal import Logging
internal import Systemd

/// A setting: the flag, else its environment twin, else the default.
func setting(_ flag: String?, _ variable: String, _ otherwise: String) -> String {
    if let flag { return flag }
    if let value = getenv(variable), value.pointee != 0 { return String(cString: value) }
    return otherwise
}

/// A logger to the journal, where standard error leads there, else to standard error.
func makeLogger(_ level: Logger.Level) -> Logger {
    var logger = Logger(label: "svcd") { label in
        if let journal = JournalLog(fields: LogCatalog.fields) { return journal }
        return StreamLogHandler.standardError(label: label)
    }
    logger.logLevel = level
    return logger
}

/// Prints a line to standard error.
func complain(_ line: String) {
    let bytes = Array("svcd: \(line)\n".utf8)
    write(STDERR_FILENO, bytes, bytes.count)
}

/// What the process needs from the kernel before it serves: descriptors for thousands of connections, and
/// no death by a peer that hangs up.
func prepareProcess() {
    signal(SIGPIPE, SIG_IGN)
    var limit = rlimit()
    if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
        limit.rlim_cur = min(limit.rlim_max, 65_536)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
