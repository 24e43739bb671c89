"""A playbook file that breaks rules is refused with everything that is wrong, where, and what to do."""

from __future__ import annotations

import ast
import pathlib
import re
from collections import Counter
from importlib import resources

import pytest
import yaml

from pilotage.playbook.errors import PlaybookInvalid, Problem
from pilotage.playbook.loading import load, parse

ROOT = pathlib.Path(__file__).parents[2]
OURS = "extends: standard\nid: ours\n"


def whole():
    """The standard cadence as plain data under another id, to be broken."""
    text = resources.files("pilotage.playbook").joinpath("standard.yaml").read_text(encoding="utf-8")
    return {**yaml.safe_load(text), "id": "ours"}


def line_of(data, criterion_id):
    """One criterion of plain data."""
    return next(line for phase in data["phases"] for line in phase["criteria"] if line["id"] == criterion_id)


def problems_of(text, known_checks=None):
    """What is wrong with a file."""
    with pytest.raises(PlaybookInvalid) as caught:
        parse(text, "ours.yaml", known_checks)
    return caught.value.problems


def changed(change):
    """The standard cadence after a change, as text."""
    data = whole()
    change(data)
    return yaml.safe_dump(data, sort_keys=False)


def question_of(name, dimension="stars", **more):
    """A question of an assessment."""
    levels, following = [f"Level {level}." for level in range(1, 6)], [f"Step {step}." for step in range(1, 5)]
    asked = {"id": name, "dimension": dimension, "text": "What?", "frameworks": ["EU AI Act Art. 4"]}
    return {**asked, "levels": levels, "next": following, **more}


def assessment(*questions, more=(), **other):
    """An assessment of one dimension, and others."""
    dimensions = [{"title": "A title", "purpose": "A purpose."} | one for one in ({"id": "stars"}, *more)]
    asked = {"id": "skies", "title": "Skies", "purpose": "Why.", "dimensions": dimensions}
    return {**asked, "questions": list(questions), **other}


BROKEN_TEXT = {
    "too-big": ("x" * 1_000_001, ""),
    "empty-file": ("# nothing yet\n", ""),
    "yaml-syntax": ("id: [ours\ntitle: x\n", ""),
    "yaml-documents": ("id: ours\n---\nid: other\n", ""),
    "yaml-deep": ("id: " + "[" * 40 + "]" * 40, ""),
    "yaml-alias": ("id: &name ours\ntitle: *name\n", ""),
    "yaml-tag": ("id: !!python/name:os.system ours\n", ""),
    "yaml-key": (OURS + "3: three\n", ""),
    "yaml-duplicate-key": (OURS + "title: one\ntitle: two\n", "title"),
    "yaml-scalar": (OURS + "title: 2026-13-45\n", "title"),
    "extends-unknown": ("extends: weekly\n", "extends"),
    "without-unknown": (OURS + "without: [select.owner, select.lunch]\n", "without[1]"),
    "without-alone": ("id: ours\nwithout: [evaluate.gaps]\n", "without"),
    "id-taken": ("extends: standard\nid: ninety-day\n", "id"),
    "wrong-type": (OURS + "without: evaluate.gaps\n", "without"),
    "unknown-key": (OURS + "titel: Ours\n", "titel"),
    "out-of-range": (OURS + "waivers: {days_max: 60}\n", "waivers.days_max"),
    "not-finite": (OURS + "waivers: {ceiling_percent: .inf}\n", "waivers.ceiling_percent"),
    "wrong-form": ("extends: standard\nid: Our Playbook\n", "id"),
    "too-short": (OURS + "stages: []\n", "stages"),
    "duplicate-id": (OURS + "reviews: [{id: risk}, {id: risk}]\n", "reviews[1]"),
}


def question(name: str, reviews: list[str]) -> dict[str, object]:
    """A question as a file has it."""
    frameworks = ["NIST AI RMF MAP 1.6"]
    return {"id": name, "text": "Is it so?", "example": "It is.", "reviews": reviews, "frameworks": frameworks}


