"""The declarations in a Swift file: its types with their stored properties, its functions, its imports."""

from declared import Alias, Function, Import, Stored, Type
from walk import OBSERVERS, BEGINNINGS, MODIFIERS, TYPE_WORDS, Walk


class File(Walk):
    """All that one file declares. `tokens` are kept: who mentions whom is read off them."""

    def __init__(self, path, text):
        self.path = path
        self.lines = text.split("\n")[: -1 if text.endswith("\n") else None]
        super().__init__(text)
        self.types, self.functions, self.imports, self.aliases = [], [], [], []
        self._members(0, len(self.tokens), None)

    # Declarations.

    def _members(self, place, end, owner):
        """Reads what is declared between two places, in a file (`owner` is null) or in a type."""
        while place < end:
            place = self._declaration(place, end, owner)

    def _declaration(self, place, end, owner):
        if self._text(place) == "@":
            place += 2
            return self._behind(place) if self._text(place) == "(" and self.tokens[place].is_adjacent else place
        if self._text(place) == "#":
            return self._directive(place, end)
        first, modifiers = place, set()
        while self._is_modifier(place):
            modifiers.add(self._text(place))
            place += 1
            if self._text(place) == "(":
                place = self._behind(place)
            while self._text(place) == "@":
                place = self._declaration(place, end, owner)
        word = self._text(place) if place < end and self.tokens[place].kind == "word" else ""
        if word in TYPE_WORDS or word == "extension":
            return self._type(place, end, owner, modifiers)
        if word in ("func", "init", "deinit", "subscript"):
            return self._function(place, end)
        if word in ("var", "let"):
            is_stored_here = owner is not None and owner.kind in ("struct", "class", "actor")
            is_static = bool(modifiers & {"static", "class"})
            return self._bindings(place + 1, end, owner if is_stored_here and not is_static else None)
        if word == "import":
            return self._import(place)
        if word in ("typealias", "associatedtype"):
            return self._alias(place, end, owner)
        if word == "case":
            return self._case(place, end)
        return self._behind(max(place, first))

    def _is_modifier(self, place):
        if not self._is_word(place, *MODIFIERS):
            return False
        # `class` is both: before a declaration's word or another modifier it says "of the type".
        return self._text(place) != "class" or self._is_word(place + 1, *(BEGINNINGS - TYPE_WORDS), "override")

    def _directive(self, place, end):
        place += 1
        while place < end and not self.tokens[place].begins_line:
            place = self._behind(place)
        return place

    def _import(self, place):
        place += 1
        if self._is_word(place, *TYPE_WORDS, "func", "var", "let", "typealias"):
            place += 1
        self.imports.append(Import(self._text(place), self.tokens[place].line))
        while self._text(place + 1) == ".":
            place += 2
        return place + 1

    def _type(self, place, end, owner, modifiers):
        kind, line, first = self._text(place), self.tokens[place].line, place
        place += 1
        path = (self._text(place),)
        while self._text(place + 1) == ".":
            place += 2
            path += (self._text(place),)
        place += 1
        if kind != "extension" and owner is not None:
            path = owner.path + path
        found = Type(kind, path, line, first)
        found.is_private = owner is None and bool(modifiers & {"private", "fileprivate"})
        found.other_names |= self._type_parameters(place)
        while place < end and self._text(place) != "{":
            place = self._behind(place)
        found.last = self.partners.get(place, end - 1)
        self.types.append(found)
        self._members(place + 1, found.last, found)
        return found.last + 1

    def _function(self, place, end):
        line, first = self.tokens[place].line, place
        word = self._text(place)
        place += 1
        name = self._text(place) if word == "func" else word
        other_names = set()
        while place < end and self._text(place) != "(" and self._text(place) != "{":
            if self._text(place) == "<":
                other_names |= self._type_parameters(place)
            place += 1
        if self._text(place) == "(":
            if word == "func" and self.tokens[place - 1].kind == "mark" and not other_names:
                name = "".join(t.text for t in self.tokens[first + 1 : place])
            place = self._behind(place)
        while place < end and self._text(place) != "{" and not self._begins_declaration(place):
            place = self._behind(place)
        if self._text(place) != "{" or place >= end:
            return place
        last = self.partners[place]
        lines = self.tokens[last].line - line + 1
        self.functions.append(Function(name, line, lines, first, last, other_names))
        self._statements(place + 1, last)
        return last + 1

    def _statements(self, place, end):
        """Finds the types and functions that are declared within a function."""
        while place < end:
            token, before = self.tokens[place], self.tokens[place - 1]
            is_first = token.begins_line or before.text in ("{", ";") or before.text in MODIFIERS
            is_named = place + 1 < end and self.tokens[place + 1].kind == "word"
            if token.kind == "word" and is_first and is_named and token.text in TYPE_WORDS:
                place = self._type(place, end, self._type_around(place), set())
            elif token.kind == "word" and is_first and is_named and token.text == "func":
                place = self._function(place, end)
            else:
                place += 1

    def _type_around(self, place):
        around = [t for t in self.types if t.first < place and (t.last == 0 or place < t.last)]
        return max(around, key=lambda t: t.first, default=None)

    def _alias(self, place, end, owner):
        word, line, name = self._text(place), self.tokens[place].line, self._text(place + 1)
        place += 2
        while place < end and self._text(place) != "=" and not self._begins_declaration(place):
            place = self._behind(place)
        has_value = place < end and self._text(place) == "="
        last = self._behind_type(place + 1, end) if has_value else place
        if word == "associatedtype":
            owner.other_names.add(name)
        elif has_value:
            fields = self._tuple_fields(place + 1, last)
            self.aliases.append(Alias(name, line, owner, place + 1, last, fields))
        return last

    def _case(self, place, end):
        place += 1
        while place < end and not self._begins_declaration(place):
            place = self._behind(place)
        return place

    # Properties.

    def _bindings(self, place, end, owner):
        """`a = 1, b: Int { … }`; stored ones are noted with their owner."""
        while place < end:
            line, names = self.tokens[place].line, [self._text(place)]
            if self._text(place) == "(":
                inside = range(place + 1, self.partners[place])
                names = [self._text(p) for p in inside if self._text(p + 1) in (",", ")") and self._text(p) != "_"]
            first, place = place, self._behind(place)
            fields = 0
            if self._text(place) == ":":
                begin, place = place + 1, self._behind_type(place + 1, end)
                fields = self._tuple_fields(begin, place)
            if place < end and self._text(place) == "=":
                begin, place = place + 1, self._behind_value(place + 1, end)
                fields = max(fields, self._value_fields(begin, place))
            is_stored = True
            if place < end and self._text(place) == "{" and not self.tokens[place].begins_line:
                is_stored = self._first_accessor(place) in OBSERVERS
                self._accessors(names[0], first, place)
                place = self._behind(place)
            if is_stored and owner is not None:
                owner.stored += [Stored(name, line, fields) for name in names]
            if place >= end or self._text(place) != ",":
                return place
            place += 1
        return place

    def _accessors(self, name, first, brace):
        last = self.partners[brace]
        line = self.tokens[first].line
        self.functions.append(Function(name, line, self.tokens[last].line - line + 1, first, last))
        self._statements(brace + 1, last)

    def _behind_value(self, place, end):
        began = place
        while place < end:
            text = self._text(place)
            if place > began:
                if text in (",", ";") or self._begins_declaration(place):
                    return place
                if text == "{" and self._first_accessor(place) in OBSERVERS:
                    return place
            if text == "<" and self.tokens[place].is_adjacent and self._text(place - 1)[:1].isupper():
                place = self._behind_angles(place)
            elif text == "{":
                self._statements(place + 1, self.partners[place])
                place = self._behind(place)
            else:
                place = self._behind(place)
        return place
