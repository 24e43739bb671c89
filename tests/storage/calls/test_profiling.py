from __future__ import annotations

import datetime as dt
import json
from random import Random

import msgspec
import pytest
from tests.storage.call_samples import HOUR_US, START, call, execution, outcome, plan

from pilotage.evidence.daybook import DayProfile
from pilotage.evidence.drift import compare, moved
from pilotage.evidence.profiles import bin_counts, summed
from pilotage.storage.calls import EmbeddedCallStore

W = "triage"
DAYS = 9
PER_DAY = 150
NOW = START + dt.timedelta(days=DAYS + 4)


def a_call(number: int, rng: Random, *, changed: bool = False):
    """A shadow pair with an input of two numbers, a category and an inner object, on one of the days."""
    day = number // PER_DAY
    given = {
        "hour": rng.randrange(24),
        "amount": round(rng.lognormvariate(3, 1), 2) * (3 if changed else 1),
        "language": rng.choice(["de", "de", "fr", "it"]),
        "customer": {"age": rng.randrange(18, 80), "name": f"n{number}"},
    }
    if rng.random() < 0.1:
        del given["amount"]
    right = rng.random()
    return call(
        number,
        hours=day * 24 + rng.random() * 12,
        input=json.dumps(given),
        served=execution(value='"billing"', confidence=0.5),
        beside=execution("candidate", '"billing"' if right < 0.7 else '"sales"', confidence=round(rng.random(), 3)),
    )


