internal import CYAML

/// Where something stands in the file; both count from 1.
package struct Mark: Sendable, Equatable {
    package var line: Int
    package var column: Int
}

/// A YAML document as a tree with marks. Aliases, tags and several documents are refused: a policy needs
/// none, and aliases can make a small file enormous.
indirect enum YAMLNode {
    /// `isQuoted`: it is text, whatever it looks like.
    case scalar(String, isQuoted: Bool, Mark)
    case sequence([YAMLNode], Mark)
    case mapping([(key: String, mark: Mark, value: YAMLNode)], Mark)

    var mark: Mark {
        switch self {
        case .scalar(_, _, let mark), .sequence(_, let mark), .mapping(_, let mark): mark
        }
    }

    /// What a person would call it.
    var kind: String {
        switch self {
        case .scalar(let text, _, _): text.isEmpty ? "nothing" : "'\(text.prefix(40))'"
        case .sequence(let items, _): items.isEmpty ? "an empty list" : "a list"
        case .mapping: "a mapping"
        }
    }
}

/// Reads one document, never deeper than `deepest`.
struct YAMLReader: ~Copyable {
    struct Fault: Error {
        var mark: Mark
        var message: String
    }

    private static let deepest = 16

    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let bytes: UnsafeMutableBufferPointer<UInt8>

    private init(_ text: [UInt8]) {
        bytes = .allocate(capacity: text.count)
        _ = bytes.initialize(from: text)
        parser = .allocate(capacity: 1)
        yaml_parser_initialize(parser)
        yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        bytes.deallocate()
    }

    /// The document's root; null for a file that holds nothing.
    ///
    /// - Throws: `Fault` at the first place that is not YAML, or is more of it than a policy needs.
    static func read(_ text: [UInt8]) throws(Fault) -> YAMLNode? {
        let reader = YAMLReader(text)
        var root: YAMLNode?
        while true {
            var event = try reader.next()
            defer { yaml_event_delete(&event) }
            switch event.type {
            case YAML_STREAM_END_EVENT: return root
            case YAML_STREAM_START_EVENT, YAML_DOCUMENT_START_EVENT, YAML_DOCUMENT_END_EVENT: continue
            default:
                guard root == nil else {
                    throw Fault(mark: Mark(event.start_mark), message: "a second document, expected one")
                }
                root = try reader.node(event, depth: 1)
            }
        }
    }

    private func next() throws(Fault) -> yaml_event_t {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else {
            let problem = parser.pointee.problem.map { String(cString: $0) } ?? "it can't be read"
            let mark =
                parser.pointee.error == YAML_READER_ERROR ? parser.pointee.mark : parser.pointee.problem_mark
            throw Fault(mark: Mark(mark), message: "not YAML: \(problem)")
        }
        return event
    }

    private func node(_ event: yaml_event_t, depth: Int) throws(Fault) -> YAMLNode {
        let mark = Mark(event.start_mark)
        guard depth <= Self.deepest else { throw Fault(mark: mark, message: "nested deeper than a policy ever is") }
        switch event.type {
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            let isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE
            return .scalar(isPlain && (text == "~" || text == "null") ? "" : text, isQuoted: !isPlain, mark)
        case YAML_SEQUENCE_START_EVENT:
            return .sequence(try items(depth), mark)
        case YAML_MAPPING_START_EVENT:
            return .mapping(try pairs(depth), mark)
        case YAML_ALIAS_EVENT:
            throw Fault(mark: mark, message: "an alias, expected none: put what services share into a tier")
        default:
            throw Fault(mark: mark, message: "not YAML: something unexpected")
        }
    }

    private func items(_ depth: Int) throws(Fault) -> [YAMLNode] {
        var items: [YAMLNode] = []
        while true {
            var event = try next()
            defer { yaml_event_delete(&event) }
            if event.type == YAML_SEQUENCE_END_EVENT { return items }
            items.append(try node(event, depth: depth + 1))
        }
    }

    private func pairs(_ depth: Int) throws(Fault) -> [(key: String, mark: Mark, value: YAMLNode)] {
        var pairs: [(key: String, mark: Mark, value: YAMLNode)] = []
        while true {
            var keyEvent = try next()
            defer { yaml_event_delete(&keyEvent) }
            if keyEvent.type == YAML_MAPPING_END_EVENT { return pairs }
            guard case .scalar(let key, _, let mark) = try node(keyEvent, depth: depth + 1) else {
                throw Fault(mark: Mark(keyEvent.start_mark), message: "a key that is not a word")
            }
            var valueEvent = try next()
            defer { yaml_event_delete(&valueEvent) }
            pairs.append((key, mark, try node(valueEvent, depth: depth + 1)))
        }
    }
}

extension Mark {
    fileprivate init(_ mark: yaml_mark_t) { self.init(line: Int(mark.line) + 1, column: Int(mark.column) + 1) }
}
