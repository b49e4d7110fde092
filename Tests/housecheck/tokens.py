"""Swift text as tokens: comments are gone, a string is one token, and the code inside its \\(…) stays code."""

from dataclasses import dataclass

OPERATORS = "/=-+!*%<>&|^~?.:,;@#\\"
LONG_OPERATORS = ("...", "..<", "->", "==", "!=", "<=", ">=", "&&", "||", "??", "+=", "-=")
CLOSING = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True)
class Token:
    """`kind` is word, number, string or mark; `begins_line` says that nothing but space stands before it."""

    kind: str
    text: str
    line: int
    begins_line: bool
    # Whether it touches the token before it.
    is_adjacent: bool


class Unreadable(Exception):
    pass


class Lexer:
    def __init__(self, text):
        self.text = text
        self.at = 0
        self.line = 1
        self.tokens = []
        self.line_of_last = 0
        self.end_of_last = -1

    def run(self):
        self._code(until_parenthesis=False)
        return self.tokens

    def _code(self, until_parenthesis):
        depth = 0
        while self.at < len(self.text):
            character = self.text[self.at]
            if character == "\n":
                self.line += 1
                self.at += 1
            elif character.isspace():
                self.at += 1
            elif self.text.startswith("//", self.at):
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif self.text.startswith("/*", self.at):
                self._block_comment()
            elif self._string_begins():
                self._string()
            elif character == "`":
                end = self.text.index("`", self.at + 1)
                self._add("word", end + 1 - self.at)
            elif character.isalpha() or character in "_$":
                self._add("word", self._length(lambda c: c.isalnum() or c in "_$"))
            elif character.isdigit():
                self._add("number", self._length(lambda c: c.isalnum() or c == "_"))
            else:
                depth += {"(": 1, ")": -1}.get(character, 0)
                if until_parenthesis and depth < 0:
                    return
                operator = next((o for o in LONG_OPERATORS if self.text.startswith(o, self.at)), character)
                self._add("mark", len(operator))
        if until_parenthesis:
            raise Unreadable(f"line {self.line}: an interpolation doesn't end")

    def _length(self, belongs):
        end = self.at
        while end < len(self.text) and belongs(self.text[end]):
            end += 1
        return end - self.at

    def _add(self, kind, length, text=None):
        text = self.text[self.at : self.at + length] if text is None else text
        begins_line = self.line != self.line_of_last
        self.tokens.append(Token(kind, text.strip("`"), self.line, begins_line, self.at == self.end_of_last))
        self.line_of_last = self.line
        self.at += length
        self.end_of_last = self.at

    def _block_comment(self):
        depth = 0
        while self.at < len(self.text):
            if self.text.startswith("/*", self.at):
                depth += 1
                self.at += 2
            elif self.text.startswith("*/", self.at):
                depth -= 1
                self.at += 2
                if depth == 0:
                    return
            else:
                self.line += self.text[self.at] == "\n"
                self.at += 1
        raise Unreadable(f"line {self.line}: a comment doesn't end")

    def _string_begins(self):
        end = self.at + self._length(lambda c: c == "#")
        return end < len(self.text) and self.text[end] == '"'

    def _string(self):
        hashes = "#" * self._length(lambda c: c == "#")
        self._add("string", len(hashes), '"')
        quotes = '"""' if self.text.startswith('"""', self.at) else '"'
        self.at += len(quotes)
        escape = "\\" + hashes
        while not self.text.startswith(quotes + hashes, self.at):
            if self.at >= len(self.text) or (quotes == '"' and self.text[self.at] == "\n"):
                raise Unreadable(f"line {self.line}: a string doesn't end")
            if self.text.startswith(escape + "(", self.at):
                self.at += len(escape)
                self._add("mark", 1)
                self._code(until_parenthesis=True)
                self._add("mark", 1)
            else:
                length = len(escape) + 1 if self.text.startswith(escape, self.at) else 1
                self.line += self.text.count("\n", self.at, self.at + length)
                self.at += length
        self.at += len(quotes + hashes)
        # What follows in this line does not begin one, however many lines the string had.
        self.line_of_last = self.line
        self.end_of_last = self.at


def matching(tokens):
    """By the place of each opening bracket the place of its closing one."""
    partners, open_places = {}, []
    for place, token in enumerate(tokens):
        if token.kind != "mark":
            continue
        if token.text in CLOSING:
            open_places.append(place)
        elif token.text in CLOSING.values():
            if not open_places or CLOSING[tokens[open_places[-1]].text] != token.text:
                raise Unreadable(f"line {token.line}: '{token.text}' closes nothing")
            partners[open_places.pop()] = place
    if open_places:
        raise Unreadable(f"line {tokens[open_places[-1]].line}: '{tokens[open_places[-1]].text}' is never closed")
    return partners
