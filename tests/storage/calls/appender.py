"""A process to be killed: on request it forks a worker that records calls and says what was acknowledged.

Reads `folder seed` lines, answers with the worker's process id. A worker appends batches of calls and outcomes, now and
then projects, and prints each acknowledged id after the store has acknowledged it. Everything is imported once, before
the first fork, so that a round costs no start-up.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from random import Random

from tests.storage.call_samples import START, any_call, any_outcome, plan
from tests.storage.call_store_contract import W

from pilotage.storage.calls import EmbeddedCallStore

FLUSH_ROWS = 150
ROUND_SHIFT = 20


def work(folder: Path, seed: int) -> None:
    """Record until killed."""
    rng = Random(seed)
    store = EmbeddedCallStore(folder, flush_rows=FLUSH_ROWS)
    number = seed << ROUND_SHIFT
    calls = []
    while True:
        batch = [any_call(rng, number + n) for n in range(rng.randint(1, 80))]
        number += len(batch)
        store.append_calls(W, batch + rng.choices(calls, k=3) if calls else batch)
        say("call", [call.call_id for call in batch])
        calls = batch
        learned = [any_outcome(rng, number + n, rng.choice(batch)) for n in range(rng.randint(0, 40))]
        number += len(learned)
        store.append_outcomes(W, learned)
        say("outcome", [outcome.outcome_id for outcome in learned])
        if rng.random() < 0.5:
            store.project(W, plan(), START)


def say(kind: str, ids: list[str]) -> None:
    """One write per batch, so that a line is printed whole or not at all."""
    os.write(1, "".join(f"{kind} {one}\n" for one in ids).encode())


def main() -> None:
    """Fork a worker per line."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        folder, seed = line.rsplit(maxsplit=1)
        worker = os.fork()
        if worker == 0:
            try:
                work(Path(folder), int(seed))
            finally:
                os._exit(1)
        os.write(1, f"worker {worker}\n".encode())


if __name__ == "__main__":
    main()