BROKEN_DATA = {
    "missing-key": (lambda d: d["phases"][1]["criteria"][3].pop("title"), "phases[1].criteria[3].title"),
    "not-allowed": (lambda d: d["phases"][0]["ceiling"].update(mode="nothing"), "phases[0].ceiling.mode"),
    "wrong-length": (lambda d: d["phases"][0].update(weeks=[1, 2, 3]), "phases[0].weeks"),
    "blank-text": (lambda d: d["areas"][0].update(purpose=" "), "areas[0].purpose"),
    "duplicate-id": (lambda d: d["areas"][1].update(id="resilience"), "areas[1].id"),
    "empty-list": (lambda d: d.update(streams=[]), "streams"),
    "phase-missing": (lambda d: d["phases"].pop(), "phases"),
    "phase-order": (lambda d: d["phases"].insert(0, d["phases"].pop(1)), "phases[1].id"),
    "weeks-gap": (lambda d: d["phases"][2].update(weeks=[10, 12]), "phases[2].weeks"),
    "weeks-overlap": (lambda d: d["phases"][2].update(weeks=[8, 12]), "phases[2].weeks"),
    "weeks-order": (lambda d: d["phases"][2].update(weeks=[9, 7]), "phases[2].weeks"),
    "weeks-open": (lambda d: d["phases"][5].update(weeks=[25, 30]), "phases[5].weeks"),
    "ceiling-too-high": (lambda d: d["phases"][1]["ceiling"].update(mode="full"), "phases[1].ceiling.mode"),
    "criterion-missing": (lambda d: d["phases"][3]["criteria"].remove(line_of(d, "harden.handoff")), "phases"),
    "unknown-review": (
        lambda d: d.update(
            reviews=[one for one in d["reviews"] if one["id"] != "risk"], questions=[question("q1", ["risk"])]
        ),
        "questions[0].reviews[0]",
    ),
    "unknown-dimension": (
        lambda d: d.update(assessments=[assessment(question_of("q1"), question_of("q2", dimension="moons"))]),
        "assessments[0].questions[1].dimension",
    ),
    "dimension-unasked": (
        lambda d: d.update(assessments=[assessment(question_of("q1"), more=[{"id": "moons"}])]),
        "assessments[0].dimensions[1].id",
    ),
    "unknown-criterion": (
        lambda d: d.update(assessments=[assessment(question_of("q1", criteria=["select.owner", "select.lunch"]))]),
        "assessments[0].questions[0].criteria[1]",
    ),
    "too-many-questions": (
        lambda d: d.update(questions=[question(f"q{number}", ["risk"]) for number in range(16)]),
        "questions",
    ),
    "review-missing": (lambda d: d["reviews"].pop(1), "reviews"),
    "check-replaced": (lambda d: line_of(d, "evaluate.target").pop("check"), "phases[2].criteria[0]"),
    "wrong-phase": (lambda d: line_of(d, "evaluate.gaps").update(id="harden.gaps"), "phases[2].criteria[5].id"),
    "must-not-be-waivable": (lambda d: line_of(d, "select.owner").pop("waivable"), "phases[0].criteria[2]"),
    "lane-missing": (
        lambda d: line_of(d, "select.owner").update(lanes=["low", "standard"]),
        "phases[0].criteria[2].lanes",
    ),
    "lane-not-nested": (lambda d: line_of(d, "select.data").update(lanes=["low"]), "phases[0].criteria[9].lanes"),
    "low-lane-too-long": (
        lambda d: line_of(d, "deploy.adoption").update(lanes=["low", "standard", "high"]),
        "phases[4].criteria[4].lanes",
    ),
    "exposed-untrained": (
        lambda d: line_of(d, "deploy.training").update(before_exposure=False),
        "phases[4].criteria[1].before_exposure",
    ),
    "owner-must-attest": (
        lambda d: line_of(d, "pilot.real-work")["params"].update(owner_attests=False),
        "phases[1].criteria[5].params.owner_attests",
    ),
    "unknown-check": (lambda d: line_of(d, "select.data").update(check="select.dta"), "phases[0].criteria[9].check"),
    "unknown-param": (
        lambda d: line_of(d, "pilot.shadow")["params"].update(pairs_mim=1),
        "phases[1].criteria[6].params.pairs_mim",
    ),
    "missing-param": (lambda d: line_of(d, "pilot.shadow")["params"].pop("days_min"), "phases[1].criteria[6].params"),
    "wrong-param": (
        lambda d: line_of(d, "pilot.shadow")["params"].update(dropped_share_max=2),
        "phases[1].criteria[6].params.dropped_share_max",
    ),
    "params-without-check": (
        lambda d: line_of(d, "harden.resilience").update(params={"owner_attests": True}),
        "phases[3].criteria[2].params",
    ),
    "never-met": (
        lambda d: line_of(d, "harden.scale").pop("outside"),
        "phases[3].criteria[7].kinds",
    ),
    "payer-missing": (
        lambda d: d.update(ownership=[one for one in d["ownership"] if one["id"] != "cost"]),
        "ownership",
    ),
    "outside-beside-check": (
        lambda d: line_of(d, "harden.ownership").update(outside="workload"),
        "phases[3].criteria[11].outside",
    ),
    "grace-without-enforcement": (
        lambda d: line_of(d, "harden.scale").update(grace_days=3),
        "phases[3].criteria[7].grace_days",
    ),
    "out-of-range": (lambda d: line_of(d, "harden.scale").update(valid_days=0), "phases[3].criteria[7].valid_days"),
    "ladder-not-rising": (lambda d: d["stages"][1].update(percent=5), "stages[1].percent"),
    "ladder-unfinished": (lambda d: d["stages"].pop(), "stages[2].percent"),
    "ladder-too-long": (lambda d: d["stages"][3].update(hold_days=8), "stages"),
    "waiver-too-wide": (lambda d: d["waivers"].update(ceiling_percent=6), "waivers.ceiling_percent"),
    "pilot-weeks": (lambda d: d["pilot"].update(weeks_min=9), "pilot"),
    "limits-disagree": (
        lambda d: d["pilot"].update(sponsor_silence_days=10),
        "phases[0].criteria[3].params.silence_days",
    ),
}


