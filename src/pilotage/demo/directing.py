"""How an example's people act: each morning the director looks at the record and lets them do what is due.

It keeps nothing in memory, so a story that was interrupted goes on where the record stands. What the data say decides
where it goes. What differs between the examples is in their scripts; what only one of them does, in its own director.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from pilotage.demo import reviewing
from pilotage.demo.cast import CAST, ENGINEER, OWNER, PRIVACY, REVIEWERS, SECURITY, SPONSOR, Person, Problem, plain
from pilotage.demo.given import Given
from pilotage.demo.stage import Stage
from pilotage.record.areas.deciding import received
from pilotage.record.areas.listing import stands
from pilotage.record.areas.persons import persons_renamed
from pilotage.record.charter import Charter
from pilotage.record.commands import RegisterRelease
from pilotage.record.workload import Workload

NO_GO = {"below_floor", "harmed", "futile"}
PASSES = {"met", "waived", "not_applicable"}
FIRST_STEP_PERCENT = 5.0
WAIVER_DAYS = 30

Statements = Mapping[str, tuple[Person, str]]


class Calendar(Struct, frozen=True, kw_only=True):
    """A story's dates. Nobody decides for the candidate before `decides_from`, even if a bound is crossed."""

    first_day: dt.date
    charter_on: dt.date
    pilot_starts: dt.date
    test_starts: dt.date
    decides_from: dt.date
    decision_on: dt.date
    last_day: dt.date


class Words(Struct, frozen=True, kw_only=True):
    """What an example's people say: of owning it, of what was cleared, as the pilot begins, and when it is decided."""

    team: str
    ownership: str
    cleared_fields: tuple[str, ...]
    clearance: str
    begins: str
    go: str
    learned: str


class Script(Struct, frozen=True, kw_only=True, eq=False):
    """What an example's people say and do: the first of the problems is the one that is taken up."""

    problems: tuple[Problem, ...]
    personal_data: bool
    charter: Charter
    release: RegisterRelease
    calendar: Calendar
    words: Words
    records: Mapping[str, tuple[Given, ...]]
    statements: Mapping[str, Statements]

    @property
    def slug(self) -> str:
        """The workload that the story is about."""
        return self.problems[0].slug


class Director:
    """Lets the people act."""

    def __init__(self, stage: Stage, script: Script) -> None:
        self._stage = stage
        self._script = script
        self._calendar = script.calendar
        self._refusal_shown = False
        self._waits_for = ""

    def acts(self) -> dict[str, Callable[[Mapping[str, Any], dt.date], None]]:
        """What is done in each phase that the story has."""
        return {"select": self._select, "pilot": self._pilot, "evaluate": self._evaluate}

    def morning(self, day: dt.date) -> None:
        """Everything that is due on this day. A phase may pass within one morning."""
        acts = self.acts()
        for _ in range(len(acts)):
            record = self._stage.record(OWNER)
            if record is None:
                self._propose()
                record = self._stage.record(OWNER) or {}
            if record["killed"] or record["phase"] not in acts:
                return
            phase = record["phase"]
            acts[phase](record, day)
            if (self._stage.record(OWNER) or record)["phase"] == phase:
                return

    def _propose(self) -> None:
        for problem in self._script.problems:
            if self._stage.record(OWNER, problem.slug) is None:
                proposal = {
                    "title": problem.title,
                    "problem": problem.problem,
                    "incumbent": problem.incumbent,
                    "demonstration": True,
                    "personal_data": self._script.personal_data,
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
            acceptance = {"technical": True, "operational": True, "statement": self._script.words.ownership}
            self._stage.does(OWNER, "accept_ownership", acceptance)
        if day < self._calendar.charter_on:
            return
        if not record["charters"]:
            written = {"base_version": 0, "charter": plain(self._script.charter), "team": self._script.words.team}
            self._stage.does(OWNER, "revise_charter", written)
        self._put_on_record("select")
        reviewing.open_reviews(self._stage, self._calendar.decision_on)
        self._attest("select")
        version = (self._stage.record(OWNER) or {})["charters"][-1]
        meaning = "I promise what this charter says and decide by its date"
        self._sign("charter", version["digest"], meaning)
        if day >= self._calendar.pilot_starts:
            self._advance("select", "pilot")

    def _roles(self) -> Iterator[tuple[str, Person]]:
        yield "owner", OWNER
        yield "sponsor", SPONSOR
        for area, person in REVIEWERS.items():
            yield f"reviewer:{area}", person

    def _pilot(self, record: Mapping[str, Any], day: dt.date) -> None:
        if self._script.release.name not in record["releases"]:
            fields = plain(self._script.release)
            self._stage.does(ENGINEER, fields.pop("type"), fields)
        for area, person in (("privacy", PRIVACY), ("security", SECURITY)):
            if area not in record["clearances"]:
                self._clear(area, person)
        if not record["exposures"]:
            fields = {"mode": "shadow", "reason": self._script.words.begins}
            self._stage.does(OWNER, "expose", fields, note=f"{OWNER.name} exposes the model in shadow")
        if day < self._calendar.test_starts:
            return
        self._put_on_record("pilot")
        self._attest("pilot")
        if not record["attempts"]:
            self._stage.does(OWNER, "declare_for_evaluation", {"release": self._script.release.name})
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
            "fields": list(self._script.words.cleared_fields),
            "processors": [],
            "retention_days": 365,
            "statement": self._script.words.clearance,
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
            self._heard()
            self._decide(record, "go", self._script.words.go)
            self._advance("evaluate", "harden")
        elif answer in NO_GO or day >= self._calendar.decision_on:
            self._missed(answer)
            self._put_on_record("no-go")
            self._heard()
            self._decide(record, "no_go", f"The answer is {answer.replace('_', ' ')}: {self._script.words.learned}")
            self._stage.does(OWNER, "kill", {"reason": "no-go: what was learned is kept on record"})

    def _heard(self) -> None:
        """What users say before it is decided, beyond the talks on record; nothing, unless the example says so."""

    def _missed(self, answer: str) -> None:
        """What is looked into before a missed target is decided on; nothing, unless the example says so."""

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
        for person in CAST:
            if self._stage.id_of(person) in waiting:
                note = f"{person.name} confirms that the decision arrived"
                self._stage.does(person, "confirm_receipt", {"digest": digest}, note=note)

    def _put_on_record(self, phase: str) -> None:
        """What people write for a gate and has not been written yet."""
        ids = {person.username: self._stage.id_of(person) for person in CAST}
        for given in self._script.records.get(phase, ()):
            workload = msgspec.convert(self._stage.record(OWNER), Workload)
            if given.done and given.done(workload):
                continue
            command = persons_renamed(given.made(), lambda username: ids.get(username, username))
            if given.done or not stands(workload, command):
                fields = plain(command)
                name = fields.pop("type")
                words = given.words or name.replace("_", " ")
                self._stage.does(given.person, name, fields, note=f"{given.person.name} puts on record: {words}")

    def _attest(self, phase: str) -> None:
        held = (self._stage.record(OWNER) or {})["attestations"]
        for criterion, (person, statement) in self._script.statements.get(phase, {}).items():
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
