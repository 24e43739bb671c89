"""The files of the embedded store: what they hold, and what happens when something goes wrong with them."""

from __future__ import annotations

import hashlib
import sqlite3
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.storage.call_samples import LATE, START, call, call_id, execution, outcome, plan
from tests.storage.call_store_contract import W, listed

from pilotage.storage.calls import EmbeddedCallStore
from pilotage.storage.calls.schema import MIGRATIONS
from pilotage.storage.errors import StorageError, StorageRefused, StorageUnavailable
from pilotage.storage.protocols import Accepted, CallFilter


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the store is."""
    return tmp_path / "store"


@pytest.fixture
def store(folder: Path) -> Iterator[EmbeddedCallStore]:
    """A store that flushes every ten calls."""
    with EmbeddedCallStore(folder, flush_rows=10) as opened:
        yield opened


def ids(store: EmbeddedCallStore) -> list[str]:
    """The ids of all calls, in order."""
    return sorted(c.call_id for c in listed(store, CallFilter(), limit=1000))


def segment_files(folder: Path) -> list[str]:
    """Every file under `segments`."""
    return sorted(f.relative_to(folder).as_posix() for f in (folder / "segments").rglob("*") if f.is_file())


def manifest(folder: Path) -> list[str]:
    """The paths that calls.db lists."""
    with closing(sqlite3.connect(folder / "calls.db")) as connection:
        return sorted(row[0] for row in connection.execute("SELECT path FROM segments"))


def refuse(folder: Path, event: str) -> None:
    """Make the database refuse an event, as a full disk would."""
    with closing(sqlite3.connect(folder / "calls.db", isolation_level=None)) as connection:
        connection.execute(f"CREATE TRIGGER refuse BEFORE {event} BEGIN SELECT RAISE(ABORT, 'disk full'); END")


def allow(folder: Path) -> None:
    """Let it go on."""
    with closing(sqlite3.connect(folder / "calls.db", isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER refuse")


def test_everything_is_there_after_a_restart(folder: Path):
    """Calls, outcomes, sums and cursors survive closing and opening again."""
    with EmbeddedCallStore(folder, flush_rows=10) as first:
        first.append_calls(W, [call(n) for n in range(15)])
        first.append_outcomes(W, [outcome(n, n) for n in range(5)])
        first.project(W, plan(), LATE)
        before = first.totals(W), first.bets(W), first.traffic(W)
    with EmbeddedCallStore(folder) as second:
        assert ids(second) == [call_id(n) for n in range(15)]
        assert second.call(W, call_id(3)).outcomes == (outcome(3, 3),)
        assert second.project(W, plan(), LATE) == 0
        assert (second.totals(W), second.bets(W), second.traffic(W)) == before
        assert second.append_calls(W, [call(3)]) == Accepted(accepted=0, duplicates=1)


def test_full_batches_become_segments(store: EmbeddedCallStore, folder: Path):
    """When enough calls wait, an append writes a segment; the manifest lists it with size, span and digest."""
    store.append_calls(W, [call(n, hours=n) for n in range(9)])
    assert manifest(folder) == []
    store.append_calls(W, [call(n, hours=n) for n in range(9, 12)])
    assert manifest(folder) == segment_files(folder)
    with closing(sqlite3.connect(folder / "calls.db")) as connection:
        row = connection.execute(
            "SELECT path, rows, first_number, last_number, min_at_us, max_at_us, bytes, digest FROM segments"
        ).fetchone()
        assert connection.execute("SELECT count(*) FROM fresh").fetchone() == (2,)
    content = (folder / row[0]).read_bytes()
    assert row[1:6] == (10, 1, 10, call(0).at_us, call(9, hours=9).at_us)
    assert row[6:] == (len(content), hashlib.sha256(content).hexdigest())
    assert ids(store) == [call_id(n) for n in range(12)]


def test_a_segment_is_plain_parquet(store: EmbeddedCallStore, folder: Path):
    """Any Parquet reader finds the two executions side by side."""
    store.append_calls(W, [call(1, beside=execution("candidate", '"sales"', cost_usd=0.25))])
    store.flush()
    row = pq.read_table(folder / manifest(folder)[0]).to_pylist()[0]
    assert (row["served_arm"], row["served_value"]) == ("incumbent", '"billing"')
    assert (row["beside_arm"], row["beside_release"], row["beside_cost_usd"]) == ("candidate", "r1", 0.25)
    assert row["call_id"] == call_id(1)


def test_files_are_their_owners_alone(store: EmbeddedCallStore, folder: Path):
    """Inputs and answers are in them, so nobody else on the machine reads them."""
    store.append_calls(W, [call(1)])
    store.flush()
    for name in ("calls.db", manifest(folder)[0]):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600


def test_a_flush_that_fails_loses_nothing(store: EmbeddedCallStore, folder: Path, caplog: pytest.LogCaptureFixture):
    """Calls are acknowledged though their segment could not be listed; it is due again, and the stray file is swept."""
    refuse(folder, "INSERT ON segments")
    assert store.append_calls(W, [call(n) for n in range(12)]) == Accepted(accepted=12, duplicates=0)
    assert "kept in calls.db" in caplog.text
    with pytest.raises(StorageUnavailable):
        store.flush()
    assert manifest(folder) == []
    assert len(segment_files(folder)) == 2
    assert ids(store) == [call_id(n) for n in range(12)]
    allow(folder)
    store.append_calls(W, [call(12)])
    assert len(manifest(folder)) == 1
    assert ids(store) == [call_id(n) for n in range(13)]
    store.close()
    with EmbeddedCallStore(folder) as again:
        assert segment_files(folder) == manifest(folder)
        assert ids(again) == [call_id(n) for n in range(13)]


def test_an_erasure_that_fails_changes_nothing(store: EmbeddedCallStore, folder: Path):
    """Until the manifest is swapped, the old segments count; whatever was written for the new ones is swept."""
    store.append_calls(W, [call(n, unit=f"u{n % 2}") for n in range(10)])
    store.project(W, plan(), LATE)
    before = store.totals(W), store.bets(W), store.days(W)
    refuse(folder, "DELETE ON segments")
    with pytest.raises(StorageUnavailable):
        store.erase_unit(W, "u1")
    assert ids(store) == [call_id(n) for n in range(10)]
    assert (store.totals(W), store.bets(W), store.days(W)) == before
    allow(folder)
    store.close()
    with EmbeddedCallStore(folder) as again:
        assert segment_files(folder) == manifest(folder)
        assert again.erase_unit(W, "u1") == 5
        assert segment_files(folder) == manifest(folder)


def test_an_erased_unit_is_in_no_file(store: EmbeddedCallStore, folder: Path):
    """Neither free pages of the database nor its log keep what was erased."""
    word = "p-7f3a9c-ann"
    spoken = f'{{"text":"{word} says so"}}'
    for start in (0, 8, 16):
        store.append_calls(W, [call(n, unit=word, input=spoken) for n in range(start, start + 8)])
        store.append_outcomes(W, [outcome(100 + start, start, "comment", spoken, kind="feedback")])
        store.project(W, plan(), START)
    store.append_calls(W, [call(50)])
    assert any(word.encode() in file.read_bytes() for file in folder.glob("calls.db*"))
    assert store.erase_unit(W, word) == 24
    for file in folder.rglob("*"):
        if file.suffix == ".parquet":
            assert word not in str(pq.read_table(file).to_pylist())
        elif file.is_file():
            assert word.encode() not in file.read_bytes(), file
    assert ids(store) == [call_id(50)]


def test_what_retention_drops_is_sealed_first(store: EmbeddedCallStore, folder: Path):
    """The sums at the time are kept with their digest and the plan's, since the calls cannot be asked again."""
    store.append_calls(W, [call(n) for n in range(5)])
    store.project(W, plan(), LATE)
    store.retain(W, LATE)
    with closing(sqlite3.connect(folder / "calls.db")) as connection:
        plan_digest, digest, body = connection.execute("SELECT plan_digest, digest, body FROM seals").fetchone()
        assert connection.execute("SELECT digest FROM projections").fetchall() == [(plan_digest,)]
    assert hashlib.sha256(body.encode()).hexdigest() == digest
    assert '"totals"' in body
    assert store.retain(W, LATE) == 0
    assert segment_files(folder) == manifest(folder) == []


