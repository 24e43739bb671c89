"""What a playbook must keep whatever else a team changes: the method's own rules, each a small function. Pure.

They read the tree rather than the converted playbook, so that one malformed key does not hide the other problems.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import get_args

from pilotage.playbook.assessment_rules import assessed_criteria_exist, assessments_hold
from pilotage.playbook.errors import Problem
from pilotage.playbook.nodes import Node, walk
from pilotage.playbook.outline import Line, Outline, entries_of, number_of, text_of, weeks_of
from pilotage.playbook.types import COST_ROLE, QUESTIONS_MAX, Lane, PhaseId, PilotRules, WaiverRules

PHASES: tuple[str, ...] = get_args(PhaseId)
LANES: tuple[str, ...] = get_args(Lane)
LOW_LANE_MAX = 20
DAYS_A_WEEK = 7

NOT_WAIVABLE = frozenset(
    {
        "select.owner",
        "select.sponsor",
        "select.signed",
        "pilot.clearance",
        "pilot.real-work",
        "evaluate.target",
        "evaluate.guardrails",
        "evaluate.decision",
        "harden.handoff",
        "deploy.training",
    },
)
# Beside those that cannot be waived: what the ceiling, the release rule and the decision date are read from.
REQUIRED = NOT_WAIVABLE | {"pilot.release", "pilot.on-time", "deploy.stages"}
RESTS_ON_OUTSIDE = frozenset({"harden.security", "deploy.monitoring"})
REQUIRED_REVIEWS = ("security", "privacy")

CEILINGS = ("none", "shadow", "suggest", "stage", "full")
HIGHEST_CEILING = {
    "select": "none",
    "pilot": "suggest",
    "evaluate": "suggest",
    "harden": "suggest",
    "deploy": "stage",
    "operate": "full",
}
PILOT_LEAST = {
    "weeks_min": 1,
    "weeks_max": 1,
    "decision_grace_days": 0,
    "sponsor_silence_days": 1,
    "live_pilots_per_owner": 1,
    "scorers_min": 1,
    "candidates_min": 1,
    "impact_min": 1,
    "readiness_min": 1,
}

Rule = Callable[[Outline], Iterator[Problem]]


def broken(outline: Outline) -> Iterator[Problem]:
    """Every rule that the playbook breaks."""
    for rule in RULES:
        yield from rule(outline)


def texts_say_something(outline: Outline) -> Iterator[Problem]:
    """No text is blank."""
    for node in walk(outline.root):
        if node.text is not None and not node.text.strip():
            yield node.problem("blank-text", "This text is empty; write what it should say.")


def ids_are_unique(outline: Outline) -> Iterator[Problem]:
    """No two entries of a list share an id, and no two criteria of the whole playbook."""
    groups: list[Iterable[Node]] = [outline.phases, [line.node for line in outline.lines]]
    listed = ("reviews", "ownership", "areas", "streams", "questions", "scales", "risks", "assessments")
    groups += [outline.entries(key) for key in listed]
    for group in groups:
        seen: set[str] = set()
        for node in group:
            name = text_of(node, "id")
            if name is not None and name in seen:
                yield (node.get("id") or node).problem("duplicate-id", f"{name} stands here twice; keep one.")
            seen.add(name or "")


def lists_are_filled(outline: Outline) -> Iterator[Problem]:
    """There is a role, an area and a stream to speak of, and privacy and security review it."""
    for key in ("ownership", "areas", "streams"):
        listed = outline.root.get(key)
        if listed is not None and listed.value == ():
            yield listed.problem("empty-list", f"List at least one entry under {key}.")
    reviews = {text_of(review, "id") for review in outline.entries("reviews")}
    for area in REQUIRED_REVIEWS:
        if area not in reviews:
            message = f"The {area} review is missing; add it, since the pilot's clearance is signed by its reviewer."
            yield outline.place("reviews").problem("review-missing", message)


def questionnaires_are_short(outline: Outline) -> Iterator[Problem]:
    """Every question belongs to a review of this playbook, and no review asks more than somebody can answer well."""
    reviews = [text_of(review, "id") for review in outline.entries("reviews")]
    asked: dict[str | None, int] = {}
    for question in outline.entries("questions"):
        for named in entries_of(question, "reviews"):
            asked[named.text] = asked.get(named.text, 0) + 1
            if named.text not in reviews:
                yield named.problem("unknown-review", "This playbook has no such review; add it, or ask elsewhere.")
    for review, count in asked.items():
        if count > QUESTIONS_MAX:
            message = f"The {review} review asks {count} questions; take {count - QUESTIONS_MAX} out of it."
            yield outline.place("questions").problem("too-many-questions", message)


def phases_follow(outline: Outline) -> Iterator[Problem]:
    """All phases of the method are there, in its order."""
    present = [text_of(phase, "id") for phase in outline.phases]
    for phase_id in PHASES:
        if phase_id not in present:
            message = f"The phase {phase_id} is missing; add it. A phase may be short, but none is skipped."
            yield outline.place("phases").problem("phase-missing", message)
    highest = -1
    for phase, name in zip(outline.phases, present, strict=True):
        if name not in PHASES:
            continue
        position = PHASES.index(name)
        if position < highest:
            message = f"{name} stands after {PHASES[highest]}; put the phases into the order {', '.join(PHASES)}."
            yield (phase.get("id") or phase).problem("phase-order", message)
        highest = max(highest, position)


def weeks_are_seamless(outline: Outline) -> Iterator[Problem]:
    """Weeks count from 1, follow on each other without gap or overlap, and only operation stays open."""
    expected: float | None = 1
    for phase_id in PHASES:
        phase = outline.phase(phase_id)
        weeks, place = (weeks_of(phase), phase.get("weeks")) if phase is not None else (None, None)
        if weeks is None or place is None:
            expected = None
            continue
        first, last = weeks
        if expected is not None and first != expected:
            message = f"{phase_id} starts in week {first}; let it start in week {expected}."
            yield place.problem("weeks-overlap", message) if first < expected else place.problem("weeks-gap", message)
        if last is not None and last < first:
            yield place.problem("weeks-order", f"Week {last} comes before week {first}; swap them.")
        if (last is None) != (phase_id == PHASES[-1]):
            message = "Give the last week." if last is None else "Leave the last week open (null)."
            yield place.problem("weeks-open", f"{message} Operation alone goes on without end.")
        expected = None if last is None or last < first else last + 1


def ceilings_hold(outline: Outline) -> Iterator[Problem]:
    """No phase allows more exposure than the method does."""
    for phase in outline.phases:
        highest = HIGHEST_CEILING.get(text_of(phase, "id") or "")
        ceiling = phase.get("ceiling")
        mode = ceiling.get("mode") if ceiling is not None else None
        if highest is None or mode is None or mode.text not in CEILINGS:
            continue
        if CEILINGS.index(mode.text) > CEILINGS.index(highest):
            message = f"In this phase the method allows {highest} at most; lower the ceiling."
            yield mode.problem("ceiling-too-high", message)


def criteria_belong(outline: Outline) -> Iterator[Problem]:
    """A criterion's id begins with its phase."""
    for line in outline.lines:
        prefix = (line.id or "").partition(".")[0]
        if line.id is not None and line.phase is not None and prefix != line.phase:
            message = f"{line.id} stands in the phase {line.phase}; move it, or begin its id with {line.phase}."
            yield line.place("id").problem("wrong-phase", message)


