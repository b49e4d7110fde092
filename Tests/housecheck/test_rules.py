"""Plants offences in a small tree of their own, next to what looks like them, and looks which are seen."""

import tempfile
import textwrap
import unittest
from pathlib import Path

from rules import House


class Tree:
    """A tree that keeps to the rules until a test adds to it."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name)

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text))

    def offences(self):
        return House(self.root).offences()


PROSE = "".join(f"/// Line {number} of what it is for.\n" for number in range(5))


def vars_of(count):
    return "\n".join(f"    var v{number} = {number}" for number in range(count))


class PlantedOffences(unittest.TestCase):
    def setUp(self):
        self.tree = Tree()
        self.addCleanup(self.tree.folder.cleanup)
        self.tree.write("README.md", "# A tree\n")
        self.main("SleepCore", "SleepMachine", "struct", 15)
        self.main("SleepEngine", "Supervisor", "actor", 20)
        self.tree.write("Sources/SleepEngine/ServiceDriver.swift", f"final class ServiceDriver {{\n{vars_of(12)}\n}}\n")
        self.assertEqual(self.tree.offences(), [])

    def main(self, target, name, kind, count, more=""):
        self.tree.write(f"Sources/{target}/{name}.swift", f"{PROSE}{kind} {name} {{\n{vars_of(count)}\n{more}}}\n")

    def assertOffence(self, *expected):
        """Exactly these, each by a part of its text, in any order."""
        found = self.tree.offences()
        self.assertEqual(len(found), len(expected), found)
        for text in expected:
            self.assertTrue(any(text in offence for offence in found), f"{text!r} is not in {found}")

    def test_too_many_stored_properties(self):
        self.main("SleepCore", "SleepMachine", "struct", 16)
        self.main("SleepEngine", "Supervisor", "actor", 21)
        driver = f"final class ServiceDriver {{\n{vars_of(13)}\n}}\n"
        self.tree.write("Sources/SleepEngine/ServiceDriver.swift", driver)
        self.assertOffence(
            "SleepMachine.swift:6: SleepMachine has 16 stored properties, at most 15",
            "Supervisor.swift:6: Supervisor has 21 stored properties, at most 20",
            "ServiceDriver.swift:1: ServiceDriver has 13 stored properties, at most 12",
        )

    def test_a_type_with_a_limit_is_missing(self):
        self.tree.write("Sources/SleepEngine/ServiceDriver.swift", "final class Driver {}\n")
        self.assertOffence("there is no ServiceDriver")

    def test_a_bag(self):
        self.tree.write("Sources/SleepEngine/Bag.swift", f"struct Bag {{\n{vars_of(13)}\n}}\n")
        nested = f"    struct State {{\n{vars_of(13)}\n    }}\n"
        self.main("SleepCore", "SleepMachine", "struct", 15, nested)
        self.assertOffence("Bag has 13 stored", "SleepMachine.State has 13 stored")

    def test_a_list_and_another_target_may_have_more(self):
        self.tree.write("Sources/SleepCore/Settings.swift", f"struct Settings {{\n{vars_of(16)}\n}}\n")
        self.tree.write("Sources/ControlTypes/Wire.swift", f"{PROSE}struct Service {{\n{vars_of(18)}\n}}\n")
        self.assertOffence()

    def test_a_tuple_of_fields(self):
        self.tree.write(
            "Sources/SleepCore/Tuples.swift",
            """\
            struct Tuples {
                var three: (a: Int, b: Int, c: Int)
                var nested: [String: (Int, Int, [Int])?] = [:]
                var given = (1, "b", [3, 4])
                var two: (a: Int, b: [Int: Int])
                var body: (Int, Int, Int) -> (Int, Int)
                var call = max(1, 2, 3)
                var sum = (1 + 2) * max(3, 4, 5)
                var wide: Box<Int, Int, Int> = .init(1, 2, 3)
                var computed: (Int, Int, Int) { (1, 2, 3) }
            }
            typealias Triple = (Int, Int, Int)
            typealias Pair = (Int, Int)
            typealias Body = (Int, Int, Int) async throws -> Void
            """,
        )
        self.assertOffence(
            "Tuples.three stores a tuple of 3",
            "Tuples.nested stores a tuple of 3",
            "Tuples.given stores a tuple of 3",
            "Triple names a tuple of 3",
        )

    def test_long_files_and_functions(self):
        def body(lines):
            return "".join("    work()\n" for _ in range(lines - 2))

        text = f"func short() {{\n{body(45)}}}\nfunc long() {{\n{body(46)}}}\n"
        text += f"struct A {{\n    var long: Int {{\n{body(46)}    }}\n}}\n"
        self.tree.write("Sources/SleepCore/Long.swift", text)
        self.tree.write("Sources/SleepCore/Longer.swift", "// a line\n" * 301)
        self.tree.write("Sources/SleepCore/Longest.swift", "// a line\n" * 300)
        self.assertOffence(
            "Long.swift:46: long has 46 lines, at most 45",
            "Long.swift:93: long has 46 lines, at most 45",
            "Longer.swift: 301 lines, at most 300",
        )

    def test_the_supervisor_spreads(self):
        self.main("SleepEngine", "Supervisor", "actor", 20, "    // a line\n" * 223)
        self.assertOffence()
        self.main("SleepEngine", "Supervisor", "actor", 20, "    // a line\n" * 224)
        self.tree.write("Sources/SleepEngine/Supervising/Supervisor+Policy.swift", "// a line\n" * 290)
        self.tree.write("Sources/SleepEngine/Supervisor+Requests.swift", "// a line\n" * 60)
        self.assertOffence("Supervisor.swift has 251 lines, at most 250", "have 601 lines together, at most 600")

    def test_a_circle(self):
        self.tree.write("Sources/SleepCore/A.swift", "struct A {\n    var b: B.Part?\n}\n")
        self.tree.write("Sources/SleepCore/B.swift", "struct B {\n    struct Part {\n        var c: C\n    }\n}\n")
        self.tree.write("Sources/SleepCore/C.swift", "enum C {}\n")
        self.tree.write("Sources/SleepCore/C+More.swift", "extension C {\n    func go() { A.go() }\n}\n")
        self.assertOffence(
            "Sources/SleepCore: a circle of types: A (Sources/SleepCore/A.swift:2) -> "
            "B.Part (Sources/SleepCore/B.swift:3) -> C (Sources/SleepCore/C+More.swift:2) -> A"
        )

    def test_a_nested_type_that_mentions_its_container(self):
        self.tree.write(
            "Sources/SleepCore/A.swift",
            "struct A {\n    var part: Part\n    struct Part {\n        let a: [A]\n    }\n}\n",
        )
        self.assertOffence("a circle of types: A (Sources/SleepCore/A.swift:2) -> A.Part (Sources/SleepCore/A.swift:4)")

    def test_what_looks_like_a_circle(self):
        self.tree.write(
            "Sources/SleepCore/A.swift",
            """\
            /// B, B.Part
            struct A {
                enum Part { case b }
                var part: Part { .b }
                let text = "B \\(part) of B"
                let b: B
            }
            """,
        )
        self.tree.write(
            "Sources/SleepCore/B.swift",
            """\
            struct B {
                var part: A.Part  // A's part is not A
                func generic<A>(_ a: A) -> A { a }
                func label(a: Int) { other.A() }
            }
            """,
        )
        # Two files may each have a private type of one name.
        self.tree.write("Sources/SleepCore/C.swift", "private struct Row { var c: C }\nstruct C {}\n")
        self.tree.write("Sources/SleepCore/D.swift", "private struct Row {}\nstruct D { fileprivate var row: Row }\n")
        self.tree.write("Sources/SleepCore/E.swift", "extension D { var c: C? { nil } }\n")
        self.assertOffence()

    def test_an_alias_counts_for_what_it_stands_for(self):
        self.tree.write(
            "Sources/SleepCore/A.swift",
            """\
            struct A {
                typealias Work = () -> Void
                typealias Way = [B.Part]
                struct State { var work: Work, other: A.Work, all: [Whole] }
                var state: State
            }
            typealias Whole = A.Work
            """,
        )
        self.tree.write("Sources/SleepCore/B.swift", "struct B {\n    struct Part {\n        var c: C\n    }\n}\n")
        self.assertOffence()
        self.tree.write("Sources/SleepCore/C.swift", "struct C {\n    var way: A.Way\n}\n")
        self.assertOffence("a circle of types: B.Part (Sources/SleepCore/B.swift:3) -> C (Sources/SleepCore/C.swift:2)")

    def test_code_in_an_interpolation_counts(self):
        self.tree.write("Sources/SleepCore/A.swift", 'struct A {\n    let b = "is \\(B.name)"\n}\n')
        self.tree.write("Sources/SleepCore/B.swift", "enum B {\n    static let name = A.self\n}\n")
        self.assertOffence("a circle of types: A (Sources/SleepCore/A.swift:2) -> B")

    def test_a_target_without_an_opening(self):
        self.tree.write("Sources/LinuxHost/Other.swift", f"{PROSE}struct Other {{}}\n")
        self.tree.write(
            "Sources/LinuxHost/KernelHost.swift", "import CLinux\n\n/// One.\n///\n/// Two.\nstruct Host {}\n"
        )
        self.tree.write("Sources/DockerEngine/Client.swift", "struct Client {}\n")
        self.assertOffence(
            "Sources/LinuxHost: KernelHost.swift or LinuxHost.swift opens with 2 lines",
            "Sources/DockerEngine: DockerEngine.swift isn't there",
        )

    def test_an_opening_below_imports(self):
        imports = "package import B\n\n#if canImport(C)\n    internal import C\n#endif\n\n"
        self.tree.write("Sources/DockerEngine/DockerEngine.swift", f"{imports}{PROSE}struct DockerEngine {{}}\n")
        self.assertOffence()

    def test_long_lines(self):
        for path in ("README.md", "examples/a/README.md", "Tests/a.sh", "Tests/b/c.swift"):
            self.tree.write(path, "x" * 121 + "\n")
        self.tree.write("Tests/umlauts.py", "ä" * 120 + "\n")
        self.tree.write(".build/README.md", "x" * 121 + "\n")
        self.assertOffence(
            "README.md:1: 121 columns", "examples/a/README.md:1: 121", "Tests/a.sh:1: 121", "Tests/b/c.swift:1: 121"
        )

    def test_imports(self):
        self.tree.write(
            "Sources/SleepCore/A.swift", "internal import Histogram\nimport Synchronization\nimport Glibc\n"
        )
        self.tree.write(
            "Sources/SleepEngine/A.swift",
            "internal import SleepCore\npackage import Logging\ninternal import NIOCore\n// import UnixHTTP\n",
        )
        self.tree.write(
            "Sources/SleepEngine/B.swift", "import struct DockerEngine.Container\n@testable import Systemd\n"
        )
        self.tree.write(
            "Sources/UnixHTTP/HTTPClient.swift", f"#if canImport(Glibc)\n    import Glibc\n#endif\n{PROSE}enum A {{}}\n"
        )
        self.assertOffence(
            "Sources/SleepCore/A.swift:3: SleepCore may not import Glibc",
            "Sources/SleepEngine/A.swift:3: SleepEngine may not import NIOCore",
            "Sources/SleepEngine/B.swift:1: SleepEngine may not import DockerEngine",
            "Sources/SleepEngine/B.swift:2: SleepEngine may not import Systemd",
            "Sources/UnixHTTP/HTTPClient.swift:2: imports Glibc, as Sources/SleepCore/A.swift does",
        )

    def test_what_cannot_be_read(self):
        self.tree.write("Sources/SleepCore/A.swift", "struct A {\n")
        self.assertOffence("Sources/SleepCore/A.swift: can't be read: line 1: '{' is never closed")
