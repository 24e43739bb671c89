"""What every ledger must do: the conformance suite of the `Ledger` protocol."""

from __future__ import annotations

import datetime as dt
import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pilotage.storage.errors import StorageRefused
from pilotage.storage.protocols import Conflict, Draft, Entry, Ledger

AT = dt.datetime(2026, 11, 23, 17, 25, 0, 123456, tzinfo=dt.UTC)
EMPTY_ROOT = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

OpenLedger = Callable[[], Ledger]

characters = st.characters(exclude_categories=["Cs"])
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(2**53) + 1, max_value=2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(characters, max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(characters, max_size=8), inner, max_size=4),
    max_leaves=12,
)
payloads = st.dictionaries(st.text(characters, min_size=1, max_size=8), json_values, max_size=5).filter(
    lambda payload: not any(isinstance(value, dict) and value.keys() == {"commitment"} for value in payload.values())
)


def draft(kind: str = "noted", /, texts: dict[str, str] | None = None, **payload: Any) -> Draft:
    """A fact with the given payload."""
    return Draft(kind=kind, payload=payload, texts=texts or {}, actor="p-abcdefghij", at=AT)


class LedgerContract:
    """Inherit, and give the fixture `open_ledger`: each call opens the same ledger as another process would."""

    @pytest.fixture
    def open_ledger(self) -> OpenLedger:
        """Opens the same ledger anew at each call."""
        raise NotImplementedError

    @pytest.fixture
    def ledger(self, open_ledger: OpenLedger) -> Ledger:
        """An empty ledger."""
        return open_ledger()

    def test_empty(self, ledger: Ledger) -> None:
        """A new ledger has no entries, position 0 and the tree head of nothing."""
        assert ledger.position() == 0
        assert ledger.workloads() == ()
        assert ledger.read("triage") == ledger.read_all() == ()
        found = ledger.verify()
        assert (found.entries, found.root, found.problems, found.erased_texts) == (0, EMPTY_ROOT, (), 0)

    def test_append_gives_what_is_read(self, ledger: Ledger) -> None:
        """Appended facts come back as entries in order, numbered over the ledger and within their workload."""
        first = ledger.append("triage", 0, [draft("proposed", name="Triage", n=1.5), draft("scored", total=12)])
        other = ledger.append("invoices", 0, [draft("proposed", name="Invoices")])
        third = ledger.append("triage", 2, [draft("signed", texts={"note": "Gut so: Grüße"})])
        assert [(e.position, e.workload, e.sequence) for e in (*first, *other, *third)] == [
            (1, "triage", 1),
            (2, "triage", 2),
            (3, "invoices", 1),
            (4, "triage", 3),
        ]
        assert ledger.read("triage") == (*first, *third)
        assert ledger.read("triage", after=2) == third
        assert ledger.read_all() == (*first, *other, *third)
        assert ledger.read_all(after=1, limit=2) == (first[1], *other)
        assert ledger.position() == 4
        assert ledger.workloads() == ("triage", "invoices")
        assert first[0].payload == {"name": "Triage", "n": 1.5}
        assert (first[0].kind, first[0].actor, first[0].at, first[0].simulated) == (
            "proposed",
            "p-abcdefghij",
            AT,
            False,
        )
        assert third[0].texts == {"note": "Gut so: Grüße"}
        assert ledger.verify().problems == ()

    def test_append_of_nothing(self, ledger: Ledger) -> None:
        """Appending no facts writes nothing."""
        assert ledger.append("triage", 0, []) == ()
        assert ledger.position() == 0

    def test_times_are_kept_in_utc(self, ledger: Ledger) -> None:
        """A time given in another zone is the same moment when read, and a simulated one says so."""
        berlin = dt.timezone(dt.timedelta(hours=1))
        fact = Draft(kind="noted", payload={}, actor="p-1", at=AT.astimezone(berlin), simulated=True)
        (entry,) = ledger.append("triage", 0, [fact])
        assert entry.at == AT
        assert entry.at.tzinfo is dt.UTC
        assert entry.simulated
        assert ledger.read_all() == (entry,)

    @pytest.mark.parametrize("expected", [0, 2, -1])
    def test_conflict(self, ledger: Ledger, expected: int) -> None:
        """Who decided on an older or an imagined state gets a conflict, and nothing is written."""
        ledger.append("triage", 0, [draft()])
        with pytest.raises(Conflict):
            ledger.append("triage", expected, [draft(), draft()])
        assert ledger.position() == 1

    @pytest.mark.parametrize(
        "bad",
        [
            draft(n=float("nan")),
            draft(n=2**53),
            draft(n={1, 2}),
            draft(n="\ud800"),
            draft(texts={"n": "\ud800"}),
            draft(n={"commitment": "00"}),
            draft(texts={"n": "text"}, n=1),
            draft(""),
            draft("k" * 201),
            draft("a\nb"),
            Draft(kind="noted", payload={}, actor="", at=AT),
            Draft(kind="noted", payload={}, actor="p-1", at=AT.replace(tzinfo=None)),
        ],
    )
    def test_a_bad_draft_writes_nothing(self, ledger: Ledger, bad: Draft) -> None:
        """One fact that has no canonical form stops the whole append, the good facts beside it included."""
        with pytest.raises(StorageRefused):
            ledger.append("triage", 0, [draft(), bad, draft()])
        assert ledger.position() == 0
        ledger.append("triage", 0, [draft()])

    def test_a_workload_needs_a_name(self, ledger: Ledger) -> None:
        """An entry belongs to a named workload."""
        with pytest.raises(StorageRefused, match="workload"):
            ledger.append("", 0, [draft()])

    def test_erased_texts_keep_the_proof(self, ledger: Ledger) -> None:
        """Erasing removes the personal texts of one entry, leaves leaf and root as they are, and still verifies."""
        texts = {"note": "her name", "reason": ""}
        (entry,) = ledger.append("triage", 0, [draft(texts=texts, n=1)])
        (other,) = ledger.append("triage", 1, [draft(texts={"note": "her name"})])
        assert entry.payload["note"].keys() == {"commitment"}
        assert entry.payload["note"] != other.payload["note"], "the same text twice must not be recognisable"
        before = ledger.verify()
        assert ledger.erase_texts(entry.position) == 2
        assert ledger.erase_texts(entry.position) == 0
        assert ledger.erase_texts(99) == 0
        erased, kept = ledger.read("triage")
        assert erased.texts == {"note": None, "reason": None}
        assert (erased.payload, erased.leaf) == (entry.payload, entry.leaf)
        assert kept == other
        after = ledger.verify()
        assert after.problems == ()
        assert after.root == before.root
        assert (before.erased_texts, after.erased_texts) == (0, 2)

    def test_leaves_and_texts_are_there_for_whoever_proves(self, ledger: Ledger) -> None:
        """Every entry's leaf in order, and each text of a workload with the salt that its commitment was made with;
        erased, both are gone and the place stays.
        """
        (one,) = ledger.append("triage", 0, [draft(texts={"note": "her name"})])
        (other,) = ledger.append("search", 0, [draft(texts={"note": "another"})])
        assert [leaf.hex() for leaf in ledger.leaves()] == [one.leaf, other.leaf]
        (text,) = ledger.texts("triage")
        assert (text.position, text.field, text.text) == (one.position, "note", "her name")
        assert text.salt is not None
        assert hashlib.sha256(text.salt + b"her name").hexdigest() == one.payload["note"]["commitment"]
        ledger.erase_texts(one.position)
        (gone,) = ledger.texts("triage")
        assert (gone.position, gone.salt, gone.text) == (one.position, None, None)

    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(payload=payloads, text=st.text(characters))
    def test_any_json_comes_back(self, ledger: Ledger, payload: dict[str, Any], text: str) -> None:
        """Whatever JSON and text goes in comes back equal, and its hash holds."""
        fact = Draft(kind="noted", payload=payload, texts={"a personal text": text}, actor="p-1", at=AT)
        sequence = len(ledger.read("any"))
        appended = ledger.append("any", sequence, [fact])
        assert ledger.read("any", after=sequence) == appended
        (entry,) = appended
        assert {name: value for name, value in entry.payload.items() if name != "a personal text"} == payload
        assert entry.texts == {"a personal text": text}
        assert ledger.verify().problems == ()

    def test_a_second_process_writes_between(self, open_ledger: OpenLedger) -> None:
        """Two ledgers on the same database take turns without a gap, and each sees the other's entries."""
        one, two = open_ledger(), open_ledger()
        one.append("triage", 0, [draft(by=1)])
        two.append("triage", 1, [draft(by=2)])
        with pytest.raises(Conflict):
            one.append("triage", 1, [draft(by=1)])
        one.append("triage", 2, [draft(by=1)])
        two.append("invoices", 0, [draft(by=2)])
        assert [entry.payload["by"] for entry in one.read_all()] == [1, 2, 1, 2]
        assert one.verify() == two.verify()
        assert two.verify().problems == ()

    def test_reopened(self, open_ledger: OpenLedger) -> None:
        """A ledger that is closed and opened again holds what it held."""
        ledger = open_ledger()
        entries = ledger.append("triage", 0, [draft(n=1), draft(texts={"note": "x"})])
        found = ledger.verify()
        ledger.close()
        again = open_ledger()
        assert again.read_all() == entries
        assert again.verify() == found
        again.append("triage", 2, [draft()])

    def test_threads_that_race_for_one_workload(self, ledger: Ledger) -> None:
        """Of threads that decided on the same state exactly one wins each round; the others can try again."""
        threads, rounds = 8, 5
        barrier = threading.Barrier(threads)

        def race(name: int) -> int:
            won = 0
            for number in range(rounds):
                barrier.wait(timeout=30)
                try:
                    ledger.append("triage", number, [draft(by=name)])
                    won += 1
                except Conflict:
                    pass
            return won

        with ThreadPoolExecutor(threads) as pool:
            assert sum(pool.map(race, range(threads))) == rounds
        assert [entry.sequence for entry in ledger.read("triage")] == list(range(1, rounds + 1))
        assert ledger.verify().problems == ()

    def test_threads_with_workloads_of_their_own(self, ledger: Ledger) -> None:
        """Threads append to their own workloads at the same time: all is kept, gapless, and in each one's order."""
        threads, appends = 8, 20

        def work(name: int) -> list[Entry]:
            mine: list[Entry] = []
            for number in range(appends):
                mine += ledger.append(f"w{name}", 2 * number, [draft(n=number), draft(texts={"note": str(number)})])
            return mine

        with ThreadPoolExecutor(threads) as pool:
            results = list(pool.map(work, range(threads)))
        for name, mine in enumerate(results):
            assert ledger.read(f"w{name}") == tuple(mine)
        assert [entry.position for entry in ledger.read_all()] == list(range(1, 2 * threads * appends + 1))
        assert ledger.verify().problems == ()


