"""How the record says no.

RecordError
├── Refused        a command breaks a rule; carries every problem found, nothing was written
└── UnknownFact    an entry's kind is not known to this version
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct


class Problem(Struct, frozen=True, kw_only=True):
    """One thing wrong: a stable code, the field it is about ("" for the whole), and a sentence that says what to do."""

    code: str
    field: str
    message: str


class RecordError(Exception):
    """Anything that the record refuses."""


class Refused(RecordError):
    """A command was refused. `problems` lists everything wrong with it at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(problem.message for problem in self.problems))


class UnknownFact(RecordError):
    """The ledger holds a kind of fact that this version does not know: it was written by a newer one."""


def refuse(code: str, field: str, message: str) -> Refused:
    """A refusal for a single problem."""
    return Refused([Problem(code=code, field=field, message=message)])
