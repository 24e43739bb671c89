"""Sending to a server: at least once, in order, through failures, and nothing lost without a word."""

from __future__ import annotations

import threading

import pytest
from tests.runtime.rig import RELEASE, SLUG, spooled, until

from pilotage.runtime import delivery, keeper, spool
from pilotage.runtime.settings import read_settings


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """No test waits for a long pause between two attempts."""
    monkeypatch.setattr(delivery, "BACKOFF_S_MAX", 0.02)
    monkeypatch.setattr(keeper, "KEY_WAIT_S", 0.05)


def waiting(home):
    """Files that still wait for a server."""
    return sorted(path for path in (home / "spool").rglob("*") if path.suffix in (".out", ".open"))


def test_calls_and_outcomes_reach_the_server(served, server, home):
    """What was recorded is at the server once it is flushed, under the token, and nothing waits on disk."""
    workload = served("none")
    answers = [workload.call(number, unit=f"u{number}") for number in range(10)]
    workload.outcome(answers[0].call_id, "label", "billing")
    assert workload.flush(5)
    assert set(server.calls) == {answer.call_id for answer in answers}
    assert [outcome.value for outcome in server.outcomes.values()] == ['"billing"']
    assert set(server.tokens) == {"Bearer secret"}
    assert waiting(home) == []
    counted = workload.counters()
    assert (counted["calls-delivered"], counted["outcomes-delivered"], counted["pending"]) == (10, 1, 0)
    assert {batch.runtime for batch in server.batches if hasattr(batch, "runtime")} == {workload._engine.runtime}


def test_the_server_is_told_which_releases_run_here(served, server):
    """On connecting, a runtime introduces itself with its releases and their digests."""
    workload = served("none")
    until(lambda: any(hello["releases"] for hello in server.greetings))
    hello = server.greetings[-1]
    assert hello["runtime"] == workload._engine.runtime
    assert hello["releases"] == [{"name": RELEASE.name, "digest": RELEASE.digest}]


@pytest.mark.parametrize("status", [500, 503, 429, 408, 401, 403, 404])
def test_what_the_server_cannot_take_now_is_sent_again(served, server, status):
    """A server in trouble, or a token that is not right yet, delays calls and loses none."""
    failures = iter([(status, b"not now")] * 3)
    server.fail = lambda batch: next(failures, None)
    workload = served("none")
    answer = workload.call("ticket")
    assert until(lambda: workload.flush(1))
    assert list(server.calls) == [answer.call_id]
    assert "refused" not in workload.counters()


def test_a_batch_that_was_taken_but_not_answered_is_sent_again(served, server):
    """When the connection dies before the answer, the batch comes again, and the server sees that it has it."""
    server.die_after_taking = 2
    workload = served("none")
    answers = [workload.call(number) for number in range(5)]
    assert until(lambda: workload.flush(1))
    assert set(server.calls) == {answer.call_id for answer in answers}
    assert server.duplicates == 10
    assert workload.counters()["duplicates"] == 5


def test_a_server_that_is_away_is_waited_for(opened, home, server, issuer):
    """Calls made while no server answers are on disk, and arrive when one does."""
    server.fail = lambda batch: (503, b"starting")
    server.push(issuer.offer(issuer.lease("none")))
    workload = opened(url=server.url)
    workload.incumbent(lambda ticket: "rules")
    answers = [workload.call(number) for number in range(3)]
    assert not workload.flush(0.2)
    assert waiting(home)
    server.fail = lambda batch: None
    assert until(lambda: workload.flush(1))
    assert set(server.calls) == {answer.call_id for answer in answers}


def test_only_the_record_that_is_refused_is_set_aside(served, server, home):
    """When a batch is refused for one record, the others go through, and the one is kept with the reason."""
    bad = []

    def refuse(batch):
        if any(record.call_id in bad for record in getattr(batch, "calls", ())):
            return 422, b'{"code": "no-such-stage"}'
        return None

    server.fail = refuse
    workload = served("none")
    go = threading.Event()
    recorder = workload._engine.recorder
    spooling = recorder._spool_all
    recorder._spool_all = lambda: spooling() if go.is_set() else 0
    answers = [workload.call(number) for number in range(9)]
    bad.append(answers[3].call_id)
    go.set()
    assert workload.flush(5)
    assert set(server.calls) == {answer.call_id for answer in answers} - set(bad)
    assert workload.counters()["refused"] == 1
    name = read_settings(SLUG, home=home, url=server.url).name
    (kept,) = (home / "spool" / name / spool.REFUSED_FOLDER).glob("*.seg")
    assert [call.call_id for call in spool._read(kept.read_bytes()).calls] == bad
    assert "no-such-stage" in kept.with_name(f"{kept.name}.reason").read_text()
    assert waiting(home) == []


