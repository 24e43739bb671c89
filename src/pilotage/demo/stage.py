"""Where the story's people act: through the server's interface, each with their own account."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from pilotage.client import ApiRefused, Client
from pilotage.demo.cast import Person

Teller = Callable[[str], None]


class Account(Struct, frozen=True, kw_only=True):
    """A person's way in: id, password and token. Made for the demonstration only."""

    person: str
    password: str
    token: str


class Stage:
    """Gives commands as the people of the story, and reads what the server says of the workload.

    `tell` gets a line for everything that happens; `slug` is the workload that the story is about.
    """

    def __init__(self, url: str, accounts: Mapping[str, Account], tell: Teller, *, slug: str) -> None:
        self.url = url
        self.slug = slug
        self._accounts = accounts
        self._clients = {name: Client(url, account.token) for name, account in accounts.items()}
        self.tell = tell

    def id_of(self, person: Person) -> str:
        """A person's immutable id."""
        return self._accounts[person.username].person

    def token_of(self, person: Person) -> str:
        """A person's token."""
        return self._accounts[person.username].token

    def reads(self, person: Person, path: str, **query: str | int | None) -> Any:  # noqa: ANN401 - the endpoint's JSON
        """What a person reads from the interface."""
        return self._clients[person.username].get(path, **query)

    def posts(self, person: Person, path: str, body: object) -> Any:  # noqa: ANN401 - the endpoint's JSON
        """What a person sends that is not a command."""
        return self._clients[person.username].post(path, body)

    def does(
        self, person: Person, command: str, fields: object, *, workload: str | None = None, note: str = ""
    ) -> None:
        """A person gives a command, with the password where it is a signature."""
        account = self._accounts[person.username]
        self._clients[person.username].command(workload or self.slug, command, fields, credential=account.password)
        self.tell(note or f"{person.name}: {command.replace('_', ' ')}")

    def does_for_organisation(self, person: Person, command: str, fields: object, *, note: str) -> None:
        """A person gives a command about the organisation; an empty note is not told."""
        self._clients[person.username].organisation_command(command, fields)
        if note:
            self.tell(note)

    def is_refused(self, person: Person, command: str, fields: object) -> ApiRefused | None:
        """A person tries something that should not be possible; the refusal, or None if it was possible."""
        try:
            self.does(person, command, fields)
        except ApiRefused as refusal:
            return refusal
        return None

    def workload(self, person: Person) -> dict[str, Any] | None:
        """The workload as the interface shows it; None before it is proposed."""
        return self._or_none(person, f"/workloads/{self.slug}")

    def record(self, person: Person, slug: str | None = None) -> dict[str, Any] | None:
        """What is on record about a workload; None before it is proposed."""
        return self._or_none(person, f"/workloads/{slug or self.slug}/record")

    def gates(self, person: Person) -> dict[str, dict[str, Any]]:
        """Every criterion's verdict, by id."""
        gates = self.reads(person, f"/workloads/{self.slug}/gates")
        return {criterion["id"]: criterion for gate in gates for criterion in gate["criteria"]}

    def set_time(self, person: Person, at: dt.datetime) -> None:
        """Move the simulated clock on; the watch goes its round then."""
        self.posts(person, "/demonstration/clock", {"now": at.isoformat()})

    def close(self) -> None:
        """Close every connection."""
        for client in self._clients.values():
            client.close()

    def _or_none(self, person: Person, path: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self.reads(person, path)
        except ApiRefused as refusal:
            if refusal.status == 404:  # noqa: PLR2004 - HTTP's own number
                return None
            raise
        return found