class LedgerMachine(RuleBasedStateMachine):
    """Any order of appends, races and erasures leaves a gapless, verifiable ledger that says what was put in.

    Inherit, and give `open_ledger`.
    """

    slugs = st.sampled_from(["triage", "invoices", "desk"])

    def __init__(self) -> None:
        super().__init__()
        self.ledger: Ledger = self.open_ledger()
        self.expected: list[tuple[str, int, dict[str, Any], dict[str, str | None]]] = []

    def open_ledger(self) -> Ledger:
        """Open the machine's ledger, anew after each close."""
        raise NotImplementedError

    def sequence(self, slug: str) -> int:
        """The newest sequence that the workload should have."""
        return sum(1 for workload, *_ in self.expected if workload == slug)

    @rule(
        slug=slugs,
        facts=st.lists(st.tuples(payloads, st.lists(st.text(characters, max_size=9), max_size=2)), max_size=3),
    )
    def append(self, slug: str, facts: list[tuple[dict[str, Any], list[str]]]) -> None:
        """Append up to three facts, each with up to two personal texts."""
        drafts = [
            Draft(
                kind="noted",
                payload=payload,
                texts={f"a personal text {number}": text for number, text in enumerate(texts)},
                actor="p-1",
                at=AT,
            )
            for payload, texts in facts
        ]
        start = self.sequence(slug)
        self.ledger.append(slug, start, drafts)
        for number, fact in enumerate(drafts, start=1):
            self.expected.append((slug, start + number, fact.payload, dict(fact.texts)))

    @rule(slug=slugs, off=st.integers(min_value=-3, max_value=3).filter(bool))
    def lose_a_race(self, slug: str, off: int) -> None:
        """Append on top of a sequence that is not the newest."""
        with pytest.raises(Conflict):
            self.ledger.append(slug, self.sequence(slug) + off, [draft()])

    @rule(position=st.integers(min_value=1, max_value=12))
    def erase(self, position: int) -> None:
        """Erase the texts of an entry, which may not exist."""
        there = self.expected[position - 1][3] if position <= len(self.expected) else {}
        assert self.ledger.erase_texts(position) == sum(text is not None for text in there.values())
        there.update(dict.fromkeys(there))

    @rule()
    def reopen(self) -> None:
        """Restart."""
        self.ledger.close()
        self.ledger = self.open_ledger()

    @invariant()
    def says_what_was_put_in(self) -> None:
        """After every step all entries are as they were put in, and verify."""
        entries = self.ledger.read_all()
        assert [entry.position for entry in entries] == list(range(1, len(self.expected) + 1))
        for entry, (workload, sequence, payload, texts) in zip(entries, self.expected, strict=True):
            assert (entry.workload, entry.sequence, entry.texts) == (workload, sequence, texts)
            assert {name: value for name, value in entry.payload.items() if name not in texts} == payload
        found = self.ledger.verify()
        assert found.problems == ()
        assert found.entries == len(self.expected) == self.ledger.position()
        assert found.erased_texts == sum(text is None for *_, texts in self.expected for text in texts.values())

    def teardown(self) -> None:
        """Close what is open."""
        self.ledger.close()