def test_refused_outcomes_are_counted_apart(served, server):
    """An outcome that is refused is set aside and counted as an outcome."""
    server.fail = lambda batch: (400, b"no") if hasattr(batch, "outcomes") else None
    workload = served("none")
    workload.outcome("a" * 32, "label", 1)
    assert workload.flush(5)
    assert workload.counters()["refused-outcomes"] == 1
    assert server.outcomes == {}


def test_counters_of_drops_are_sent_with_batches(served, server):
    """The server is told what this runtime dropped, and why."""
    workload = served("none")
    workload.redact(lambda value, part: 1 / 0)
    workload.call("one")
    assert workload.flush(5)
    workload.call("two")
    assert workload.flush(5)
    assert server.batches[-1].counters["redaction-failed"] >= 2


def test_what_a_dead_process_left_is_sent_by_the_next(opened, home, server):
    """Segments that a process could not send before it died are sent by the next one."""
    settings = read_settings(SLUG, home=home, url=server.url)
    origin = spool.Origin(workload=SLUG, runtime="dead")
    left = spool.Spool(settings.spool, origin, closed_as=".out")
    from tests.runtime.test_spool import calls, outcomes  # noqa: PLC0415 - only here

    left.append(spool.CALLS, calls(1, 2))
    left.append(spool.COUNTERS, b"\x81\xabbuffer-full\x05")
    left.rotate()
    left.append(spool.OUTCOMES, outcomes(3))
    left.forget()
    workload = opened(url=server.url)
    workload.incumbent(lambda ticket: "rules")
    workload.call("mine")
    until(lambda: len(server.calls) == 3 and len(server.outcomes) == 1)
    assert until(lambda: workload.flush(1))
    assert any(batch.runtime == "dead" and batch.counters == {"buffer-full": 5} for batch in server.batches[:-1])
    assert waiting(home) == []


def test_a_damaged_segment_is_sent_as_far_as_it_is_whole(opened, home, server):
    """The whole frames of a damaged segment are delivered, and the file is kept with the reason."""
    from tests.runtime.test_spool import calls  # noqa: PLC0415 - only here

    settings = read_settings(SLUG, home=home, url=server.url)
    left = spool.Spool(settings.spool, spool.Origin(workload=SLUG, runtime="dead"), closed_as=".out")
    left.append(spool.CALLS, calls(1))
    left.append(spool.CALLS, calls(2))
    path = left.rotate()
    left.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    workload = opened(url=server.url)
    workload.incumbent(lambda ticket: "rules")
    workload.call("mine")
    until(lambda: len(server.calls) == 2)
    until(lambda: workload.counters().get("segment-damaged") == 1)
    assert (settings.spool / spool.REFUSED_FOLDER / path.name).exists()


def test_a_folder_that_cannot_be_written_does_not_stop_delivery(opened, home, server):
    """On a read-only disk records go to the server straight from memory."""
    home.parent.mkdir(exist_ok=True)
    home.write_text("a file stands in the way")
    workload = opened(url=server.url)
    workload.incumbent(lambda ticket: "rules")
    answer = workload.call("ticket")
    assert until(lambda: workload.flush(1))
    assert list(server.calls) == [answer.call_id]


def test_two_servers_never_get_each_others_calls(opened, home, server):
    """What was meant for one server is never sent to another, also when both are used from one folder."""
    server.fail = lambda batch: (503, b"away")
    first = opened(url=server.url)
    first.incumbent(lambda ticket: "rules")
    first.call("for the first")
    first.flush(0.1)
    first.close(0.1)
    from tests.runtime.fake_server import FakeServer  # noqa: PLC0415 - only here

    other = FakeServer()
    second = opened(url=other.url)
    second.incumbent(lambda ticket: "rules")
    second.call("for the second")
    assert second.flush(5)
    assert [call.input for call in other.calls.values()] == ['"for the second"']
    second.close(0.2)
    other.close()


def test_embedded_calls_stay_in_the_folder(opened, home):
    """Without a server calls are spooled, and nobody takes them but the folder's reader."""
    workload = opened()
    workload.incumbent(lambda ticket: "rules")
    answer = workload.call("ticket")
    assert workload.flush(5)
    assert list(spooled(home)[0]) == [answer.call_id]
    assert (home / ".gitignore").read_text() == "*\n"
    assert home.stat().st_mode & 0o077 == 0
