"""The shipped cadences hold the whole method: the ids listed here are its specification."""

from __future__ import annotations

from importlib import resources

import pytest

from pilotage.playbook.errors import PlaybookUnknown
from pilotage.playbook.loading import load, shipped
from pilotage.playbook.types import PilotRules, WaiverRules

METHOD = {
    "select": "candidates focus owner sponsor charter signed reachable production-path review-partners data "
    "integration build-or-buy suitability",
    "pilot": "clearance baseline release early-use instrumented real-work shadow production-design on-time",
    "evaluate": "target guardrails shortfall user-feedback production-cost gaps funding decision",
    "harden": "rebuild equivalence resilience observability cost security audit scale retraining maintenance reviews "
    "ownership handoff runbook change-plan",
    "deploy": "stages training feedback monitoring adoption communication next-iteration",
    "operate": "value cost slo drift retraining reviews drill ownership sponsor feedback iteration",
}
CRITERIA = {phase: [f"{phase}.{name}" for name in names.split()] for phase, names in METHOD.items()}

# M measured, R recorded, A attested, D document, the primary kind first.
KINDS = {
    "select.candidates": "R",
    "select.focus": "R",
    "select.owner": "A",
    "select.sponsor": "A",
    "select.charter": "RD",
    "select.signed": "A",
    "select.reachable": "MR",
    "select.production-path": "R",
    "select.review-partners": "R",
    "select.data": "RM",
    "select.integration": "R",
    "select.build-or-buy": "R",
    "select.suitability": "R",
    "pilot.clearance": "A",
    "pilot.baseline": "M",
    "pilot.release": "R",
    "pilot.early-use": "M",
    "pilot.instrumented": "M",
    "pilot.real-work": "MA",
    "pilot.shadow": "M",
    "pilot.production-design": "R",
    "pilot.on-time": "R",
    "evaluate.target": "M",
    "evaluate.guardrails": "M",
    "evaluate.shortfall": "RM",
    "evaluate.user-feedback": "R",
    "evaluate.production-cost": "RM",
    "evaluate.gaps": "R",
    "evaluate.funding": "A",
    "evaluate.decision": "AD",
    "harden.rebuild": "R",
    "harden.equivalence": "M",
    "harden.resilience": "M",
    "harden.observability": "M",
    "harden.cost": "M",
    "harden.security": "MA",
    "harden.audit": "M",
    "harden.scale": "M",
    "harden.retraining": "M",
    "harden.maintenance": "M",
    "harden.reviews": "A",
    "harden.ownership": "A",
    "harden.handoff": "A",
    "harden.runbook": "D",
    "harden.change-plan": "R",
    "deploy.stages": "M",
    "deploy.training": "RM",
    "deploy.feedback": "M",
    "deploy.monitoring": "M",
    "deploy.adoption": "M",
    "deploy.communication": "R",
    "deploy.next-iteration": "R",
}
LETTERS = {"measured": "M", "recorded": "R", "attested": "A", "document": "D"}

LOW_LANE = [
    "select.owner",
    "select.sponsor",
    "select.signed",
    "select.data",
    "pilot.clearance",
    "pilot.baseline",
    "pilot.release",
    "pilot.real-work",
    "pilot.shadow",
    "evaluate.target",
    "evaluate.guardrails",
    "evaluate.production-cost",
    "evaluate.decision",
    "harden.resilience",
    "harden.handoff",
    "harden.runbook",
    "deploy.stages",
    "deploy.training",
    "deploy.feedback",
    "deploy.monitoring",
]
NOT_WAIVABLE = {
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
}
CHECKED = {
    "evaluate.user-feedback",
    "deploy.feedback",
    "deploy.adoption",
    "deploy.next-iteration",
    "operate.feedback",
    "operate.iteration",
    "select.data",
    "evaluate.production-cost",
    "evaluate.funding",
    "select.candidates",
    "select.focus",
    "select.owner",
    "select.sponsor",
    "operate.sponsor",
    "select.charter",
    "select.signed",
    "select.reachable",
    "select.production-path",
    "select.integration",
    "select.build-or-buy",
    "select.suitability",
    "select.review-partners",
    "harden.reviews",
    "operate.reviews",
    "pilot.production-design",
    "evaluate.gaps",
    "harden.rebuild",
    "harden.ownership",
    "harden.handoff",
    "harden.runbook",
    "operate.ownership",
    "pilot.clearance",
    "pilot.baseline",
    "pilot.release",
    "pilot.early-use",
    "pilot.instrumented",
    "pilot.real-work",
    "pilot.shadow",
    "pilot.on-time",
    "evaluate.target",
    "evaluate.guardrails",
    "evaluate.shortfall",
    "harden.change-plan",
    "deploy.training",
    "deploy.communication",
    "evaluate.decision",
    "deploy.stages",
    "harden.equivalence",
    "harden.audit",
    "harden.security",
    "operate.value",
    "operate.cost",
    "operate.drift",
    "operate.slo",
    "deploy.monitoring",
}
# What the product does not measure itself: a drill, a load test, a training run, an alert that reaches a person.
OUTSIDE = {
    "harden.resilience": "release",
    "harden.observability": "workload",
    "harden.cost": "workload",
    "harden.security": "workload",
    "harden.scale": "release",
    "harden.retraining": "workload",
    "harden.maintenance": "workload",
    "deploy.monitoring": "workload",
    "operate.retraining": "workload",
    "operate.drill": "release",
}
WEEKS = {
    "standard": [(1, 2), (3, 8), (9, 12), (13, 20), (21, 24), (25, None)],
    "ninety-day": [(1, 2), (3, 8), (9, 10), (11, 14), (15, 16), (17, None)],
}

