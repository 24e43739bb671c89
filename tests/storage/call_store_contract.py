"""What every call store must do: the conformance suite of the `CallStore` protocol."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs
from tests.storage.call_reference import Reference, label_bases, reference
from tests.storage.call_samples import (
    HOUR_US,
    LATE,
    SHADOW,
    START,
    any_call,
    any_outcome,
    call,
    call_id,
    counted_plan,
    execution,
    outcome,
    plan,
)

from pilotage.evidence.agreement import AnswerPair, PairedAnswers, influences
from pilotage.evidence.measurements import Traffic
from pilotage.evidence.plan import MeasurementPlan
from pilotage.evidence.readers import UNREADABLE, answer_of
from pilotage.evidence.sums import Totals, UnitSum
from pilotage.runtime.records import Call, Outcome, PackedCall, PackedExecution
from pilotage.storage.errors import StorageRefused
from pilotage.storage.protocols import Accepted, BetRow, CallFilter, CallStore, LookRow, PairsOf, ShadowRow, SumRow

W = "flight-delay-desk"
# Each store runs these with a fixture of its own; every example opens a store.
SHARED = [HealthCheck.function_scoped_fixture, HealthCheck.differing_executors]
NewStore = Callable[[], CallStore]


def total(store: CallStore, metric: str, series: str, **where: str) -> Totals:
    """One total; nothing when there is none."""
    wanted = {"stage": SHADOW, "release": "" if series == "incumbent" else "r1", "segment": ""} | where
    for row in store.totals(W):
        if (row.metric, row.series) == (metric, series) and all(getattr(row, k) == v for k, v in wanted.items()):
            return row.totals
    return Totals()


def listed(store: CallStore, where: CallFilter, limit: int = 50) -> list[Call]:
    """All pages of a search, one after the other."""
    found: list[Call] = []
    cursor = None
    while True:
        page = store.search(W, where, cursor, limit)
        found += [stored.call for stored in page.calls]
        if page.next is None:
            return found
        cursor = page.next


def assert_same_sums(store: CallStore, expected: Reference) -> None:
    """The store's sums are the reference's to 1e-9."""
    assert_same_totals(store, expected)
    bets = {(r.stage, r.release, r.bet): (r.units, r.log_wealth) for r in store.bets(W)}
    assert bets.keys() == expected.bets.keys()
    for bet, (units, wealth) in expected.bets.items():
        assert bets[bet][0] == units
        assert bets[bet][1] == pytest.approx(wealth, rel=1e-9, abs=1e-9)


def assert_same_totals(store: CallStore, expected: Reference) -> None:
    """Totals and daily sums are the reference's to 1e-9."""
    totals = {(r.stage, r.release, r.metric, r.series, r.segment): r.totals for r in store.totals(W)}
    assert totals.keys() == expected.totals.keys()
    for key, want in expected.totals.items():
        for field in Totals.__struct_fields__:
            got = getattr(totals[key], field)
            assert got == pytest.approx(getattr(want, field), rel=1e-9, abs=1e-9), (key, field)
    days = {(r.day, r.stage, r.release, r.metric, r.series): (r.n, r.y, r.z) for r in store.days(W)}
    assert days.keys() == expected.days.keys()
    for day, sums in expected.days.items():
        assert days[day] == pytest.approx(sums, rel=1e-9, abs=1e-9), day


def assert_same_bases(store: CallStore, expected: dict[str, tuple[int, int, int, int]]) -> None:
    """What labels are known from is counted as the reference counts it: independent, anchored, unsaid, own answer."""
    found = {b.stage: (b.independent, b.after_suggestion, b.unsaid, b.own_answer) for b in store.label_bases(W)}
    assert found == expected