@pytest.mark.parametrize("code", BROKEN_TEXT)
def test_a_broken_text_is_refused(code):
    """What cannot be read as a playbook says why, at its place."""
    text, path = BROKEN_TEXT[code]
    found = problems_of(text)
    assert (path, code) in [(problem.path, problem.code) for problem in found]
    assert all(problem.message for problem in found)


@pytest.mark.parametrize("code", BROKEN_DATA)
def test_one_broken_rule_is_the_only_complaint(code):
    """A playbook with one fault is refused for that fault, at its place, and for nothing else."""
    change, path = BROKEN_DATA[code]
    found = problems_of(changed(change), frozenset(line["check"] for line in checked(whole())))
    assert [(problem.path, problem.code) for problem in found] == [(path, code)]
    assert found[0].line is not None


def checked(data):
    """The criteria of plain data that name a check."""
    return [line for phase in data["phases"] for line in phase["criteria"] if "check" in line]


def test_everything_wrong_is_said_at_once():
    """One run names every fault, whatever its sort, in the order of the file and with its line."""
    found = problems_of(
        OURS
        + """\
titel: Ours
phases:
  - id: pilot
    weeks: [3, soon]
    criteria:
      - id: pilot.shadow
        params: {pairs_mim: 10}
      - id: pilot.lunch
        title: Lunch
  - id: deploy
    ceiling: {mode: ful}
without: [evaluate.decision]
stages:
  - {percent: 50, hold_days: -1}
  - {percent: 20, hold_days: 7}
"""
    )
    assert [(problem.line, problem.path, problem.code) for problem in found] == [
        (3, "titel", "unknown-key"),
        (4, "phases", "criterion-missing"),
        (6, "phases[0].weeks[1]", "wrong-type"),
        (9, "phases[0].criteria[0].params.pairs_mim", "unknown-param"),
        (10, "phases[0].criteria[1].met_when", "missing-key"),
        (10, "phases[0].criteria[1].kinds", "missing-key"),
        (10, "phases[0].criteria[1].lanes", "missing-key"),
        (10, "phases[0].criteria[1].next", "missing-key"),
        (10, "phases[0].criteria[1].by", "missing-key"),
        (13, "phases[1].ceiling.mode", "not-allowed"),
        (16, "stages[0].hold_days", "out-of-range"),
        (17, "stages[1].percent", "ladder-not-rising"),
        (17, "stages[1].percent", "ladder-unfinished"),
    ]