each_cadence = pytest.mark.parametrize("name", shipped())


def criteria(name):
    """Every criterion of a shipped cadence, in order."""
    return [line for phase in load(name).phases for line in phase.criteria]


def test_two_cadences_are_shipped_and_no_other():
    """`standard` and `ninety-day` come with the product; another name says which there are."""
    assert shipped() == ("standard", "ninety-day")
    assert {load(name).id for name in shipped()} == set(shipped())
    assert all(resources.files("pilotage.playbook").joinpath(f"{name}.yaml").is_file() for name in shipped())
    with pytest.raises(PlaybookUnknown, match=r"No playbook weekly is shipped; choose one of standard, ninety-day\."):
        load("weekly")


@each_cadence
def test_a_cadence_asks_for_the_whole_method(name):
    """Each phase holds exactly the criteria of the method, in its order."""
    assert {phase.id: [line.id for line in phase.criteria] for phase in load(name).phases} == CRITERIA


@each_cadence
def test_evidence_is_of_the_kinds_the_method_names(name):
    """The primary kind stands first, since only what is not measured first may be attested."""
    kinds = {line.id: "".join(LETTERS[kind] for kind in line.kinds) for line in criteria(name)}
    assert {key: kinds[key] for key in KINDS} == KINDS
    assert all(set(kinds[line]) <= {"M", "R"} for line in CRITERIA["operate"])


@each_cadence
def test_every_criterion_has_a_check_or_takes_a_result_from_outside(name):
    """Nothing is asked that nobody can meet: what has no check is on the short list of what is tested elsewhere."""
    assert {line.id: line.outside for line in criteria(name) if line.outside} == OUTSIDE
    assert not [line.id for line in criteria(name) if line.check is None and line.outside is None]


@each_cadence
def test_the_low_lane_asks_for_twenty_criteria(name):
    """A small team with a harmless workload meets these twenty and no more."""
    assert [line.id for line in criteria(name) if "low" in line.lanes] == LOW_LANE
    assert len(LOW_LANE) == 20


@each_cadence
def test_two_questionnaires_ask_about_the_organisation(name):
    """Readiness before a workload is chosen, maturity once something runs: twelve to fifteen questions each, of which
    at least half have criteria that speak to them.
    """
    asked = {one.id: one for one in load(name).assessments}
    assert list(asked) == ["organisation-readiness", "llm-operations-maturity"]
    for one in asked.values():
        assert 12 <= len(one.questions) <= 15
        assert len(one.dimensions) == 6
        assert 2 * sum(bool(question.criteria) for question in one.questions) >= len(one.questions)
        assert len({level for question in one.questions for level in question.levels}) == 5 * len(one.questions)


@each_cadence
def test_riskier_lanes_ask_for_everything(name):
    """The standard and the high lane leave nothing out."""
    assert all({"standard", "high"} <= set(line.lanes) for line in criteria(name))


@each_cadence
def test_what_cannot_be_waived(name):
    """Owner, sponsor, signed charter, clearance, real work, target, guardrails, decision, handoff and training."""
    assert {line.id for line in criteria(name) if not line.waivable} == NOT_WAIVABLE


@each_cadence
def test_checks_are_named_by_their_criterion(name):
    """A criterion with a check bears the check's name; every other one has neither check nor settings."""
    assert {line.id: line.check for line in criteria(name) if line.check} == {check: check for check in CHECKED}
    assert not [line.id for line in criteria(name) if line.params and not line.check]


