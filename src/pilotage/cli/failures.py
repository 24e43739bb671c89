"""How the command line says no: any error becomes an exit code and sentences that say what to do.

CliError(code, sentence)   the command line's own refusals, with every problem found
├── Unreachable            nobody answers, or the store is away: worth another try
└── InvalidFile            a file that was handed in, with the line of each problem
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from pilotage.client import ApiRefused, ApiUnreachable
    from pilotage.playbook.errors import PlaybookInvalid
    from pilotage.record.errors import Refused
    from pilotage.storage.errors import StorageError
    from pilotage.workflow.errors import WorkflowError

SERVER_FAILED = 500


class Exit(IntEnum):
    """The exit codes, as documented."""

    MET = 0
    UNMET = 1
    USAGE = 2
    UNREACHABLE = 3


class Wrong(Struct, frozen=True, kw_only=True):
    """One thing wrong: where (a field, a place in a file, or nothing), a stable code, and what to do."""

    message: str
    field: str = ""
    code: str = ""
    line: int | None = None

    def __str__(self) -> str:
        """`line 12, charter.target: what is wrong`."""
        place = ", ".join(part for part in (f"line {self.line}" if self.line else "", self.field) if part)
        return f"{place}: {self.message}" if place else self.message


class CliError(Exception):
    """The command line refuses. `problems` lists everything wrong at once."""

    exit_code = Exit.USAGE

    def __init__(self, code: str, message: str, problems: Iterable[Wrong] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.problems = tuple(problems)


class Unreachable(CliError):
    """Nobody answers."""

    exit_code = Exit.UNREACHABLE


class InvalidFile(CliError):
    """A file cannot be used as it is."""

    def __init__(self, path: Path | str, problems: Iterable[Wrong]) -> None:
        found = tuple(problems)
        super().__init__("invalid-file", f"{path}: {counted(len(found), 'problem')}; nothing was done.", found)


class Failure(Struct, frozen=True, kw_only=True):
    """An error as it is shown."""

    exit_code: int
    code: str
    message: str
    problems: tuple[Wrong, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """The error in sentences: one line, or one above the list of its problems."""
        if len(self.problems) == 1 and self.problems[0].message == self.message:
            return (f"Error: {self.problems[0]}",)
        return (f"Error: {self.message}", *(f"  {problem}" for problem in self.problems))


def counted(number: int, noun: str, several: str = "") -> str:
    """`1 problem`, `3 problems`."""
    return f"{number:,} {noun if number == 1 else several or f'{noun}s'}"


def failure_of(error: Exception) -> Failure | None:
    """What to show for an error; None for one that nobody foresaw."""
    for kinds, explain in _translations():
        if isinstance(error, kinds):
            return explain(error)
    return None


def _translations() -> Iterable[tuple[tuple[type[Exception], ...], Callable[..., Failure]]]:
    """Each kind of error with its explanation, most telling first. Loaded only when something went wrong."""
    yield (CliError,), _own
    from pilotage.client import ApiRefused, ApiUnreachable

    yield (ApiUnreachable,), _unreachable
    yield (ApiRefused,), _api_refused
    from pilotage.record.errors import RecordError, Refused

    yield (Refused,), _refused
    from pilotage.playbook.errors import PlaybookError, PlaybookInvalid

    yield (PlaybookInvalid,), _playbook_invalid
    from pilotage.storage.errors import StorageError
    from pilotage.workflow.errors import WorkflowError

    yield (StorageError,), _storage
    yield (WorkflowError,), _workflow
    yield (PlaybookError, RecordError), _plain
    from pilotage.evidence.estimators import EstimatorInvalid
    from pilotage.playbook.kinds import ExtensionBroken, KindInvalid

    yield (ExtensionBroken,), _extension
    yield (KindInvalid, EstimatorInvalid), _not_installed


def _own(error: CliError) -> Failure:
    return Failure(exit_code=error.exit_code, code=error.code, message=error.message, problems=error.problems)


def _unreachable(error: ApiUnreachable) -> Failure:
    return Failure(exit_code=Exit.UNREACHABLE, code="unreachable", message=str(error))


def _api_refused(error: ApiRefused) -> Failure:
    problems = tuple(Wrong(code=p.code, field=p.field, message=p.message) for p in error.problems)
    code = Exit.UNREACHABLE if error.status >= SERVER_FAILED else Exit.USAGE
    return Failure(exit_code=code, code=error.code, message=str(error), problems=problems)


def _refused(error: Refused) -> Failure:
    problems = tuple(Wrong(code=p.code, field=p.field, message=p.message) for p in error.problems)
    first = problems[0]
    message = first.message if len(problems) == 1 else f"{counted(len(problems), 'problem')}; nothing was written."
    return Failure(exit_code=Exit.USAGE, code=first.code, message=message, problems=problems)


def _playbook_invalid(error: PlaybookInvalid) -> Failure:
    problems = tuple(Wrong(code=p.code, field=p.path, message=p.message, line=p.line) for p in error.problems)
    message = f"{error.origin}: {counted(len(problems), 'problem')}."
    return Failure(exit_code=Exit.USAGE, code="invalid-playbook", message=message, problems=problems)


def _storage(error: StorageError) -> Failure:
    from pilotage.storage.errors import StorageUnavailable

    code = Exit.UNREACHABLE if isinstance(error, StorageUnavailable) else Exit.USAGE
    return Failure(exit_code=code, code=error.code, message=error.sentence)


def _workflow(error: WorkflowError) -> Failure:
    return Failure(exit_code=Exit.USAGE, code=error.code, message=str(error))


def _extension(error: Exception) -> Failure:
    return Failure(exit_code=Exit.USAGE, code="extension-broken", message=str(error))


def _not_installed(error: Exception) -> Failure:
    return Failure(exit_code=Exit.USAGE, code="not-installed", message=str(error))


def _plain(error: Exception) -> Failure:
    return Failure(exit_code=Exit.USAGE, code="refused", message=str(error))