def required_are_present(outline: Outline) -> Iterator[Problem]:
    """The criteria that rules of the product rest on are there."""
    present = {line.id for line in outline.lines}
    for name in sorted(REQUIRED - present):
        message = f"{name} is missing; add it. Rules of the product rest on it."
        yield outline.place("phases").problem("criterion-missing", message)


def required_keep_their_check(outline: Outline) -> Iterator[Problem]:
    """What rules rest on is judged by the method's own check, where it has one: nobody's word replaces it."""
    for line in outline.lines:
        if line.id in REQUIRED and line.id in outline.settings and text_of(line.node, "check") != line.id:
            message = f"{line.id} is judged by its own check; write `check: {line.id}`."
            yield line.place("check").problem("check-replaced", message)


def unwaivable_stay_so(outline: Outline) -> Iterator[Problem]:
    """What cannot be waived says so and is asked in every lane, and training comes before exposure."""
    for line in outline.lines:
        if line.id not in NOT_WAIVABLE:
            continue
        if line.flag("waivable", default=True):
            message = f"{line.id} cannot be waived; write `waivable: false`."
            yield line.place("waivable").problem("must-not-be-waivable", message)
        missing = [lane for lane in LANES if lane not in line.lanes]
        if missing:
            message = f"{line.id} is asked of everybody; add the lane {', '.join(missing)}."
            yield line.place("lanes").problem("lane-missing", message)
        attested = line.param("owner_attests") if line.id == "pilot.real-work" else None
        if attested is not None and attested.value is not True:
            yield attested.problem("owner-must-attest", "Only the owner's word makes work real; write `true`.")
        if line.id == "deploy.training" and not line.flag("before_exposure", default=False):
            message = "Nobody is exposed before being trained; write `before_exposure: true`."
            yield line.place("before_exposure").problem("exposed-untrained", message)


