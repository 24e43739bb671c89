"""How the playbook says no.

PlaybookError
├── PlaybookUnknown   no playbook of that name is shipped
└── PlaybookInvalid   a playbook file breaks rules; carries every problem found, with its place
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct


class Problem(Struct, frozen=True, kw_only=True):
    """One thing wrong in a file: where, a stable code, and a sentence that says what is wrong and what to do.

    `path` is the key's place, such as `phases[1].criteria[3].id`, "" for the whole file; a path that begins with
    the name of a shipped playbook and a colon is in that playbook, which the file extends. `line` counts from 1,
    None where the place has no line of its own in the file.
    """

    path: str
    code: str
    message: str
    line: int | None = None

    def __str__(self) -> str:
        """`line 12, phases[1].criteria[3].id: what is wrong`."""
        place = ", ".join(part for part in (f"line {self.line}" if self.line else "", self.path) if part)
        return f"{place}: {self.message}" if place else self.message


class PlaybookError(Exception):
    """Anything that keeps a playbook from being used."""


class PlaybookUnknown(PlaybookError):
    """No playbook of that name is shipped."""


class PlaybookInvalid(PlaybookError):
    """A playbook file breaks rules. `problems` lists all of them, in the order of the file; `origin` names the file."""

    def __init__(self, origin: str, problems: Iterable[Problem]) -> None:
        self.origin = origin
        self.problems = tuple(problems)
        count = f"{len(self.problems)} problem{'' if len(self.problems) == 1 else 's'}"
        super().__init__("\n".join([f"{origin}: {count}", *(f"  {problem}" for problem in self.problems)]))
