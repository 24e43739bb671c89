"""The tables of calls.db and the steps that bring an older file up to them.

`fresh` holds calls until they are flushed to a segment; `segments` is the manifest of the Parquet files that hold the
others. A call's number counts within its workload; an `id` carries the workload's number above 40 bits of it, so that
the rows of one workload lie together. Who looks outcomes up by call and limits their ids writes `+id`: left to itself,
SQLite reads every outcome of the workload by id instead, for each list of calls. `projections` and the tables below
it are the sums, by projection: one is current, another may be being built for a new plan.
"""

from __future__ import annotations

import sqlite3

from pilotage.storage.errors import StorageRefused

NUMBER_BITS = 40

_FIRST = """
CREATE TABLE workloads (
    id INTEGER PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    next_call INTEGER NOT NULL DEFAULT 1,
    next_outcome INTEGER NOT NULL DEFAULT 1
);
-- Every call id ever stored, with its number; number 0: the call is gone for good (erased, or past its retention).
CREATE TABLE seen (
    call BLOB NOT NULL,
    workload INTEGER NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (call, workload)
) WITHOUT ROWID;
CREATE TABLE fresh (id INTEGER PRIMARY KEY, packed BLOB NOT NULL);
CREATE TABLE segments (
    path TEXT PRIMARY KEY,
    workload INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    first_number INTEGER NOT NULL,
    last_number INTEGER NOT NULL,
    min_at_us INTEGER NOT NULL,
    max_at_us INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    digest TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX segments_by_number ON segments (workload, first_number);
CREATE TABLE seen_outcomes (
    outcome BLOB NOT NULL,
    workload INTEGER NOT NULL,
    PRIMARY KEY (outcome, workload)
) WITHOUT ROWID;
CREATE TABLE outcomes (
    id INTEGER PRIMARY KEY,
    call BLOB NOT NULL,
    outcome BLOB NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    reporter TEXT NOT NULL
);
CREATE INDEX outcomes_by_call ON outcomes (call);
CREATE TABLE dropped (
    workload INTEGER NOT NULL,
    runtime TEXT NOT NULL,
    reason TEXT NOT NULL,
    total INTEGER NOT NULL,
    PRIMARY KEY (workload, runtime, reason)
) WITHOUT ROWID;
CREATE TABLE looks (
    workload INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    day TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (workload, attempt, day)
) WITHOUT ROWID;
CREATE TABLE seals (
    id INTEGER PRIMARY KEY,
    workload INTEGER NOT NULL,
    before_us INTEGER NOT NULL,
    plan_digest TEXT NOT NULL,
    digest TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE TABLE projections (
    id INTEGER PRIMARY KEY,
    workload INTEGER NOT NULL,
    digest TEXT NOT NULL,
    plan TEXT NOT NULL,
    is_current INTEGER NOT NULL DEFAULT 0,
    call_number INTEGER NOT NULL DEFAULT 0,
    outcome_number INTEGER NOT NULL DEFAULT 0,
    due_until_us INTEGER NOT NULL DEFAULT 0,
    now_us INTEGER NOT NULL DEFAULT 0,
    UNIQUE (workload, digest)
);
-- What a sum is of; `number` stands for it in the packed sums of a unit.
CREATE TABLE series (
    projection INTEGER NOT NULL,
    number INTEGER NOT NULL,
    stage TEXT NOT NULL,
    release TEXT NOT NULL,
    metric TEXT NOT NULL,
    series TEXT NOT NULL,
    segment TEXT NOT NULL,
    PRIMARY KEY (projection, number)
) WITHOUT ROWID;
-- `unit` is the pseudonym, or the call id as a blob for a call without a unit, which is then a unit of its own.
CREATE TABLE units (
    projection INTEGER NOT NULL,
    stage TEXT NOT NULL,
    unit NOT NULL,
    first_us INTEGER NOT NULL,
    last_us INTEGER NOT NULL,
    closed INTEGER NOT NULL DEFAULT 0,
    due_us INTEGER,
    sums BLOB NOT NULL,
    PRIMARY KEY (projection, stage, unit)
) WITHOUT ROWID;
CREATE INDEX units_by_due ON units (projection, due_us) WHERE due_us IS NOT NULL;
CREATE TABLE totals (
    projection INTEGER NOT NULL,
    series INTEGER NOT NULL,
    moments BLOB NOT NULL,
    PRIMARY KEY (projection, series)
) WITHOUT ROWID;
CREATE TABLE bets (
    projection INTEGER NOT NULL,
    stage TEXT NOT NULL,
    release TEXT NOT NULL,
    bet TEXT NOT NULL,
    units INTEGER NOT NULL,
    log_wealth BLOB NOT NULL,
    PRIMARY KEY (projection, stage, release, bet)
) WITHOUT ROWID;
CREATE TABLE days (
    projection INTEGER NOT NULL,
    day TEXT NOT NULL,
    series INTEGER NOT NULL,
    n REAL NOT NULL,
    y REAL NOT NULL,
    z REAL NOT NULL,
    PRIMARY KEY (projection, day, series)
) WITHOUT ROWID;
-- How many calls carry exactly these marks.
CREATE TABLE tallies (
    projection INTEGER NOT NULL,
    stage TEXT NOT NULL,
    source TEXT NOT NULL,
    marks INTEGER NOT NULL,
    calls INTEGER NOT NULL,
    PRIMARY KEY (projection, stage, source, marks)
) WITHOUT ROWID;
CREATE TABLE firsts (
    projection INTEGER NOT NULL,
    stage TEXT NOT NULL,
    source TEXT NOT NULL,
    first_us INTEGER NOT NULL,
    last_us INTEGER NOT NULL,
    candidate_us INTEGER,
    feedback_us INTEGER,
    PRIMARY KEY (projection, stage, source)
) WITHOUT ROWID;
-- Calls by the minute they came in while their label may still come; minute -1: those whose label is due.
CREATE TABLE labels (
    projection INTEGER NOT NULL,
    stage TEXT NOT NULL,
    source TEXT NOT NULL,
    minute INTEGER NOT NULL,
    calls INTEGER NOT NULL,
    labelled INTEGER NOT NULL,
    PRIMARY KEY (projection, stage, source, minute)
) WITHOUT ROWID;
CREATE TABLE shadow_days (
    projection INTEGER NOT NULL,
    day TEXT NOT NULL,
    pairs INTEGER NOT NULL,
    PRIMARY KEY (projection, day)
) WITHOUT ROWID;
-- What callers waited beyond the serving arm in shadow mode, by bin of a histogram with frozen edges.
CREATE TABLE shadow_waits (
    projection INTEGER NOT NULL,
    bin INTEGER NOT NULL,
    calls INTEGER NOT NULL,
    total_us INTEGER NOT NULL,
    PRIMARY KEY (projection, bin)
) WITHOUT ROWID;
"""

