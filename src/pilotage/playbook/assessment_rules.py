"""What the questionnaires about the organisation must keep, whatever a team changes in them. Pure.

They read the tree, as the other rules of a playbook do.
"""

from __future__ import annotations

from collections.abc import Iterator

from pilotage.playbook.errors import Problem
from pilotage.playbook.nodes import Node
from pilotage.playbook.outline import Outline, entries_of, text_of
from pilotage.playbook.types import QUESTIONS_MAX


def assessments_hold(outline: Outline) -> Iterator[Problem]:
    """Every question belongs to a dimension that is named, every dimension is asked about, no id stands twice, and no
    questionnaire is longer than somebody can answer well.
    """
    for assessment in outline.entries("assessments"):
        questions, dimensions = entries_of(assessment, "questions"), entries_of(assessment, "dimensions")
        yield from _twice(questions)
        yield from _twice(dimensions)
        named = {text_of(one, "id") for one in dimensions}
        asked = {text_of(one, "dimension") for one in questions}
        for question in questions:
            dimension = question.get("dimension")
            if dimension is not None and dimension.text not in named:
                message = "This assessment has no such dimension; add it under dimensions, or name another."
                yield dimension.problem("unknown-dimension", message)
        for dimension in dimensions:
            name = text_of(dimension, "id")
            if name is not None and name not in asked:
                message = f"Nothing is asked about {name}; add a question, or take the dimension out."
                yield (dimension.get("id") or dimension).problem("dimension-unasked", message)
        if len(questions) > QUESTIONS_MAX:
            message = f"It asks {len(questions)} questions; take {len(questions) - QUESTIONS_MAX} out of it."
            yield (assessment.get("questions") or assessment).problem("too-many-questions", message)


def assessed_criteria_exist(outline: Outline) -> Iterator[Problem]:
    """What is to speak to a question is a criterion of this playbook."""
    present = {line.id for line in outline.lines}
    for assessment in outline.entries("assessments"):
        for question in entries_of(assessment, "questions"):
            for criterion in entries_of(question, "criteria"):
                if criterion.text is not None and criterion.text not in present:
                    message = "This playbook has no such criterion; take it out, or add the criterion."
                    yield criterion.problem("unknown-criterion", message)


def _twice(nodes: tuple[Node, ...]) -> Iterator[Problem]:
    seen: set[str] = set()
    for node in nodes:
        name = text_of(node, "id")
        if name is not None and name in seen:
            yield (node.get("id") or node).problem("duplicate-id", f"{name} stands here twice; keep one.")
        seen.add(name or "")
