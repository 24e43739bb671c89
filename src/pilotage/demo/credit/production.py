"""The credit referral as an example: its loans, both arms, and the promise that its people made."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec import Struct

from pilotage.demo.credit.arms import Arms
from pilotage.demo.credit.charter import target
from pilotage.demo.credit.fetching import fetched_table
from pilotage.demo.credit.learning import cross_validated, learn
from pilotage.demo.credit.loans import TIME_ZONE, Loan, arrivals, digest_of, halves, read_table
from pilotage.demo.credit.replay import LoanReplay
from pilotage.demo.credit.story import CALENDAR, REPLAY_DAYS, Director, script
from pilotage.demo.directing import Script
from pilotage.demo.replaying import Running
from pilotage.demo.running import Options
from pilotage.demo.stage import Stage
from pilotage.record import digests
from pilotage.record.commands import RegisterRelease


class CreditReferral(Struct, frozen=True, kw_only=True, eq=False):
    """What the referral's story is played with."""

    learned_from: list[Loan]
    decided_on: list[Loan]
    arms: Arms
    script: Script
    time_zone: str = TIME_ZONE

    def played(self, stage: Stage, running: Running) -> tuple[Director, LoanReplay]:
        """The referral's people, and its runtime with both arms registered."""
        applications = arrivals(self.decided_on, CALENDAR.first_day, REPLAY_DAYS)
        replay = LoanReplay(running, applications, self.arms)
        replay.register(self.script.release.name, self.script.release.digest)
        return Director(stage, self.script, self.arms, self.learned_from, self.decided_on), replay


def produce(options: Options, tell: Callable[[str], None]) -> CreditReferral:
    """Fetch or read the table, learn from its first half and plan from the same; the second half is decided on."""
    loans = read_table(options.table or fetched_table(tell))
    tell(f"Learning the grade's table and the regression from one half of {len(loans):,} loans …")
    learned_from, rest = halves(loans)
    arms = learn(learned_from)
    decided_on = rest[:: options.unit_every]
    release = RegisterRelease(
        name="2016.03",
        digest=digests.digest_of(msgspec.to_builtins(arms)),
        code_revision="pilotage.demo of this installation",
        environment="the installation's own pinned dependencies",
        model="plain logistic regression (scikit-learn LogisticRegression), without grade and interest rate",
        parameters=f"refers from a risk of {arms.refer_from:g}",
        data_source=f"lending_club of the R package modeldata (MIT), {len(learned_from):,} of {len(loans):,} loans, "
        f"table {digest_of(loans)[:16]}",
        training_examples=len(learned_from),
    )
    promise = target(cross_validated(learned_from), len(decided_on) * 7 / REPLAY_DAYS)
    return CreditReferral(
        learned_from=learned_from, decided_on=decided_on, arms=arms, script=script(promise, release, learned_from)
    )
