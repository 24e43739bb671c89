"""YAML text as a tree whose every value knows its place in the file. Pure: text in, nodes and problems out.

Stricter than YAML: one document, text keys, no key twice, no tags, anchors or aliases, and no deeper nesting than
a person writes. So a file means what it shows, and reading one costs no more than its size.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import yaml
from msgspec import Struct

from pilotage.playbook.errors import Problem

CHARACTERS_MAX = 1_000_000
DEPTH_MAX = 32
# The binding to libyaml reads some ten times faster; both give the same nodes.
LOADER: type[yaml.SafeLoader | yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Scalar = str | int | float | bool | dt.date | dt.datetime | None
Plain = Scalar | list["Plain"] | dict[str, "Plain"]


class Node(Struct, frozen=True, kw_only=True):
    """A value with its path in the file and its line, counted from 1; None where the line is in another file."""

    value: dict[str, Node] | tuple[Node, ...] | Scalar
    path: str = ""
    line: int | None = None

    def get(self, key: str) -> Node | None:
        """The value under a key; None when this is no mapping or lacks the key."""
        return self.value.get(key) if isinstance(self.value, dict) else None

    @property
    def items(self) -> tuple[Node, ...]:
        """The entries of a list; none when this is no list."""
        return self.value if isinstance(self.value, tuple) else ()

    @property
    def text(self) -> str | None:
        """The value where it is text, else None."""
        return self.value if isinstance(self.value, str) else None

    @property
    def number(self) -> float | None:
        """The value where it is a number (no truth value), else None."""
        return self.value if isinstance(self.value, int | float) and not isinstance(self.value, bool) else None

    def problem(self, code: str, message: str) -> Problem:
        """A problem at this place."""
        return Problem(path=self.path, code=code, message=message, line=self.line)

    def at(self, key: str | int) -> str:
        """The path of a key or a position below this place."""
        if isinstance(key, int):
            return f"{self.path}[{key}]"
        return f"{self.path}.{key}" if self.path and not self.path.endswith(":") else f"{self.path}{key}"


def plain(node: Node) -> Plain:
    """The value without its places."""
    if isinstance(node.value, dict):
        return {key: plain(below) for key, below in node.value.items()}
    if isinstance(node.value, tuple):
        return [plain(below) for below in node.value]
    return node.value


def walk(node: Node) -> Iterator[Node]:
    """A node and every node below it, in the order of the file."""
    yield node
    below = node.value.values() if isinstance(node.value, dict) else node.items
    for child in below:
        yield from walk(child)


def _with(node: Node, value: dict[str, Node] | tuple[Node, ...] | Scalar) -> Node:
    return Node(value=value, path=node.path, line=node.line)


def read(text: str, *, inside: str = "") -> tuple[Node | None, list[Problem]]:
    """The tree of a file, and everything that keeps it from being read as one.

    The tree is None when nothing could be read. `inside` names a shipped playbook that another file extends: its
    places then begin with that name and carry no line.
    """
    if len(text) > CHARACTERS_MAX:
        return None, [Problem(path="", code="too-big", message=f"Keep the file under {CHARACTERS_MAX:,} characters.")]
    problems = list(_syntax(text))
    if problems:
        return None, problems
    loader = LOADER(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return None, [Problem(path="", code="empty-file", message="The file is empty; write a playbook into it.")]
        builder = _Builder(loader, lines=not inside)
        return builder.build(root, Node(value=None, path=f"{inside}:" if inside else "")), builder.problems
    finally:
        loader.dispose()


def _syntax(text: str) -> Iterator[Problem]:
    """What is wrong before any value is looked at. Runs over events, so neither depth nor aliases can exhaust it."""
    depth = documents = 0
    try:
        for event in yaml.parse(text, Loader=LOADER):
            line = event.start_mark.line + 1 if event.start_mark else None
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            if isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if documents > 1:
                yield Problem(path="", line=line, code="yaml-documents", message="Keep one document in a file.")
                return
            if depth > DEPTH_MAX:
                message = f"Lists and mappings nest more than {DEPTH_MAX} deep; flatten them."
                yield Problem(path="", line=line, code="yaml-deep", message=message)
                return
            yield from _refused(event, line)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        message = f"This is not YAML: {error.problem or error.context}. Mend it, then the rest can be checked."
        yield Problem(path="", line=mark.line + 1 if mark else None, code="yaml-syntax", message=message)
    except (yaml.YAMLError, UnicodeError) as error:
        reason = str(error).splitlines()[0]
        yield Problem(path="", code="yaml-syntax", message=f"This is not YAML: {reason}. Save the file as UTF-8 text.")


def _refused(event: yaml.Event, line: int | None) -> Iterator[Problem]:
    if isinstance(event, yaml.AliasEvent):
        message = f"Write out what *{event.anchor} stands for; aliases are not read."
        yield Problem(path="", line=line, code="yaml-alias", message=message)
    elif isinstance(event, yaml.NodeEvent) and event.anchor is not None:
        message = f"Remove the anchor &{event.anchor}; aliases are not read."
        yield Problem(path="", line=line, code="yaml-alias", message=message)
    tag = getattr(event, "tag", None)
    if tag is not None:
        message = f"Remove the tag {tag}; a value's form says what it is."
        yield Problem(path="", line=line, code="yaml-tag", message=message)
    if isinstance(event, yaml.ScalarEvent) and any("\ud800" <= letter <= "\udfff" for letter in event.value):
        message = "This text holds half a character (a lone surrogate); remove it."
        yield Problem(path="", line=line, code="yaml-scalar", message=message)


class _Builder:
    """Turns composed YAML nodes into placed ones and collects what is wrong on the way."""

    def __init__(self, loader: yaml.SafeLoader | yaml.CSafeLoader, *, lines: bool) -> None:
        self.loader = loader
        self.lines = lines
        self.problems: list[Problem] = []

    def build(self, source: yaml.Node, place: Node) -> Node:
        if place.line is None and self.lines:
            place = Node(value=None, path=place.path, line=source.start_mark.line + 1)
        if isinstance(source, yaml.MappingNode):
            return _with(place, self._mapping(source, place))
        if isinstance(source, yaml.SequenceNode):
            below = (self.build(item, Node(value=None, path=place.at(i))) for i, item in enumerate(source.value))
            return _with(place, tuple(below))
        return _with(place, self._scalar(source, place))

    def _mapping(self, source: yaml.MappingNode, place: Node) -> dict[str, Node]:
        found: dict[str, Node] = {}
        for key_node, value_node in source.value:
            key = key_node.value if key_node.tag == "tag:yaml.org,2002:str" else None
            line = key_node.start_mark.line + 1 if self.lines else None
            here = Node(value=None, path=place.path if key is None else place.at(key), line=line)
            if key is None:
                self.problems.append(here.problem("yaml-key", "Keys are text; put this one into quotes or rename it."))
            elif key in found:
                self.problems.append(here.problem("yaml-duplicate-key", f"The key {key} stands here twice; keep one."))
            else:
                found[key] = self.build(value_node, here)
        return found

    def _scalar(self, source: yaml.Node, place: Node) -> Scalar:
        try:
            value: Scalar = self.loader.construct_object(source)
        except (ValueError, yaml.YAMLError) as error:
            reason = str(error).splitlines()[0]
            message = f"This value cannot be read ({reason}); if it is text, put it into quotes."
            self.problems.append(place.problem("yaml-scalar", message))
            return None
        return value
