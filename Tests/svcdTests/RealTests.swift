import Testing

/// Everything here runs svcd, as a program, against a real Docker Engine. One after the other: they share it.
@Suite("on a real Docker Engine", .serialized)
struct RealTests {}
