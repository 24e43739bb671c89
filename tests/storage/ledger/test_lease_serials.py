"""Lease serials rise with the content, never fall, and outlive restarts and restores."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Engine

from pilotage.storage.database import open_database
from pilotage.storage.ledger import LeaseSerials


def test_the_serial_follows_the_content(engine: Engine) -> None:
    """The same content keeps its serial; a change raises it, the change back included; workloads are apart."""
    serials = LeaseSerials(engine)
    assert [serials.serial_for("triage", digest) for digest in "aabba"] == [1, 1, 2, 2, 3]
    assert serials.serial_for("desk", "a") == 1


def test_the_floor_lifts_the_serial(engine: Engine) -> None:
    """A serial never lies below the floor, even for content that has one already."""
    serials = LeaseSerials(engine)
    assert serials.serial_for("triage", "a") == 1
    assert serials.serial_for("triage", "a", floor=10) == 10
    assert serials.serial_for("triage", "a", floor=4) == 10
    assert serials.serial_for("triage", "b", floor=4) == 11


def test_serials_outlive_a_restart(database: str) -> None:
    """A server that starts again goes on where it stopped."""
    for digest, serial in (("a", 1), ("a", 1), ("b", 2)):
        engine = open_database(database)
        assert LeaseSerials(engine).serial_for("triage", digest) == serial
        engine.dispose()


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 30)), max_size=12))
def test_any_history_of_contents(engine: Engine, history: list[tuple[str, int]]) -> None:
    """Whatever contents and floors come, two neighbouring leases share a serial only if they share the content."""
    serials = LeaseSerials(engine)
    last = ("c", serials.serial_for("triage", "c"))
    for digest, floor in history:
        serial = serials.serial_for("triage", digest, floor)
        assert serial >= max(floor, last[1])
        assert serial > last[1] or digest == last[0]
        last = (digest, serial)


def test_threads_get_serials_that_tell_contents_apart(engine: Engine) -> None:
    """Servers that sign different contents at the same time never put one serial on both."""
    serials = LeaseSerials(engine)
    with ThreadPoolExecutor(8) as pool:
        given_out = list(pool.map(lambda number: serials.serial_for("triage", f"content {number}"), range(24)))
    assert sorted(given_out) == list(range(1, 25))
