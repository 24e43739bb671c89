"""A command that a person of the story gives, and how the story knows that it was given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from pilotage.demo.cast import Person
from pilotage.record.workload import Workload


class Given(Struct, frozen=True, kw_only=True):
    """A command that a person gives, or what makes it when it is due. `done` says whether an act was done already; an
    entry is done when it stands. `words` stand for the command's name where the story tells of it.
    """

    person: Person
    command: Any
    done: Callable[[Workload], bool] | None = None
    words: str = ""

    def made(self) -> Any:  # noqa: ANN401 - any command
        """The command."""
        return self.command() if callable(self.command) else self.command