class CallStoreContract:
    """Derive from it and give the fixture `new_store`, which opens an empty store each time it is called."""

    @pytest.fixture
    def new_store(self) -> Iterator[NewStore]:
        """To be overridden."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, new_store: NewStore) -> CallStore:
        """One empty store."""
        return new_store()


class TakingIn(CallStoreContract):
    """Calls and outcomes go in once, and come back whole."""

    def test_a_call_comes_back_as_it_was_sent(self, store: CallStore):
        """Every field of a call and of its two executions is kept, before and after it is flushed."""
        full = call(
            1,
            served=execution(
                "candidate",
                '{"warn":true}',
                tokens_in=12,
                tokens_out=3,
                cost_usd=0.002,
                scores={"tone": 0.25, "length": 3.0},
                detail='{"why":"weather"}',
            ),
            beside=execution("incumbent", None, error="timeout", confidence=None),
            assigned="candidate",
            cohort="berlin",
            segment={"language": "de", "plan": "pro"},
            source="replay",
            mode="live",
            percent=12.5,
            stage="live/12.5/1",
            serial=7,
            fallback="breaker",
            beside_dropped=True,
            added_us=15,
        )
        bare = call(2, unit="", served=execution(value=None, latency_us=0), beside=None, input=None)
        store.append_calls(W, [full, bare])
        for _ in range(2):
            assert store.call(W, full.call_id).call == full
            assert store.call(W, bare.call_id).call == bare
            store.flush()

    def test_packed_and_plain_calls_are_the_same(self, store: CallStore):
        """A call that the SDK packed is stored like one that came as JSON."""
        plain = call(1)
        fields = {name: getattr(plain, name) for name in Call.__struct_fields__}
        for name in ("served", "beside"):
            inner = fields[name]
            fields[name] = PackedExecution(**{f: getattr(inner, f) for f in inner.__struct_fields__})
        store.append_calls(W, [PackedCall(**fields)])
        assert store.append_calls(W, [plain]) == Accepted(accepted=0, duplicates=1)
        assert store.call(W, plain.call_id).call == plain

    def test_a_call_sent_again_changes_nothing(self, store: CallStore):
        """The first copy of a call stands, within a batch, across batches, and after a flush."""
        assert store.append_calls(W, [call(1), call(1, unit="other"), call(2)]) == Accepted(accepted=2, duplicates=1)
        store.flush()
        assert store.append_calls(W, [call(3), call(1, unit="other")]) == Accepted(accepted=1, duplicates=1)
        assert store.call(W, call_id(1)).call == call(1)
        assert len(listed(store, CallFilter())) == 3

    def test_workloads_do_not_share_call_ids(self, store: CallStore):
        """The same id in two workloads is two calls."""
        store.append_calls(W, [call(1)])
        assert store.append_calls("other", [call(1)]) == Accepted(accepted=1, duplicates=0)
        assert len(listed(store, CallFilter())) == 1

    def test_outcomes_are_kept_in_order_of_time(self, store: CallStore):
        """A call shows all its outcomes, earliest first, corrections included, and each outcome once."""
        early, late = outcome(1, 1, hours=2), outcome(2, 1, hours=5, value='"sales"', reporter="ann")
        assert store.append_outcomes(W, [late]) == Accepted(accepted=1, duplicates=0)
        store.append_calls(W, [call(1)])
        assert store.append_outcomes(W, [late, early]) == Accepted(accepted=1, duplicates=1)
        assert store.call(W, call_id(1)).outcomes == (early, late)

    def test_a_batch_without_anything_is_taken(self, store: CallStore):
        """Empty batches are no error."""
        assert store.append_calls(W, []) == Accepted(accepted=0, duplicates=0)
        assert store.append_outcomes(W, []) == Accepted(accepted=0, duplicates=0)

    def test_a_workload_nobody_recorded_for_has_nothing(self, store: CallStore):
        """Reading about an unknown workload gives nothing and is no error."""
        assert store.project("nobody", plan(), START) == 0
        assert store.call("nobody", call_id(1)) is None
        assert store.search("nobody", CallFilter()).calls == ()
        assert store.totals("nobody") == store.bets("nobody") == store.days("nobody") == store.looks("nobody", 1) == ()
        assert store.traffic("nobody") == Traffic()
        assert store.coverage("nobody") == {}
        assert store.shadow("nobody").pairs == 0
        assert store.erase_unit("nobody", "ann") == store.retain("nobody", LATE) == 0

    def test_a_bad_call_id_is_refused_whole(self, store: CallStore):
        """A batch with an id that is none is refused, and nothing of it is stored."""
        bad = call(1)
        with pytest.raises(StorageRefused):
            store.append_calls(W, [call(2), Call(call_id="zz", at_us=bad.at_us, served=bad.served)])
        assert listed(store, CallFilter()) == []


class Summing(CallStoreContract):
    """The sums are those of everything stored, whatever the order."""

    def test_arms_and_pairs_are_summed(self, store: CallStore):
        """A labelled shadow pair adds to the incumbent's series and to the paired one, shifted and by release."""
        store.append_calls(W, [call(1), call(2)])
        store.append_outcomes(W, [outcome(1, 1), outcome(2, 2, value='"sales"')])
        assert store.project(W, plan(), LATE) == 4
        incumbent = total(store, "right", "incumbent")
        assert (incumbent.units, incumbent.n, incumbent.y) == (2, 2, pytest.approx(1 - 2 * 0.6))
        paired = total(store, "right", "paired")
        assert (paired.n, paired.y, paired.z) == (2, pytest.approx(1 - 2 * 0.6), pytest.approx(1 - 2 * 0.6))
        assert paired.yz == pytest.approx(2 * 0.4 * -0.6)

    def test_units_that_come_back_in_another_stage_are_found(self, store: CallStore):
        """Only the stages that are asked for count; before the first projection, and once calls were removed, nobody
        knows.
        """
        assert store.returning(W, ["a", "b"]) is None
        placed = [("a", "u1"), ("a", "u2"), ("a", "u2"), ("b", "u3"), ("b", None), ("c", "u1"), ("c", None)]
        sent = [structs.replace(call(n), stage=stage, unit=unit or "") for n, (stage, unit) in enumerate(placed)]
        store.append_calls(W, sent)
        store.project(W, plan(), LATE)
        asked = (["a", "b"], ["b", "c"], ["a", "b", "c"], ["a"], ["a", "a"], [])
        assert [store.returning(W, stages) for stages in asked] == [False, False, True, False, False, False]
        store.retain(W, START + dt.timedelta(days=1000))
        assert store.returning(W, ["a", "b"]) is None

    def test_a_call_counts_when_its_labels_window_has_closed(self, store: CallStore):
        """Metrics without a label count at once. The others wait for their own window, though the label came early:
        labels that come sooner for good results than for bad ones must not flatter whoever is judged by them.
        """
        store.append_calls(W, [call(1)])
        store.project(W, plan(), START)
        assert total(store, "errors", "paired").n == 1
        store.flush()
        store.append_outcomes(W, [outcome(1, 1)])
        assert store.project(W, plan(), START + dt.timedelta(hours=2)) == 1
        assert total(store, "errors", "paired").n == 1
        seen = []
        for hours in (24, 24.001, 72, 72.001):
            store.project(W, plan(), START + dt.timedelta(hours=hours))
            seen.append((total(store, "cost_of_errors", "incumbent").n, total(store, "right", "paired").n))
        assert seen == [(0, 0), (1, 0), (1, 0), (1, 1)]
        assert total(store, "errors", "paired").n == 1

    def test_a_label_that_was_held_up_counts_when_it_comes(self, store: CallStore):
        """A label given inside the window and delivered after it adds its call then, once."""
        store.append_calls(W, [call(1)])
        store.project(W, plan(), LATE)
        assert total(store, "right", "paired").n == 0
        store.append_outcomes(W, [outcome(1, 1)])
        assert store.project(W, plan(), LATE) == 1
        assert total(store, "right", "paired").n == 1
        store.project(W, plan(), LATE + dt.timedelta(days=9))
        assert total(store, "right", "paired").n == 1

    def test_bad_news_that_comes_late_does_not_flatter(self, store: CallStore):
        """Wrong answers are labelled after 60 hours and right ones after one: at every look the mean is that of all
        calls whose window has closed, where the labels at hand would show far too many right ones.
        """
        rng = Random(5)
        sent = [call(n, unit=f"u{n % 150}", hours=n * 0.4, beside=None) for n in range(600)]
        labels = [rng.choice(['"billing"', '"billing"', '"sales"']) for _ in sent]
        learned = sorted(
            (outcome(n, n, value=v, hours=n * 0.4 + (1 if v == '"billing"' else 60)) for n, v in enumerate(labels)),
            key=lambda o: o.at_us,
        )
        store.append_calls(W, sent)
        flattered = 0
        for day in range(4, 11):
            now = START + dt.timedelta(days=day)
            now_us = sent[0].at_us + day * 24 * HOUR_US
            store.append_outcomes(W, [o for o in learned if o.at_us <= now_us])
            store.project(W, plan(), now)
            closed = [v == '"billing"' for c, v in zip(sent, labels, strict=True) if now_us - c.at_us > 72 * HOUR_US]
            at_hand = [o.value == '"billing"' for o in learned if o.at_us <= now_us]
            got = total(store, "right", "incumbent")
            assert got.n == len(closed)
            assert got.y / got.n + 0.6 == pytest.approx(sum(closed) / len(closed))
            flattered += sum(at_hand) / len(at_hand) > sum(closed) / len(closed) + 0.02
        assert flattered == 7

    def test_the_earliest_label_counts_however_late_it_comes(self, store: CallStore):
        """An earlier label that arrives after a later one replaces it; a later one is a correction."""
        store.append_calls(W, [call(1)])
        store.append_outcomes(W, [outcome(1, 1, hours=5, value='"sales"')])
        store.project(W, plan(), LATE)
        assert total(store, "right", "incumbent").y == pytest.approx(-0.6)
        store.append_outcomes(W, [outcome(2, 1, hours=2), outcome(3, 1, hours=6, value='"sales"')])
        store.project(W, plan(), LATE)
        assert total(store, "right", "incumbent").y == pytest.approx(0.4)
        assert total(store, "right", "incumbent").n == 1

    def test_a_label_counts_within_the_window_of_its_metric(self, store: CallStore):
        """A label after a metric's window counts for the metrics whose window is longer only."""
        store.append_calls(W, [call(1)])
        store.append_outcomes(W, [outcome(1, 1, hours=30)])
        store.project(W, plan(), LATE)
        assert total(store, "right", "incumbent").n == 1
        assert total(store, "cost_of_errors", "incumbent").n == 0

    def test_a_persons_answer_completes_the_pair(self, store: CallStore):
        """Where people are the incumbent, the pair counts from when their answer comes."""
        store.append_calls(W, [call(1, served=execution(value=None, latency_us=0, confidence=None))])
        store.project(W, plan(), START)
        assert total(store, "to_sales", "paired").n == 0
        assert store.traffic(W).paired == store.shadow(W).pairs == 0
        answer = outcome(1, 1, "incumbent_answer", '"sales"', kind="incumbent_answer")
        store.append_outcomes(W, [answer])
        store.project(W, plan(), START)
        assert total(store, "to_sales", "paired") == Totals.of(UnitSum(1.0, 1.0, 1.0))
        assert store.traffic(W).paired == store.shadow(W).pairs == store.shadow(W).days == 1

    def test_a_returning_unit_replaces_its_share(self, store: CallStore):
        """A unit counts once in the totals, with all its calls, in whichever batch they came."""
        for number in (1, 2, 3):
            store.append_calls(W, [call(number, unit="ann")])
            store.project(W, plan(), START)
        errors = total(store, "errors", "incumbent")
        assert (errors.units, errors.n, errors.nn, errors.nnn) == (1, 3, 9, 27)

    def test_calls_without_a_unit_are_units_of_their_own(self, store: CallStore):
        """Nobody's calls are not lumped into one cluster."""
        store.append_calls(W, [call(1, unit=""), call(2, unit="")])
        store.project(W, plan(), START)
        assert total(store, "errors", "incumbent").units == 2

    def test_segments_and_releases_have_their_own_sums(self, store: CallStore):
        """A declared segment has sums beside the overall ones; another release never mixes in."""
        store.append_calls(
            W,
            [
                call(1, segment={"language": "de", "tier": "gold"}),
                call(2, beside=execution("candidate", release="r2")),
            ],
        )
        store.project(W, plan(), START)
        assert total(store, "errors", "paired", segment="language=de").n == 1
        assert total(store, "errors", "paired", release="r1").n == 1
        assert total(store, "errors", "paired", release="r2").n == 1
        assert total(store, "errors", "incumbent").n == 2
        assert {row.segment for row in store.totals(W)} == {"", "language=de"}

    def test_only_counted_sources_enter_the_sums(self, store: CallStore):
        """Replayed and synthetic calls are counted as such and never summed, unless the plan counts them."""
        store.append_calls(W, [call(1), call(2, source="replay"), call(3, source="synthetic")])
        store.project(W, plan(), START)
        assert total(store, "errors", "paired").n == 1
        traffic = store.traffic(W)
        assert (traffic.calls, traffic.counted) == (3, 1)
        assert traffic.by_source == {"real": 1, "replay": 1, "synthetic": 1}
        store.project(W, plan(counted_sources=("replay", "real")), START)
        assert total(store, "errors", "paired").n == store.traffic(W).counted == 2

    def test_days_follow_the_plans_time_zone(self, store: CallStore):
        """A call shortly before midnight UTC belongs to the next day in Berlin, across the change of clocks."""
        store.append_calls(W, [call(1, hours=13.75), call(2, hours=14.25), call(3, hours=61.25)])
        store.project(W, plan(), START)
        days = [row.day.isoformat() for row in store.days(W) if (row.metric, row.series) == ("errors", "incumbent")]
        assert days == ["2026-03-27", "2026-03-28", "2026-03-30"]

    def test_projecting_again_finds_nothing_new(self, store: CallStore):
        """A second projection takes in nothing and changes nothing."""
        store.append_calls(W, [call(1)])
        store.append_outcomes(W, [outcome(1, 1)])
        store.project(W, plan(), LATE)
        before = store.totals(W), store.bets(W), store.days(W), store.traffic(W)
        assert store.project(W, plan(), LATE) == 0
        assert (store.totals(W), store.bets(W), store.days(W), store.traffic(W)) == before

    def test_another_plan_rebuilds_the_sums(self, store: CallStore):
        """Under a changed plan the sums are those of all calls kept, as if it had been the plan from the first day."""
        sent = [call(n, unit=f"u{n % 3}", hours=n) for n in range(9)]
        learned = [outcome(100 + n, n, hours=n + 1) for n in range(0, 9, 2)]
        store.append_calls(W, sent[:5])
        store.append_outcomes(W, learned)
        store.project(W, plan(), START)
        store.flush()
        store.append_calls(W, sent[5:])
        changed = plan(segments=("language", "tier"), unit_window_hours=24.0)
        assert store.project(W, changed, LATE) == len(sent) + len(learned)
        assert_same_sums(store, reference(changed, sent, learned, LATE))
        store.project(W, plan(), LATE)
        assert_same_sums(store, reference(plan(), sent, learned, LATE))

    @given(st.randoms(use_true_random=True))
    @settings(max_examples=40, suppress_health_check=SHARED)
    def test_no_order_of_arrival_changes_the_sums(self, new_store: NewStore, rng: Random):
        """Any order, any batches, any repetition, flushed and projected at any time: the sums are those of a single
        pass over everything, in plain Python.
        """
        sent = [any_call(rng, number) for number in range(rng.randint(1, 40))]
        unsent = any_call(rng, 1000)
        learned = [any_outcome(rng, number, rng.choice([*sent, unsent])) for number in range(rng.randint(0, 60))]
        arrivals: list[Call | Outcome] = [*sent, *learned, *rng.choices([*sent, *learned], k=5)]
        rng.shuffle(arrivals)
        windows = plan(unit_window_hours=rng.choice([0.5, 48.0, 168.0]))
        store = new_store()
        while arrivals:
            size = rng.randint(1, 20)
            batch, arrivals = arrivals[:size], arrivals[size:]
            store.append_calls(W, [item for item in batch if isinstance(item, Call)])
            store.append_outcomes(W, [item for item in batch if isinstance(item, Outcome)])
            if rng.random() < 0.4:
                store.flush()
            if rng.random() < 0.6:
                store.project(W, windows, START - dt.timedelta(days=90))
        for days in sorted(rng.choices(range(40), k=2)):
            store.project(W, windows, START + dt.timedelta(days=days))
        store.project(W, windows, START + dt.timedelta(days=40))
        assert_same_sums(store, reference(windows, sent, learned, START + dt.timedelta(days=40)))
        again = store.traffic(W), store.coverage(W), store.shadow(W)
        assert_same_bases(store, label_bases(windows, sent, learned))
        self._rebuild(store, windows)
        assert (store.traffic(W), store.coverage(W), store.shadow(W)) == again
        assert_same_bases(store, label_bases(windows, sent, learned))

    @given(st.randoms(use_true_random=True))
    @settings(max_examples=25, suppress_health_check=SHARED)
    def test_the_sums_are_those_of_their_time(self, new_store: NewStore, rng: Random):
        """Projected again and again while calls, labels and erasures come: at any time the sums are those of a single
        pass over what is there, with the calls whose window has closed by then.
        """
        sent = [any_call(rng, number) for number in range(rng.randint(1, 40))]
        learned = [any_outcome(rng, number, rng.choice(sent)) for number in range(rng.randint(0, 60))]
        arrivals: list[Call | Outcome] = [*sent, *learned]
        rng.shuffle(arrivals)
        came: list[Call | Outcome] = []
        store = new_store()
        for hours in sorted(rng.choices(range(-10, 21 * 24), k=6)):
            now = START + dt.timedelta(hours=hours)
            size = rng.randint(0, 25)
            batch, arrivals = arrivals[:size], arrivals[size:]
            came += batch
            store.append_calls(W, [item for item in batch if isinstance(item, Call)])
            store.append_outcomes(W, [item for item in batch if isinstance(item, Outcome)])
            if rng.random() < 0.4:
                store.flush()
            store.project(W, plan(), now)
            if rng.random() < 0.2:
                store.erase_unit(W, "ann")
                gone = {item.call_id for item in [*came, *arrivals] if isinstance(item, Call) and item.unit == "ann"}
                came, arrivals = ([i for i in items if i.call_id not in gone] for items in (came, arrivals))
            calls = [item for item in came if isinstance(item, Call)]
            known = {c.call_id for c in calls}
            outcomes = [item for item in came if isinstance(item, Outcome) and item.call_id in known]
            assert_same_totals(store, reference(plan(), calls, outcomes, now))

    @given(st.randoms(use_true_random=True))
    @settings(max_examples=25, suppress_health_check=SHARED)
    def test_every_kind_and_way_of_counting_has_its_sums(self, new_store: NewStore, rng: Random):
        """Ratios, metrics by unit, tokens, confidence, actions and limits: in any order of arrival the sums are those
        of a single pass, with a unit's old value replaced when it returns.
        """
        sent = [any_call(rng, number) for number in range(rng.randint(1, 40))]
        learned = [any_outcome(rng, number, rng.choice(sent)) for number in range(rng.randint(0, 60))]
        arrivals: list[Call | Outcome] = [*sent, *learned]
        rng.shuffle(arrivals)
        windows = counted_plan(unit_window_hours=rng.choice([0.5, 168.0]))
        store = new_store()
        while arrivals:
            size = rng.randint(1, 20)
            batch, arrivals = arrivals[:size], arrivals[size:]
            store.append_calls(W, [item for item in batch if isinstance(item, Call)])
            store.append_outcomes(W, [item for item in batch if isinstance(item, Outcome)])
            if rng.random() < 0.6:
                store.project(W, windows, START - dt.timedelta(days=90))
        store.project(W, windows, START + dt.timedelta(days=40))
        assert_same_sums(store, reference(windows, sent, learned, START + dt.timedelta(days=40)))
        store.erase_unit(W, "ann")
        kept = [c for c in sent if c.unit != "ann"]
        about = {c.call_id for c in kept}
        left = [o for o in learned if o.call_id in about]
        assert_same_totals(store, reference(windows, kept, left, START + dt.timedelta(days=40)))

    def _rebuild(self, store: CallStore, current: MeasurementPlan) -> None:
        store.project(W, MeasurementPlan(), START)
        store.project(W, current, START + dt.timedelta(days=40))


