"""People of the tests, and the requests that most tests begin with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from litestar.testing import TestClient
from msgspec import Struct

from pilotage.bootstrap import Environment, open_workspace
from pilotage.record import facts as f
from pilotage.record.areas import change, training
from pilotage.record.facts import Fact, encode
from pilotage.storage.protocols import Draft
from pilotage.workflow.workspace import Workspace

DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
PASSWORD = "correct horse battery staple"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PROPOSAL = {
    "title": "Ticket triage",
    "problem": "Tickets wait for hours in the wrong queue.",
    "incumbent": "Keyword rules.",
}


class Enrolled(Struct, frozen=True, kw_only=True):
    """A person with an account and a token."""

    person: str
    username: str
    password: str
    token: str

    @property
    def bearer(self) -> dict[str, str]:
        """The header that the person's programs send."""
        return {"Authorization": f"Bearer {self.token}"}


def open_here(home: Path, *, demonstration: bool = False) -> Workspace:
    """A real workspace with cheap password hashes."""
    return open_workspace(Environment(home=home), demonstration=demonstration, hasher=CHEAP)


def enrol(
    workspace: Workspace,
    username: str,
    *,
    roles: Collection[str] = (),
    scopes: Collection[str] = ("read",),
    workload: str | None = None,
) -> Enrolled:
    """A new person with an account and a token."""
    accounts, now = workspace.accounts, dt.datetime.now(dt.UTC)
    person = accounts.create_person(username.title(), created_by="tests", now=now).person
    accounts.create_account(person, username, roles=roles, created_by="tests", now=now, password=PASSWORD)
    issued = accounts.issue_token("tests", person=person, scopes=scopes, created_by="tests", now=now, workload=workload)
    return Enrolled(person=person, username=username, password=PASSWORD, token=issued.secret)


def propose(client: TestClient[Any], who: Enrolled, slug: str = "triage", **changed: object) -> None:
    """Propose a workload through the interface."""
    answer = client.post(f"/api/v1/workloads/{slug}/commands/propose", json=PROPOSAL | changed, headers=who.bearer)
    assert answer.status_code == 201, answer.text


def sign_in(client: TestClient[Any], who: Enrolled) -> str:
    """Sign in; the client keeps the cookie. Returns what unsafe requests repeat."""
    answer = client.post("/api/v1/sign-in", json={"username": who.username, "password": who.password})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["csrf"])


def write_facts(workspace: Workspace, slug: str, *facts: tuple[Enrolled, Fact]) -> None:
    """Write facts as they would stand after their commands, without the months that the commands would ask for."""
    for who, fact in facts:
        kind, payload, texts = encode(fact)
        draft = Draft(kind=kind, payload=payload, texts=texts, actor=who.person, at=dt.datetime.now(dt.UTC))
        workspace.ledger.append(slug, len(workspace.ledger.read(slug)), [draft])


def make_live(workspace: Workspace, owner: Enrolled, sponsor: Enrolled, slug: str = "triage") -> None:
    """A workload in operation with a cleared, decided release that serves all traffic."""
    cleared = {"fields": ("subject",), "processors": (), "retention_days": 90, "statement": "Fine.", "digest": DIGEST}
    write_facts(
        workspace,
        slug,
        (
            owner,
            f.Proposed(
                **PROPOSAL,
                cadence="standard",
                lane="standard",
                demonstration=workspace.demonstration,
                personal_data=False,
                outside_processor=False,
            ),
        ),
        (owner, f.Assigned(role="owner", person=owner.person)),
        (owner, f.Assigned(role="sponsor", person=sponsor.person)),
        (sponsor, f.PilotCleared(area="privacy", **cleared)),
        (sponsor, f.PilotCleared(area="security", **cleared)),
        (
            owner,
            f.ReleaseRegistered(
                name="r1",
                digest=DIGEST,
                code_revision="4be1f2c",
                environment="pinned",
                model="forest 3",
                parameters="",
                data_source="tickets",
            ),
        ),
        (
            owner,
            f.Decided(
                outcome="go",
                reasons="It helps.",
                dissent="",
                extend_until=None,
                verdicts={},
                answer="reached",
                digest=DIGEST,
            ),
        ),
        (owner, f.Signed(subject="decision", digest=DIGEST, role="owner", meaning="go")),
        (sponsor, f.Signed(subject="decision", digest=DIGEST, role="sponsor", meaning="go")),
        (owner, f.Advanced(from_phase="select", to_phase="operate", verdicts={}, digest=DIGEST)),
        *trained(owner, "r1"),
        (owner, f.ExposureSet(mode="live", percent=100.0, cohorts=(), reason="All of it.")),
    )


def trained(owner: Enrolled, release: str) -> list[tuple[Enrolled, Fact]]:
    """What lets everybody be exposed: one audience of one person, who completed what the release asks."""
    day, said = dt.datetime.now(dt.UTC).date(), "Said."
    module = training.TrainingRequired(
        id="intro",
        title="Introduction",
        release=release,
        does=said,
        does_not=said,
        when_to_override=said,
        whom_to_ask=said,
        audiences=(),
        valid_days=None,
        required=True,
    )
    done = training.Completed(learner="p-1", audience="desk", module="intro", release=release, completed_on=day)
    return [
        (owner, change.AudienceNamed(id="desk", title="The desk", people=1, sees_answers=True, cohort="")),
        (owner, module),
        (owner, training.TrainingCompleted(completions=(done,))),
    ]