def test_a_refusal_reads_like_a_list_of_things_to_mend():
    """The error's text names the file, counts the problems, and gives each its line, place and remedy."""
    with pytest.raises(PlaybookInvalid) as caught:
        parse(OURS + "titel: Ours\nwaivers: {signers: 1}\n", "ours.yaml")
    assert str(caught.value) == (
        "ours.yaml: 2 problems\n"
        "  line 3, titel: titel is no key of this place; did you mean title?\n"
        "  line 4, waivers.signers: This is 1; write a number that is at least 2."
    )


def test_a_problem_in_what_is_extended_says_so():
    """Where a change makes the extended playbook contradict itself, the place begins with that playbook's name."""
    found = problems_of(OURS + "phases: [{id: evaluate, weeks: [9, 9]}]\n")
    assert found == (
        Problem(
            path="standard:phases[3].weeks",
            code="weeks-gap",
            message="harden starts in week 13; let it start in week 10.",
        ),
    )


def test_only_known_checks_may_be_named_where_they_are_known():
    """With the registered checks given, another name is refused; without, it is left unasked."""
    text = OURS + "phases: [{id: evaluate, criteria: [{id: evaluate.gaps, check: acme.gaps}]}]\n"
    assert parse(text, "ours.yaml").criterion("evaluate.gaps").check == "acme.gaps"
    known = frozenset(line["check"] for line in checked(whole()))
    assert [problem.code for problem in problems_of(text, known)] == ["unknown-check"]
    assert parse(text, "ours.yaml", known | {"acme.gaps"})


def test_every_required_key_is_missed():
    """Leaving out any key that the standard cadence gives and that has no default is refused at that very place."""
    data = whole()
    for key in ("id", "title", "version", "summary", "phases", "reviews", "ownership", "areas", "streams", "stages"):
        text = yaml.safe_dump({name: value for name, value in data.items() if name != key})
        assert (key, "missing-key") in {(problem.path, problem.code) for problem in problems_of(text)}


def codes_in_source():
    """Every code that the package can give a problem, read from its source."""
    found = Counter()
    for path in (ROOT / "src" / "pilotage" / "playbook").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            given = [keyword.value for keyword in node.keywords if keyword.arg == "code"] if name == "Problem" else []
            given += node.args[:1] if name == "problem" else []
            found.update(value.value for value in given if isinstance(value, ast.Constant))
    return set(found)


def test_every_code_is_tried_and_documented():
    """No complaint without a test that provokes it and a line that explains it."""
    page = (ROOT / "docs" / "recipes" / "write-your-own-playbook.md").read_text(encoding="utf-8")
    table = page.partition("## What the check may say")[2]
    documented = {code for row in table.splitlines() if row.startswith("| `") for code in codes_of(row)}
    assert documented == codes_in_source()
    # `too-long` and `unfit` cannot be provoked by a playbook: no type of it has a greatest length, and what passes
    # the check converts. Both are proven on other types and by the property that nothing else is ever raised.
    assert codes_in_source() - {*BROKEN_TEXT, *BROKEN_DATA} == {"too-long", "unfit"}


