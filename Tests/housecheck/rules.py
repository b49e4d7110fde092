"""The rules that Sources, Tests and the pages for people are held to. Each gives its offences as lines of text."""

import re
from pathlib import Path

from circles import Target, name
from declarations import File
from tokens import Unreadable

LONGEST_FILE = 300
LONGEST_FUNCTION = 45
LONGEST_LINE = 120
MOST_TUPLE_FIELDS = 2

# Stored properties at most, of the types that everything leans on.
MOST_STORED = {
    ("SleepEngine", "Supervisor"): 20,
    ("SleepEngine", "ServiceDriver"): 12,
    ("SleepCore", "SleepMachine"): 15,
}
# And of any other type of these targets: what has more is a bag, and wants to be parts.
MOST_STORED_OF_OTHERS = 12
WITHOUT_BAGS = {"SleepCore", "SleepEngine"}
# Plain values that may have more, and why.
LISTS = {
    ("SleepCore", "Settings"): "one for each key of the policy",
    ("SleepCore", "SleepMachine.Step"): "one for each thing that a machine can ask for",
    ("SleepEngine", "ServiceView"): "one for each thing that status and why show",
}

SUPERVISOR_FOLDER = "Sources/SleepEngine"
LONGEST_SUPERVISOR = 250
LONGEST_SUPERVISOR_WITH_EXTENSIONS = 600

# The file that opens with what its target is for: the one named after the target, or after its main type.
MAIN_TYPE = {
    "ControlTypes": "Wire",
    "LinuxHost": "KernelHost",
    "SleepCore": "SleepMachine",
    "SleepEngine": "Supervisor",
    "Systemd": "ServiceManager",
    "UnixHTTP": "HTTPClient",
    "svcctl": "Svcctl",
    "svcd": "Svcd",
}
SHORTEST_OPENING = 5

# All that a target may import, as far as it is held to less than Package.swift gives it.
# Of the C library SleepCore reads and writes addresses, and nothing else.
ONLY = {"SleepCore": {"Histogram", "Libc", "Synchronization"}}
NEVER = {"SleepEngine": re.compile(r"NIO|HTTP|Docker|Systemd|UnixSignals|ServiceLifecycle")}
# The C library: in one place, whichever it is called.
C_LIBRARIES = {"Glibc", "Musl"}

PROSE = ("*.md",)
CODE = ("*.swift", "*.sh", "*.py", "*.c", "*.h", "*.yaml", "*.sql", "*.modulemap")


