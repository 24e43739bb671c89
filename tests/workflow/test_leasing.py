"""Leases: never more than was asked for, never more than the gates allow, and a serial that only rises."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from tests.record.stories import START, Story
from tests.workflow.office import SLUG, measured

from pilotage.gates.ceiling import effective
from pilotage.lease import LIVE_LEASE_S, SHADOW_LEASE_S, Lease, Policy, ReleaseRef
from pilotage.playbook.loading import load
from pilotage.record import commands as c
from pilotage.record.stamps import Said
from pilotage.record.verdicts import MODE_RANK, ExposureLimit
from pilotage.record.workload import Exposure, Workload
from pilotage.storage.database import open_database
from pilotage.storage.ledger import LeaseSerials
from pilotage.workflow.desk import Judgement
from pilotage.workflow.leasing import Leasing, content_of

NOW = 1_800_000_000.0
HEX = re.compile("[0-9a-f]{32}")
SERVED = Story().begin_service().standing
PLAYBOOK = load("standard")

modes = st.sampled_from(["none", "shadow", "suggest", "live"])
percents = st.sampled_from([0.0, 0.5, 1.0, 5.0, 25.0, 99.5, 100.0])
cohorts = st.sampled_from([(), ("berlin",)])
limits = st.builds(
    ExposureLimit, mode=modes, percent=percents, cohort_required=st.booleans(), reasons=st.just(("Why.",))
)
wishes = st.builds(Exposure, mode=modes, percent=percents, cohorts=cohorts)


@pytest.fixture
def leasing(database) -> Leasing:
    """A workspace's leasing, with serials in a database."""
    return Leasing(secret=b"s" * 32, serial_for=LeaseSerials(database).serial_for, environment="staging")


def judged(workload: Workload = SERVED, limit: ExposureLimit | None = None, **asked) -> Judgement:
    """A workload as the gates of the test leave it."""
    exposure = structs.replace(workload.exposure, **asked)
    workload = structs.replace(workload, exposure=exposure)
    limit = limit or ExposureLimit(mode="live", percent=100.0, reasons=("Every gate on the way is passed.",))
    mode, percent, groups = effective(exposure, limit)
    return Judgement(
        workload=workload,
        playbook=PLAYBOOK,
        measurements=None,
        verdicts={},
        ceiling=limit,
        mode=mode,
        percent=percent,
        cohorts=groups,
    )


@given(asked=wishes, limit=limits)
def test_a_lease_is_never_above_the_wish_nor_above_the_ceiling(asked, limit):
    """Whatever was asked for and whatever the gates allow, the lease is at most the smaller of the two, and where
    nobody sees an answer it names no share and no cohort.
    """
    lease = content_of(judged(structs.replace(SERVED, exposure=asked), limit), "salt", "production")
    assert MODE_RANK[lease.mode] <= min(MODE_RANK[asked.mode], MODE_RANK[limit.mode])
    if lease.mode in {"none", "shadow"}:
        assert (lease.percent, lease.cohorts) == (0.0, ())
        return
    if lease.mode == asked.mode:
        assert lease.percent <= asked.percent
    if lease.mode == limit.mode:
        assert lease.percent <= limit.percent
    assert lease.cohorts == asked.cohorts
    assert lease.cohorts or not (limit.cohort_required and lease.mode == "suggest")


def test_a_lease_says_what_the_runtime_needs(leasing):
    """Mode, share, cohorts, stage, release, policy, source and the ceiling's reason, for this environment."""
    asked = {"mode": "live", "percent": 25.0, "cohorts": ("berlin",), "timeout_ms": 80.0, "hard_timeout": True}
    lease = leasing.lease(judged(**asked, paired_share=0.25), NOW)
    assert structs.replace(lease, salt="") == Lease(
        workload=SLUG,
        serial=1,
        mode="live",
        percent=25.0,
        cohorts=("berlin",),
        stage="live-25/1",
        release=ReleaseRef(name="r1", digest=SERVED.releases["r1"].digest),
        environment="staging",
        source="real",
        policy=Policy(timeout_ms=80.0, hard_timeout=True, paired_share=0.25),
        position=SERVED.position,
        reason="Every gate on the way is passed.",
        issued_at=NOW,
        not_after=NOW + LIVE_LEASE_S,
    )


@pytest.mark.parametrize(
    ("mode", "seconds"), [("live", LIVE_LEASE_S), ("suggest", LIVE_LEASE_S), ("shadow", SHADOW_LEASE_S)]
)
def test_a_lease_lasts_as_long_as_its_mode_may(leasing, mode, seconds):
    """A minute where people see answers, a day in shadow, counted from real time, whatever time is simulated."""
    lease = leasing.lease(judged(mode=mode, percent=5.0, cohorts=("berlin",)), NOW)
    assert (lease.mode, lease.not_after - lease.issued_at, lease.issued_at) == (mode, seconds, NOW)


def test_a_serial_rises_when_the_content_changes_and_only_then(leasing):
    """Renewed as it is, a lease keeps its serial; a new fact without effect does not raise it; a change does, also one
    back to what was before.
    """
    first = leasing.lease(judged(), NOW)
    renewed = leasing.lease(judged(), NOW + 20)
    assert (renewed.serial, renewed.not_after) == (first.serial, first.not_after + 20)
    commented = structs.replace(SERVED, position=SERVED.position + 1, sequence=SERVED.sequence + 1)
    later = leasing.lease(judged(commented), NOW + 40)
    assert (later.serial, later.position) == (first.serial, first.position + 1)
    lower = leasing.lease(judged(limit=ExposureLimit(mode="live", percent=1.0)), NOW)
    again = leasing.lease(judged(), NOW)
    assert first.serial < lower.serial < again.serial