def codes_of(row):
    """The codes in the first cell of a table's row."""
    return re.findall(r"`([a-z-]+)`", row.split("|")[1])


def test_every_mistake_of_an_assessment_is_named_at_once():
    """Missing anchors, a foreign dimension, a made-up criterion and framework, an id twice: all in one refusal."""
    wrong = [
        question_of("q1", levels=["Only one."], next=["One.", "Two."]),
        question_of("q1", dimension="moons", criteria=["select.lunch"], frameworks=["ISO 9000 1"]),
    ]
    found = problems_of(changed(lambda d: d.update(assessments=[assessment(*wrong)])))
    assert {(problem.code, problem.path) for problem in found} == {
        ("too-short", "assessments[0].questions[0].levels"),
        ("too-short", "assessments[0].questions[0].next"),
        ("duplicate-id", "assessments[0].questions[1].id"),
        ("unknown-dimension", "assessments[0].questions[1].dimension"),
        ("unknown-criterion", "assessments[0].questions[1].criteria[0]"),
        ("wrong-form", "assessments[0].questions[1].frameworks[0]"),
    }


def test_an_assessment_is_not_longer_than_somebody_can_answer_well():
    """At most fifteen questions."""
    asked = [question_of(f"q{number}") for number in range(16)]
    (found,) = problems_of(changed(lambda d: d.update(assessments=[assessment(*asked)])))
    assert (found.code, found.path) == ("too-many-questions", "assessments[0].questions")


def test_a_file_changes_one_question_and_adds_another():
    """What extends the standard lays its assessments over the shipped ones, by id; a criterion that is left out speaks
    to no question any more.
    """
    text = yaml.safe_dump(
        {
            "extends": "standard",
            "id": "ours",
            "without": ["evaluate.funding"],
            "assessments": [
                {
                    "id": "organisation-readiness",
                    "valid_days": 90,
                    "questions": [{"id": "skills", "text": "Who can build it?"}, question_of("unions", "people")],
                },
                assessment(question_of("q1")),
            ],
        }
    )
    playbook, usual = parse(text, "ours.yaml"), load("standard").assessment("organisation-readiness")
    found = playbook.assessment("organisation-readiness")
    assert found.valid_days == 90
    assert [one.id for one in found.questions] == [*(one.id for one in usual.questions), "unions"]
    assert found.question("skills").text == "Who can build it?"
    assert found.question("skills").levels == usual.question("skills").levels
    assert found.question("money-after-the-pilot").criteria == ("evaluate.production-cost",)
    assert [one.id for one in playbook.assessments] == ["organisation-readiness", "llm-operations-maturity", "skies"]
    assert playbook.assessment("astrology") is None
    assert found.question("zodiac") is None


def test_the_recipe_s_playbook_is_valid():
    """The example of the recipe loads as written, with its own criterion and without the one it leaves out."""
    page = (ROOT / "docs" / "recipes" / "write-your-own-playbook.md").read_text(encoding="utf-8")
    playbook = parse(page.partition("```yaml\n")[2].partition("```")[0], "claims-desk.yaml")
    assert playbook.criterion("pilot.two-offices").title == "Tried in two offices"
    assert playbook.criterion("pilot.baseline").params == {"calls_min": 1000, "days_min": 28}
    assert playbook.phase("operate").weeks == (29, None)
    with pytest.raises(KeyError):
        playbook.criterion("select.build-or-buy")
    assert load("standard").criterion("select.build-or-buy")


def test_the_recipe_s_criterion_is_valid():
    """The example of adding a criterion fits its phase as written."""
    page = (ROOT / "docs" / "recipes" / "add-a-criterion.md").read_text(encoding="utf-8")
    (line,) = yaml.safe_load(page.partition("```yaml\n")[2].partition("```")[0])
    text = changed(lambda data: data["phases"][2]["criteria"].append(line))
    assert parse(text, "ours.yaml").criterion("evaluate.accessibility").next == line["next"]
