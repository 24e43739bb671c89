"""Appends to the SQLite ledger: one by one, and by sixteen threads whose appends are committed together.

Run: python bench/ledger.py [--folder FOLDER]. The folder decides: put it on the disk that the ledger will use. Beside
the ledger it times bare commits of the same row with the sqlite3 module, to tell the disk's share.
"""

from __future__ import annotations

import argparse
import datetime as dt
import platform
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from pilotage.storage.database import open_database
from pilotage.storage.ledger import SqlLedger
from pilotage.storage.protocols import Draft

ONE_BY_ONE = 500
THREADS = 16
PER_THREAD = 150
VERIFIED = 5_000
ROUNDS = 3


def fact(number: int) -> Draft:
    """A fact of ordinary size, with a personal text."""
    payload = {"criterion": "pilot.baseline", "figure": number / 7, "n": number, "evidence": ["a" * 32, "b" * 32]}
    texts = {"reason": "The figure holds in every segment."}
    return Draft(kind="attested", payload=payload, texts=texts, actor="p-abcdefghij", at=dt.datetime.now(dt.UTC))


def bare_commits(folder: Path) -> list[float]:
    """Seconds of each commit of one row of that size, with nothing around it."""
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE rows (position INTEGER PRIMARY KEY, payload TEXT)")
    taken = []
    for number in range(ONE_BY_ONE):
        start = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO rows VALUES (?, ?)", (number, "x" * 600))
        connection.execute("COMMIT")
        taken.append(time.perf_counter() - start)
    connection.close()
    return taken


def one_by_one(ledger: SqlLedger) -> list[float]:
    """Seconds of each append by one thread."""
    taken = []
    for number in range(ONE_BY_ONE):
        start = time.perf_counter()
        ledger.append("one", number, [fact(number)])
        taken.append(time.perf_counter() - start)
    return taken


def grouped(ledger: SqlLedger) -> tuple[float, list[float]]:
    """Seconds until all threads are done, and the seconds of each append."""
    taken: list[float] = []

    def work(name: int) -> None:
        for number in range(PER_THREAD):
            start = time.perf_counter()
            ledger.append(f"thread-{name}", number, [fact(number)])
            taken.append(time.perf_counter() - start)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(THREADS)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - start, taken


def long_appends(ledger: SqlLedger) -> float:
    """Seconds until appends of a hundred facts each are done."""
    start = time.perf_counter()
    for number in range(0, VERIFIED, 100):
        ledger.append("long", number, [fact(number + part) for part in range(100)])
    return time.perf_counter() - start


def timed(work: Callable[[], object]) -> float:
    """Seconds that the work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def one_round(folder: Path) -> dict[str, float]:
    """Every figure, once, in a fresh folder."""
    bare = bare_commits(folder)
    ledger = SqlLedger(open_database(folder / "ledger.db"))
    single = one_by_one(ledger)
    grouped_s, taken = grouped(ledger)
    long_s = long_appends(ledger)
    figures = {
        "bare commit, median ms": statistics.median(bare) * 1000,
        "append, median ms": statistics.median(single) * 1000,
        "append, p99 ms": statistics.quantiles(single, n=100)[98] * 1000,
        "one by one, appends/s": ONE_BY_ONE / sum(single),
        f"{THREADS} threads, appends/s": len(taken) / grouped_s,
        f"{THREADS} threads, median ms": statistics.median(taken) * 1000,
        "appends of 100 facts, entries/s": VERIFIED / long_s,
        "read a workload of 5,000, ms": timed(lambda: ledger.read("long")) * 1000,
        "head after 7,900 entries, ms": timed(ledger.head) * 1000,
        "head again, ms": timed(ledger.head) * 1000,
        "verify, entries/s": ledger.position() / timed(ledger.verify),
    }
    assert ledger.verify().problems == ()
    ledger.close()
    return figures


def main() -> None:
    """Print medians over some rounds."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    folder = arguments.parse_args().folder
    rounds = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory(dir=folder) as fresh:
            rounds.append(one_round(Path(fresh)))
    print(
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"SQLAlchemy {version('sqlalchemy')}; medians of {ROUNDS} rounds"
    )
    for name in rounds[0]:
        print(f"{name:32} {statistics.median(figures[name] for figures in rounds):10,.2f}")


if __name__ == "__main__":
    main()
