"""The two storage protocols, the ledger and the calls, and the types that cross them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

from pilotage.evidence.agreement import PAIRS_MOST, PairedAnswers
from pilotage.evidence.burning import MinuteCount
from pilotage.evidence.daybook import DayProfile, Reference
from pilotage.evidence.measurements import LabelBases, Traffic
from pilotage.evidence.plan import MeasurementPlan
from pilotage.evidence.sums import Totals
from pilotage.runtime.records import Call, Outcome


class Draft(Struct, frozen=True, kw_only=True):
    """A fact about to be recorded. `payload` is canonical-JSON ready; `texts` are the personal texts of the
    fact by field name, kept outside the hashed entry, which carries a salted commitment in their place.
    """

    kind: str
    payload: dict[str, Any]
    texts: dict[str, str] = {}
    actor: str
    at: dt.datetime
    simulated: bool = False


class Entry(Struct, frozen=True, kw_only=True):
    """One entry of the ledger. `position` counts over the whole ledger from 1, `sequence` within the workload
    from 1. `payload` is as hashed: each personal text is `{"commitment": "<hex>"}` under its field name;
    `texts` gives those texts back, None where erased. `leaf` is the RFC 9162 leaf hash in hexadecimal.
    """

    position: int
    workload: str
    sequence: int
    kind: str
    actor: str
    at: dt.datetime
    simulated: bool
    payload: dict[str, Any]
    texts: dict[str, str | None]
    leaf: str


class KeptText(Struct, frozen=True, kw_only=True):
    """A personal text of an entry as it is kept, with the salt of its commitment; both None once erased."""

    position: int
    field: str
    salt: bytes | None
    text: str | None


class Verification(Struct, frozen=True, kw_only=True):
    """What checking the whole ledger found. `root` is the RFC 9162 tree head over all leaves, hexadecimal."""

    entries: int
    root: str
    problems: tuple[str, ...] = ()
    erased_texts: int = 0


class Conflict(Exception):
    """Somebody else wrote to the workload first; nothing was written. Load again and decide again."""


class Ledger(Protocol):
    """An append-only record. Every append is atomic, durable on return, and never partial."""

    def append(self, workload: str, expected: int, drafts: Sequence[Draft]) -> tuple[Entry, ...]:
        """Append to a workload whose newest sequence is `expected` (0: none yet); raise `Conflict` otherwise."""

    def read(self, workload: str, after: int = 0) -> tuple[Entry, ...]:
        """The workload's entries with a sequence above `after`, in order."""

    def read_all(self, after: int = 0, limit: int | None = None) -> tuple[Entry, ...]:
        """All entries with a position above `after`, in order."""

    def position(self) -> int:
        """The newest position; 0 when empty."""

    def leaves(self) -> tuple[bytes, ...]:
        """The leaf hash of every entry, in order of position."""

    def texts(self, workload: str) -> tuple[KeptText, ...]:
        """Every personal text of a workload with its salt, erased ones too, in order of position and field."""

    def workloads(self) -> tuple[str, ...]:
        """The slugs that have entries, in order of their first."""

    def erase_texts(self, position: int) -> int:
        """Erase an entry's personal texts (the proof still holds); how many were erased."""

    def verify(self) -> Verification:
        """Recompute every hash, sequence and commitment."""

    def close(self) -> None:
        """Release files and connections."""


class Accepted(Struct, frozen=True, kw_only=True):
    """What an ingestion took in, and how many it had already."""

    accepted: int
    duplicates: int


class SumRow(Struct, frozen=True, kw_only=True):
    """Totals of one series: metric, arm series and (declared) segment, within one stage and release."""

    stage: str
    release: str
    metric: str
    series: str
    segment: str
    totals: Totals


class BetRow(Struct, frozen=True, kw_only=True):
    """The ten log-wealth sums of one betting test over the units that have closed."""

    stage: str
    release: str
    bet: str
    units: int
    log_wealth: tuple[float, ...]


