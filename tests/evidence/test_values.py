from __future__ import annotations

import pytest
from tests.evidence.simulated import money, promise, right

from pilotage.evidence.plan import MeasurementPlan
from pilotage.evidence.rules import Contribution
from pilotage.evidence.values import (
    MICROS_PER_HOUR,
    compile_plan,
    contributions,
    in_window,
    matured,
    value,
)
from pilotage.playbook.metrics import (
    AnswerEquals,
    Beyond,
    Confidence,
    Cost,
    ErrorShare,
    Guardrail,
    LabelCost,
    LabelMatch,
    Latency,
    OutcomeValue,
    Score,
    Tokens,
    UserAction,
)
from pilotage.runtime.records import Call, Execution

WARN = LabelCost(costs={"true": {"true": 5.0, "false": 10.0}, "false": {"true": 40.0}}, otherwise=0.0)
EVERY_SOURCE = (
    LabelMatch(),
    WARN,
    OutcomeValue(outcome="label"),
    Latency(),
    Latency(limit_ms=50.0),
    ErrorShare(),
    AnswerEquals(equals="true"),
    Cost(),
    Score(scorer="tone"),
    Tokens(),
    Confidence(),
    Beyond(of=Cost(), above=0.5),
)


def run(arm="candidate", text="true", **fields):
    """An execution that answered `text`."""
    return Execution(arm=arm, value=text, **fields)


def call(served=None, beside=None, **fields):
    """A call; served by the incumbent unless said otherwise."""
    return Call(call_id="0" * 32, at_us=0, served=served or run("incumbent", "false"), beside=beside, **fields)


def plan(*metrics, **fields):
    """A plan of those metrics."""
    return MeasurementPlan(metrics=metrics, **fields)


@pytest.mark.parametrize(
    ("text", "label", "cost"),
    [
        ("true", "true", 5.0),
        ("true", True, 5.0),
        ("true", "false", 10.0),
        ("false", True, 40.0),
        ("false", False, 0.0),
        ('"maybe"', True, 0.0),
    ],
)
def test_an_answer_costs_what_the_table_says(text, label, cost):
    """An answer's cost is looked up by answer and label, as JSON text or decoded; a pair not listed costs the rest."""
    assert value(money(source=WARN), run(text=text), {"label": label}) == cost


@pytest.mark.parametrize(
    ("text", "label", "same"),
    [
        ('"billing"', "billing", 1.0),
        ('"billing"', '"billing"', 1.0),
        ('"billing"', "sales", 0.0),
        ("3", "3.0", 1.0),
        ("3.0", 3, 1.0),
        ('"12e3"', "12e3", 1.0),
        ("null", None, None),
        ('"007"', "7", 0.0),
    ],
)
def test_answers_and_labels_are_compared_as_text_without_quotes(text, label, same):
    """An answer matches a label that reads the same, whether either came as JSON or decoded."""
    assert value(right(), run(text=text), {"label": label}) == same


def test_a_key_of_an_answer_that_is_an_object_is_read():
    """`answer_field` picks the key; an answer without it is nonsense and counts as a failure."""
    metric = right(source=LabelMatch(answer_field="team"))
    assert value(metric, run(text='{"team":"sales","sure":0.4}'), {"label": "sales"}) == 1.0
    assert value(metric, run(text='{"sure":0.4}'), {"label": "sales"}) == 0.0
    assert value(metric, run(text='"sales"'), {"label": "sales"}) == 0.0


def test_a_value_without_its_label_is_not_known():
    """No label means no value, not even for an arm that failed: failures must not enter before successes."""
    assert value(right(), run(), {}) is None
    assert value(right(), run(error="timeout"), {}) is None
    assert value(right(), run(error="timeout"), {"label": "true"}) == 0.0
    assert value(right(), run(), {"label": "null"}) is None


@pytest.mark.parametrize(
    ("reported", "number"),
    [(3.5, 3.5), ("3.5", 3.5), (True, 1.0), ("false", 0.0), (500, 100.0), ("soon", None), ("NaN", None), (None, None)],
)
def test_a_reported_outcome_is_a_number_or_not_known(reported, number):
    """Numbers and truth values count, capped; anything else is missing rather than guessed."""
    assert value(money(source=OutcomeValue(outcome="minutes")), run(), {"minutes": reported}) == number


