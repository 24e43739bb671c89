"""The flight-delay desk's way from candidate problem to live traffic and back, told through real commands.

Each morning the director looks at the record and lets people do what is due. It keeps nothing in memory, so a
story that was interrupted goes on where the record stands. What the data say decides where it goes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from pilotage.demo import cast, records, reviewing
from pilotage.demo.cast import ENGINEER, OPERATOR, OWNER, PRIVACY, SECURITY, SPONSOR, Person, plain
from pilotage.demo.stage import Stage
from pilotage.playbook.metrics import Target
from pilotage.record.areas.deciding import received
from pilotage.record.areas.listing import stands
from pilotage.record.areas.persons import persons_renamed
from pilotage.record.workload import Workload

NO_GO = {"below_floor", "harmed", "futile"}
PASSES = {"met", "waived", "not_applicable"}
FIRST_STEP_PERCENT = 5.0
SECOND_STEP_PERCENT = 25.0
WAIVER_DAYS = 30
FEED_BREAKS_AFTER = dt.timedelta(days=1)
REPAIR_TAKES = dt.timedelta(days=2)


class Calendar(Struct, frozen=True, kw_only=True):
    """The story's dates. July is the baseline month, the pilot begins with August and runs its four weeks; the
    story is told when the exposure was taken back and the waivers still hold.

    Nobody decides before those are over, even if a bound is crossed: storms hit every flight of a day, and the
    test's clusters are flight numbers.
    """

    first_day: dt.date = dt.date(2013, 7, 1)
    charter_on: dt.date = dt.date(2013, 7, 22)
    pilot_starts: dt.date = dt.date(2013, 8, 1)
    test_starts: dt.date = dt.date(2013, 8, 5)
    decides_from: dt.date = dt.date(2013, 8, 29)
    decision_on: dt.date = dt.date(2013, 9, 26)
    last_day: dt.date = dt.date(2013, 9, 22)


class Release(Struct, frozen=True, kw_only=True):
    """The candidate as it is registered."""

    name: str
    digest: str
    code_revision: str
    environment: str
    model: str
    parameters: str
    data_source: str


class Director:
    """Lets the people act. `target` is the promise planned from months before the pilot."""

    def __init__(self, stage: Stage, target: Target, release: Release, calendar: Calendar) -> None:
        self._stage = stage
        self._target = target
        self._release = release
        self._calendar = calendar
        self._refusal_shown = False
        self._waits_for = ""

    def morning(self, day: dt.date) -> None:
        """Everything that is due on this day. A phase may pass within one morning."""
        acts = {
            "select": self._select,
            "pilot": self._pilot,
            "evaluate": self._evaluate,
            "harden": self._harden,
            "deploy": self._deploy,
        }
        for _ in range(len(acts)):
            record = self._stage.record(OWNER)
            if record is None:
                self._propose()
                record = self._stage.record(OWNER) or {}
            if record["killed"]:
                return
            phase = record["phase"]
            acts[phase](record, day)
            if (self._stage.record(OWNER) or record)["phase"] == phase:
                return

    def feed_broken(self) -> tuple[dt.datetime, dt.datetime | None] | None:
        """From when the candidate's weather feed is broken, and until when, if its breach was seen."""
        record = self._stage.record(OWNER)
        steps = [e for e in record["exposures"] if e["percent"] == SECOND_STEP_PERCENT] if record else []
        if record is None or not steps:
            return None
        start = dt.datetime.fromisoformat(steps[0]["stamp"]["at"]) + FEED_BREAKS_AFTER
        seen = [dt.datetime.fromisoformat(breach["stamp"]["at"]) for breach in record["breaches"]]
        return start, min(seen) + REPAIR_TAKES if seen else None

    def _propose(self) -> None:
        for problem in cast.PROBLEMS:
            if self._stage.record(OWNER, problem.slug) is None:
                proposal = {
                    "title": problem.title,
                    "problem": problem.problem,
                    "incumbent": problem.incumbent,
                    "demonstration": True,
                    "personal_data": False,
                    "outside_processor": False,
                }
                self._stage.does(
                    OWNER, "propose", proposal, workload=problem.slug, note=f"{OWNER.name} proposes: {problem.title}"
                )
            scored = (self._stage.record(OWNER, problem.slug) or {})["scores"]
            for person, impact, feasibility, readiness in problem.scores:
                if self._stage.id_of(person) not in scored:
                    fields = {"impact": impact, "feasibility": feasibility, "readiness": readiness}
                    self._stage.does(person, "score", fields, workload=problem.slug)

    def _select(self, record: Mapping[str, Any], day: dt.date) -> None:
        self._propose()
        for role, person in self._roles():
            held = record["reviewers"].get(role.partition(":")[2]) if ":" in role else record[role]
            if held is None:
                fields = {"role": role, "person": self._stage.id_of(person)}
                self._stage.does(OWNER, "assign", fields, note=f"{person.name} is asked to be {role}")
        if record["acceptance"] is None:
            statement = "I own the desk's decisions, the code behind them and the people who act on them."
            acceptance = {"technical": True, "operational": True, "statement": statement}
            self._stage.does(OWNER, "accept_ownership", acceptance)
        if day < self._calendar.charter_on:
            return
        if not record["charters"]:
            promise = cast.charter(self._target, self._calendar.pilot_starts, self._calendar.decision_on)
            self._stage.does(OWNER, "revise_charter", {"base_version": 0, "charter": plain(promise), "team": cast.TEAM})
        self._put_on_record("select")
        reviewing.open_reviews(self._stage, self._calendar.decision_on)
        self._attest(cast.SELECT_STATEMENTS)
        version = (self._stage.record(OWNER) or {})["charters"][-1]
        meaning = "I promise what this charter says and decide by its date"
        self._sign("charter", version["digest"], meaning)
        if day >= self._calendar.pilot_starts:
            self._advance("select", "pilot")

    def _roles(self) -> Iterator[tuple[str, Person]]:
        yield "owner", OWNER
        yield "sponsor", SPONSOR
        for area, person in cast.REVIEWERS.items():
            yield f"reviewer:{area}", person

    def _pilot(self, record: Mapping[str, Any], day: dt.date) -> None:
        if self._release.name not in record["releases"]:
            self._stage.does(ENGINEER, "register_release", plain(self._release))
        for area, person in (("privacy", PRIVACY), ("security", SECURITY)):
            if area not in record["clearances"]:
                self._clear(area, person)
        if not record["exposures"]:
            fields = {"mode": "shadow", "reason": "the pilot begins: the model runs beside the table, unseen"}
            self._stage.does(OWNER, "expose", fields, note=f"{OWNER.name} exposes the model in shadow")
        if day < self._calendar.test_starts:
            return
        self._put_on_record("pilot")
        self._attest(cast.PILOT_STATEMENTS)
        if not record["attempts"]:
            self._stage.does(OWNER, "declare_for_evaluation", {"release": self._release.name})
        self._try_to_go_live()
        answer = self._answer()
        if answer in NO_GO or day >= (
            self._calendar.decides_from if answer == "reached" else self._calendar.decision_on
        ):
            self._advance("pilot", "evaluate")
        if day > self._calendar.decision_on and not (self._stage.record(OWNER) or record)["passed"].get("pilot"):
            self._stage.does(OWNER, "kill", {"reason": "the decision date came and the pilot's gate is not open"})

    def _clear(self, area: str, person: Person) -> None:
        fields = {
            "area": area,
            "fields": ["schedule", "weather at the origin", "late flights so far that day"],
            "processors": [],
            "retention_days": 365,
            "statement": "Public schedule and weather data, no passenger is named, nothing leaves the desk's service.",
        }
        self._stage.does(person, "clear_pilot", fields, note=f"{person.name} clears the pilot for {area}")

    def _try_to_go_live(self) -> None:
        """Somebody is impatient; the ceiling answers with its reasons."""
        if self._refusal_shown:
            return
        self._refusal_shown = True
        fields = {"mode": "live", "percent": FIRST_STEP_PERCENT, "reason": "it looks good, let us go live"}
        refusal = self._stage.is_refused(OWNER, "expose", fields)
        if refusal is None:
            raise AssertionError("A pilot went live without its gates: the ceiling does not hold.")
        self._stage.tell(f"{OWNER.name} tries to go live at 5 % and is refused:")
        for problem in refusal.problems:
            self._stage.tell(f"    {problem.message}")

    def _evaluate(self, record: Mapping[str, Any], day: dt.date) -> None:
        answer = self._answer()
        if answer == "reached":
            self._put_on_record("evaluate")
            self._attest(cast.EVALUATE_STATEMENTS)
            self._decide(record, "go", "The target was shown to be exceeded, every guardrail holds, the budget stands.")
            self._advance("evaluate", "harden")
        elif answer in NO_GO or day >= self._calendar.decision_on:
            self._decide(record, "no_go", f"The answer is {answer.replace('_', ' ')}: the promise was not shown.")
            self._stage.does(OWNER, "kill", {"reason": "no-go: what was learned is kept on record"})

    def _decide(self, record: Mapping[str, Any], outcome: str, reasons: str) -> None:
        if not record["decisions"]:
            self._stage.does(
                OWNER,
                "decide",
                {"outcome": outcome, "reasons": reasons},
                note=f"{OWNER.name} puts the decision: {outcome.replace('_', '-')}",
            )
        decision = (self._stage.record(OWNER) or {})["decisions"][-1]
        self._sign("decision", decision["digest"], f"I decide {outcome.replace('_', '-')} on the verdicts frozen here")
        self._send(decision["digest"])

    def _send(self, digest: str) -> None:
        """The decision reaches everybody whom it concerns, and each of them says so."""
        if not (self._stage.record(OWNER) or {})["deciding"]["sent"]:
            self._stage.does(OWNER, "send_decision", {"digest": digest}, note=f"{OWNER.name} sends the decision")
        workload = msgspec.convert(self._stage.record(OWNER), Workload)
        waiting = {*workload.deciding.addressed(digest)} - {*received(workload, digest)}
        for person in cast.CAST:
            if self._stage.id_of(person) in waiting:
                note = f"{person.name} confirms that the decision arrived"
                self._stage.does(person, "confirm_receipt", {"digest": digest}, note=note)

    def _harden(self, _record: Mapping[str, Any], day: dt.date) -> None:
        self._put_on_record("harden")
        reviewing.answer(self._stage)
        reviewing.conclude(self._stage, day)
        self._attest(cast.HARDEN_STATEMENTS)
        self._waive(cast.HARDEN_WAIVERS, day)
        self._advance("harden", "deploy")

    def _deploy(self, record: Mapping[str, Any], day: dt.date) -> None:
        self._put_on_record("deploy")
        self._attest(cast.DEPLOY_STATEMENTS)
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

    def _put_on_record(self, phase: str) -> None:
        """What people write for a gate and has not been written yet."""
        ids = {person.username: self._stage.id_of(person) for person in cast.CAST}
        for given in records.RECORDS.get(phase, ()):
            command = persons_renamed(given.command, lambda username: ids.get(username, username))
            workload = msgspec.convert(self._stage.record(OWNER), Workload)
            if not (given.done(workload) if given.done else stands(workload, command)):
                fields = plain(command)
                name = fields.pop("type")
                words = name.replace("_", " ")
                self._stage.does(given.person, name, fields, note=f"{given.person.name} puts on record: {words}")

    def _attest(self, statements: Mapping[str, tuple[Person, str]]) -> None:
        held = (self._stage.record(OWNER) or {})["attestations"]
        for criterion, (person, statement) in statements.items():
            if criterion not in held:
                fields = {"criterion": criterion, "statement": statement}
                self._stage.does(person, "attest", fields, note=f"{person.name} attests {criterion}")

    def _waive(self, waivers: Mapping[str, str], day: dt.date) -> None:
        expires = (day + dt.timedelta(days=WAIVER_DAYS)).isoformat()
        held = (self._stage.record(OWNER) or {})["waivers"]
        for criterion, reason in waivers.items():
            if criterion not in held:
                fields = {"criterion": criterion, "reason": reason, "expires_on": expires}
                self._stage.does(OWNER, "waive", fields, note=f"{OWNER.name} asks to waive {criterion}")
        for criterion, waiver in (self._stage.record(OWNER) or {})["waivers"].items():
            if criterion in waivers:
                meaning = "I accept the risk of waiving this until it expires"
                self._sign(f"waiver:{criterion}", waiver["digest"], meaning, signers=(SPONSOR,))

    def _sign(self, subject: str, digest: str, meaning: str, signers: tuple[Person, ...] = (OWNER, SPONSOR)) -> None:
        signatures = (self._stage.record(OWNER) or {})["signatures"]
        signed = {s["stamp"]["by"] for s in signatures if (s["subject"], s["digest"]) == (subject, digest)}
        for person in signers:
            if self._stage.id_of(person) not in signed:
                fields = {"subject": subject, "digest": digest, "meaning": meaning}
                self._stage.does(person, "sign", fields, note=f"{person.name} signs the {subject}")

    def _advance(self, phase: str, to_phase: str) -> None:
        """Pass the gate if it is open; what is still missing is told, and the story waits for another day."""
        verdicts = self._stage.gates(OWNER)
        missing = [c["id"] for c in verdicts.values() if c["id"].startswith(f"{phase}.") and c["verdict"] not in PASSES]
        if missing:
            waits_for = f"Gate {phase} waits for: {', '.join(missing)}"
            if waits_for != self._waits_for:
                self._stage.tell(waits_for)
            self._waits_for = waits_for
            return
        self._stage.does(OWNER, "advance", {"to_phase": to_phase}, note=f"Gate {phase} passed: on to {to_phase}")

    def _answer(self) -> str:
        workload = self._stage.workload(OWNER) or {}
        return str(workload["target"]["answer"])