class DayRow(Struct, frozen=True, kw_only=True):
    """Per-day sums for charts: not for inference, since a returning unit counts anew each day."""

    day: dt.date
    stage: str
    release: str
    metric: str
    series: str
    n: float
    y: float
    z: float


class LookRow(Struct, frozen=True, kw_only=True):
    """The sums as they stood at one look: `rows` of the target and guardrail metrics, and the bets."""

    day: dt.date
    attempt: int
    rows: tuple[SumRow, ...]
    bets: tuple[BetRow, ...]


class StoredCall(Struct, frozen=True, kw_only=True):
    """A call with what was learned about it later, first outcome first."""

    call: Call
    outcomes: tuple[Outcome, ...] = ()


class CallFilter(Struct, frozen=True, kw_only=True):
    """Which calls to list. Times in UTC, `until` exclusive; None means any. `compared` is the field of answers on which
    `disagree` compares them; None for whole answers.
    """

    since: dt.datetime | None = None
    until: dt.datetime | None = None
    unit: str | None = None
    arm: str | None = None
    stage: str | None = None
    mode: str | None = None
    disagree: bool | None = None
    failed: bool | None = None
    fallback: str | None = None
    source: str | None = None
    text: str | None = None
    compared: str | None = None


class PairsOf(Struct, frozen=True, kw_only=True):
    """Which pairs of answers to count: of one stage and candidate release, from sources that count, compared on a field
    of the answers or (None) as a whole; the newest, `most` of them.
    """

    stage: str
    release: str
    sources: tuple[str, ...]
    compared: str | None = None
    most: int = PAIRS_MOST


class SpanOf(Struct, frozen=True, kw_only=True):
    """Which calls to sum up: from `since` until before `until`, made in these modes, of one candidate release (None: of
    any; calls on which no release ran count with each). `pooled`: over all stages at once, so that a unit that met
    several is one unit. A metric that waits for an outcome takes in the calls whose window has closed at `as_of`.
    """

    since: dt.datetime
    until: dt.datetime
    as_of: dt.datetime
    modes: tuple[str, ...]
    release: str | None = None
    pooled: bool = False


class CallPage(Struct, frozen=True, kw_only=True):
    """A page of calls, newest first; `next` is the cursor of the page after, None at the end."""

    calls: tuple[StoredCall, ...]
    next: str | None = None


class ShadowRow(Struct, frozen=True, kw_only=True):
    """Figures of calls made in shadow mode."""

    pairs: int
    days: int
    calls: int
    dropped: int
    leaked_errors: int
    added_us_mean: float | None
    added_us_p99: float | None


