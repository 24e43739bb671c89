"""Group commit by itself: who comes while another writes is written together with all who wait."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from pilotage.storage.errors import StorageRefused, StorageUnavailable
from pilotage.storage.ledger import group_commit
from pilotage.storage.ledger.group_commit import GroupCommit


class GatedWriter:
    """Writes numbers, but not before its gate opens; keeps the batches it was given."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.started = threading.Event()
        self.gate = threading.Event()

    def write(self, requests: Sequence[int]) -> list[str | Exception]:
        """Refuse the number 13 alone, and the whole batch where 99 is in it."""
        self.started.set()
        assert self.gate.wait(30)
        self.batches.append(list(requests))
        if 99 in requests:
            raise StorageUnavailable("full", "The disk is full.")
        return [StorageRefused("unlucky", "Not this one.") if number == 13 else f"done {number}" for number in requests]


def submit_behind_a_write(commit: GroupCommit[int, str], writer: GatedWriter, numbers: list[int]) -> list[object]:
    """Submit 0, and the numbers while it is being written; what each caller got."""

    def submit(number: int) -> str | Exception:
        try:
            return commit.submit(number)
        except (StorageRefused, StorageUnavailable) as error:
            return error

    with ThreadPoolExecutor(len(numbers) + 1) as pool:
        first = pool.submit(submit, 0)
        assert writer.started.wait(30)
        rest = [pool.submit(submit, number) for number in numbers]
        while len(commit._queue) < len(numbers):
            assert not first.done()
        writer.gate.set()
        return [future.result(30) for future in (first, *rest)]


def test_those_who_wait_are_written_together() -> None:
    """Requests that arrive during a write make up the next write, one for all of them."""
    writer = GatedWriter()
    outcomes = submit_behind_a_write(GroupCommit(writer.write), writer, [1, 2, 3, 4, 5])
    assert outcomes == ["done 0", "done 1", "done 2", "done 3", "done 4", "done 5"]
    assert [len(batch) for batch in writer.batches] == [1, 5]


def test_one_refusal_is_one_callers() -> None:
    """An outcome that is an error reaches the caller it belongs to, and nobody else."""
    writer = GatedWriter()
    outcomes = submit_behind_a_write(GroupCommit(writer.write), writer, [1, 13, 2])
    assert isinstance(outcomes.pop(2), StorageRefused)
    assert outcomes == ["done 0", "done 1", "done 2"]


def test_a_failed_write_fails_its_whole_batch_and_no_other() -> None:
    """When the write itself fails, everybody in it hears so, each with an error of his own; others go on."""
    writer = GatedWriter()
    commit = GroupCommit(writer.write)
    first, *failed = submit_behind_a_write(commit, writer, [1, 99, 2])
    assert first == "done 0"
    assert [str(error) for error in failed] == ["The disk is full."] * 3
    assert len({id(error) for error in failed}) == 3
    assert commit.submit(4) == "done 4"


def test_interruption_of_the_writer_reaches_those_who_wait_for_it() -> None:
    """A writer that is interrupted (Ctrl-C) does not leave the others waiting for ever, nor the door shut."""

    class Interrupted(BaseException):
        """Stands for KeyboardInterrupt, which would stop the test run."""

    interrupt = [True]

    def write(requests: Sequence[int]) -> list[str | Exception]:
        if interrupt.pop():
            raise Interrupted
        return ["done" for _ in requests]

    commit = GroupCommit[int, str](write)
    with pytest.raises(Interrupted):
        commit.submit(1)
    interrupt.append(False)
    assert commit.submit(2) == "done"


def test_interruption_of_one_who_waits_passes_the_lead_on() -> None:
    """A caller who is interrupted while waiting takes neither the lead nor the others' places away."""
    writer = GatedWriter()
    commit = GroupCommit(writer.write)

    class Interrupted(BaseException):
        """Stands for KeyboardInterrupt."""

    class InterruptedWait(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            super().wait(timeout)
            raise Interrupted

    def submit_and_be_interrupted() -> str:
        try:
            return commit.submit(7)
        except Interrupted:
            return "interrupted"

    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(commit.submit, 0)
        assert writer.started.wait(30)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(group_commit, "threading", SimpleNamespace(Event=InterruptedWait))
            interrupted = pool.submit(submit_and_be_interrupted)
            while len(commit._queue) < 1:
                assert not first.done()
        last = pool.submit(commit.submit, 8)
        while len(commit._queue) < 2:
            assert not first.done()
        writer.gate.set()
        assert (first.result(30), interrupted.result(30), last.result(30)) == ("done 0", "interrupted", "done 8")
    assert commit.submit(9) == "done 9"
