"""Which lease a runtime obeys: how it arrives, what is refused, what is remembered, and when it ends."""

from __future__ import annotations

import json
import stat
import time

import pytest
from tests.runtime.rig import PSEUDONYM_KEY, RELEASE, SLUG, Issuer, spooled, until

from pilotage.lease import generate_key, sign
from pilotage.runtime import keeper, watch
from pilotage.runtime.keeper import Offer
from pilotage.runtime.pseudonyms import pseudonym


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """No test waits for a long pause between two attempts."""
    monkeypatch.setattr(watch, "BACKOFF_S_MAX", 0.05)
    monkeypatch.setattr(watch, "LOOK_S", 0.02)


def with_arms(workload):
    """Both arms, registered."""
    workload.incumbent(lambda ticket: "rules")
    workload.candidate(release=RELEASE.name, digest=RELEASE.digest)(lambda ticket: "model")
    return workload


def test_without_a_lease_the_incumbent_serves(opened, home):
    """A workload that nobody has declared works at once: the incumbent serves, and the baseline is recorded."""
    workload = opened()
    workload.incumbent(lambda ticket: "rules")
    answer = workload.call("t", unit="u")
    assert (answer.value, answer.fallback, workload.lease) == ("rules", None, None)
    assert workload.flush(5)
    call = spooled(home)[0][answer.call_id]
    assert (call.mode, call.stage, call.serial, call.source) == ("none", "none/0", 0, "real")
    assert "no valid lease" in workload.exposure.reason


def test_without_a_lease_a_registered_candidate_waits(opened):
    """When a candidate is registered but there is no lease, the call says that this is why."""
    assert with_arms(opened()).call("t", unit="u").fallback == "no-lease"


def test_an_embedded_runtime_reads_its_lease_from_the_folder(opened, home, issuer):
    """A lease in the folder is obeyed from the first call on, and a new one within about a second."""
    issuer.leave(home, issuer.lease("shadow"))
    workload = with_arms(opened())
    assert workload.call("t").fallback is None
    assert (workload.lease.mode, workload.exposure.mode, workload.exposure.release) == (
        "shadow",
        "shadow",
        RELEASE.name,
    )
    issuer.leave(home, issuer.lease("none", release=None))
    until(lambda: workload.exposure.mode == "none")


@pytest.mark.parametrize("mode", ["suggest", "live"])
def test_embedded_nobody_sees_the_candidate(opened, home, issuer, mode):
    """Suggest and live need a server: embedded, the incumbent serves and says so."""
    issuer.leave(home, issuer.lease(mode))
    workload = with_arms(opened())
    answer = workload.call("t", unit="u")
    assert (answer.value, answer.suggestion, answer.fallback) == ("rules", None, "embedded")
    assert workload.flush(5)
    call = spooled(home)[0][answer.call_id]
    assert (call.mode, call.assigned, call.beside, call.serial) == ("none", "incumbent", None, 1)


def test_a_lease_ends_for_a_runtime_that_hears_nothing(served):
    """A runtime that is cut off stops serving the candidate when its lease ends."""
    workload = served("live", not_after=time.time() + 0.3)
    assert workload.call("t", unit="u").arm == "candidate"
    until(lambda: workload.call("t", unit="u").fallback == "no-lease")
    assert (workload.lease, workload.exposure.mode) == (None, "none")


def test_a_kill_reaches_a_connected_runtime(served, server, issuer):
    """A lease that exposes nothing is obeyed as soon as it is pushed."""
    workload = served("live")
    assert workload.call("t", unit="u").arm == "candidate"
    server.push(issuer.offer(issuer.lease("none", release=None)))
    until(lambda: workload.call("t", unit="u").arm == "incumbent")
    assert workload.call("t", unit="u").fallback is None


def test_an_older_lease_is_refused_however_it_comes(served, server, issuer):
    """Once a kill was seen, the lease before it is refused, though its signature and time are right."""
    workload = served("live")
    before = server.offer
    server.push(issuer.offer(issuer.lease("none")))
    until(lambda: workload.exposure.mode == "none")
    server.push(before)
    until(lambda: workload.exposure.refused)
    assert workload.exposure.refused.startswith("older-serial")
    assert workload.call("t", unit="u").arm == "incumbent"