def test_stray_files_are_swept_when_the_store_is_opened(folder: Path):
    """Temporary files and segments that nobody lists are what a crash left: they go, the rest stays."""
    with EmbeddedCallStore(folder) as store:
        store.append_calls(W, [call(1)])
        store.flush()
    kept = segment_files(folder)
    (folder / "segments" / W / ".0001.parquet.tmp").write_bytes(b"half")
    (folder / "segments" / W / "000000000001-000000000001-ffffffff.parquet").write_bytes(b"whole")
    with EmbeddedCallStore(folder) as store:
        assert segment_files(folder) == kept
        assert ids(store) == [call_id(1)]


def test_opening_beside_a_writer_sweeps_nothing(store: EmbeddedCallStore, folder: Path):
    """A second process must not take the writer's unfinished segment for a stray."""
    store.append_calls(W, [call(1)])
    (folder / "segments" / W).mkdir(parents=True)
    unfinished = folder / "segments" / W / ".0001.parquet.tmp"
    unfinished.write_bytes(b"half")
    with EmbeddedCallStore(folder) as other:
        assert ids(other) == [call_id(1)]
    assert unfinished.exists()


def test_one_writes_and_others_read(store: EmbeddedCallStore, folder: Path):
    """A second store on the folder reads everything at once, and is told when it wants to write."""
    with EmbeddedCallStore(folder, lock_wait_s=0.05) as other:
        for start in range(0, 30, 6):
            store.append_calls(W, [call(n) for n in range(start, start + 6)])
            assert ids(other) == [call_id(n) for n in range(start + 6)]
        store.project(W, plan(), START)
        assert other.totals(W) == store.totals(W)
        assert other.project(W, plan(), START) == 0
        with pytest.raises(StorageUnavailable, match="Another process") as refused:
            other.append_calls(W, [call(99)])
        assert refused.value.code == "calls-locked"
        store.close()
        assert other.append_calls(W, [call(99)]) == Accepted(accepted=1, duplicates=0)


