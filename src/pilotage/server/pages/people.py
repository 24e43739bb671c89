"""Names in place of ids: the record holds persons by id, and people read names."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

from pilotage.record.context import SYSTEM
from pilotage.record.workload import Workload
from pilotage.server.pages.forms import Option
from pilotage.server.pages.wording import role
from pilotage.workflow.workspace import Workspace

WATCH = "the watch"
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


class People(Struct, frozen=True, kw_only=True):
    """Everybody's name by id."""

    names: Mapping[str, str] = {}

    @classmethod
    def of(cls, workspace: Workspace) -> People:
        """Everybody known to the workspace."""
        return cls(names={person.person: person.name for person in workspace.accounts.people()})

    @property
    def options(self) -> list[Option]:
        """Everybody known, by name, to be chosen from."""
        by_name = sorted(self.names.items(), key=lambda one: one[1].casefold())
        return [Option(value=person, label=name) for person, name in by_name]

    def name(self, person: str) -> str:
        """A person's name; an id that nobody has any more stays as it is."""
        return WATCH if person == SYSTEM else self.names.get(person, person)

    def named(self, text: str) -> str:
        """A sentence with every id in it replaced by the person's name."""
        return _WORD.sub(lambda found: self.names.get(found.group(), found.group()), text)

    def by(self, who: str, workload: Workload) -> str:
        """Whom a next action names: a role with the person who holds it here, or a person."""
        holders = {"owner": workload.owner, "sponsor": workload.sponsor}
        area = who.removesuffix(" reviewer")
        holder = holders.get(who) or workload.reviewers.get(area)
        return f"{role(who)} {self.name(holder)}" if holder else self.name(who)
