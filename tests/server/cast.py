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
from pilotage.workflow.workspace import Workspace

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