_SECOND = """
-- Up to when the sums hold what waits for labels: a call's share of such a metric comes in when its window has closed.
ALTER TABLE projections ADD COLUMN ripe_us INTEGER NOT NULL DEFAULT 0;
-- Calls of which some metric's window has not closed yet, once for each length of window, by when it will have.
CREATE TABLE ripening (
    projection INTEGER NOT NULL,
    due_us INTEGER NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (projection, due_us, number)
) WITHOUT ROWID;
"""

_PROFILES = """
-- How far the profiles have come, and the plan that they were last made for. Days before `sealed_us` stand.
CREATE TABLE profile_cursors (
    workload INTEGER PRIMARY KEY,
    plan TEXT NOT NULL,
    now_us INTEGER NOT NULL,
    call_number INTEGER NOT NULL DEFAULT 0,
    outcome_number INTEGER NOT NULL DEFAULT 0,
    sealed_us INTEGER NOT NULL DEFAULT 0
);
-- Quarter hours since 1970 UTC whose day is to be made again.
CREATE TABLE profile_due (
    workload INTEGER NOT NULL,
    quarter INTEGER NOT NULL,
    PRIMARY KEY (workload, quarter)
) WITHOUT ROWID;
-- Counted calls by quarter hour and the candidate's release: from when a reference can be frozen.
CREATE TABLE profile_counts (
    workload INTEGER NOT NULL,
    release TEXT NOT NULL,
    quarter INTEGER NOT NULL,
    calls INTEGER NOT NULL,
    PRIMARY KEY (workload, release, quarter)
) WITHOUT ROWID;
CREATE TABLE profile_days (
    workload INTEGER NOT NULL,
    day TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (workload, day)
);
CREATE TABLE drift_references (
    workload INTEGER NOT NULL,
    scope TEXT NOT NULL,
    digest TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (workload, scope)
);
"""