class CallStore(Protocol):
    """Calls, their outcomes and the sums kept of them. Appends are durable on return and idempotent."""

    def append_calls(
        self,
        workload: str,
        calls: Sequence[Call],
        counters: Mapping[str, int] | None = None,
        runtime: str = "",
    ) -> Accepted:
        """Store calls; a call id seen before is a duplicate and changes nothing. `counters` are the running totals
        of what `runtime` dropped, by reason.
        """

    def append_outcomes(self, workload: str, outcomes: Sequence[Outcome]) -> Accepted:
        """Store outcomes; they may come before their call. An outcome id seen before is a duplicate."""

    def project(self, workload: str, plan: MeasurementPlan, now: dt.datetime) -> int:
        """Bring the sums up to date with everything stored, and close the units that are due; how many records
        were taken in. A metric that waits for a label takes a call in once the label's window has closed by `now`.
        Rebuilds from the calls when the plan changed. Cheap when nothing came.
        """

    def totals(self, workload: str) -> tuple[SumRow, ...]:
        """Every total, as last projected."""

    def bets(self, workload: str) -> tuple[BetRow, ...]:
        """Every betting sum, as last projected."""

    def returning(self, workload: str, stages: Sequence[str]) -> bool | None:
        """Whether some unit has calls in two of these stages, as last projected; None where that is not known, since
        calls were removed or there are more units than are looked up for a page.
        """

    def days(self, workload: str) -> tuple[DayRow, ...]:
        """Daily sums, for charts."""

    def span(self, workload: str, plan: MeasurementPlan, of: SpanOf) -> tuple[SumRow, ...]:
        """Totals of the plan's metrics over a span of time, each unit counted once in each stage. Reads the span's
        calls: ask it seldom. The release of a row is left empty; segments are not told apart.
        """

    def traffic(self, workload: str, stages: Sequence[str] | None = None) -> Traffic:
        """Counts and first times, as last projected; `stages` limits them to those strata."""

    def label_bases(self, workload: str) -> tuple[LabelBases, ...]:
        """By stage what labels of counted sources are known from, where any were given."""

    def shadow(self, workload: str) -> ShadowRow:
        """How shadowing went, as last projected."""

    def coverage(self, workload: str, stages: Sequence[str] | None = None) -> Mapping[str, tuple[int, int]]:
        """Per field (`input`, `output`, `latency`, `unit`, `confidence`, `label`, `action`): present and due;
        `stages` limits them to those strata.
        """

    def save_look(self, workload: str, look: LookRow) -> None:
        """Keep the sums of a look; the first of a day and attempt stands."""

    def looks(self, workload: str, attempt: int) -> tuple[LookRow, ...]:
        """The looks of an attempt, in order of day."""

    def search(self, workload: str, where: CallFilter, cursor: str | None = None, limit: int = 50) -> CallPage:
        """Calls that match, newest first."""

    def agreement(self, workload: str, of: PairsOf) -> PairedAnswers:
        """What both arms answered, counted over the newest pairs that are kept. Reads them: for a page, not a gate."""

    def call(self, workload: str, call_id: str) -> StoredCall | None:
        """One call in full."""

    def corrected(self, workload: str, name: str, limit: int) -> tuple[StoredCall, ...]:
        """Calls of which two outcomes of that name say different things; at most `limit`."""

    def feedback(self, workload: str, since: dt.datetime, limit: int) -> tuple[Outcome, ...]:
        """What users said since then, newest taken in first; at most `limit`. Also of calls that have not come yet."""

    def erase_unit(self, workload: str, unit: str) -> int:
        """Remove a unit's calls, outcomes and sums everywhere; how many calls."""

    def retain(self, workload: str, before: dt.datetime) -> int:
        """Remove calls older than `before`; their share of the sums stays, sealed. How many calls."""

    def profile(
        self, workload: str, plan: MeasurementPlan, now: dt.datetime, chosen: Mapping[str, dt.date] | None = None
    ) -> tuple[dt.date, ...]:
        """Freeze the references that are due, and make the profile of every day again that calls, outcomes or erasures
        touched; which days. Cheap when nothing came. Days whose calls are past their retention stand. `chosen` are
        scopes whose reference is to begin on a later day than the first: it is frozen anew, once for each day chosen.
        """

    def references(self, workload: str) -> tuple[Reference, ...]:
        """The frozen references that are compared with, one a scope."""

    def former_references(self, workload: str) -> tuple[Reference, ...]:
        """The references that were compared with before, in the order in which they were frozen."""

    def profiles(self, workload: str, since: dt.date, until: dt.date) -> tuple[DayProfile, ...]:
        """The profiles of these days as last made, in order; `until` exclusive."""

    def minutes(
        self, workload: str, sources: Sequence[str], since: dt.datetime, until: dt.datetime, limit_ms: float | None
    ) -> Mapping[str, tuple[MinuteCount, ...]]:
        """Counts by minute of calls that were to be `answered`, `served` by the candidate they were assigned to, and
        `fast` within `limit_ms`, of these sources; `until` exclusive. A count without calls is left out.
        """

    def flush(self) -> None:
        """Write what is due into segments now."""

    def close(self) -> None:
        """Release files and connections."""
