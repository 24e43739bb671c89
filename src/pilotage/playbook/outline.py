"""A playbook's tree as the rules read it. Pure.

Tolerant of whatever is malformed: the shape check reports that, and the rules go on with the rest.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from pilotage.playbook.nodes import Node


class Line(Struct, frozen=True, kw_only=True):
    """A criterion as written, and the id of the phase that it stands in; None where that cannot be read."""

    node: Node
    phase: str | None

    @property
    def id(self) -> str | None:
        """The criterion's id, None where it is missing or no text."""
        return text_of(self.node, "id")

    @property
    def lanes(self) -> frozenset[str]:
        """The lanes it names."""
        lanes = self.node.get("lanes")
        return (
            frozenset(lane.text for lane in lanes.items if lane.text is not None) if lanes is not None else frozenset()
        )

    def place(self, key: str) -> Node:
        """The node under a key, or the criterion itself where the key is left out."""
        return self.node.get(key) or self.node

    def param(self, name: str) -> Node | None:
        """One setting of its check."""
        params = self.node.get("params")
        return params.get(name) if params is not None else None

    def flag(self, key: str, *, default: bool) -> bool:
        """A truth value; its default where it is left out or malformed."""
        found = self.node.get(key)
        return found.value if found is not None and isinstance(found.value, bool) else default


class Outline(Struct, frozen=True, kw_only=True):
    """The tree, the names of the checks that exist (None: not asked) and the settings that known checks take."""

    root: Node
    known_checks: frozenset[str] | None = None
    settings: Mapping[str, Mapping[str, object]] = {}

    @property
    def phases(self) -> tuple[Node, ...]:
        """The phases as written."""
        return self.entries("phases")

    @property
    def lines(self) -> tuple[Line, ...]:
        """Every criterion as written."""
        return tuple(
            Line(node=line, phase=text_of(phase, "id"))
            for phase in self.phases
            for line in entries_of(phase, "criteria")
        )

    def entries(self, key: str) -> tuple[Node, ...]:
        """The entries of a list at the top of the file."""
        return entries_of(self.root, key)

    def phase(self, phase_id: str) -> Node | None:
        """The first phase of that id."""
        return next((phase for phase in self.phases if text_of(phase, "id") == phase_id), None)

    def place(self, key: str) -> Node:
        """The node of a key at the top of the file, or the file itself where it is left out."""
        return self.root.get(key) or self.root


def entries_of(node: Node, key: str) -> tuple[Node, ...]:
    """The entries of the list under a key; none where there is no list."""
    below = node.get(key)
    return below.items if below is not None else ()


def text_of(node: Node, key: str) -> str | None:
    """The text under a key; None where there is none."""
    below = node.get(key)
    return below.text if below is not None else None


def number_of(node: Node, key: str) -> float | None:
    """The number under a key; None where there is none."""
    below = node.get(key)
    return below.number if below is not None else None


def weeks_of(phase: Node) -> tuple[float, float | None] | None:
    """First and last week of a phase, the last None where it is open; None where they cannot be read."""
    weeks = entries_of(phase, "weeks")
    if len(weeks) != 2 or weeks[0].number is None:  # noqa: PLR2004 - a first and a last week
        return None
    if weeks[1].value is not None and weeks[1].number is None:
        return None
    return weeks[0].number, weeks[1].number