def test_latency_is_in_milliseconds_or_the_share_above_the_limit():
    """Without a limit latency is capped milliseconds; with one, 1 above it; a failure counts as above."""
    assert value(money(source=Latency()), run(latency_us=2500), {}) == 2.5
    assert value(money(source=Latency()), run(latency_us=2_500_000), {}) == 100.0
    slow = right(direction="lower", source=Latency(limit_ms=50.0))
    assert value(slow, run(latency_us=50_000), {}) == 0.0
    assert value(slow, run(latency_us=50_001), {}) == 1.0
    assert value(slow, run(error="timeout"), {}) == 1.0


def test_nobody_times_a_person():
    """Where people do the work, their execution has neither answer nor duration, so the latency is not known."""
    assert value(money(source=Latency()), run("incumbent", None), {}) is None


def test_errors_answers_costs_and_scores_are_read_off_the_execution():
    """These need no label: the execution says it all."""
    assert value(right(source=ErrorShare(), direction="lower"), run(error="ValueError"), {}) == 1.0
    assert value(right(source=ErrorShare(), direction="lower"), run(), {}) == 0.0
    assert value(right(source=AnswerEquals(equals="true")), run(), {}) == 1.0
    assert value(money(), run(cost_usd=0.25), {}) == 0.25
    assert value(money(), run(), {}) is None
    assert value(right(source=Score(scorer="tone")), run(scores={"tone": 0.7}), {}) == 0.7
    assert value(right(source=Score(scorer="tone")), run(), {}) is None


@pytest.mark.parametrize(
    ("which", "tokens", "number"),
    [("in", (7, None), 7.0), ("out", (7, 5), 5.0), ("total", (7, 5), 12.0), ("total", (7, None), None)],
)
def test_tokens_are_those_read_written_or_both(which, tokens, number):
    """A total of which one part is unknown is unknown, rather than too small."""
    execution = run(tokens_in=tokens[0], tokens_out=tokens[1])
    assert value(money(source=Tokens(which=which)), execution, {}) == number


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf"), None])
def test_a_number_that_is_not_finite_is_no_value(number):
    """Whatever an execution reports of itself, only a finite number is a value."""
    execution = run(confidence=number, cost_usd=number, scores={} if number is None else {"tone": number})
    for source in (Confidence(), Cost(), Score(scorer="tone"), Beyond(of=Cost(), above=0.5)):
        assert value(money(source=source), execution, {}) is None


@pytest.mark.parametrize(
    ("reported", "number"),
    [('"overridden"', 1.0), ("overridden", 1.0), ('"accepted"', 0.0), ('"shrugged"', None), (3, None), (None, None)],
)
def test_an_action_is_one_of_three(reported, number):
    """What people did counts where it is known; anything else is missing."""
    overridden = right(source=UserAction(actions=("overridden",)), observable="exposed", direction="lower")
    assert value(overridden, run(), {"action": reported}) == number


def test_an_action_belongs_to_whose_answer_people_saw():
    """On a suggestion it is the candidate's; where something served it is that arm's; it makes no pair."""
    overridden = plan(right(source=UserAction(actions=("overridden",)), observable="exposed"))
    action = {"action": "overridden"}
    shown = call(run("incumbent", None), run(), mode="suggest")
    assert contributions(overridden, shown, action) == [Contribution("right", "candidate", "", 1.0)]
    unseen = call(run("incumbent", "true"), run(error="late"), mode="suggest")
    assert contributions(overridden, unseen, action) == []
    served = call(run("incumbent", "true"), run(), mode="live")
    assert contributions(overridden, served, action) == [Contribution("right", "incumbent", "", 1.0)]


def test_a_limit_is_on_the_number_before_any_cap():
    """Above or below a limit counts 1, though the cap lies below the limit; a failure counts the worst."""
    dear = right(source=Beyond(of=Cost(), above=5.0), direction="lower")
    assert value(dear, run(cost_usd=6.0), {}) == 1.0
    assert value(dear, run(cost_usd=5.0), {}) == 0.0
    assert value(dear, run(error="late"), {}) == 1.0
    assert value(right(source=Beyond(of=Cost(), below=5.0)), run(error="late"), {}) == 0.0


