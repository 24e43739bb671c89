"""An office for the tests: a desk on a real ledger, a clock that the test moves, and measurements that it states."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import structs
from sqlalchemy.engine import Engine
from tests.record.stories import AREAS, ONE_PAGE, ROLES, START, Story, charter, measured_well, proposal, release

from pilotage.evidence.measurements import Measurements
from pilotage.playbook.loading import load
from pilotage.playbook.types import Playbook
from pilotage.record import commands as c
from pilotage.record.commands import Command
from pilotage.record.context import SYSTEM, Actor
from pilotage.record.facts import Fact, encode
from pilotage.record.workload import Workload
from pilotage.storage.database import open_database
from pilotage.storage.ledger import SqlLedger
from pilotage.storage.protocols import Draft, Ledger
from pilotage.workflow.desk import Desk, Judgement, Receipt

SLUG = "ticket-triage"
Measure = Callable[[Workload, Playbook], Measurements | None]


class FakeClock:
    """Stands still until the test moves it."""

    def __init__(self, at: dt.datetime = START, *, simulated: bool = False) -> None:
        self.at = at
        self.real_s = 1_800_000_000.0
        self.simulated = simulated

    def now(self) -> dt.datetime:
        """The time, UTC."""
        return self.at

    def real(self) -> float:
        """Seconds since 1970 UTC."""
        return self.real_s

    def wait(self, **span: float) -> None:
        """Let time pass."""
        self.at += dt.timedelta(**span)


class Stated:
    """Measures what the test states, and counts how often it was asked."""

    def __init__(self, measurements: Measurements | None = None) -> None:
        self.measurements = measurements
        self.asked = 0

    def __call__(self, _workload: Workload, _playbook: Playbook) -> Measurements | None:
        """The measurements as stated."""
        self.asked += 1
        return self.measurements


class Office:
    """One process: a desk on the database at `path`. Several offices may share a database."""

    def __init__(
        self,
        path: Path,
        *,
        clock: FakeClock | None = None,
        measure: Measure | None = None,
        ledger: Callable[[Ledger], Ledger] = lambda ledger: ledger,
        demonstration: bool = False,
        **wired: Any,
    ) -> None:
        self.clock = clock or FakeClock()
        self.stated = Stated()
        self.engine: Engine = open_database(path)
        self.ledger = SqlLedger(self.engine)
        self.desk = Desk(
            ledger=ledger(self.ledger),
            clock=self.clock,
            playbooks=load,
            measure=measure or self.stated,
            people=lambda: frozenset(ROLES),
            demonstration=demonstration,
            **{"fit": lambda _workload, _command: ONE_PAGE, **wired},
        )

    def close(self) -> None:
        """Release the database."""
        self.ledger.close()

    def does(self, person: str, command: Command, slug: str = SLUG) -> Receipt:
        """A person gives a command, with the roles of their account."""
        return self.desk.issue(Actor(person=person, roles=frozenset(ROLES[person])), slug, command)

    def proposed(self, slug: str = SLUG) -> Workload:
        """A workload with owner, sponsor and reviewers."""
        self.does("ann", proposal(title=f"Workload {slug}"), slug)
        self.does("ann", c.Assign(role="owner", person="ann"), slug)
        self.does("ann", c.Assign(role="sponsor", person="sam"), slug)
        for area in AREAS:
            self.does("ann", c.Assign(role=f"reviewer:{area}", person="pia" if area == "privacy" else "sid"), slug)
        return self.desk.load(slug)

    def judge(self, slug: str = SLUG) -> Judgement:
        """The workload as it stands."""
        return self.desk.judge(slug)

    def tell(self, story: Story, slug: str = SLUG) -> Workload:
        """Everything of a story goes into this ledger, as if it had happened here."""
        for number, recorded in enumerate(story.recorded):
            self.write(recorded.fact, slug, expected=number, actor=recorded.actor, at=recorded.at)
        self.clock.at = max(self.clock.at, story.now)
        return self.desk.load(slug)

    def write(self, fact: Fact, slug: str = SLUG, *, expected: int, actor: str = SYSTEM, at: dt.datetime) -> None:
        """One fact straight into the ledger, past the desk, as another process would."""
        kind, payload, texts = encode(fact)
        self.ledger.append(slug, expected, [Draft(kind=kind, payload=payload, texts=texts, actor=actor, at=at)])


def kinds(office: Office, slug: str = SLUG) -> list[str]:
    """The kinds of the workload's facts, in order."""
    return [entry.kind for entry in office.ledger.read(slug)]


def measured(office: Office, **changes: object) -> Measurements:
    """Everything measured well, but for what is stated; the office sees it from now on."""
    office.stated.measurements = structs.replace(measured_well(office.clock.at), **changes)
    return office.stated.measurements


__all__ = ["SLUG", "FakeClock", "Office", "Stated", "charter", "kinds", "measured", "release"]