class Betting(CallStoreContract):
    """A unit bets once, when its window and its labels have closed."""

    def test_a_unit_bets_when_its_window_and_labels_have_closed(self, store: CallStore):
        """Before, it does not; and each bet waits for its own metric."""
        store.append_calls(W, [call(1)])
        store.append_outcomes(W, [outcome(1, 1)])
        window = dt.timedelta(hours=168)
        store.project(W, plan(), START + window - dt.timedelta(seconds=1))
        assert store.bets(W) == ()
        store.project(W, plan(), START + window)
        at_once = {"harm:errors", "limit:slow"}
        assert {row.bet for row in store.bets(W)} == at_once
        store.project(W, plan(), START + window + dt.timedelta(hours=24))
        assert {row.bet for row in store.bets(W)} == at_once | {"harm:cost_of_errors"}
        store.project(W, plan(), START + window + dt.timedelta(hours=72))
        assert {row.bet for row in store.bets(W)} == at_once | {"harm:cost_of_errors", "floor"}
        assert {row.units for row in store.bets(W)} == {1}

    def test_a_placed_bet_stands(self, store: CallStore):
        """What comes after the bet changes the totals and not the bet."""
        store.append_calls(W, [call(1, unit="ann")])
        store.append_outcomes(W, [outcome(1, 1)])
        store.project(W, plan(), LATE)
        placed = store.bets(W)
        assert placed
        store.append_calls(W, [call(2, unit="ann", hours=1), call(3, unit="ann", hours=-100)])
        store.append_outcomes(W, [outcome(2, 2), outcome(3, 1, hours=0.5, value='"sales"')])
        store.project(W, plan(), LATE + dt.timedelta(days=30))
        assert store.bets(W) == placed
        assert total(store, "errors", "paired").n == 3

    def test_a_unit_without_a_value_does_not_bet(self, store: CallStore):
        """No label, no bet on what needs it."""
        store.append_calls(W, [call(1)])
        store.project(W, plan(), LATE)
        assert "floor" not in {row.bet for row in store.bets(W)}
        assert "harm:errors" in {row.bet for row in store.bets(W)}


