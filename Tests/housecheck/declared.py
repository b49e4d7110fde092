"""What a Swift file can declare, as plain values. Places are those of tokens."""

from dataclasses import dataclass, field


@dataclass
class Stored:
    name: str
    line: int
    tuple_fields: int = 0


@dataclass
class Type:
    """A nominal type, or an extension of one (`kind` is extension)."""

    kind: str
    path: tuple
    line: int
    first: int
    last: int = 0
    is_private: bool = False
    stored: list = field(default_factory=list)
    # Names that stand for no type of their own within it: its associated types and type parameters.
    other_names: set = field(default_factory=set)


@dataclass
class Function:
    name: str
    line: int
    lines: int
    first: int
    last: int
    other_names: set = field(default_factory=set)


@dataclass
class Alias:
    """What stands behind its `=` is from `first` to before `last`; with no owner it is one of the whole target."""

    name: str
    line: int
    owner: Type | None
    first: int
    last: int
    tuple_fields: int


@dataclass
class Import:
    module: str
    line: int
