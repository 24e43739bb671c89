"""Calls as a service desk would make them: seeded, with labels that come hours later. Nothing here is random twice."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Iterator

from msgspec import Struct, structs

from pilotage.runtime.records import Basis, Call, Execution, Outcome

TEAMS = ("billing", "technical", "contracts", "returns")
SUBJECTS = {
    "billing": ("Invoice 2291 charged twice", "Direct debit failed", "Where is my refund?"),
    "technical": ("Router restarts every hour", "Cannot reach the portal", "Firmware update stuck"),
    "contracts": ("Change of tariff", "Cancel at the end of term", "New contract holder"),
    "returns": ("Parcel damaged", "Wrong model delivered", "Return label missing"),
}
LANGUAGES = ("de", "de", "de", "en", "en", "fr")
RULES_RIGHT = 0.71
MODEL_RIGHT = {"de": 0.80, "en": 0.80, "fr": 0.66}
FAILS = 0.004
FAILS_EVERY = 25
LABEL_AFTER = dt.timedelta(hours=9)


class Setting(Struct, frozen=True, kw_only=True):
    """What the runtime was told for a day: mode, percentage, stage, and the candidate that answers; `right` is its
    share of right answers, None for what it is by language.
    """

    mode: str = "none"
    percent: float = 0.0
    stage: str = "none/0"
    release: str = ""
    slow: bool = False
    right: float | None = None


class Day(Struct, frozen=True, kw_only=True):
    """One day's calls and what was learned of them."""

    calls: list[Call]
    outcomes: list[Outcome]


class Desk:
    """Makes days of calls. `prefix` keeps the ids of several workloads apart."""

    def __init__(self, prefix: int = 1) -> None:
        self._random = random.Random(prefix)
        self._prefix = prefix
        self._count = 0
        self._served = 0

    def day(self, date: dt.date, setting: Setting, size: int = 110) -> Day:
        """Calls between seven and twenty o'clock, each labelled by the evening or the next morning."""
        start = dt.datetime.combine(date, dt.time(7), tzinfo=dt.UTC)
        calls, outcomes = [], []
        for offset in sorted(self._random.uniform(0, 13 * 3600) for _ in range(size)):
            call, learned = self._call(start + dt.timedelta(seconds=offset), setting)
            calls.append(call)
            outcomes += learned
        return Day(calls=calls, outcomes=outcomes)

    def _id(self) -> str:
        self._count += 1
        return f"{self._prefix:016x}{self._count:016x}"

    def _call(self, at: dt.datetime, setting: Setting) -> tuple[Call, list[Outcome]]:
        pick = self._random
        team, language = pick.choice(TEAMS), pick.choice(LANGUAGES)
        unit = f"u{pick.randrange(2500):05x}"
        rules = self._execution("incumbent", "", self._guess(team, RULES_RIGHT), 3)
        inside = int(unit[1:], 16) % 100 < setting.percent
        serves_model = setting.mode == "live" and inside
        runs_model = setting.mode == "shadow" or serves_model or (setting.mode == "live" and pick.random() < 0.2)
        model = None
        if runs_model:
            latency_ms = 900 if setting.slow and pick.random() < 0.4 else 120
            right = MODEL_RIGHT[language] if setting.right is None else setting.right
            model = self._execution("candidate", setting.release, self._guess(team, right), latency_ms)
        self._served += serves_model
        failed = model is not None and (pick.random() < FAILS or (serves_model and self._served % FAILS_EVERY == 0))
        if failed:
            model = Execution(arm="candidate", release=setting.release, latency_us=1_000_000, error="timeout")
        served, beside = (model, None) if serves_model and model is not None and not failed else (rules, model)
        if serves_model and not failed and pick.random() < 0.2:
            beside = rules
        call = Call(
            call_id=self._id(),
            at_us=int(at.timestamp() * 1e6),
            served=served,
            beside=beside,
            assigned="candidate" if serves_model else "incumbent",
            unit=unit,
            cohort=pick.choice(("berlin", "lyon")),
            segment={"language": language},
            source="replay",
            mode=setting.mode,
            percent=setting.percent,
            stage=setting.stage,
            serial=7,
            fallback="candidate-timeout" if failed and serves_model else "",
            added_us=pick.randrange(4, 40),
            input=json.dumps(
                {"subject": pick.choice(SUBJECTS[team]), "language": language, "customer": "[redacted]"},
                separators=(",", ":"),
            ),
        )
        return call, list(self._learned(call, team, at))

    def _learned(self, call: Call, team: str, at: dt.datetime) -> Iterator[Outcome]:
        label_at = at + LABEL_AFTER * self._random.uniform(0.4, 1.4)
        basis: Basis = "after_suggestion" if call.served.arm == "candidate" else "independent"
        yield structs.replace(self._outcome(call, "label", team, label_at, "outcome"), basis=basis)
        if call.served.arm == "candidate" and self._random.random() < 0.5:
            accepted = json.loads(call.served.value or "{}").get("team") == team
            feedback = {"action": "accepted" if accepted else "overridden", "rating": 1 if accepted else -1}
            if not accepted:
                feedback |= {"comment": "wrong team", "override": team}
            yield self._outcome(call, "feedback", feedback, label_at, "feedback")
        elif call.mode == "shadow" and self._random.random() < 0.01:
            yield self._outcome(call, "feedback", {"rating": 1, "comment": "would have helped"}, label_at, "feedback")

    def _outcome(self, call: Call, name: str, value: object, at: dt.datetime, kind: str) -> Outcome:
        return Outcome(
            outcome_id=self._id(),
            call_id=call.call_id,
            name=name,
            value=json.dumps(value),
            at_us=int(at.timestamp() * 1e6),
            kind=kind,
            reporter="service desk",
        )

    def _guess(self, team: str, right: float) -> str:
        if self._random.random() < right:
            return team
        return self._random.choice([other for other in TEAMS if other != team])

    def _execution(self, arm: str, release: str, team: str, latency_ms: float) -> Execution:
        spread = self._random.lognormvariate(0, 0.35)
        candidate = arm == "candidate"
        return Execution(
            arm=arm,
            release=release,
            value=json.dumps({"team": team}),
            latency_us=int(latency_ms * 1000 * spread),
            confidence=round(self._random.uniform(0.55, 0.99), 3) if candidate else None,
            tokens_in=self._random.randrange(180, 420) if candidate else None,
            tokens_out=12 if candidate else None,
            cost_usd=0.0004 if candidate else None,
        )