def test_reading_goes_on_while_segments_are_replaced(store: EmbeddedCallStore, folder: Path):
    """Whoever reads while units are erased finds the others' calls, every time."""
    store.append_calls(W, [call(n, unit=f"u{n % 10}") for n in range(60)])
    store.flush()
    done = threading.Event()

    def read() -> int:
        rounds = 0
        with EmbeddedCallStore(folder) as other:
            while not done.is_set():
                assert len(listed(other, CallFilter(unit="u9"))) == 6
                assert other.call(W, call_id(9)).call == call(9, unit="u9")
                rounds += 1
        return rounds

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        for unit in range(9):
            assert store.erase_unit(W, f"u{unit}") == 6
        done.set()
        assert all(reader.result() > 0 for reader in readers)


def test_many_threads_append_at_once(store: EmbeddedCallStore, folder: Path):
    """Every call is stored once, whoever sends it, while segments are written."""
    batches = [[call(n) for n in range(start, start + 7)] for start in range(0, 140, 5)]
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda batch: store.append_calls(W, batch), batches))
    assert sum(one.accepted for one in taken) == 142
    assert sum(one.accepted + one.duplicates for one in taken) == 7 * len(batches)
    assert ids(store) == [call_id(n) for n in range(142)]
    assert segment_files(folder) == manifest(folder)


def test_a_damaged_segment_is_named(store: EmbeddedCallStore, folder: Path):
    """A segment that is not as it was written is reported, and reading it is an error, not an empty page."""
    store.append_calls(W, [call(n) for n in range(10)])
    assert store.damaged_segments() == ()
    path = folder / manifest(folder)[0]
    path.write_bytes(path.read_bytes()[:-100])
    assert store.damaged_segments() == tuple(manifest(folder))
    with pytest.raises(StorageError) as error:
        store.search(W, CallFilter())
    assert error.value.code == "segment-unreadable"
    with pytest.raises(StorageError):
        store.project(W, plan(), START)


def test_a_newer_files_schema_is_refused(store: EmbeddedCallStore, folder: Path):
    """A file that a newer program wrote is left alone."""
    store.close()
    with closing(sqlite3.connect(folder / "calls.db")) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StorageRefused) as error:
        EmbeddedCallStore(folder)
    assert error.value.code == "calls-newer"