@each_cadence
def test_the_thresholds_of_the_method(name):
    """The figures that checks judge by."""
    assert {line.id: line.params for line in criteria(name) if line.params} == {
        "select.sponsor": {"silence_days": 30},
        "select.suitability": {"lacking_max": 2},
        "harden.handoff": {"items_min": 3, "answer_days": 14},
        "harden.runbook": {"steps_min": 2, "covered_days": 7},
        "select.reachable": {"probability_min": 0.8},
        "select.data": {
            "rows_min": 200,
            "missing_share_max": 0.05,
            "repeated_share_max": 0.01,
            "labelled_share_min": 0.9,
            "label_share_min": 0.02,
            "age_days_max": 365,
        },
        "pilot.baseline": {"calls_min": 1000, "days_min": 7},
        "pilot.early-use": {"first_call_days": 7, "first_feedback_days": 14},
        "pilot.instrumented": {"share_min": 0.95},
        "pilot.real-work": {"calls_min": 1, "owner_attests": True},
        "pilot.shadow": {"pairs_min": 1000, "days_min": 7, "added_ms_p99_max": 5, "dropped_share_max": 0.01},
        "evaluate.decision": {"receipt_share_min": 1.0},
        "evaluate.user-feedback": {"interviews_min": 5, "overrides_min": 20, "blind_reviews_min": 20},
        "deploy.feedback": {"answered_share_min": 0.9, "window_days": 90, "first_days": 14},
        "operate.feedback": {"answered_share_min": 0.9, "window_days": 90, "first_days": 14},
        "deploy.training": {"share_min": 0.9},
        "operate.value": {"live_days_min": 30},
        "operate.cost": {"bills_days": 10},
        "deploy.monitoring": {"silent_hours_max": 72},
    }


@each_cadence
def test_every_step_of_a_scale_is_described(name):
    """A problem is scored on three scales, each with what is asked and a sentence of its own for every step."""
    scales = load(name).scales
    assert [scale.id for scale in scales] == ["impact", "feasibility", "readiness"]
    for scale in scales:
        assert scale.question.endswith("?")
        assert len({step for step in scale.steps if step.endswith(".")}) == 5


@each_cadence
def test_what_holds_before_anybody_is_exposed(name):
    """People are trained and told, heard and watched over before they meet the candidate."""
    before = {line.id for line in criteria(name) if line.before_exposure}
    assert before == {"deploy.training", "deploy.feedback", "deploy.monitoring", "deploy.communication"}


@each_cadence
def test_weeks_follow_the_cadence(name):
    """Phases last as long as the cadence says, and operation has no end."""
    assert [phase.weeks for phase in load(name).phases] == WEEKS[name]


@each_cadence
def test_ceilings_rise_with_the_phases(name):
    """Nothing while choosing, suggestions at most until hardened, then the roll-out's step, then everybody."""
    modes = [phase.ceiling.mode for phase in load(name).phases]
    assert modes == ["none", "suggest", "suggest", "suggest", "stage", "full"]


@each_cadence
def test_the_records_around_the_gates(name):
    """Six reviews, five ownership roles, seven architecture areas, five change streams."""
    playbook = load(name)
    assert [review.id for review in playbook.reviews] == [
        "security",
        "privacy",
        "compliance",
        "risk",
        "operations",
        "architecture",
    ]
    assert [role.id for role in playbook.ownership] == ["product", "engineering", "operations", "cost", "vendor"]
    assert [area.id for area in playbook.areas] == [
        "resilience",
        "observability",
        "cost-discipline",
        "security",
        "audit",
        "scale",
        "maintenance",
    ]
    streams = ["training", "workflow", "roles", "performance-metrics", "communication"]
    assert [stream.id for stream in playbook.streams] == streams


@each_cadence
def test_the_roll_out_fits_its_phase(name):
    """The steps are 5, 25, 50 and 100 per cent, and holding them takes no longer than the phase."""
    playbook = load(name)
    assert [stage.percent for stage in playbook.stages] == [5, 25, 50, 100]
    first, last = playbook.phase("deploy").weeks
    assert last is not None
    assert sum(stage.hold_days for stage in playbook.stages) <= (last - first + 1) * 7


@each_cadence
def test_limits_are_those_of_the_method(name):
    """Waivers last 30 days, need two signers and allow live 5 %; a pilot takes 4 to 8 weeks."""
    playbook = load(name)
    assert playbook.waivers == WaiverRules(days_max=30, ceiling_percent=5, demonstration_ceiling_percent=25, signers=2)
    assert playbook.pilot == PilotRules(
        weeks_min=4,
        weeks_max=8,
        decision_grace_days=7,
        sponsor_silence_days=30,
        live_pilots_per_owner=1,
        scorers_min=2,
        candidates_min=3,
        impact_min=3.0,
        readiness_min=2.5,
    )


@each_cadence
def test_every_next_action_is_one_sentence(name):
    """The next action is an order to somebody, short enough for a card."""
    for line in criteria(name):
        assert line.next.endswith("."), line.id
        assert line.next.count(". ") == 0, line.id
        assert len(line.next) <= 140, line.id


def test_the_ninety_day_cadence_only_hurries_what_comes_after_the_pilot():
    """Both cadences share every criterion word for word; weeks and roll-out differ."""
    standard, ninety = load("standard"), load("ninety-day")
    assert [phase.criteria for phase in standard.phases] == [phase.criteria for phase in ninety.phases]
    assert standard.phases[:2] == ninety.phases[:2]
    assert standard.stages != ninety.stages