def lanes_hold(outline: Outline) -> Iterator[Problem]:
    """The low lane stays short, and a riskier lane never asks for less."""
    low = [line for line in outline.lines if "low" in line.lanes]
    if len(low) > LOW_LANE_MAX:
        message = f"The low lane asks for {len(low)} criteria; take {len(low) - LOW_LANE_MAX} out of it."
        yield low[LOW_LANE_MAX].place("lanes").problem("low-lane-too-long", message)
    for line in outline.lines:
        named = [lane for lane in LANES if lane in line.lanes]
        missing = [lane for lane in LANES[LANES.index(named[0]) :] if lane not in named] if named else []
        if missing and line.id not in NOT_WAIVABLE:
            message = f"What the {named[0]} lane asks, a riskier one asks too; add {', '.join(missing)}."
            yield line.place("lanes").problem("lane-not-nested", message)


def checks_exist(outline: Outline) -> Iterator[Problem]:
    """A named check exists and gets exactly the settings that it takes."""
    for line in outline.lines:
        check = line.node.get("check")
        if check is None or check.text is None:
            yield from _unread(line)
            continue
        if outline.known_checks is not None and check.text not in outline.known_checks:
            message = f"There is no check {check.text}; remove it, and the criterion stays pending until attested."
            yield check.problem("unknown-check", message)
        wanted = outline.settings.get(check.text)
        if wanted is not None:
            yield from _settings(line, wanted)


def measured_are_judged(outline: Outline) -> Iterator[Problem]:
    """What has to be measured is measured by a check, or takes a result from outside: no word would ever meet it."""
    for line in outline.lines:
        kinds = entries_of(line.node, "kinds")
        check, outside = line.node.get("check"), line.node.get("outside")
        judged = any(node is not None and node.value is not None for node in (check, outside))
        if kinds and kinds[0].text == "measured" and not judged and line.id not in REQUIRED:
            message = (
                f"{line.id} has to be measured and nothing measures it, so it could never be met; name a check, write "
                "`outside: release` or `outside: workload` so that a result can be brought from outside, or let its "
                "first kind be attested, recorded or document."
            )
            yield line.place("kinds").problem("never-met", message)


def funding_has_a_payer(outline: Outline) -> Iterator[Problem]:
    """Where a budget is asked for, somebody can be asked to carry the cost."""
    roles = {text_of(role, "id") for role in outline.entries("ownership")}
    for line in outline.lines:
        if text_of(line.node, "check") == "evaluate.funding" and COST_ROLE not in roles:
            message = (
                f"{line.id} needs somebody who carries the cost; add the ownership role {COST_ROLE}, since only who "
                "accepted it commits a budget."
            )
            yield outline.place("ownership").problem("payer-missing", message)


def outside_has_no_check(outline: Outline) -> Iterator[Problem]:
    """A result from outside stands in for a measurement that the product does not make, never beside one.

    Some checks rest on such a result themselves.
    """
    for line in outline.lines:
        outside, check = line.node.get("outside"), line.node.get("check")
        checked = check is not None and check.value is not None and check.text not in RESTS_ON_OUTSIDE
        if outside is not None and outside.value is not None and checked:
            message = "What a check judges takes no result from outside; remove `outside`, or the check."
            yield outside.problem("outside-beside-check", message)


def _unread(line: Line) -> Iterator[Problem]:
    params = line.node.get("params")
    if params is not None and params.value:
        message = "Without a check nobody reads these settings; name the check, or remove them."
        yield params.problem("params-without-check", message)


def _settings(line: Line, wanted: Mapping[str, object]) -> Iterator[Problem]:
    params = line.node.get("params")
    given = params.value if params is not None and isinstance(params.value, dict) else {}
    for name, node in given.items():
        if name not in wanted:
            listed = ", ".join(sorted(wanted)) or "none"
            yield node.problem("unknown-param", f"The check takes no setting {name}; it takes {listed}.")
        elif isinstance(wanted[name], bool) != isinstance(node.value, bool) or (
            isinstance(wanted[name], str) != isinstance(node.value, str)
        ):
            message = f"{name} has another kind of value here than in the standard cadence ({wanted[name]})."
            yield node.problem("wrong-param", message)
        elif node.number is not None:
            yield from _sensible(name, node, node.number)
    for name in wanted:
        if name not in given:
            message = f"The check needs the setting {name}; add it (the standard cadence has {wanted[name]})."
            yield line.place("params").problem("missing-param", message)


def _sensible(name: str, node: Node, value: float) -> Iterator[Problem]:
    highest = 1 if {"share", "probability"} & set(name.split("_")) else None
    if not value >= 0 or (highest is not None and value > highest):
        wanted = "a number from 0 to 1" if highest else "a number that is not negative"
        yield node.problem("wrong-param", f"{name} is {value}; write {wanted}.")