def as_first_written(folder: Path) -> None:
    """The store's file as the first schema had it: its tables, with what they can hold of the rows."""
    with closing(sqlite3.connect(folder / "first.db", isolation_level=None)) as first:
        first.executescript(MIGRATIONS[0])
        first.execute("ATTACH ? AS newer", (str(folder / "calls.db"),))
        for (table,) in first.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'").fetchall():
            columns = ", ".join(row[1] for row in first.execute(f"PRAGMA main.table_info({table})"))
            first.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM newer.{table}")  # noqa: S608 - own names
        first.execute("DETACH newer")
        first.execute("PRAGMA user_version = 1")
    for path in folder.glob("calls.db*"):
        path.unlink()
    (folder / "first.db").rename(folder / "calls.db")


def test_an_older_file_is_brought_up_to_date(folder: Path):
    """A store of an earlier schema opens with everything in it, and goes on."""
    with EmbeddedCallStore(folder, flush_rows=10) as store:
        store.append_calls(W, [call(n) for n in range(12)])
        store.append_outcomes(W, [outcome(1, 1)])
    as_first_written(folder)
    with EmbeddedCallStore(folder) as store:
        assert ids(store) == [call_id(n) for n in range(12)]
        assert store.project(W, plan(), LATE) == 13
        assert store.call(W, call_id(1)).outcomes == (outcome(1, 1),)
        assert store.append_calls(W, [call(3), call(12)]) == Accepted(accepted=1, duplicates=1)


def test_a_file_that_is_no_database_is_said_to_be_damaged(folder: Path):
    """The error says that the file is damaged, whatever the driver calls it."""
    folder.mkdir()
    (folder / "calls.db").write_bytes(b"not SQLite at all " * 100)
    with pytest.raises(StorageError) as error:
        EmbeddedCallStore(folder)
    assert error.value.code == "calls-damaged"


def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path):
    """A wrong place is an error of storage, with its reason."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageUnavailable):
        EmbeddedCallStore(tmp_path / "file" / "store")


def test_a_closed_store_says_so(store: EmbeddedCallStore):
    """Using it after closing is an error that says what to do."""
    store.close()
    for use in (lambda: store.append_calls(W, [call(1)]), lambda: store.totals(W)):
        with pytest.raises(StorageUnavailable) as error:
            use()
        assert error.value.code == "calls-closed"
    store.close()


def test_figures_beyond_a_column_do_not_stop_a_flush(store: EmbeddedCallStore):
    """Counts larger than any column holds are stored as the largest, and a score that is not finite as not a number."""
    store.append_calls(
        W, [call(1, serial=2**64 - 1, served=execution(tokens_in=2**63, scores={"tone": float("inf"), "ok": 1.0}))]
    )
    store.flush()
    found = store.call(W, call_id(1)).call
    assert found.serial == found.served.tokens_in == 2**63 - 1
    assert found.served.scores["ok"] == 1.0
    assert found.served.scores["tone"] != found.served.scores["tone"]


def test_a_value_that_cannot_be_encoded_is_refused(store: EmbeddedCallStore):
    """What no file could hold is refused when it comes, with its whole batch, not found unreadable later."""
    for append in (
        lambda: store.append_calls(W, [call(2), call(1, unit="\udcff")]),
        lambda: store.append_outcomes(W, [outcome(1, 1, reporter="\udcff")]),
    ):
        with pytest.raises(StorageRefused) as error:
            append()
        assert error.value.code == "record-unreadable"
    assert ids(store) == []


def test_a_workloads_name_cannot_leave_the_folder(store: EmbeddedCallStore):
    """A name that is no slug is refused before it becomes a path."""
    with pytest.raises(StorageRefused):
        store.append_calls("../elsewhere", [call(1)])


def test_what_runtimes_dropped_is_kept_by_reason(store: EmbeddedCallStore):
    """Running totals of each runtime only rise; they add up over runtimes."""
    store.append_calls(W, [call(1)], {"buffer-full": 3}, "one")
    store.append_calls(W, [], {"buffer-full": 2, "too-large": 1}, "one")
    store.append_calls(W, [], {"buffer-full": 10}, "two")
    assert store.dropped(W) == {"buffer-full": 13, "too-large": 1}
    assert store.dropped("nobody") == {}
