"""Finding one's way in the tokens of a Swift file: what stands where, and where a type or an accessor ends."""

from tokens import Lexer, matching

TYPE_WORDS = {"struct", "class", "enum", "actor", "protocol"}
MODIFIERS = {
    "public",
    "package",
    "internal",
    "private",
    "fileprivate",
    "open",
    "static",
    "final",
    "lazy",
    "weak",
    "unowned",
    "mutating",
    "nonmutating",
    "override",
    "required",
    "convenience",
    "indirect",
    "nonisolated",
    "isolated",
    "dynamic",
    "optional",
    "prefix",
    "postfix",
    "infix",
    "consuming",
    "borrowing",
    "distributed",
    "sending",
    "class",
}
BEGINNINGS = (
    MODIFIERS
    | TYPE_WORDS
    | {
        "extension",
        "func",
        "init",
        "deinit",
        "subscript",
        "var",
        "let",
        "case",
        "typealias",
        "associatedtype",
        "import",
        "operator",
        "precedencegroup",
        "macro",
    }
)
OBSERVERS = {"willSet", "didSet"}
ACCESSORS = OBSERVERS | {"get", "set", "init", "_read", "_modify", "unsafeAddress", "unsafeMutableAddress", "yielding"}


class Walk:
    def __init__(self, text):
        self.tokens = Lexer(text).run()
        self.partners = matching(self.tokens)

    # What stands at a place.

    def _text(self, place):
        return self.tokens[place].text if place < len(self.tokens) else ""

    def _behind(self, place):
        """The place behind a token, or behind the brackets that it opens."""
        return self.partners.get(place, place) + 1

    def _is_word(self, place, *words):
        return place < len(self.tokens) and self.tokens[place].kind == "word" and self._text(place) in words

    def _begins_declaration(self, place):
        token = self.tokens[place]
        return token.begins_line and (token.text in ("@", "#", "}") or self._is_word(place, *BEGINNINGS))

    # Types and accessors.

    def _type_parameters(self, place):
        """Their names, where `<` stands at that place."""
        names, depth = set(), 0
        if self._text(place) != "<":
            return names
        while place < len(self.tokens):
            depth += {"<": 1, ">": -1}.get(self._text(place), 0)
            if depth == 0:
                return names
            if depth == 1 and self._text(place) in ("<", ","):
                names.add(self._text(place + 1))
            place += 1
        return names

    def _behind_type(self, place, end):
        angles, began = 0, place
        while place < end:
            text = self._text(place)
            if place > began and angles == 0 and self._begins_declaration(place):
                return place
            if text == "{" or (angles == 0 and text in ("=", ",", ";")):
                return place
            angles += {"<": 1, ">": -1}.get(text, 0)
            place = self._behind(place)
        return place

    def _behind_angles(self, place):
        """Behind the `>` of type arguments; behind the `<` alone where it is a comparison."""
        depth, began = 0, place
        while place < len(self.tokens):
            token = self.tokens[place]
            depth += {"<": 1, ">": -1}.get(token.text, 0)
            if depth == 0:
                return place + 1
            if token.kind in ("number", "string") or token.text in ("{", "}", ";", "=", "==", "&&", "||"):
                break
            place = self._behind(place)
        return began + 1

    def _first_accessor(self, brace):
        """The first word within braces, behind attributes and modifiers."""
        place = brace + 1
        while place < self.partners[brace]:
            if self._text(place) == "@":
                place += 2
                if self._text(place) == "(" and self.tokens[place].is_adjacent:
                    place = self._behind(place)
            elif self._is_word(place, "mutating", "nonmutating", "private", "isolated", "nonisolated"):
                place += 1
            else:
                break
        is_accessor = self._is_word(place, *ACCESSORS) and self._text(place + 1) in ("{", "(", "async", "throws", "}")
        is_listed = self._is_word(place, "get") and self._is_word(place + 1, "set")
        return self._text(place) if is_accessor or is_listed else ""

    # Tuples.

    def _tuple_fields(self, place, end):
        """The most fields of a tuple anywhere in a type; a function's parameters are none."""
        most = 0
        for opening in range(place, end):
            if self._text(opening) != "(" or opening not in self.partners:
                continue
            closing = self.partners[opening]
            if self._text(closing + 1) in ("->", "async", "throws") or self._text(opening - 1) == "throws":
                continue
            most = max(most, self._commas(opening, closing) + 1)
        return most

    def _value_fields(self, place, end):
        """The fields of a value that is a tuple and nothing else."""
        if self._text(place) != "(" or self._behind(place) != end:
            return 0
        return self._commas(place, self.partners[place]) + 1

    def _commas(self, opening, closing):
        count, place, angles = 0, opening + 1, 0
        while place < closing:
            text = self._text(place)
            angles += {"<": 1, ">": -1}.get(text, 0)
            count += text == "," and angles == 0
            place = self._behind(place)
        return count
