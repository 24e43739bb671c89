"""The reference pages say what the data says: generated ones match it, written ones leave no key out."""

from __future__ import annotations

import pathlib
import re
from typing import get_args

import msgspec
import pytest
from msgspec import Struct, structs

from pilotage.playbook.loading import load, shipped
from pilotage.playbook.metrics import Guardrail, Metric, MetricSource, Target
from pilotage.playbook.nodes import plain, read
from pilotage.playbook.reference import reference
from pilotage.playbook.shape import differences
from pilotage.playbook.types import (
    Assessment,
    AssessmentQuestion,
    Criterion,
    Phase,
    PilotRules,
    Playbook,
    Question,
    Stage,
    WaiverRules,
)

DOCS = pathlib.Path(__file__).parents[2] / "docs"


class Promises(Struct, frozen=True, kw_only=True):
    """The part of a charter that the page on metrics gives examples of."""

    metrics: tuple[Metric, ...] = ()
    target: Target | None = None
    guardrails: tuple[Guardrail, ...] = ()


def page(name):
    """The text of a page."""
    return (DOCS / name).read_text(encoding="utf-8")


def section(text, title):
    """The part of a page under a heading, up to the next heading of its rank or a higher one."""
    rank = len(title) - len(title.lstrip("#"))
    body = text.partition(f"\n{title}\n")[2]
    return re.split(rf"\n#{{1,{rank}}} ", body, maxsplit=1)[0]


def documented(text):
    """The keys in the first column of a section's tables."""
    cells = [row.split("|")[1] for row in text.splitlines() if row.startswith("| `")]
    return {key for cell in cells for key in re.findall(r"`([a-z_]+)`", cell)}


def fields(cls):
    """The keys of a type as files spell them."""
    return {field.encode_name for field in structs.fields(cls)}


@pytest.mark.parametrize("name", shipped())
def test_the_page_of_a_cadence_is_up_to_date(name):
    """Each cadence's page is what the product generates from its data."""
    command = f"pilotage playbook show {name} --markdown > docs/playbook/{name}.md"
    assert page(f"playbook/{name}.md") == reference(load(name)), f"write the page again: {command}"


@pytest.mark.parametrize("name", shipped())
def test_the_page_of_a_cadence_names_everything(name):
    """Every criterion with its condition, settings and next action, and every review, role, area and stream."""
    text = reference(load(name))
    playbook = load(name)
    for line in (line for phase in playbook.phases for line in phase.criteria):
        row = next(row for row in text.splitlines() if row.startswith(f"| `{line.id}`"))
        assert row.count(" | ") == 3, line.id
        for part in (line.title, line.met_when, line.next, *line.kinds, *line.lanes, *line.params):
            assert part in row
    for named in (*playbook.reviews, *playbook.ownership, *playbook.areas, *playbook.streams):
        assert f"| `{named.id}` | {named.title} | {named.purpose} |" in text


@pytest.mark.parametrize("name", shipped())
def test_the_page_of_a_cadence_holds_every_assessment(name):
    """Every dimension, every question, what each level looks like and what the next one needs."""
    text = reference(load(name))
    for assessment in load(name).assessments:
        assert f"## {assessment.title}" in text
        for dimension in assessment.dimensions:
            assert f"### {dimension.title}\n\n{dimension.purpose}" in text
        for question in assessment.questions:
            for sentence in (question.text, *question.levels, *question.next, *question.frameworks):
                assert sentence in text, question.id


def test_a_page_survives_signs_of_its_own_markup():
    """A bar or a line break in a text does not break the table it stands in."""
    standard = load("standard")
    first = structs.replace(standard.phases[0].criteria[0], met_when="a | b\nc")
    phase = structs.replace(standard.phases[0], criteria=(first,))
    text = reference(structs.replace(standard, phases=(phase,)))
    assert "| a &#124; b c |" in text


@pytest.mark.parametrize(
    ("title", "cls"),
    [
        ("### The playbook", Playbook),
        ("### A phase", Phase),
        ("### A criterion", Criterion),
        ("### A step of the roll-out", Stage),
        ("### A question of the reviews", Question),
        ("### An assessment", Assessment),
        ("### A question of an assessment", AssessmentQuestion),
        ("### Waivers", WaiverRules),
        ("### The pilot's limits", PilotRules),
    ],
)
def test_every_key_of_a_playbook_is_explained(title, cls):
    """The recipe explains each key that a playbook may hold, and none that it may not."""
    beyond = {"extends", "without"} if cls is Playbook else set()
    assert documented(section(page("recipes/write-your-own-playbook.md"), title)) == fields(cls) | beyond


@pytest.mark.parametrize(
    ("title", "cls"), [("## A metric", Metric), ("## The target", Target), ("## A guardrail", Guardrail)]
)
def test_every_key_of_a_promise_is_explained(title, cls):
    """The page on metrics explains each key of a metric, a target and a guardrail."""
    assert documented(section(page("metrics.md"), title)) == fields(cls)


@pytest.mark.parametrize("source", get_args(MetricSource), ids=lambda source: source.__struct_config__.tag)
def test_every_source_of_values_is_explained(source):
    """Each source has a part of its own that names its keys and shows it in use."""
    tag = source.__struct_config__.tag
    part = section(page("metrics.md"), f"### `{tag}`")
    text = part.partition("```yaml")[0]
    for key in fields(source):
        assert f"`{key}`" in text, f"explain {key} under {tag}"
    assert tag in [metric.source.__struct_config__.tag for promise in examples(part) for metric in promise.metrics]


def test_every_form_of_a_target_is_explained():
    """Each form has a sentence and an example."""
    part = section(page("metrics.md"), "## The target")
    forms = set(get_args(structs.fields(Target)[1].type))
    assert forms == {"own", "difference", "share"}
    assert {promise.target.form for promise in examples(part) if promise.target} == forms
    assert all(f"\n`{form}`: " in part for form in forms)


def test_every_example_of_a_promise_is_valid():
    """All examples can be copied as they stand, and both kinds of guardrail are among them."""
    promises = examples(page("metrics.md"))
    guardrails = [guardrail for promise in promises for guardrail in promise.guardrails]
    assert {guardrail.limit is None for guardrail in guardrails} == {True, False}
    metrics = {metric.id for promise in promises for metric in promise.metrics}
    assert {guardrail.metric for guardrail in guardrails} <= metrics
    assert {promise.target.metric for promise in promises if promise.target} <= metrics


def examples(text):
    """The examples of a page, checked and converted."""
    found = []
    for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL):
        node, problems = read(block)
        assert node is not None
        assert not problems
        assert list(differences(node, Promises)) == []
        found.append(msgspec.convert(plain(node), Promises))
    return found