_UNITS = """
-- A unit's sums are rewritten each time it comes back: under a number of its own that costs a fraction, above all where
-- the sums are longer than a page of the index would hold.
ALTER TABLE units RENAME TO former_units;
CREATE TABLE units (
    id INTEGER PRIMARY KEY,
    projection INTEGER NOT NULL,
    stage TEXT NOT NULL,
    unit NOT NULL,
    first_us INTEGER NOT NULL,
    last_us INTEGER NOT NULL,
    closed INTEGER NOT NULL DEFAULT 0,
    due_us INTEGER,
    sums BLOB NOT NULL,
    UNIQUE (projection, stage, unit)
);
INSERT INTO units (projection, stage, unit, first_us, last_us, closed, due_us, sums)
    SELECT projection, stage, unit, first_us, last_us, closed, due_us, sums FROM former_units;
DROP TABLE former_units;
CREATE INDEX units_by_due ON units (projection, due_us) WHERE due_us IS NOT NULL;
"""

_CORRECTIONS = """
CREATE TABLE corrections (
    workload INTEGER NOT NULL,
    name TEXT NOT NULL,
    call BLOB NOT NULL,
    PRIMARY KEY (workload, name, call)
) WITHOUT ROWID;
CREATE INDEX corrections_by_call ON corrections (call);
INSERT INTO corrections
    SELECT workloads.id, outcomes.name, outcomes.call FROM outcomes JOIN workloads ON workloads.id = outcomes.id >> 40
    GROUP BY workloads.id, outcomes.name, outcomes.call HAVING count(DISTINCT outcomes.value) > 1;
"""

_FEEDBACK = """
-- What users said, apart from the labels that outnumber it by far, in the order in which it came.
CREATE INDEX outcomes_of_feedback ON outcomes (id) WHERE kind = 'feedback';
"""

_REFERENCES = """
-- The first day that was chosen for a reference; none where the rule chose it. What a chosen one replaces is kept.
ALTER TABLE drift_references ADD COLUMN chosen TEXT;
CREATE TABLE former_references (
    workload INTEGER NOT NULL,
    scope TEXT NOT NULL,
    digest TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (workload, scope, digest)
) WITHOUT ROWID;
"""

PACKED_SUMS = """
-- A unit's sums say how many of them are kept in a short form: of those written so far none is, until they are written
-- again.
UPDATE units SET sums = CAST(x'0000000000000000' || sums AS BLOB) WHERE length(sums) > 0;
"""

_BASES = """
-- Where an outcome is known from; of those taken in so far nobody said.
ALTER TABLE outcomes ADD COLUMN basis TEXT NOT NULL DEFAULT '';
"""

MIGRATIONS = (_FIRST, _SECOND, _PROFILES, _UNITS, _CORRECTIONS, _FEEDBACK, _REFERENCES, PACKED_SUMS, _BASES)


def upgrade(connection: sqlite3.Connection) -> None:
    """Run the steps that the file lacks, each in one transaction with its version number."""
    version = schema_version(connection)
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        connection.executescript(f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {number}; COMMIT;")


def schema_version(connection: sqlite3.Connection) -> int:
    """The version of the file; raise `StorageRefused` when a newer program has written it."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > len(MIGRATIONS):
        raise StorageRefused(
            "calls-newer",
            f"The call store has schema {version}, this program knows {len(MIGRATIONS)}: start the newer program.",
        )
    return version


def lowest_id(workload: int, number: int = 0) -> int:
    """The id of the row of that number."""
    return (workload << NUMBER_BITS) | number


def number_of(row_id: int) -> int:
    """The number within the workload that an id stands for."""
    return row_id & ((1 << NUMBER_BITS) - 1)