def test_the_highest_serial_outlives_the_process(opened, home, issuer):
    """A runtime that starts again still refuses what is older than what it saw before."""
    old = issuer.lease("shadow")
    issuer.leave(home, issuer.lease("none"))
    first = with_arms(opened())
    assert first.lease.serial == 2
    first.close(1)
    issuer.leave(home, old)
    second = with_arms(opened())
    assert second.lease is None
    assert second.exposure.refused.startswith("older-serial")


def test_the_servers_key_is_pinned_when_it_is_first_seen(opened, home, issuer, caplog):
    """Another key than the one first seen signs nothing for this runtime, and the log says what to do."""
    issuer.leave(home, issuer.lease("none"))
    with_arms(opened()).close(1) if with_arms(opened()).lease else pytest.fail("no lease")
    other = Issuer()
    other.serial = 50
    other.leave(home, other.lease("shadow"))
    workload = with_arms(opened())
    assert workload.lease is None
    assert "key has changed" in workload.exposure.refused
    assert "delete" in caplog.text
    (home / "pins" / f"{SLUG}.json").unlink()
    again = with_arms(opened())
    assert again.lease.mode == "shadow"


def test_a_pin_that_cannot_be_read_opens_nothing(opened, home, issuer):
    """When what was pinned is unreadable, every lease is refused rather than any accepted."""
    (home / "pins").mkdir(parents=True)
    (home / "pins" / f"{SLUG}.json").write_text("{")
    issuer.leave(home, issuer.lease("shadow"))
    workload = with_arms(opened())
    assert workload.lease is None
    assert workload.exposure.refused.startswith("bad-signature")


