"""A playbook that cuts the early work short is warned about, with the work that it skips."""

from __future__ import annotations

from msgspec import structs

from pilotage.playbook.loading import compressions, load, parse


def warnings(text):
    """The warnings on a playbook that extends the standard one."""
    return compressions(parse(f"extends: standard\nid: ours\n{text}", "ours.yaml"), load("standard"))


def test_the_shipped_cadences_skip_nothing():
    """The 90-day cadence hurries only what comes after the pilot, so there is nothing to warn of."""
    assert compressions(load("standard"), load("standard")) == ()
    assert compressions(load("ninety-day"), load("standard")) == ()


def test_a_short_pilot_names_what_its_time_was_for():
    """Cutting the pilot's weeks names the measurements that the standard cadence makes in them."""
    found = warnings(
        """
phases:
  - {id: pilot, weeks: [3, 4]}
  - {id: evaluate, weeks: [5, 8]}
  - {id: harden, weeks: [9, 16]}
  - {id: deploy, weeks: [17, 20]}
  - {id: operate, weeks: [21, null]}
"""
    )
    (warning,) = found
    before, _, work = warning.partition(". What that time was for: ")
    assert before == "pilot takes 2 weeks instead of 6"
    assert work.split("; ") == [
        "the present process measured first",
        "used and criticised early",
        "every call leaves a record",
        "real work, not a rehearsal",
        "enough pairs, nobody harmed.",
    ]


def test_what_is_left_out_is_named():
    """A criterion left out altogether or of one lane, and a review, role, area or stream left out, are named."""
    assert warnings("without: [evaluate.gaps]") == ("evaluate.gaps is left out: the way to production, gap by gap.",)
    change = "phases: [{id: harden, criteria: [{id: harden.runbook, lanes: [standard, high]}]}]"
    assert warnings(change) == ("harden.runbook is left out of the lane low: a runbook for the night.",)
    standard = load("standard")
    fewer = structs.replace(standard, reviews=standard.reviews[:3], areas=standard.areas[1:])
    assert compressions(fewer, standard) == (
        "reviews leaves out Risk review, IT operations review, Architecture review.",
        "areas leaves out Resilience.",
    )


def test_lower_thresholds_are_named():
    """Asking for less evidence, or letting it count longer, is named; asking for more is not."""
    assert warnings(
        """
phases:
  - id: pilot
    criteria:
      - {id: pilot.shadow, params: {pairs_min: 100, added_ms_p99_max: 50}}
      - {id: pilot.baseline, params: {days_min: 30}}
      - {id: pilot.on-time, enforced: false}
  - id: harden
    criteria:
      - {id: harden.scale, valid_days: 400}
      - {id: harden.audit, valid_days: null}
      - {id: harden.security, valid_days: 30}
pilot: {scorers_min: 1, candidates_min: 5}
"""
    ) == (
        "pilot.shadow asks less: pairs_min is 100 instead of 1000.",
        "pilot.shadow asks less: added_ms_p99_max is 50 instead of 5.",
        "pilot.on-time is no longer enforced: inside its timeline.",
        "harden.audit lets evidence count for ever instead of 30 days.",
        "harden.scale lets evidence count 400 days instead of 180 days.",
        "The limits of the pilot are wider: scorers_min is 1 instead of 2.",
    )


def test_a_check_or_measurement_taken_away_is_named():
    """A criterion that is no longer judged by its check, or no longer measured first, says so."""
    change = "phases: [{id: evaluate, criteria: [{id: evaluate.shortfall, check: null, before_exposure: true}]}]"
    assert warnings(change) == ("evaluate.shortfall is no longer judged by the check evaluate.shortfall.",)
    change = "phases: [{id: harden, criteria: [{id: harden.resilience, kinds: [attested]}]}]"
    assert warnings(change) == ("harden.resilience is no longer measured first: survives a failing model.",)


def test_more_grace_is_named():
    """Letting a lapsed criterion stand longer before exposure follows is named."""
    change = "phases: [{id: deploy, criteria: [{id: deploy.monitoring, grace_days: 5}]}]"
    assert warnings(change) == ("deploy.monitoring grants 5 days of grace instead of 1.",)


def test_a_hurried_roll_out_is_named():
    """Steps of the roll-out that are skipped, or not held at all, are named."""
    assert warnings("stages: [{percent: 50, hold_days: 0}, {percent: 100, hold_days: 7}]") == (
        "The roll-out starts at 50 % instead of 5 %.",
        "The roll-out climbs in 2 steps instead of 4; it skips 5 %, 25 %.",
        "The roll-out does not hold at 50 %.",
    )


def test_an_assessment_that_asks_less_is_named():
    """An assessment that is left out, asks less or counts longer says so."""
    usual = load("standard")
    readiness, _ = usual.assessments
    shorter = structs.replace(readiness, questions=readiness.questions[1:], valid_days=400)
    assert compressions(structs.replace(usual, assessments=(shorter,)), usual) == (
        "The assessment organisation-readiness does not ask sponsor-presence.",
        "The assessment organisation-readiness counts 400 days instead of 180.",
        "The assessment llm-operations-maturity is left out: LLM-operations maturity.",
    )