def evidence_ages(outline: Outline) -> Iterator[Problem]:
    """Evidence stays valid for a day at least, and grace is given only where a lapse takes exposure back."""
    for line in outline.lines:
        valid, grace = number_of(line.node, "valid_days"), number_of(line.node, "grace_days")
        if valid is not None and not valid >= 1:
            yield line.place("valid_days").problem("out-of-range", "Let evidence stay valid for 1 day or longer.")
        if grace is not None and not grace >= 0:
            yield line.place("grace_days").problem("out-of-range", "Days of grace cannot be negative.")
        takes_back = line.flag("enforced", default=False) or line.flag("before_exposure", default=False)
        if grace is not None and grace > 0 and not takes_back:
            message = "Grace has no effect here; write `enforced: true` or `before_exposure: true`, or remove it."
            yield line.place("grace_days").problem("grace-without-enforcement", message)


def ladder_climbs(outline: Outline) -> Iterator[Problem]:
    """The roll-out's steps rise to 100 per cent, within the weeks of its phase."""
    stages = outline.entries("stages")
    percents = [number_of(stage, "percent") for stage in stages]
    for stage, before, here in zip(stages[1:], percents, percents[1:], strict=False):
        if before is not None and here is not None and here <= before:
            message = f"{here} % does not rise above the {before} % before it; let every step be higher."
            yield (stage.get("percent") or stage).problem("ladder-not-rising", message)
    if stages and percents[-1] is not None and percents[-1] != 100:  # noqa: PLR2004 - per cent
        message = "Let the last step be 100 %: the phase after it serves everybody."
        yield (stages[-1].get("percent") or stages[-1]).problem("ladder-unfinished", message)
    deploy = outline.phase("deploy")
    weeks = weeks_of(deploy) if deploy is not None else None
    if weeks is None or weeks[1] is None:
        return
    held = sum(number_of(stage, "hold_days") or 0 for stage in stages)
    days = (weeks[1] - weeks[0] + 1) * DAYS_A_WEEK
    if held > days:
        message = f"The steps hold for {held} days, the phase deploy has {days}; shorten them or lengthen it."
        yield outline.place("stages").problem("ladder-too-long", message)


def waivers_stay_narrow(outline: Outline) -> Iterator[Problem]:
    """A waiver lets no more through than the method allows; a file may only be stricter."""
    waivers = outline.root.get("waivers")
    if waivers is None:
        return
    allowed = WaiverRules()
    for key in ("ceiling_percent", "demonstration_ceiling_percent"):
        value, highest = number_of(waivers, key), getattr(allowed, key)
        if value is not None and not 0 <= value <= highest:
            message = f"{key} is {value}; write a percentage from 0 to {highest}."
            yield (waivers.get(key) or waivers).problem("waiver-too-wide", message)


def pilot_is_bounded(outline: Outline) -> Iterator[Problem]:
    """Limits of the pilot are sensible, and say the same wherever they are written."""
    pilot = outline.root.get("pilot")
    limits = {key: getattr(PilotRules(), key) for key in PILOT_LEAST}
    if pilot is not None:
        for key, least in PILOT_LEAST.items():
            value = number_of(pilot, key)
            if value is not None and not value >= least:
                message = f"{key} is {value}; write {least} or more."
                yield (pilot.get(key) or pilot).problem("out-of-range", message)
        limits |= {key: value for key in PILOT_LEAST if (value := number_of(pilot, key)) is not None}
    if limits["weeks_min"] > limits["weeks_max"]:
        yield outline.place("pilot").problem("pilot-weeks", "Let weeks_min be no more than weeks_max.")
    for line in outline.lines:
        silence = line.param("silence_days") if line.id == "select.sponsor" else None
        if silence is not None and silence.number != limits["sponsor_silence_days"]:
            days = limits["sponsor_silence_days"]
            message = f"Under pilot, sponsor_silence_days is {days}; write the same number in both places."
            yield silence.problem("limits-disagree", message)


def settings_of(root: Node) -> dict[str, dict[str, object]]:
    """The settings that each check takes, as a whole playbook gives them."""
    found: dict[str, dict[str, object]] = {}
    for line in Outline(root=root).lines:
        check, params = text_of(line.node, "check"), line.node.get("params")
        if check is not None:
            given = params.value if params is not None and isinstance(params.value, dict) else {}
            found[check] = {name: node.value for name, node in given.items()}
    return found


RULES: tuple[Rule, ...] = (
    texts_say_something,
    ids_are_unique,
    lists_are_filled,
    questionnaires_are_short,
    assessments_hold,
    assessed_criteria_exist,
    phases_follow,
    weeks_are_seamless,
    ceilings_hold,
    criteria_belong,
    required_are_present,
    required_keep_their_check,
    unwaivable_stay_so,
    lanes_hold,
    checks_exist,
    measured_are_judged,
    funding_has_a_payer,
    outside_has_no_check,
    evidence_ages,
    ladder_climbs,
    waivers_stay_narrow,
    pilot_is_bounded,
)