def test_serials_go_on_rising_after_a_restart(tmp_path):
    """Another process on the same database goes on from the last serial, and keeps it for the same content."""
    issued = []
    for percent in (5.0, 5.0, 1.0, 5.0):
        engine = open_database(tmp_path / "pilotage.db")
        leasing = Leasing(secret=b"s" * 32, serial_for=LeaseSerials(engine).serial_for, environment="production")
        issued.append(leasing.lease(judged(percent=percent), NOW).serial)
        engine.dispose()
    assert issued == [1, 1, 2, 3]


def test_each_workload_has_serials_of_its_own(leasing):
    """What happens to one workload does not touch the leases of another."""
    leasing.lease(judged(), NOW)
    leasing.lease(judged(percent=1.0), NOW)
    assert leasing.lease(judged(structs.replace(SERVED, slug="other")), NOW).serial == 1


def test_salt_and_pseudonyms_stay_and_are_the_workloads_own(leasing, database):
    """Units keep their bucket and their pseudonym through every change and restart; other workloads, and other
    workspaces, have other ones; and neither gives away the other or the secret.
    """
    restarted = Leasing(secret=b"s" * 32, serial_for=LeaseSerials(database).serial_for, environment="production")
    elsewhere = Leasing(secret=b"t" * 32, serial_for=LeaseSerials(database).serial_for, environment="production")
    salts = {
        leasing.lease(judged(), NOW).salt,
        leasing.lease(judged(mode="none"), NOW).salt,
        leasing.off(structs.replace(SERVED, exposure=Exposure()), NOW).salt,
        leasing.undeclared(SLUG, NOW, demonstration=False).salt,
        restarted.lease(judged(), NOW).salt,
    }
    assert len(salts) == 1
    assert leasing.pseudonym_key(SLUG) == restarted.pseudonym_key(SLUG)
    keys = {
        *salts,
        leasing.pseudonym_key(SLUG),
        leasing.pseudonym_key("other"),
        leasing.lease(judged(structs.replace(SERVED, slug="other")), NOW).salt,
        elsewhere.pseudonym_key(SLUG),
        elsewhere.lease(judged(), NOW).salt,
    }
    assert len(keys) == 6
    assert all(HEX.fullmatch(key) for key in keys)


def test_what_is_switched_off_needs_no_judgement(leasing):
    """A killed workload, and one that nobody exposed, is leased as off at once; anything else has to ask the gates."""
    said = Said(text="Latin", stamp=SERVED.proposed)
    killed = structs.replace(SERVED, killed=said, exposure=Exposure(reason="killed: Latin"))
    lease = leasing.off(killed, NOW)
    assert (lease.mode, lease.percent, lease.release, lease.stage) == ("none", 0.0, None, "none/0")
    assert lease.reason == "killed: Latin"
    for mode in ("shadow", "suggest", "live"):
        assert leasing.off(structs.replace(SERVED, exposure=Exposure(mode=mode)), NOW) is None


def test_a_kill_that_left_an_exposure_behind_is_still_off(leasing, office):
    """Killed is off, whatever the exposure on record says."""
    office.tell(Story().begin_pilot())
    office.does("oli", c.Kill(reason="Answers in Latin."))
    killed = office.desk.load(SLUG)
    stale = structs.replace(killed, exposure=Exposure(mode="live", percent=50.0))
    assert leasing.off(stale, NOW).mode == "none"


def test_without_a_release_nothing_is_leased(leasing):
    """A workload without a registered release is leased as off, cohorts and share included."""
    bare = structs.replace(SERVED, releases={}, attempts=())
    lease = leasing.lease(judged(bare, mode="live", percent=5.0, cohorts=("berlin",)), NOW)
    assert (lease.mode, lease.percent, lease.cohorts, lease.release, lease.stage) == ("none", 0.0, (), None, "none/0")


@pytest.mark.parametrize(("demonstration", "source"), [(False, "real"), (True, "replay")])
def test_a_demonstration_is_leased_as_one(leasing, demonstration, source):
    """Its traffic is stamped as replay and every lease says so, also for a workload that nobody proposed yet."""
    workload = structs.replace(SERVED, demonstration=demonstration)
    leases = [
        leasing.lease(judged(workload), NOW),
        leasing.off(structs.replace(workload, exposure=Exposure()), NOW),
        leasing.undeclared("unheard-of", NOW, demonstration=demonstration),
    ]
    assert {(lease.demonstration, lease.source) for lease in leases} == {(demonstration, source)}


def test_a_workload_nobody_proposed_is_recorded_and_exposes_nothing(leasing):
    """Wiring the code comes first: the runtime gets a lease that lets it record, and no more."""
    lease = leasing.undeclared("unheard-of", NOW, demonstration=False)
    assert (lease.mode, lease.release, lease.workload) == ("none", None, "unheard-of")
    assert leasing.undeclared("unheard-of", NOW + 9, demonstration=False).serial == lease.serial


def test_the_lease_follows_the_desk(office, leasing):
    """From a command to the lease: shadow is leased once the gates allow it, and none before."""
    office.tell(Story().begin_pilot())
    measured(office)
    assert leasing.off(office.desk.load(SLUG), NOW).mode == "none"
    story = Story().begin_pilot().clear()
    story.does("ann", c.Expose(mode="shadow", reason="Let it run unseen."))
    before = len(Story().begin_pilot().recorded)
    for number, recorded in enumerate(story.recorded[before:], start=before):
        office.write(recorded.fact, expected=number, actor=recorded.actor, at=START)
    lease = leasing.lease(office.judge(), NOW)
    assert (lease.mode, lease.stage, lease.release.name) == ("shadow", "shadow/0", "r1")
