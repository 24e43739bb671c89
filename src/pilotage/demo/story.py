"""The flight-delay desk's own part of the story: it is hardened, exposed, breached and taken back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from pilotage.demo import assessing, cast, directing, hearing, records, reviewing
from pilotage.demo.cast import OPERATOR, OWNER
from pilotage.demo.directing import FIRST_STEP_PERCENT, Calendar, Script, Words
from pilotage.playbook.metrics import Target
from pilotage.record.commands import RegisterRelease

SECOND_STEP_PERCENT = 25.0
FEED_BREAKS_AFTER = dt.timedelta(days=1)
REPAIR_TAKES = dt.timedelta(days=2)

# July is the baseline month, the pilot begins with August and runs its four weeks; the story is told when the exposure
# was taken back and the waivers still hold. Nobody decides before the four weeks are over, even if a bound is crossed:
# storms hit every flight of a day, and the test's clusters are flight numbers.
CALENDAR = Calendar(
    first_day=dt.date(2013, 7, 1),
    charter_on=dt.date(2013, 7, 22),
    pilot_starts=dt.date(2013, 8, 1),
    test_starts=dt.date(2013, 8, 5),
    decides_from=dt.date(2013, 8, 29),
    decision_on=dt.date(2013, 9, 26),
    last_day=dt.date(2013, 9, 22),
)


WORDS = Words(
    team=cast.TEAM,
    ownership="I own the desk's decisions, the code behind them and the people who act on them.",
    cleared_fields=("schedule", "weather at the origin", "late flights so far that day"),
    clearance="Public schedule and weather data, no passenger is named, nothing leaves the desk's service.",
    begins="the pilot begins: the model runs beside the table, unseen",
    go="The target was shown to be exceeded, every guardrail holds, the budget stands.",
    learned="the promise was not shown.",
)


def script(target: Target, release: RegisterRelease) -> Script:
    """The desk's script, with the promise planned from months before the pilot."""
    return Script(
        problems=cast.PROBLEMS,
        personal_data=False,
        charter=cast.charter(target, CALENDAR.pilot_starts, CALENDAR.decision_on),
        release=release,
        calendar=CALENDAR,
        words=WORDS,
        records=records.RECORDS,
        statements={
            "pilot": cast.PILOT_STATEMENTS,
        },
    )


class Director(directing.Director):
    """Lets the desk's people act, up to live traffic and back."""

    def acts(self) -> dict[str, Callable[[Mapping[str, Any], dt.date], None]]:
        """The desk goes all the way."""
        return {**super().acts(), "harden": self._harden, "deploy": self._deploy}

    def feed_broken(self) -> tuple[dt.datetime, dt.datetime | None] | None:
        """From when the candidate's weather feed is broken, and until when, if its breach was seen."""
        record = self._stage.record(OWNER)
        steps = [e for e in record["exposures"] if e["percent"] == SECOND_STEP_PERCENT] if record else []
        if record is None or not steps:
            return None
        start = dt.datetime.fromisoformat(steps[0]["stamp"]["at"]) + FEED_BREAKS_AFTER
        seen = [dt.datetime.fromisoformat(breach["stamp"]["at"]) for breach in record["breaches"]]
        return start, min(seen) + REPAIR_TAKES if seen else None

    def _heard(self) -> None:
        hearing.judge_blind(self._stage)

    def _propose(self) -> None:
        # Before anything is chosen: a good problem stalls where nobody can carry it.
        assessing.assess(self._stage, assessing.READINESS)
        super()._propose()

    def _harden(self, _record: Mapping[str, Any], day: dt.date) -> None:
        self._put_on_record("harden")
        reviewing.answer(self._stage)
        reviewing.conclude(self._stage, day)
        assessing.assess(self._stage, assessing.MATURITY)
        self._waive(cast.HARDEN_WAIVERS, day)
        self._advance("harden", "deploy")

    def _deploy(self, record: Mapping[str, Any], day: dt.date) -> None:
        self._put_on_record("deploy")
        hearing.reply(self._stage)
        self._waive(cast.DEPLOY_WAIVERS, day)
        live = [e for e in record["exposures"] if e["mode"] == "live"]
        if any(breach["resolved"] is None for breach in record["breaches"]):
            self._look_into(record, day)
        elif not live:
            self._go_live(FIRST_STEP_PERCENT, "the first step of the roll-out")
        elif live[-1]["percent"] == FIRST_STEP_PERCENT and not record["breaches"]:
            ceiling = (self._stage.workload(OWNER) or {})["exposure"]["ceiling"]
            if ceiling["percent"] >= SECOND_STEP_PERCENT:
                self._go_live(SECOND_STEP_PERCENT, "the first step held for its time with every guardrail intact")

    def _go_live(self, percent: float, why: str) -> None:
        fields = {"mode": "live", "percent": percent, "reason": why, "paired_share": 0.2}
        self._stage.does(OPERATOR, "expose", fields, note=f"{OPERATOR.name} exposes the model live at {percent:g} %")

    def _look_into(self, record: Mapping[str, Any], day: dt.date) -> None:
        """The watch has taken the exposure back; people find the cause, and close the breach once it is repaired."""
        broken = self.feed_broken()
        if not any("weather feed" in comment["text"] for comment in record["comments"]):
            words = "The candidate's weather feed is stuck on one hour of a storm; the watch took the exposure back."
            self._stage.does(OPERATOR, "comment", {"comment": words}, note=f"{OPERATOR.name}: {words}")
        if broken and broken[1] and day > broken[1].date():
            for breach in record["breaches"]:
                if breach["resolved"] is None:
                    reason = "The weather feed was repaired and is checked for age now; the model stays in shadow."
                    self._stage.does(OPERATOR, "resolve_breach", {"metric": breach["metric"], "reason": reason})