class Counting(CallStoreContract):
    """Traffic, coverage and shadowing are counted, not estimated."""

    def test_traffic_counts_what_ran(self, store: CallStore):
        """Runs, failures, servings, suggestions and first times, over all stages or some."""
        failed = execution("candidate", None, error="timeout", confidence=None)
        store.append_calls(
            W,
            [
                call(1, mode="none", stage="none/0", beside=None),
                call(2, hours=2),
                call(3, hours=3, beside=failed, beside_dropped=False),
                call(4, hours=4, beside=None, beside_dropped=True),
                call(5, hours=5, mode="suggest", stage="suggest/1"),
                call(6, hours=6, mode="live", stage="live/5/1", served=execution("candidate"), beside=None),
            ],
        )
        store.append_outcomes(
            W,
            [
                outcome(1, 5, "action", '"accepted"', kind="feedback", hours=7),
                outcome(2, 5, "rating", "1", kind="feedback", hours=7),
            ],
        )
        store.project(W, plan(), START)
        traffic = store.traffic(W)
        assert (traffic.calls, traffic.counted, traffic.paired) == (6, 6, 2)
        assert (traffic.candidate_runs, traffic.candidate_errors, traffic.candidate_served) == (4, 1, 1)
        assert (traffic.suggested, traffic.shadow_dropped, traffic.feedback) == (1, 1, 1)
        assert traffic.first_call_at == START
        assert traffic.last_call_at == START + dt.timedelta(hours=6)
        assert traffic.first_candidate_at == START + dt.timedelta(hours=2)
        assert traffic.first_feedback_at == START + dt.timedelta(hours=7)
        live = store.traffic(W, ["live/5/1", "suggest/1"])
        assert (live.calls, live.candidate_served, live.feedback) == (2, 1, 1)

    def test_what_users_said_is_listed_newest_first(self, store: CallStore):
        """Feedback alone, of one workload, since a moment, at most so many; also what came before its call."""
        said = [
            outcome(1, 1, "rating", "1", kind="feedback", hours=1),
            outcome(2, 1, "label", '"billing"', hours=2),
            outcome(3, 9, "comment", '"wrong"', kind="feedback", hours=3),
            outcome(4, 1, "action", '"edited"', kind="feedback", hours=4),
        ]
        store.append_calls(W, [call(1)])
        store.append_outcomes(W, said)
        store.append_outcomes("elsewhere", [outcome(5, 1, "rating", "0", kind="feedback", hours=5)])
        assert list(store.feedback(W, START, 10)) == [said[3], said[2], said[0]]
        assert list(store.feedback(W, START + dt.timedelta(hours=3), 10)) == [said[3], said[2]]
        assert list(store.feedback(W, START, 1)) == [said[3]]
        assert store.feedback("nowhere", START, 10) == ()

    def test_labels_are_due_when_their_window_has_passed(self, store: CallStore):
        """Of the calls older than the longest label window, those labelled in time are covered."""
        store.append_calls(W, [call(1), call(2), call(3, hours=100)])
        store.append_outcomes(W, [outcome(1, 1), outcome(2, 3, hours=101)])
        store.project(W, plan(), START + dt.timedelta(hours=71))
        assert store.coverage(W)["label"] == (0, 0)
        store.project(W, plan(), START + dt.timedelta(hours=73))
        assert store.coverage(W)["label"] == (1, 2)
        store.append_outcomes(W, [outcome(3, 2, hours=30), outcome(4, 2, hours=90)])
        store.append_calls(W, [call(4)])
        store.project(W, plan(), START + dt.timedelta(hours=74))
        assert store.coverage(W)["label"] == (2, 3)
        assert (store.traffic(W).labelled, store.traffic(W).labels_due) == (3, 3)

    def test_coverage_can_be_had_of_some_stages(self, store: CallStore):
        """Labels of one stage say nothing of another's."""
        store.append_calls(W, [call(1), call(2, stage="shadow/2"), call(3, stage="shadow/2", input=None)])
        store.append_outcomes(W, [outcome(1, 1), outcome(2, 2)])
        store.project(W, plan(), LATE)
        assert store.coverage(W)["label"] == (2, 3)
        assert store.coverage(W, [SHADOW])["label"] == (1, 1)
        assert store.coverage(W, ["shadow/2"])["label"] == (1, 2)
        assert store.coverage(W, ["shadow/2"])["input"] == (1, 2)

    def test_coverage_says_which_fields_are_there(self, store: CallStore):
        """Fields count where they are due: an answer that failed has no output, only a candidate a confidence."""
        failed = execution("candidate", None, error="timeout", confidence=None)
        store.append_calls(
            W,
            [
                call(1),
                call(2, input=None, unit="", beside=execution("candidate", None, confidence=None)),
                call(3, beside=failed),
                call(4, mode="suggest", stage="suggest/1"),
                call(5, mode="suggest", stage="suggest/1"),
                call(6, served=execution(value=None, error="timeout", latency_us=0), beside=None),
                call(7, source="synthetic", input=None),
            ],
        )
        store.append_outcomes(W, [outcome(1, 4, "action", '"edited"', kind="feedback")])
        store.project(W, plan(), START)
        assert store.coverage(W) == {
            "input": (5, 6),
            "unit": (5, 6),
            "output": (4, 5),
            "latency": (5, 5),
            "confidence": (3, 4),
            "label": (0, 0),
            "action": (1, 2),
        }

    def test_shadowing_is_measured(self, store: CallStore):
        """Pairs, days with pairs, drops, leaks and what callers waited; the percentile to about 4 %."""
        waits = [100] * 97 + [5000] * 3
        store.append_calls(W, [call(n, hours=n / 2, added_us=wait) for n, wait in enumerate(waits)])
        store.append_calls(
            W,
            [
                call(200, beside=None, beside_dropped=True),
                call(201, served=execution("candidate"), beside=execution()),
                call(202, mode="live", stage="live/5/1", added_us=10**9),
            ],
        )
        store.project(W, plan(), START)
        shadow = store.shadow(W)
        assert (shadow.pairs, shadow.calls, shadow.dropped, shadow.leaked_errors) == (101, 102, 1, 1)
        assert shadow.days == 3
        assert shadow.added_us_mean == pytest.approx((97 * 100 + 3 * 5000) / 102)
        assert 5000 <= shadow.added_us_p99 <= 5000 * 1.07

    def test_looks_are_kept_as_they_were(self, store: CallStore):
        """The first look of a day and attempt stands, and looks come back in order of day."""
        row = SumRow(stage=SHADOW, release="r1", metric="right", series="paired", segment="", totals=Totals(n=3.0))
        bet = BetRow(stage=SHADOW, release="r1", bet="floor", units=2, log_wealth=(0.1,) * 10)
        second = LookRow(day=dt.date(2026, 4, 2), attempt=1, rows=(row,), bets=(bet,))
        first = LookRow(day=dt.date(2026, 4, 1), attempt=1, rows=(), bets=())
        for look in (second, first, LookRow(day=second.day, attempt=1, rows=(), bets=())):
            store.save_look(W, look)
        store.save_look(W, LookRow(day=first.day, attempt=2, rows=(row,), bets=()))
        assert store.looks(W, 1) == (first, second)


