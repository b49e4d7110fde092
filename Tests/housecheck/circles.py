"""Who mentions whom among the types of a target, and the circles that come of it.

A top-level type and its extensions are one node, whatever files they are in. A nested type is a node of its own:
`A.B` counts for B's, not for A's, and nesting alone is no edge, neither way. An alias counts for what it stands for.
"""

from collections import deque


class Target:
    """The types of the files of one target, as a graph."""

    def __init__(self, files):
        self.files = files
        # A private top-level type is known in its own file only, so two files may have one of the same name.
        self.nodes = {}
        for file in files:
            for declared in file.types:
                if declared.kind != "extension":
                    self.nodes[self._key(file, declared)] = declared
        self.other_names = {}
        for file in files:
            for declared in file.types:
                node = self._node_of(file, declared)
                if node:
                    self.other_names.setdefault(node, set()).update(declared.other_names)
        # By the node around an alias (empty: the target itself) and its name.
        self.aliases = {}
        for file in files:
            for alias in file.aliases:
                scope = self._node_of(file, alias.owner) if alias.owner else ("",)
                if scope:
                    self.aliases[(*scope, alias.name)] = (file, alias)
        # By node: the nodes it mentions, each with the place of the first mention.
        self.edges = {node: {} for node in self.nodes}
        for file in files:
            self._read_mentions(file)

    def _key(self, file, declared):
        return (file.path if self._is_private(file, declared.path[0]) else "", *declared.path)

    def _is_private(self, file, name):
        return any(t.is_private and t.path == (name,) for t in file.types)

    def _node_of(self, file, declared):
        key = self._key(file, declared)
        return key if key in self.nodes else None

    # Reading mentions.

    def _read_mentions(self, file):
        spans = sorted(file.types, key=lambda t: t.first)
        parameters = [(f.first, f.last, f.other_names) for f in file.functions if f.other_names]
        around, following = [], iter(spans)
        upcoming = next(following, None)
        for place, token in enumerate(file.tokens):
            while around and around[-1].last < place:
                around.pop()
            while upcoming is not None and upcoming.first <= place:
                around.append(upcoming)
                upcoming = next(following, None)
            if not self._may_be_a_type(file, place) or not around:
                continue
            if any(first <= place <= last and token.text in names for first, last, names in parameters):
                continue
            owner = self._node_of(file, around[-1])
            for mentioned in self._mentioned(file, place, around):
                if owner and owner != mentioned:
                    self.edges[owner].setdefault(mentioned, f"{file.path}:{token.line}")

    def _may_be_a_type(self, file, place):
        token = file.tokens[place]
        is_member = place > 0 and file.tokens[place - 1].text == "."
        return token.kind == "word" and token.text[:1].isupper() and not is_member

    def _mentioned(self, file, place, around, seen=()):
        """The nodes that a name like A.B.c stands for, seen from where it is written: one, unless it is an alias."""
        found = self._lookup(file, file.tokens[place].text, around)
        while found in self.nodes and place + 2 < len(file.tokens) and file.tokens[place + 1].text == ".":
            place += 2
            longer = (*found, file.tokens[place].text)
            if longer not in self.nodes and longer not in self.aliases:
                break
            found = longer
        if found in self.nodes:
            return {found}
        if found is None or found in seen:
            return set()
        file, alias = self.aliases[found]
        around = [t for t in file.types if t.first <= alias.first <= t.last]
        places = [p for p in range(alias.first, alias.last) if self._may_be_a_type(file, p)]
        return {node for p in places for node in self._mentioned(file, p, around, (*seen, found))}

    def _lookup(self, file, name, around):
        """The node or the alias of that name; null: neither, in this target."""
        for declared in reversed(around):
            scope = self._node_of(file, declared)
            # An extension of a nested type sees its containers' types, too.
            while scope and len(scope) > 1:
                if name == "Self":
                    return scope
                if name in self.other_names.get(scope, ()):
                    return None
                if (*scope, name) in self.nodes or (*scope, name) in self.aliases:
                    return (*scope, name)
                scope = scope[:-1]
        known = ((file.path, name), ("", name))
        return next((key for key in known if key in self.nodes or key in self.aliases), None)

    # Circles.

    def circles(self):
        """For each knot of nodes that all reach each other: its nodes, and its shortest circle with the places."""
        found = []
        for knot in self._knots():
            if len(knot) > 1:
                found.append((knot, self._shortest(knot)))
        return sorted(found, key=lambda each: sorted(each[0]))

    def _knots(self):
        """Tarjan's strongly connected components, without recursion."""
        number, low, stack, on_stack, knots = {}, {}, [], set(), []
        for root in self.nodes:
            if root in number:
                continue
            work = [(root, iter(self.edges[root]))]
            number[root] = low[root] = len(number)
            stack.append(root)
            on_stack.add(root)
            while work:
                node, rest = work[-1]
                successor = next(rest, None)
                if successor is None:
                    work.pop()
                    if work:
                        low[work[-1][0]] = min(low[work[-1][0]], low[node])
                    if low[node] == number[node]:
                        knot = set()
                        while node not in knot:
                            knot.add(stack.pop())
                        on_stack -= knot
                        knots.append(knot)
                elif successor not in number:
                    number[successor] = low[successor] = len(number)
                    stack.append(successor)
                    on_stack.add(successor)
                    work.append((successor, iter(self.edges[successor])))
                elif successor in on_stack:
                    low[node] = min(low[node], number[successor])
        return knots

    def _shortest(self, knot):
        circles = [self._back_to(start, knot) for start in sorted(knot)]
        return min(circles, key=len)

    def _back_to(self, start, knot):
        """The shortest way from a node back to it, as (node, place of the mention of the next one)."""
        before, waiting = {}, deque([start])
        while waiting:
            node = waiting.popleft()
            for successor, place in self.edges[node].items():
                if successor == start:
                    way = [(node, place)]
                    while node != start:
                        node, place = before[node]
                        way.append((node, place))
                    return way[::-1]
                if successor in knot and successor not in before:
                    before[successor] = (node, place)
                    waiting.append(successor)
        return []


def name(node):
    return ".".join(node[1:])
