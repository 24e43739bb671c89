"""Names in place of ids: the record holds persons by id, and people read names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Self

from msgspec import Struct

from pilotage.record.context import SYSTEM
from pilotage.workflow.workspace import Workspace

WATCH = "the watch"
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


class Names(Struct, frozen=True, kw_only=True):
    """Everybody's name by id."""

    names: Mapping[str, str] = {}

    @classmethod
    def of(cls, workspace: Workspace) -> Self:
        """Everybody known to the workspace."""
        return cls(names={person.person: person.name for person in workspace.accounts.people()})

    def name(self, person: str) -> str:
        """A person's name; an id that nobody has any more stays as it is."""
        return WATCH if person == SYSTEM else self.names.get(person, person)

    def named(self, text: str) -> str:
        """A sentence with every id in it replaced by the person's name."""
        return _WORD.sub(lambda found: self.names.get(found.group(), found.group()), text)