def world(changed_from: int = DAYS):
    """The calls of nine days, and a label for most of them."""
    rng = Random(8)
    calls = [a_call(n, rng, changed=n // PER_DAY >= changed_from) for n in range(1, DAYS * PER_DAY)]
    outcomes = [
        outcome(number, number, value=rng.choice(['"billing"', '"billing"', '"sales"']), hours=0)
        for number in range(1, DAYS * PER_DAY)
        if rng.random() < 0.9
    ]
    late = [
        msgspec.structs.replace(one, at_us=calls[index].at_us + rng.randrange(1, 40) * HOUR_US)
        for index, one in ((int(one.call_id, 16) - 1, one) for one in outcomes)
    ]
    return calls, late


@pytest.fixture
def store(tmp_path):
    """An empty store with small segments."""
    with EmbeddedCallStore(tmp_path / "calls", flush_rows=400) as opened:
        yield opened


def kept(store) -> dict[dt.date, DayProfile]:
    """Every day's profile."""
    return {one.day: one for one in store.profiles(W, dt.date(2026, 1, 1), dt.date(2027, 1, 1))}


def fill(store, calls, outcomes):
    """Take in everything at once and make the profiles."""
    store.append_calls(W, calls)
    store.append_outcomes(W, outcomes)
    store.profile(W, plan(), NOW)


def field(day: DayProfile, name: str):
    """One field's counts over all stages."""
    return summed(one.profile for one in day.fields if one.field == name)


def test_a_day_is_counted_in_frozen_bins(store):
    """Every field of inputs, arms and outcomes is there; absent ones count as missing; free text keeps no word."""
    calls, outcomes = world()
    fill(store, calls, outcomes)
    traffic, release = store.references(W)
    assert (traffic.scope, release.scope) == ("", "r1")
    assert {one.bins.name for one in traffic.fields} >= {
        "input.hour",
        "input.amount",
        "input.language",
        "input.customer.age",
        "incumbent.answer",
        "incumbent.latency_ms",
        "outcome.label",
    }
    assert {one.bins.name for one in release.fields} >= {"candidate.answer", "candidate.confidence"}
    days = kept(store)
    assert sum(day.calls for day in days.values()) == len(calls)
    amounts = [json.loads(one.input or "").get("amount") for one in calls]
    amount = summed(field(day, "input.amount") for day in days.values())
    assert amount.missing == amounts.count(None)
    assert amount.total == pytest.approx(sum(one for one in amounts if one is not None), rel=1e-9)
    names = summed(field(day, "input.customer.name") for day in days.values())
    assert names.categories == {}
    assert names.others == len(calls)


def test_the_reference_is_the_first_seven_days_with_a_thousand_calls(store):
    """Its window is whole days, its digest is stored, and later calls do not move it."""
    calls, outcomes = world()
    fill(store, calls, outcomes)
    first = store.references(W)[0]
    assert first.until - first.since == dt.timedelta(days=7)
    rng = Random(1)
    store.append_calls(W, [a_call(n, rng, changed=True) for n in range(10_000, 10_400)])
    store.profile(W, plan(), NOW + dt.timedelta(days=90))
    assert store.references(W)[0] == first
    assert store.references(W)[0].digest == first.digest


def test_a_reference_is_taken_anew_from_a_chosen_day(store):
    """Frozen by the same rule from that day on, once; what was compared with before is kept, and days are counted in
    the new bins, so that what had moved is the new normal.
    """
    fill(store, *world(changed_from=7))
    first, of_release = store.references(W)
    chosen, later = {"": first.until}, NOW + dt.timedelta(days=30)
    store.profile(W, plan(), NOW, chosen)
    assert store.references(W)[0] == first
    store.profile(W, plan(), later, chosen)
    second, same = store.references(W)
    assert second.since == first.until
    assert second.digest != first.digest
    assert same == of_release
    assert store.former_references(W) == (first,)
    amounts = next(one for one in second.fields if one.bins.name == "input.amount")
    now = compare(
        amounts.bins,
        amounts.profile,
        summed(field(day, "input.amount") for date, day in kept(store).items() if second.since <= date),
        fields=1,
    )
    assert now.status == "steady"
    assert store.profile(W, plan(), later + dt.timedelta(days=30), chosen) == ()
    assert store.references(W)[0] == second


def test_nothing_is_taken_anew_from_days_without_enough_calls(store):
    """A day in the future, or one after the last call, leaves what stands; forgetting the choice does too."""
    fill(store, *world())
    before = store.references(W)
    store.profile(W, plan(), NOW, {"": NOW.date() + dt.timedelta(days=3), "r1": NOW.date()})
    store.profile(W, plan(), NOW)
    assert store.references(W) == before
    assert store.former_references(W) == ()


def test_calls_past_their_retention_make_no_new_reference(store):
    """Their days stand in the old bins, so a window that begins there cannot be frozen."""
    fill(store, *world(changed_from=7))
    first = store.references(W)[0]
    store.retain(W, dt.datetime.combine(first.until, dt.time(), dt.UTC) + dt.timedelta(days=1))
    store.profile(W, plan(), NOW + dt.timedelta(days=30), {"": first.until})
    assert store.references(W)[0] == first


def test_what_changed_is_found(store):
    """Amounts three times as high from the seventh day on: that field moves, and no other."""
    fill(store, *world(changed_from=7))
    days = kept(store)
    reference = store.references(W)[0]
    last = sorted(days)[-2:]
    found = {
        one.bins.name: compare(
            one.bins, one.profile, summed(field(days[day], one.bins.name) for day in last), fields=10, worth=one.worth
        )
        for one in reference.fields
    }
    assert [name for name, one in found.items() if moved(one)] == ["input.amount"]


def test_the_order_of_arrival_does_not_matter(store, tmp_path):
    """Taken in one by one, late outcomes last or first, in any order: the days and references are the same."""
    calls, outcomes = world()
    fill(store, calls, outcomes)
    rng = Random(4)
    with EmbeddedCallStore(tmp_path / "other", flush_rows=300) as other:
        other.append_outcomes(W, outcomes[: len(outcomes) // 2])
        shuffled = rng.sample(calls, len(calls))
        for start in range(0, len(shuffled), 270):
            other.append_calls(W, shuffled[start : start + 270])
            if start == 540:
                other.flush()
        other.append_outcomes(W, rng.sample(outcomes, len(outcomes)))
        other.profile(W, plan(), NOW)
        assert [one.digest for one in other.references(W)] == [one.digest for one in store.references(W)]
        assert set(kept(other)) == set(kept(store))
        for day, profile in kept(other).items():
            assert_same(profile, kept(store)[day])


def assert_same(one: DayProfile, other: DayProfile):
    """Counts to the unit, sums to 1e-9."""
    assert [(f.stage, f.release, f.field) for f in one.fields] == [(f.stage, f.release, f.field) for f in other.fields]
    for left, right in zip(one.fields, other.fields, strict=True):
        a, b = left.profile, right.profile
        assert (a.calls, a.missing, a.mistyped, a.types, a.categories) == (
            b.calls,
            b.missing,
            b.mistyped,
            b.types,
            b.categories,
        )
        assert (a.cells, a.counts) == (b.cells, b.counts)
        assert a.total == pytest.approx(b.total, rel=1e-9)
    assert (one.calls, one.pairs, one.delays) == (other.calls, other.pairs, other.delays)
    assert one.confidence == other.confidence


def test_a_late_outcome_changes_its_day_alone(store):
    """Only the day of the call that it is about is made again; the same outcome again changes nothing."""
    calls, outcomes = world()
    fill(store, calls, outcomes)
    later = NOW + dt.timedelta(hours=1)
    assert store.profile(W, plan(), later) == ()
    unlabelled = ({int(one.call_id, 16) for one in calls} - {int(one.call_id, 16) for one in outcomes}).pop()
    store.append_outcomes(W, [outcome(90_000, unlabelled, hours=24 * 8)])
    [made] = store.profile(W, plan(), later)
    assert (
        made == (dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=calls[unlabelled - 1].at_us)).date()
    )
    store.append_outcomes(W, [outcome(90_000, unlabelled, hours=24 * 8)])
    assert store.profile(W, plan(), later) == ()


def test_an_erased_unit_leaves_the_days(store):
    """Its calls are in no day's counts afterwards; the frozen reference, which names nobody, stands."""
    calls, outcomes = world()
    fill(store, calls, outcomes)
    before, references = kept(store), store.references(W)
    gone = calls[200]
    store.erase_unit(W, gone.unit)
    after = kept(store)
    [changed] = [day for day in before if before[day] != after[day]]
    assert after[changed].calls == before[changed].calls - 1
    assert store.references(W) == references


def test_days_past_their_retention_stand(store):
    """When calls go, what was counted of them stays, and a late outcome no longer changes it."""
    calls, outcomes = world()
    fill(store, calls, outcomes)
    before = kept(store)
    store.retain(W, START + dt.timedelta(days=4))
    store.append_outcomes(W, [outcome(90_000, 3, hours=24 * 8), outcome(90_001, 700, name="minutes", value="3")])
    store.profile(W, plan(), NOW + dt.timedelta(days=1))
    after = kept(store)
    assert {day: after[day] for day in sorted(after)[:4]} == {day: before[day] for day in sorted(before)[:4]}


def test_answers_by_confidence_say_what_they_were_worth(store):
    """Per arm, answer and tenth of confidence: calls, known values and their sum are those of the calls."""
    calls, outcomes = world()
    fill(store, calls, outcomes)
    truth = {one.call_id: one.value for one in outcomes}
    rows = [row for day in kept(store).values() for row in day.confidence if row.arm == "candidate"]
    assert sum(row.calls for row in rows) == len(calls)
    assert sum(row.known for row in rows) == len(outcomes)
    right = sum(one.beside is not None and truth.get(one.call_id) == one.beside.value for one in calls)
    assert sum(row.y for row in rows) == right
    billing = [
        one for one in calls if one.beside and one.beside.value == '"billing"' and (one.beside.confidence or 0) < 0.1
    ]
    assert sum(row.calls for row in rows if row.answer == "billing" and row.tenth == 0) == len(billing)


def test_pairs_and_delays_are_counted(store):
    """Answers of both arms over pairs, and the labels' ages by assigned arm."""
    calls, outcomes = world()
    fill(store, calls, outcomes)
    days = kept(store).values()
    pairs = [pair for day in days for pair in day.pairs]
    assert sum(pair.calls for pair in pairs) == len(calls)
    assert {pair.candidate for pair in pairs} == {"billing", "sales"}
    delays = [one for day in days for one in day.delays]
    assert sum(sum(one.delays) for one in delays) == len(outcomes)
    assert {one.arm for one in delays} == {"incumbent"}


def test_inputs_that_were_not_recorded_are_not_missing_fields(store):
    """A call without its input counts as unrecorded, and in no field of inputs."""
    calls, outcomes = world()
    bare = [msgspec.structs.replace(one, input=None) if index % 2 else one for index, one in enumerate(calls)]
    fill(store, bare, outcomes)
    days = kept(store).values()
    assert sum(day.unrecorded for day in days) == len(calls) // 2
    assert sum(field(day, "input.hour").calls for day in days) == len(calls) - len(calls) // 2
    assert sum(field(day, "input.hour").missing for day in days) == 0


def test_minutes_count_what_service_levels_need(store):
    """Failures, fallbacks of the assigned candidate, and answers slower than the limit."""
    live = {"mode": "live", "stage": "live/50", "assigned": "candidate"}
    store.append_calls(
        W,
        [
            call(1, served=execution(latency_us=900), beside=None, mode="live", stage="live/50"),
            call(2, served=execution(latency_us=9000), beside=execution("candidate", None, error="timeout"),
                 fallback="timeout", **live),
            call(3, served=execution(value=None, error="ValueError"), beside=None, mode="live", stage="live/50"),
            call(4, served=execution("candidate", latency_us=100), beside=None, **live),
        ],
    )  # fmt: skip
    found = store.minutes(W, ["real"], START - dt.timedelta(hours=1), START + dt.timedelta(hours=1), 5.0)
    assert {name: [(one.calls, one.bad) for one in counts] for name, counts in found.items()} == {
        "answered": [(4, 1)],
        "served": [(2, 1)],
        "fast": [(4, 1)],
    }
    assert store.minutes("nobody", ["real"], START, START, None) == {}


def test_bins_of_the_reference_hold_its_own_calls(store):
    """What was frozen counts every call of its window once in each field."""
    fill(store, *world())
    for reference in store.references(W):
        for one in reference.fields:
            if not one.bins.name.startswith("outcome"):
                assert sum(bin_counts(one.bins, one.profile)) == one.profile.calls


def test_the_running_day_waits_for_each_workload_by_itself(store):
    """Of two workloads whose days run, neither makes the other's be made again within ten minutes."""
    calls, outcomes = world()
    last = calls[-1].at_us
    now = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=last + HOUR_US)
    for workload in (W, "routing"):
        store.append_calls(workload, calls)
        store.append_outcomes(workload, outcomes)
        assert now.date() in store.profile(workload, plan(), now)
    for number, workload in ((20_000, W), (30_000, "routing")):
        more = a_call((DAYS - 1) * PER_DAY + 1, Random(number))
        store.append_calls(workload, [msgspec.structs.replace(more, call_id=f"{number:032x}", at_us=last)])
        assert store.profile(workload, plan(), now + dt.timedelta(minutes=5)) == ()
        assert store.profile(workload, plan(), now + dt.timedelta(minutes=11)) == (now.date(),)
