"""What counts as a stored property and as a function, and what only looks like one."""

import textwrap
import unittest

from declarations import File


def stored(text, kind="struct"):
    """The stored properties of one type with this body, by name."""
    file = File("A.swift", f"{kind} A {{\n{textwrap.dedent(text)}\n}}\n")
    return [s.name for t in file.types if t.path == ("A",) for s in t.stored]


def functions(text):
    return {f.name: f.lines for f in File("A.swift", textwrap.dedent(text)).functions}


class StoredProperties(unittest.TestCase):
    def test_plain_ones(self):
        self.assertEqual(
            stored("let a = 1, b = 2\nvar c: Int\npackage private(set) var d: [String: Int] = [:]"), list("abcd")
        )
        self.assertEqual(stored("let (a, b) = makeTwo()\nvar `default`: Int"), ["a", "b", "default"])

    def test_attributes_wrappers_lazy_and_weak(self):
        self.assertEqual(
            stored(
                """
                @Option(name: .long, help: "how, and why") var a = 1
                @Flag
                var b = false
                lazy var c = { 1 }()
                weak var d: AnyObject?
                nonisolated(unsafe) var e: Int
                @available(*, deprecated) unowned(safe) let f: B
                """,
                "class",
            ),
            list("abcdef"),
        )

    def test_computed_ones_are_none(self):
        self.assertEqual(
            stored("""
                var a: Int { 1 }
                var b: Int {
                    get { 1 }
                    set { print(newValue) }
                }
                var c: Int { get async throws { 1 } }
                var d: some Sequence<Int> { [1].lazy.map { $0 + 1 } }
                """),
            [],
        )

    def test_observed_ones_are_stored(self):
        self.assertEqual(
            stored("""
                var a = 1 { didSet { print(a) } }
                var b: Int = 2 {
                    willSet { print(newValue) }
                }
                var c: Int { didSet { print(c) } }
                """),
            list("abc"),
        )

    def test_those_of_the_type_are_none(self):
        self.assertEqual(stored("static let a = 1\nclass var b: Int { 1 }\nprivate static var c = [1]", "class"), [])

    def test_closures_and_values_over_several_lines(self):
        self.assertEqual(
            stored("""
                var a: @Sendable (Int, Int) -> Void = { _, _ in }
                let b = Box<Int, String>(1, "x"), c = [1, 2].map { x in
                    let inner = x
                    return inner
                }
                var d:
                    Dictionary<String, Int> = [
                        "a": 1, "b": 2,
                    ]
                let e =
                    first
                    ?? second
                    .third { $0 }
                let f = if x { 1 } else { 2 }
                let g: AsyncStream<Int>
                let h: AsyncStream<Int>.Continuation
                """),
            list("abcdefgh"),
        )

    def test_locals_parameters_and_nested_types_are_apart(self):
        self.assertEqual(
            stored("""
                init(x: Int) { let y = 1; var z = 2 }
                func f(_ body: () -> Void = { let q = 1 }) { let y = 1 }
                struct B { var c = 1 }
                enum C { case a, b(Int); static let d = 1 }
                case lonely
                var a: B
                subscript(_ i: Int) -> Int { let y = 1; return y }
                """),
            ["a"],
        )

    def test_comments_and_strings_hold_none(self):
        text = (
            '/* var a = 1 /* nested */ */\n// var b = 1\nlet c = """\n    var d = 1 \\(e)\n    """\nlet f = #"var "g""#'
        )
        self.assertEqual(stored(text), ["c", "f"])

    def test_protocols_enums_and_extensions_have_none(self):
        file = File(
            "A.swift", "protocol P { var a: Int { get set }\n func f()\n var b: Int { get } }\nextension P {}\n"
        )
        self.assertEqual([t.stored for t in file.types], [[], []])

    def test_types_within_functions_are_seen(self):
        file = File("A.swift", "struct A {\n  func f() {\n    struct Local { var a = 1 }\n  }\n}\n")
        self.assertEqual([(t.path, len(t.stored)) for t in file.types], [(("A",), 0), (("A", "Local"), 1)])


class Functions(unittest.TestCase):
    def test_each_kind_is_measured_from_its_word_to_its_brace(self):
        self.assertEqual(
            functions("""\
                struct A {
                    @discardableResult
                    package func f(
                        a: Int = 1
                    ) async throws(Fault) -> [Int] where B: C {
                        1
                    }
                    init?(a: Int) {
                    }
                    deinit { work() }
                    subscript(i: Int) -> Int {
                        get { 1 }
                    }
                    static func < (left: A, right: A) -> Bool { true }
                    var computed: Int {
                        1
                    }
                }
                """),
            {"f": 5, "init": 2, "deinit": 1, "subscript": 3, "<": 1, "computed": 3},
        )

    def test_requirements_have_no_body(self):
        self.assertEqual(
            functions("protocol P {\n    func f() -> Int\n    init()\n    func g()\n}\nfunc h() {}\n"), {"h": 1}
        )

    def test_functions_within_functions_are_measured_too(self):
        text = "func f() {\n    func g() {\n        work()\n    }\n    let call = g.init()\n}\n"
        self.assertEqual(functions(text), {"f": 6, "g": 3})