def test_a_ratio_has_both_values_or_neither():
    """Numerator and denominator of one execution are known together; a pair gives both arms' to series of their own."""
    ratio = money(kind="ratio", denominator=Tokens(), denominator_hi=50.0)
    both = call(run("incumbent", cost_usd=1.0, tokens_in=30, tokens_out=90), run(error="late"), mode="shadow")
    assert contributions(plan(ratio), both, {}) == [
        Contribution("money", "capped_incumbent", "", 1.0),
        Contribution("money", "incumbent", "", 1.0, 50.0),
        Contribution("money", "paired", "", 100.0, 0.0),
        Contribution("money", "paired_incumbent", "", 1.0, 50.0),
    ]
    assert contributions(plan(ratio), call(run("incumbent", cost_usd=1.0)), {}) == []


def test_a_failure_makes_a_ratio_as_bad_as_can_be():
    """Where more is better it counts nothing gained and all that can be spent."""
    ratio = money(kind="ratio", direction="higher", denominator=Cost(), denominator_hi=3.0, source=LabelMatch(), hi=1.0)
    failed = call(run("incumbent", error="late"), mode="none")
    assert contributions(plan(ratio), failed, {"label": "x"}) == [Contribution("money", "incumbent", "", 0.0, 3.0)]


@pytest.mark.parametrize("source", EVERY_SOURCE, ids=lambda source: type(source).__name__)
def test_a_failed_execution_counts_the_worst(source):
    """Whatever the source, a failure counts the declared failure value, or else the worse end of the range."""
    metric = money(source=source, lo=0.0, hi=1.0)
    assert value(metric, run(error="timeout"), {"label": "true"}) == 1.0


def test_the_declared_failure_value_is_used():
    """A charter may say what a failure costs, even beyond the cap."""
    assert value(money(failure_value=250.0), run(error="late"), {}) == 250.0


def test_a_persons_answer_completes_the_pair():
    """With people as the incumbent, their answer arrives as an outcome; until then the pair waits."""
    people = call(run("incumbent", None), run("candidate", '"sales"'), mode="shadow")
    found = contributions(plan(right()), people, {"label": "sales"})
    assert found == []
    found = contributions(plan(right()), people, {"label": "sales", "incumbent_answer": "billing"})
    assert found == [Contribution("right", "incumbent", "", 0.0), Contribution("right", "paired", "", 1.0, 0.0)]


def test_shadow_calls_belong_to_the_incumbent_and_to_the_pair():
    """In shadow every call is the incumbent's; with the candidate beside it, it is a pair as well, shifted."""
    both = call(beside=run(), mode="shadow")
    assert contributions(plan(right(shift=0.25)), both, {"label": "true"}) == [
        Contribution("right", "incumbent", "", -0.25),
        Contribution("right", "paired", "", 0.75, -0.25),
    ]


def test_the_candidate_alone_is_kept_where_it_is_judged_alone():
    """A target in the candidate's own terms, or a limit, needs its values even if the incumbent has none."""
    both = call(run("incumbent", None), run(cost_usd=2.0), mode="shadow")
    limited = plan(money(), guardrails=(Guardrail(metric="money", limit=3.0),))
    assert contributions(limited, both, {}) == [Contribution("money", "candidate", "", 2.0)]
    own = plan(money(), target=promise(metric="money", form="own"))
    assert contributions(own, both, {}) == [Contribution("money", "candidate", "", 2.0)]
    assert contributions(plan(money()), both, {}) == []


def test_a_sampled_pair_does_not_enter_the_live_candidates_series():
    """While live, the candidate's series holds what was assigned to it and nothing else."""
    sampled = call(run("incumbent", cost_usd=1.0), run(cost_usd=2.0), mode="live")
    limited = plan(money(), guardrails=(Guardrail(metric="money", limit=3.0),))
    assert [(c.series, c.y, c.z) for c in contributions(limited, sampled, {})] == [
        ("incumbent", 1.0, 0.0),
        ("paired", 2.0, 1.0),
    ]