class House:
    """A tree of sources, read once."""

    def __init__(self, root):
        self.root = Path(root)
        self.unreadable = []
        self.targets = {}
        for folder in sorted(p for p in (self.root / "Sources").iterdir() if p.is_dir()):
            files = [f for path in sorted(folder.rglob("*.swift")) if (f := self._read(path))]
            if files:
                self.targets[folder.name] = Target(files)

    def _read(self, path):
        where = str(path.relative_to(self.root))
        try:
            return File(where, path.read_text())
        except Unreadable as fault:
            self.unreadable.append(f"{where}: can't be read: {fault}")
            return None

    def offences(self):
        found = list(self.unreadable)
        for rule in (
            self.too_much_stored,
            self.tuples,
            self.too_long,
            self.supervisor,
            self.circles,
            self.openings,
            self.columns,
            self.imports,
        ):
            found += rule()
        return found

    def _types(self, target):
        for file in self.targets[target].files:
            for declared in file.types:
                yield file, declared

    # Stored properties.

    def stored(self, target, name):
        """How many a type has; null where there is no such type."""
        counts = [len(t.stored) for _, t in self._types(target) if t.kind != "extension" and t.path == (name,)]
        return counts[0] if counts else None

    def too_much_stored(self):
        for (target, name), most in MOST_STORED.items():
            if target in self.targets and self.stored(target, name) is None:
                yield f"Sources/{target}: there is no {name}, whose stored properties are at most {most}"
        for target in self.targets:
            for file, declared in self._types(target):
                key = (target, ".".join(declared.path))
                others = MOST_STORED_OF_OTHERS if target in WITHOUT_BAGS and key not in LISTS else None
                most = MOST_STORED.get(key, others)
                if most is not None and len(declared.stored) > most:
                    count = len(declared.stored)
                    yield f"{file.path}:{declared.line}: {key[1]} has {count} stored properties, at most {most}"

    def tuples(self):
        for target in self.targets:
            for file, declared in self._types(target):
                for stored in declared.stored:
                    if stored.tuple_fields > MOST_TUPLE_FIELDS:
                        what = f"{'.'.join(declared.path)}.{stored.name}"
                        yield f"{file.path}:{stored.line}: {what} stores a tuple of {stored.tuple_fields} fields"
            for file in self.targets[target].files:
                for alias in file.aliases:
                    if alias.tuple_fields > MOST_TUPLE_FIELDS:
                        yield f"{file.path}:{alias.line}: {alias.name} names a tuple of {alias.tuple_fields} fields"

    # Lengths.

    def too_long(self):
        for target in self.targets.values():
            for file in target.files:
                if len(file.lines) > LONGEST_FILE:
                    yield f"{file.path}: {len(file.lines)} lines, at most {LONGEST_FILE}"
                for function in file.functions:
                    if function.lines > LONGEST_FUNCTION:
                        where = f"{file.path}:{function.line}"
                        yield f"{where}: {function.name} has {function.lines} lines, at most {LONGEST_FUNCTION}"

    def supervisor(self):
        lengths = {
            path.name: len(path.read_text().splitlines())
            for path in (self.root / SUPERVISOR_FOLDER).rglob("Supervisor*.swift")
        }
        own, all_files = lengths.get("Supervisor.swift", 0), sum(lengths.values())
        if own > LONGEST_SUPERVISOR:
            yield f"{SUPERVISOR_FOLDER}: Supervisor.swift has {own} lines, at most {LONGEST_SUPERVISOR}"
        if all_files > LONGEST_SUPERVISOR_WITH_EXTENSIONS:
            most = LONGEST_SUPERVISOR_WITH_EXTENSIONS
            yield f"{SUPERVISOR_FOLDER}: Supervisor*.swift have {all_files} lines together, at most {most}"

    def columns(self):
        folders = [(self.root / "Sources", CODE), (self.root / "Tests", CODE), (self.root, PROSE)]
        paths = {p for folder, patterns in folders if folder.is_dir() for one in patterns for p in folder.rglob(one)}
        for path in sorted(paths):
            where = path.relative_to(self.root)
            if any(part.startswith(".build") or part == ".git" for part in where.parts):
                continue
            for number, line in enumerate(path.read_text().splitlines(), start=1):
                if len(line) > LONGEST_LINE:
                    yield f"{where}:{number}: {len(line)} columns, at most {LONGEST_LINE}"

    # The shape of the whole.

    def circles(self):
        for target, graph in self.targets.items():
            for knot, circle in graph.circles():
                steps = " -> ".join(f"{name(node)} ({place})" for node, place in circle)
                more = (
                    ""
                    if len(knot) == len(circle)
                    else "; tied up with it: "
                    + ", ".join(sorted(name(node) for node in knot - {node for node, _ in circle}))
                )
                yield f"Sources/{target}: a circle of types: {steps} -> {name(circle[0][0])}{more}"

    def openings(self):
        for target, graph in self.targets.items():
            names = {target, MAIN_TYPE.get(target, target)}
            lines = [self._opening(file) for file in graph.files if Path(file.path).stem in names]
            if not lines or max(lines) < SHORTEST_OPENING:
                files = " or ".join(f"{name}.swift" for name in sorted(names))
                found = f"opens with {max(lines)} lines" if lines else "isn't there"
                yield f"Sources/{target}: {files} {found}; at least {SHORTEST_OPENING} say what the target is for"

    def _opening(self, file):
        """The lines with words of the comment above a file's first declaration; imports don't count as one."""
        count = 0
        for line in map(str.strip, file.lines):
            if line.startswith("//"):
                count += bool(line.strip("/ "))
            elif count or not re.match(r"(#|(\w+ )?import |$)", line):
                return count
        return count

    def imports(self):
        users = {}
        for target, graph in self.targets.items():
            for file in graph.files:
                for found in file.imports:
                    is_beyond = target in ONLY and found.module not in ONLY[target]
                    if is_beyond or (target in NEVER and NEVER[target].search(found.module)):
                        yield f"{file.path}:{found.line}: {target} may not import {found.module}"
                    if found.module in C_LIBRARIES:
                        users.setdefault(file.path, found)
        for path, found in list(users.items())[1:]:
            yield f"{path}:{found.line}: imports {found.module}, as {next(iter(users))} does; one place is enough"

    # The figures.

    def table(self):
        rows = [("target", "files", "types", "longest file", "longest function", "circles")]
        for target, graph in self.targets.items():
            file = max(graph.files, key=lambda f: len(f.lines))
            functions = [(function, f) for f in graph.files for function in f.functions]
            longest = max(functions, key=lambda each: each[0].lines, default=None)
            rows.append(
                (
                    target,
                    str(len(graph.files)),
                    str(len(graph.nodes)),
                    f"{len(file.lines)} {Path(file.path).name}",
                    f"{longest[0].lines} {longest[0].name}, {Path(longest[1].path).name}" if longest else "none",
                    str(len(graph.circles())),
                )
            )
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
        lines.append("")
        for (target, type_name), most in MOST_STORED.items():
            if (count := self.stored(target, type_name) if target in self.targets else None) is not None:
                lines.append(f"{type_name}: {count} stored properties, at most {most}")
        return lines