class Finding(CallStoreContract):
    """Calls are found by what they are."""

    @pytest.fixture
    def filled(self, store: CallStore) -> CallStore:
        """A few calls of every sort, part of them flushed."""
        store.append_calls(
            W,
            [
                call(1, unit="ann", hours=1),
                call(2, unit="ben", hours=2, beside=execution("candidate", '"billing"')),
                call(3, unit="ann", hours=3, beside=execution("candidate", None, error="timeout")),
            ],
        )
        store.flush()
        store.append_calls(
            W,
            [
                call(4, hours=4, served=execution(value=None, latency_us=0), source="replay"),
                call(5, hours=5, served=execution("candidate"), mode="live", stage="live/5/1", beside=None),
                call(6, hours=6, fallback="timeout", input='{"text": "100% [sic] O\'Hara"}', beside=None),
            ],
        )
        store.append_outcomes(W, [outcome(1, 4, "incumbent_answer", '"refund"', kind="incumbent_answer")])
        return store

    @pytest.mark.parametrize(
        ("where", "expected"),
        [
            (CallFilter(), [6, 5, 4, 3, 2, 1]),
            (CallFilter(unit="ann"), [3, 1]),
            (CallFilter(arm="candidate"), [5]),
            (CallFilter(stage="live/5/1"), [5]),
            (CallFilter(mode="live"), [5]),
            (CallFilter(source="replay"), [4]),
            (CallFilter(fallback="timeout"), [6]),
            (CallFilter(failed=True), [3]),
            (CallFilter(failed=False), [6, 5, 4, 2, 1]),
            (CallFilter(disagree=True), [4, 1]),
            (CallFilter(disagree=False), [2]),
            (CallFilter(since=START + dt.timedelta(hours=2), until=START + dt.timedelta(hours=5)), [4, 3, 2]),
            (CallFilter(text="o'hara"), [6]),
            (CallFilter(text="100% ["), [6]),
            (CallFilter(text="refund"), [4]),
            (CallFilter(text="sales"), [4, 1]),
            (CallFilter(text="nowhere"), []),
            (CallFilter(unit="ann", failed=True), [3]),
        ],
    )
    def test_a_filter_finds_its_calls(self, filled: CallStore, where: CallFilter, expected: list[int]):
        """Each filter finds the calls that match, newest first, wherever they lie."""
        assert [c.call_id for c in listed(filled, where)] == [call_id(number) for number in expected]

    @pytest.mark.parametrize(
        ("theirs", "mine", "field", "differ"),
        [
            ('{"team":"a","risk":0.1}', '{"team":"a","risk":0.2}', "team", False),
            ('{"team":"a","risk":0.1}', '{"team":"a","risk":0.2}', None, True),
            ('{"team":"a"}', '{"team":"b"}', "team", True),
            ('{"team":"a"}', '{"queue":"a"}', "team", True),
            ('{"queue":"a"}', '{"queue":"a"}', "team", True),
            ('{"a/b~":true}', '{"a/b~":true,"x":1}', "a/b~", False),
            ('{"n":3}', '{"n":3.0}', "n", False),
            ('{"n":"3"}', '{"n":3}', "n", False),
            ('{"n":0.30000000000000004}', '{"n":0.3}', "n", True),
            ('{"n":"007"}', '{"n":7}', "n", True),
            ("3", "3.0", None, False),
            ('"3"', "3", None, False),
            ("true", '"true"', None, False),
            ('"a"', '"b"', None, True),
        ],
    )
    def test_answers_are_compared_as_the_metrics_read_them(
        self, store: CallStore, theirs: str, mine: str, field: str | None, *, differ: bool
    ):
        """On the field that the target reads, numbers alike however they are written; an answer without the field
        agrees with none. The store's comparison is that of the values.
        """
        served, beside = execution(value=theirs), execution("candidate", mine)
        store.append_calls(W, [call(1, served=served, beside=beside)])
        found = listed(store, CallFilter(disagree=True, compared=field))
        assert bool(found) == differ
        text_of = answer_of(field)
        said = text_of(served, {})
        assert (said == UNREADABLE or said != text_of(beside, {})) == differ
        counted = store.agreement(W, PairsOf(stage=SHADOW, release="r1", sources=("real",), compared=field))
        assert (counted.agreeing.n, counted.agreeing.y) == (1.0, 0.0 if differ else 1.0)

    def test_agreement_counts_the_pairs_of_one_stage_and_release(self, store: CallStore):
        """Failed calls, other stages, releases and sources are no pairs; people's answers are. What is counted is the
        same before and after the calls went into a segment.
        """
        kinds = [
            {},
            {"beside": execution("candidate", '"billing"')},
            {"beside": execution("candidate", '"billing"'), "unit": "u0"},
            {"beside": execution("candidate", None, error="timeout")},
            {"beside": execution("candidate", '"billing"', release="r2")},
            {"stage": "shadow/2"},
            {"source": "synthetic"},
            {"served": execution(value=None, latency_us=0)},
            {"served": execution(value=None, latency_us=0)},
            {"beside": None},
        ]
        store.append_calls(W, [call(number, **more) for number, more in enumerate(kinds)])
        store.append_outcomes(W, [outcome(1, 7, "incumbent_answer", '"sales"', kind="incumbent_answer")])
        asked = PairsOf(stage=SHADOW, release="r1", sources=("real",))
        found = store.agreement(W, asked)
        assert found.pairs == (
            AnswerPair(incumbent="billing", candidate="billing", calls=2),
            AnswerPair(incumbent="billing", candidate="sales", calls=1),
            AnswerPair(incumbent="sales", candidate="sales", calls=1),
        )
        assert found.categories == 2
        # Unit u0 has two calls, on one of which the arms agree; u1 and u7 have one each, on which they do.
        assert found.agreeing == sum(
            (Totals.of(UnitSum(n=n, y=y)) for n, y in ((2.0, 1.0), (1.0, 1.0), (1.0, 1.0))), Totals()
        )
        moves = influences(found.pairs)
        together = moves["billing", "sales"] + moves["billing", "billing"]
        alone = moves["billing", "billing"] ** 2 + moves["sales", "sales"] ** 2
        assert found.influence == pytest.approx(together**2 + alone)
        store.flush()
        assert store.agreement(W, asked) == found
        assert store.agreement("nobody", asked) == PairedAnswers()

    def test_agreement_is_counted_over_the_newest_pairs(self, store: CallStore):
        """At most so many are counted, from the newest back, wherever they are kept; whether that is all is said."""
        for number in (7, 0, 11, 3, 9, 1, 5, 10, 2, 8, 4, 6):
            said = '"billing"' if number < 6 else '"sales"'
            more = {"served": execution(value=said), "beside": execution("candidate", said)}
            store.append_calls(W, [call(number, hours=number, **more)])
            if number != 6:
                store.flush()
        asked = PairsOf(stage=SHADOW, release="r1", sources=("real",), most=8)
        found = store.agreement(W, asked)
        assert [(pair.incumbent, pair.calls) for pair in found.pairs] == [("sales", 6), ("billing", 2)]
        assert (found.agreeing.n, found.whole) == (8.0, False)
        assert found.since is not None
        assert found.until is not None
        assert found.until - found.since == dt.timedelta(hours=7)
        store.flush()
        assert store.agreement(W, asked) == found
        every = store.agreement(W, PairsOf(stage=SHADOW, release="r1", sources=("real",), most=12))
        assert (every.agreeing.n, every.whole, every.until) == (12.0, True, found.until)

    def test_pages_are_complete_and_do_not_overlap(self, store: CallStore):
        """Following the cursor lists every call once, also where many share a time."""
        sent = [call(number, hours=number // 7) for number in range(60)]
        for start in range(0, 60, 13):
            store.append_calls(W, sent[start : start + 13])
            store.flush()
        found = [c.call_id for c in listed(store, CallFilter(), limit=7)]
        assert found == [c.call_id for c in sorted(sent, key=lambda c: (c.at_us, c.call_id), reverse=True)]

    def test_a_made_up_cursor_is_refused(self, filled: CallStore):
        """A cursor that no page gave is an error, not an empty page."""
        with pytest.raises(StorageRefused):
            filled.search(W, CallFilter(), cursor="tomorrow")

    def test_a_listed_call_shows_what_was_learned(self, filled: CallStore):
        """A page carries the outcomes of its calls."""
        page = filled.search(W, CallFilter(source="replay"))
        assert [o.value for o in page.calls[0].outcomes] == ['"refund"']

    def test_calls_whose_label_was_corrected_are_found(self, store: CallStore):
        """Of whatever was said twice and differently of a call; what was only repeated is no correction."""
        store.append_calls(W, [call(n) for n in range(4)])
        store.append_outcomes(W, [outcome(10 + n, n) for n in range(4)])
        store.append_outcomes(W, [outcome(21, 1, value='"sales"', hours=2.0), outcome(22, 2, hours=2.0)])
        store.append_outcomes(W, [outcome(23, 3, name="minutes", value="1"), outcome(24, 3, name="minutes", value="2")])
        assert [one.call.call_id for one in store.corrected(W, "label", 10)] == [call_id(1)]
        assert [one.call.call_id for one in store.corrected(W, "minutes", 10)] == [call_id(3)]
        assert [one.value for one in store.corrected(W, "label", 10)[0].outcomes] == ['"billing"', '"sales"']
        assert store.corrected("elsewhere", "label", 10) == ()
        store.erase_unit(W, "u1")
        assert store.corrected(W, "label", 10) == ()


class Forgetting(CallStoreContract):
    """What is removed is gone, and does not come back."""

    def fill(self, store: CallStore) -> tuple[list[Call], list[Outcome]]:
        """Calls of three units over ten days, half of them flushed, projected with bets placed."""
        sent = [call(n, unit=f"u{n % 3}", hours=6 * n, added_us=n) for n in range(40)]
        learned = [outcome(100 + n, n, hours=6 * n + 1) for n in range(0, 40, 2)]
        store.append_calls(W, sent[:20])
        store.flush()
        store.append_calls(W, sent[20:])
        store.append_outcomes(W, learned)
        store.project(W, plan(), LATE)
        return sent, learned

    def without(self, unit: str, sent: Sequence[Call], learned: Sequence[Outcome]) -> tuple[list[Call], list[Outcome]]:
        """What is left when a unit is taken out."""
        kept = [c for c in sent if c.unit != unit]
        ids = {c.call_id for c in kept}
        return kept, [o for o in learned if o.call_id in ids]

    def test_an_erased_unit_leaves_no_trace(self, store: CallStore):
        """Its calls, outcomes and share of every sum are gone, as if it had never called."""
        sent, learned = self.fill(store)
        assert store.erase_unit(W, "u1") == 13
        kept, kept_outcomes = self.without("u1", sent, learned)
        assert {c.call_id for c in listed(store, CallFilter())} == {c.call_id for c in kept}
        assert store.call(W, call_id(1)) is None
        assert_same_sums(store, reference(plan(), kept, kept_outcomes, LATE))
        assert store.traffic(W).calls == len(kept)
        assert store.coverage(W)["input"] == (len(kept), len(kept))
        assert store.shadow(W).added_us_mean == pytest.approx(sum(c.added_us for c in kept) / len(kept))
        assert store.erase_unit(W, "u1") == 0

    def test_what_was_erased_is_not_taken_in_again(self, store: CallStore):
        """A late copy of an erased call, or an outcome of it, is acknowledged and not stored."""
        sent, learned = self.fill(store)
        store.erase_unit(W, "u1")
        assert store.append_calls(W, [sent[1]]) == Accepted(accepted=0, duplicates=1)
        assert store.append_outcomes(W, [outcome(900, 1)]) == Accepted(accepted=1, duplicates=0)
        store.project(W, plan(), LATE)
        kept, kept_outcomes = self.without("u1", sent, learned)
        assert_same_sums(store, reference(plan(), kept, kept_outcomes, LATE))
        assert store.call(W, call_id(1)) is None

    def test_erasing_before_projecting_leaves_the_rest(self, store: CallStore):
        """A unit whose calls were not summed yet is erased all the same."""
        store.append_calls(W, [call(1, unit="ann"), call(2, unit="ben")])
        store.project(W, plan(), START)
        store.append_calls(W, [call(3, unit="ann"), call(4, unit="ben")])
        assert store.erase_unit(W, "ann") == 2
        store.project(W, plan(), START)
        assert_same_sums(store, reference(plan(), [call(2, unit="ben"), call(4, unit="ben")], [], START))

    def test_nobody_is_not_a_unit(self, store: CallStore):
        """Calls without a unit are not erased by an empty name."""
        with pytest.raises(StorageRefused):
            store.erase_unit(W, "")

    def test_old_calls_go_and_their_sums_stay(self, store: CallStore):
        """Retention removes calls and outcomes, part of a segment too, and leaves every sum as it was."""
        sent, _ = self.fill(store)
        before = store.totals(W), store.bets(W), store.days(W), store.traffic(W)
        cut = START + dt.timedelta(hours=6 * 25)
        assert store.retain(W, cut) == 25
        assert {c.call_id for c in listed(store, CallFilter())} == {c.call_id for c in sent[25:]}
        assert store.call(W, sent[0].call_id) is None
        store.project(W, plan(), LATE)
        assert (store.totals(W), store.bets(W), store.days(W), store.traffic(W)) == before
        assert store.append_calls(W, sent[:3]) == Accepted(accepted=0, duplicates=3)
        assert store.retain(W, cut) == 0

    def test_calls_are_summed_before_they_go(self, store: CallStore):
        """What came since the last projection is taken into the sums before retention removes it."""
        store.append_calls(W, [call(1)])
        store.project(W, plan(), START)
        store.append_calls(W, [call(2)])
        assert store.retain(W, LATE) == 2
        assert total(store, "errors", "paired").n == 2

    def test_a_new_plan_covers_the_calls_that_are_kept(self, store: CallStore):
        """After retention, sums under another plan are those of the calls still there."""
        sent, learned = self.fill(store)
        store.retain(W, START + dt.timedelta(hours=6 * 25))
        changed = plan(segments=())
        store.project(W, changed, LATE)
        kept = sent[25:]
        ids = {c.call_id for c in kept}
        assert_same_sums(store, reference(changed, kept, [o for o in learned if o.call_id in ids], LATE))

    def test_shadow_of_nothing_has_no_figures(self, store: CallStore):
        """With no shadow call there is no mean and no percentile, rather than zeros."""
        store.append_calls(W, [call(1, mode="none", stage="none/0", beside=None)])
        store.project(W, plan(), START)
        assert store.shadow(W) == ShadowRow(
            pairs=0, days=0, calls=0, dropped=0, leaked_errors=0, added_us_mean=None, added_us_p99=None
        )


class Conformance(TakingIn, Summing, Betting, Counting, Finding, Forgetting):
    """The whole suite."""
