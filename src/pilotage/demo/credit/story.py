"""The credit referral's own part of the story: a target that is missed is understood, decided on and put away.

What is said of the miss is computed when it is said, from the loans that were decided on and from those learned from.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Sequence

from pilotage.demo import directing
from pilotage.demo.cast import ENGINEER
from pilotage.demo.credit.arms import Arms
from pilotage.demo.credit.charter import charter
from pilotage.demo.credit.economics import TARGET_SHARE
from pilotage.demo.credit.learning import Compared, compare, learning_curve
from pilotage.demo.credit.loans import LABEL_DAYS, Loan, sample_of
from pilotage.demo.credit.texts import read_texts
from pilotage.demo.directing import Calendar, Script
from pilotage.demo.stage import Stage
from pilotage.playbook.metrics import Target
from pilotage.record.commands import RegisterRelease

# Two weeks of the grade alone, then seven beside it. All of it invented: the table of loans holds no dates.
CALENDAR = Calendar(
    first_day=dt.date(2016, 3, 7),
    charter_on=dt.date(2016, 3, 14),
    pilot_starts=dt.date(2016, 3, 21),
    test_starts=dt.date(2016, 3, 24),
    decides_from=dt.date(2016, 5, 2),
    decision_on=dt.date(2016, 5, 9),
    last_day=dt.date(2016, 5, 10),
)
REPLAY_DAYS = 63


def script(target: Target, release: RegisterRelease, learned_from: Sequence[Loan]) -> Script:
    """The referral's script, with the promise that its people made."""
    texts = read_texts(functools.partial(sample_of, learned_from))
    return Script(
        problems=texts.problems,
        words=texts.words,
        records=texts.records,
        statements=texts.statements,
        personal_data=True,
        charter=charter(target, CALENDAR.pilot_starts, CALENDAR.decision_on),
        release=release,
        calendar=CALENDAR,
    )


class Director(directing.Director):
    """Lets the referral's people act. `learned_from` and `decided_on` are the two halves of the loans."""

    def __init__(
        self, stage: Stage, story: Script, arms: Arms, learned_from: Sequence[Loan], decided_on: Sequence[Loan]
    ) -> None:
        super().__init__(stage, story)
        self._arms = arms
        self._learned_from = learned_from
        self._decided_on = decided_on

    def _missed(self, answer: str) -> None:
        """Where it fails, why, and whether more loans would help: once, by whoever made the regression."""
        record = self._stage.record(ENGINEER) or {}
        if record["shortfall"] is not None:
            return
        found = self._stage.reads(ENGINEER, f"/workloads/{self._stage.slug}/evidence/shortfall")
        curve = learning_curve(self._learned_from)
        said = {
            "segments": found["segments"] or ["all"],
            "cause": cause(compare([(self._arms, loan) for loan in self._decided_on]), curve),
            "remedy": remedy(curve),
            "effort": "The bureau's full file for each application: a contract, and a quarter of two people.",
            "curve": [f"{examples}={one.candidate_usd:.2f}" for examples, one in curve],
        }
        note = f"{ENGINEER.name} analyses the shortfall: {answer.replace('_', ' ')}"
        self._stage.does(ENGINEER, "analyse_shortfall", said, note=note)


def remedy(curve: Sequence[tuple[int, Compared]]) -> str:
    """`more_data` if the last quarter of the loans brought at least what is still missing, else `neither`."""
    (_, before), (_, last) = curve[-2:]
    missing = last.candidate_usd - (1.0 - TARGET_SHARE) * last.incumbent_usd
    return "more_data" if before.candidate_usd - last.candidate_usd >= missing else "neither"


def cause(pilot: Compared, curve: Sequence[tuple[int, Compared]]) -> str:
    """What the loans say of why the target was missed."""
    (fewest, first), (most, last) = curve[0], curve[-1]
    ranks = "ranks worse than" if pilot.candidate_auc < pilot.incumbent_auc else "ranks no worse than"
    return (
        f"The regression {ranks} the grade: on the {pilot.loans:,} loans of the replay the area under the curve is "
        f"{pilot.candidate_auc:.3f} against {pilot.incumbent_auc:.3f}. Cross-validated on the loans learned from, it "
        f"costs {first.candidate_usd:.2f} USD an application after {fewest:,} loans and {last.candidate_usd:.2f} after "
        f"{most:,}; the grade costs {last.incumbent_usd:.2f}. Anybody could have seen that before the charter; the "
        f"expected gain was a hope. Labels came {LABEL_DAYS} days after the application, which is invented."
    )
