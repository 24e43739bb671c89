"""Resolves `extends`: a playbook file laid over the shipped one that it names. Pure.

Mappings merge key by key. Lists whose entries have ids merge by id, and an id that is new comes last. Everything
else is replaced. `without` then takes out the criteria that it lists.
"""

from __future__ import annotations

from collections.abc import Callable

from pilotage.playbook.errors import Problem
from pilotage.playbook.nodes import Node

EXTENDS = "extends"
WITHOUT = "without"


def merge(base: Node, over: Node) -> tuple[Node, list[Problem]]:
    """The file `over` laid over `base`, without the two keys of its own, and what was wrong with them."""
    problems: list[Problem] = []
    merged = _lay(base, Node(value=_own(over), path=over.path, line=over.line), problems)
    without = over.get(WITHOUT)
    if without is not None:
        merged = _leave_out(merged, without, problems)
    return merged, problems


def _own(over: Node) -> dict[str, Node]:
    present = over.value if isinstance(over.value, dict) else {}
    return {key: below for key, below in present.items() if key not in {EXTENDS, WITHOUT}}


def _lay(base: Node, over: Node, problems: list[Problem]) -> Node:
    if isinstance(base.value, dict) and isinstance(over.value, dict):
        merged = dict(base.value)
        for key, below in over.value.items():
            merged[key] = _lay(base.value[key], below, problems) if key in base.value else below
        return Node(value=merged, path=over.path, line=over.line)
    base_ids = [_id(entry) for entry in base.items]
    if base_ids and None not in base_ids and isinstance(over.value, tuple):
        return _lay_by_id(base, over, problems)
    return over


def _lay_by_id(base: Node, over: Node, problems: list[Problem]) -> Node:
    merged: dict[str, Node] = {_id(entry) or entry.path: entry for entry in base.items}
    seen: set[str] = set()
    for entry in over.items:
        name = _id(entry)
        if name is not None and name in seen:
            problems.append(entry.problem("duplicate-id", f"{name} stands here twice; keep one."))
        elif name is not None and name in merged:
            merged[name] = _lay(merged[name], entry, problems)
        else:
            merged[name or entry.path] = entry
        seen.add(name or entry.path)
    return Node(value=tuple(merged.values()), path=over.path, line=over.line)


def _id(entry: Node) -> str | None:
    found = entry.get("id")
    return found.text if found is not None else None


def _leave_out(merged: Node, without: Node, problems: list[Problem]) -> Node:
    phases = merged.get("phases")
    if not isinstance(without.value, tuple):
        problems.append(without.problem("wrong-type", f"Write {WITHOUT} as a list of criterion ids."))
        return merged
    if phases is None or not phases.items:
        return merged
    present = {_id(line) for phase in phases.items for line in _criteria(phase)}
    problems.extend(
        entry.problem("without-unknown", "The extended playbook has no such criterion; remove this entry.")
        for entry in without.items
        if entry.text is None or entry.text not in present
    )
    leaving = frozenset(entry.text for entry in without.items if entry.text is not None)
    remaining = tuple(_without(phase, leaving) for phase in phases.items)
    return _unasked(_put(merged, "phases", Node(value=remaining, path=phases.path, line=phases.line)), leaving)


def _unasked(merged: Node, leaving: frozenset[str]) -> Node:
    """What is taken out speaks to no question of an assessment any more."""
    assessments = merged.get("assessments")
    if assessments is None or not assessments.items:
        return merged
    return _put(merged, "assessments", _each(assessments, lambda one: _questions_without(one, leaving)))


def _each(node: Node, change: Callable[[Node], Node]) -> Node:
    return Node(value=tuple(map(change, node.items)), path=node.path, line=node.line)


def _questions_without(assessment: Node, leaving: frozenset[str]) -> Node:
    questions = assessment.get("questions")
    if questions is None or not questions.items:
        return assessment

    def without(question: Node) -> Node:
        criteria = question.get("criteria")
        if criteria is None or not criteria.items:
            return question
        kept = tuple(one for one in criteria.items if one.text not in leaving)
        return _put(question, "criteria", Node(value=kept, path=criteria.path, line=criteria.line))

    return _put(assessment, "questions", _each(questions, without))


def _criteria(phase: Node) -> tuple[Node, ...]:
    criteria = phase.get("criteria")
    return criteria.items if criteria is not None else ()


def _without(phase: Node, leaving: frozenset[str]) -> Node:
    criteria = phase.get("criteria")
    if criteria is None or not criteria.items:
        return phase
    kept = tuple(line for line in criteria.items if _id(line) not in leaving)
    return _put(phase, "criteria", Node(value=kept, path=criteria.path, line=criteria.line))


def _put(node: Node, key: str, below: Node) -> Node:
    present = node.value if isinstance(node.value, dict) else {}
    return Node(value={**present, key: below}, path=node.path, line=node.line)