def test_a_call_that_the_candidate_failed_counts_against_it():
    """Assigned to the candidate and answered by the incumbent: the candidate has the worst value."""
    failed = run(error="timeout")
    fell_back = call(run("incumbent", "true"), failed, assigned="candidate", mode="live", fallback="timeout")
    assert contributions(plan(right()), fell_back, {"label": "true"}) == [
        Contribution("right", "candidate", "", 0.0),
        Contribution("right", "paired", "", 0.0, 1.0),
    ]
    never_ran = call(run("incumbent", "true"), assigned="candidate", mode="live", fallback="breaker")
    assert contributions(plan(right()), never_ran, {"label": "true"}) == [Contribution("right", "candidate", "", 0.0)]


def test_an_outcome_belongs_to_the_arm_that_served():
    """What people reported is the doing of the answer they saw; the other arm has no value, and there is no pair."""
    minutes = money(source=OutcomeValue(outcome="minutes"))
    shadow = call(beside=run(), mode="shadow")
    assert contributions(plan(minutes), shadow, {"minutes": 4}) == [Contribution("money", "incumbent", "", 4.0)]
    fell_back = call(run("incumbent"), run(error="late"), assigned="candidate", mode="live")
    assert contributions(plan(minutes), fell_back, {"minutes": 4}) == [Contribution("money", "candidate", "", 100.0)]
    assert contributions(plan(minutes), fell_back, {}) == []


def test_two_releases_of_the_candidate_are_no_pair_of_arms():
    """A challenger beside the serving release is not the incumbent."""
    challenged = call(run(release="1"), run(release="2"), assigned="candidate", mode="live")
    assert [c.series for c in contributions(plan(right()), challenged, {"label": "true"})] == ["candidate"]


def test_declared_segments_get_sums_of_their_own():
    """Every contribution is repeated for each declared key that the call carries."""
    both = call(beside=run(), mode="shadow", segment={"language": "de", "plan": "free"})
    found = contributions(plan(right(), segments=("language", "region")), both, {"label": "true"})
    assert [(c.series, c.segment) for c in found] == [
        ("incumbent", ""),
        ("incumbent", "language=de"),
        ("paired", ""),
        ("paired", "language=de"),
    ]


def test_only_counted_sources_contribute():
    """Replayed or synthetic traffic adds nothing unless the plan counts it."""
    replayed = call(beside=run(), mode="shadow", source="replay")
    assert contributions(plan(right()), replayed, {"label": "true"}) == []
    assert contributions(plan(right(), counted_sources=("replay",)), replayed, {"label": "true"})


def test_each_metric_sees_the_outcomes_inside_its_own_window():
    """A label that comes after one metric's window still counts for a metric with a longer one."""
    compiled = compile_plan(plan(right(id="quick", window_hours=1.0), right(id="slow", window_hours=48.0)))
    served = call(mode="none")
    label = {"label": "false"}
    assert [c.metric for c in compiled(served, label, {"label": 2 * MICROS_PER_HOUR})] == ["slow"]
    assert [c.metric for c in compiled(served, label, {"label": MICROS_PER_HOUR})] == ["quick", "slow"]
    assert [c.metric for c in compiled(served, label)] == ["quick", "slow"]


def test_a_window_closes_and_a_slow_clock_does_not_matter():
    """The window includes its last microsecond; an outcome reported by a clock that is behind counts."""
    metric = right(window_hours=1.0)
    assert in_window(metric, 1000, 1000 + MICROS_PER_HOUR)
    assert not in_window(metric, 1000, 1001 + MICROS_PER_HOUR)
    assert in_window(metric, 1000, 0)


def test_a_value_matures_when_its_label_can_no_longer_come():
    """A metric without label is mature at once; one with label when the window has closed."""
    assert matured(money(), 0, 0)
    assert not matured(right(window_hours=1.0), 0, MICROS_PER_HOUR)
    assert matured(right(window_hours=1.0), 0, MICROS_PER_HOUR + 1)