def test_what_is_pinned_is_for_the_owner_alone(opened, home, issuer):
    """Pins and keys in the folder can be read by their owner only."""
    issuer.leave(home, issuer.lease("none"))
    assert with_arms(opened()).lease is not None
    for path in (home / "pins" / f"{SLUG}.json", home / "keys" / f"{SLUG}.key"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads((home / "pins" / f"{SLUG}.json").read_text())["serial"] == 1


@pytest.mark.parametrize("text", ["", "{", '{"token": 1}', '{"token": "a.b", "public_key": "zz"}'])
def test_a_lease_file_that_is_none_changes_nothing(opened, home, text):
    """A lease file that cannot be read is refused with a reason, and calls go on."""
    (home / "leases").mkdir(parents=True)
    (home / "leases" / f"{SLUG}.json").write_text(text)
    workload = with_arms(opened())
    assert workload.call("t").value == "rules"
    assert workload.exposure.refused.startswith("malformed")


def test_a_lease_from_a_clock_ahead_is_taken_when_its_time_comes(opened, home, issuer, clock):
    """A lease that is not valid yet is looked at again, without anybody writing it anew."""
    issuer.leave(home, issuer.lease("shadow", now_s=clock.now_s + 40))
    workload = with_arms(opened(clock=clock))
    assert workload.exposure.refused.startswith("not-yet-valid")
    clock.advance(30)
    assert workload.wait_for_lease(5)


def test_a_lease_for_another_environment_is_refused(opened, home, issuer):
    """A process that says where it runs does not obey the lease of another environment."""
    issuer.leave(home, issuer.lease("shadow", environment="production"))
    assert with_arms(opened(environment="staging")).lease is None
    assert with_arms(opened(environment="production")).lease.mode == "shadow"


def test_a_stream_that_ends_is_opened_again(served, server, issuer):
    """When the stream breaks, the runtime connects again, says which serial it has, and goes on."""
    workload = served("live")
    server.drop_streams()
    until(lambda: len(server.asked_after) >= 2)
    assert server.asked_after[:2] == [0, 1]
    server.push(issuer.offer(issuer.lease("none")))
    until(lambda: workload.exposure.mode == "none")


def test_an_expired_lease_is_asked_for_from_the_start(served, server, monkeypatch):
    """A runtime whose lease has run out asks for the current one, though it knows its serial."""
    workload = served("live", not_after=time.time() + 0.5)
    until(lambda: workload.lease is None)
    server.drop_streams()
    until(lambda: len(server.asked_after) >= 2)
    assert server.asked_after[1] == 0


def test_a_server_without_leases_is_asked_again(opened, server, issuer):
    """A server that has no lease to give yet is asked again until it has."""
    server.lease_status = 404
    workload = with_arms(opened(url=server.url))
    assert workload.call("t", unit="u").fallback == "no-lease"
    until(lambda: len(server.asked_after) >= 2)
    server.lease_status = 200
    server.push(issuer.offer(issuer.lease("live")))
    assert workload.wait_for_lease(5)
    assert workload.call("t", unit="u").arm == "candidate"


def test_what_a_server_sends_by_mistake_does_not_end_the_stream(served, server, issuer):
    """A lease event that is none is passed over, and the next one obeyed."""
    workload = served("live")
    server.push({"token": 1})
    server.push(Offer(token="a.b", public_key=issuer.public_key))
    server.push(issuer.offer(issuer.lease("shadow")))
    until(lambda: workload.exposure.mode == "shadow")


def test_waiting_for_a_lease_ends_in_time(opened):
    """Waiting for a lease that does not come gives up when it was told to."""
    assert not opened().wait_for_lease(0.02)


def test_the_same_customer_has_one_pseudonym_across_processes(opened, home, issuer):
    """The workload's pseudonym key is kept, so that a restart without the server changes nobody's pseudonym."""
    issuer.leave(home, issuer.lease("none"))
    assert opened().lease is not None
    (home / "leases" / f"{SLUG}.json").unlink()
    workload = opened()
    workload.incumbent(lambda ticket: "rules")
    answer = workload.call("t", unit="customer-831")
    assert workload.flush(5)
    assert spooled(home)[0][answer.call_id].unit == pseudonym(bytes.fromhex(PSEUDONYM_KEY), "customer-831")


def test_a_changed_pseudonym_key_is_not_taken(opened, home, issuer, caplog):
    """Pseudonyms never change silently: another key is refused, and the log says what to do."""
    issuer.leave(home, issuer.lease("none"))
    workload = opened()
    workload.incumbent(lambda ticket: "rules")
    assert workload.lease.serial == 1
    issuer.leave(home, issuer.lease("none"), pseudonym_key="cd" * 16)
    until(lambda: workload.lease.serial == 2)
    answer = workload.call("t", unit="u")
    assert workload.flush(5)
    assert spooled(home)[0][answer.call_id].unit == pseudonym(bytes.fromhex(PSEUDONYM_KEY), "u")
    assert "pseudonym key" in caplog.text


def test_embedded_without_a_lease_the_folder_has_a_key_of_its_own(opened, home):
    """Before anything is declared, units get pseudonyms under a key that only the folder's owner can read."""
    workloads = [opened(), opened("mail-desk")]
    for workload in workloads:
        workload.incumbent(lambda ticket: "rules")
        workload.call("t", unit="customer-831")
        assert workload.flush(5)
    path = home / "keys" / "pseudonym"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    units = {call.unit for slug in (SLUG, "mail-desk") for call in spooled(home, slug)[0].values()}
    assert units == {pseudonym(bytes.fromhex(path.read_text()), "customer-831")}


def test_before_the_server_was_ever_heard_units_are_left_out(opened, home, server, monkeypatch):
    """With a server, its key alone makes pseudonyms: until it has come, units are left out and counted."""
    monkeypatch.setattr(keeper, "KEY_WAIT_S", 0.01)
    server.lease_status = 503
    workload = opened(url=server.url)
    workload.incumbent(lambda ticket: "rules")
    answer = workload.call("t", unit="customer-831")
    assert workload.flush(5)
    assert server.calls[answer.call_id].unit == ""
    assert workload.counters()["unit-without-key"] == 1


@pytest.mark.parametrize("key", ["", "zz"])
def test_a_pseudonym_key_that_is_none_is_not_taken(opened, home, issuer, key):
    """A lease without a usable pseudonym key is obeyed all the same; the folder's own key stands in."""
    issuer.leave(home, issuer.lease("shadow"), pseudonym_key=key)
    workload = with_arms(opened())
    answer = workload.call("t", unit="u")
    assert workload.flush(5)
    own = bytes.fromhex((home / "keys" / "pseudonym").read_text())
    assert spooled(home)[0][answer.call_id].unit == pseudonym(own, "u")


def test_a_forged_lease_on_the_stream_opens_nothing(served, server, issuer):
    """A lease that names the pinned key but is signed by another is refused."""
    workload = served("none")
    forged = Offer(
        token=sign(issuer.lease("live"), generate_key()), public_key=issuer.public_key, pseudonym_key=PSEUDONYM_KEY
    )
    server.push(forged)
    until(lambda: workload.exposure.refused)
    assert workload.call("t", unit="u").arm == "incumbent"
