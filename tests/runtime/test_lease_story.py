"""Whatever happens to leases and time, the candidate serves only under a lease that is valid at that moment."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.runtime.rig import RELEASE, SLUG, Clock, Issuer

from pilotage.lease import Policy, ReleaseRef
from pilotage.runtime.bucketing import is_inside
from pilotage.runtime.keeper import Offer
from pilotage.runtime.settings import Settings
from pilotage.runtime.workload import Workload

UNITS = st.sampled_from([f"u{number}" for number in range(12)])
MODES = st.sampled_from(["none", "shadow", "suggest", "live"])


class Story(RuleBasedStateMachine):
    """A runtime with a server that it never reaches: its keeper is given leases by hand, its clock is moved by hand."""

    def __init__(self):
        super().__init__()
        self.home = Path(tempfile.mkdtemp())
        self.clock, self.issuer, self.forger = Clock(), Issuer(), Issuer()
        self.workload = Workload(Settings(slug=SLUG, home=self.home, url="http://127.0.0.1:9"), clock_ns=self.clock)
        self.workload.incumbent(lambda ticket: "rules")
        self.workload.candidate(release=RELEASE.name, digest=RELEASE.digest)(lambda ticket: "model")
        engine = self.workload._awake()
        engine._watch.close()
        engine.keeper.no_key_to_come()
        self.keeper = engine.keeper
        self.obeyed = None
        self.newest = 0
        self.issued = []

    def teardown(self):
        """Stop the runtime."""
        self.workload._engine.sender.close()
        self.workload.close(0.0)
        shutil.rmtree(self.home)

    def valid(self):
        """The lease that is to be obeyed now, by the rules as written."""
        return self.obeyed if self.obeyed is not None and self.clock.now_s < self.obeyed.not_after else None

    def offer(self, lease):
        """Give the runtime a lease, and note whether it is to be obeyed."""
        refused = self.keeper.offer(self.issuer.offer(lease))
        in_time = lease.issued_at <= self.clock.now_s + 30 and self.clock.now_s < lease.not_after
        expected = in_time and lease.serial >= self.newest
        assert (refused == "") == expected
        if expected:
            self.obeyed, self.newest = lease, max(self.newest, lease.serial)

    @rule(
        mode=MODES,
        percent=st.sampled_from([0.0, 5.0, 50.0, 100.0]),
        cohorts=st.sampled_from([(), ("berlin",)]),
        lasts_s=st.sampled_from([10, 60, 86_400]),
        ahead_s=st.sampled_from([-20, 0, 20, 100]),
        digest=st.sampled_from([RELEASE.digest, "e" * 64]),
        paired=st.sampled_from([0.0, 1.0]),
    )
    def issue(self, *, mode, percent, cohorts, lasts_s, ahead_s, digest, paired):
        """The server signs a new lease, perhaps by a clock that differs, perhaps for another build."""
        now_s = self.clock.now_s + ahead_s
        lease = self.issuer.lease(
            mode,
            percent=percent,
            cohorts=cohorts,
            now_s=now_s,
            not_after=now_s + lasts_s,
            release=ReleaseRef(name=RELEASE.name, digest=digest),
            policy=Policy(paired_share=paired),
        )
        self.issued.append(lease)
        self.offer(lease)

    @precondition(lambda self: self.issued)
    @rule(data=st.data())
    def replay(self, data):
        """Somebody offers a lease again that was given before."""
        self.offer(data.draw(st.sampled_from(self.issued)))

    @precondition(lambda self: self.newest)
    @rule(in_the_servers_name=st.booleans())
    def forge(self, in_the_servers_name):
        """Somebody else signs a lease that opens everything, with their own key or in the server's name."""
        offer = self.forger.offer(self.forger.lease("live", now_s=self.clock.now_s, serial=10**9))
        if in_the_servers_name:
            offer = Offer(token=offer.token, public_key=self.issuer.public_key)
        assert self.keeper.offer(offer) == "bad-signature"

    @rule(seconds=st.sampled_from([0.001, 1, 9.999, 30, 61, 100_000]))
    def wait(self, seconds):
        """Time passes."""
        self.clock.advance(seconds)

    @rule(unit=st.none() | UNITS, cohort=st.sampled_from([None, "berlin", "hamburg"]))
    def call(self, unit, cohort):
        """Somebody calls: only a valid live lease gives them the candidate, and suggest a suggestion."""
        answer = self.workload.call("ticket", unit=unit, cohort=cohort)
        lease = self.valid()
        exposed = (
            lease is not None
            and lease.mode in ("suggest", "live")
            and unit is not None
            and (not lease.cohorts or cohort in lease.cohorts)
            and is_inside(lease.salt, unit, lease.percent)
        )
        runs = exposed and lease.release.digest == RELEASE.digest
        assert answer.arm == ("candidate" if runs and lease.mode == "live" else "incumbent")
        assert answer.value == ("model" if answer.arm == "candidate" else "rules")
        assert answer.suggestion == ("model" if runs and lease.mode == "suggest" else None)
        if lease is None:
            assert answer.fallback == "no-lease"
        elif exposed and not runs:
            assert answer.fallback == "release-mismatch"

    @invariant()
    def the_runtime_knows_what_it_obeys(self):
        """What the runtime says that it obeys is what it is to obey."""
        assert self.workload.lease == self.valid()


TestStory = Story.TestCase
TestStory.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
