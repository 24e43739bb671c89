"""What a command shows of a list: a table of all, or one entry in full where an option names it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from pilotage.cli.access import Json
from pilotage.cli.failures import CliError
from pilotage.cli.invocation import Invocation
from pilotage.cli.names import Names
from pilotage.cli.screen import Cell, Screen


class OneOfMany(Struct, frozen=True, kw_only=True):
    """How an answer of the interface is shown: `entries` is the field that holds the list, `key` what names an entry.

    `row` draws an entry as a line of the table under `heads`, `full` alone. `code` and `unknown` are the refusal of a
    name that is not there; the sentence says `{wanted}` and `{known}`.
    """

    entries: str
    key: str
    heads: Sequence[str]
    row: Callable[[Json, Names], Sequence[Cell]]
    full: Callable[[Screen, Json, Names], None]
    code: str
    unknown: str

    def show(self, run: Invocation, found: Json, wanted: str | None) -> None:
        """All of them, or the one that was asked for. Raises `CliError` where there is no such entry."""
        if wanted is None:
            run.screen.answer(found, lambda screen: self._table(screen, found[self.entries], Names.of(run.access)))
            return
        one = self._one(found[self.entries], wanted)
        run.screen.answer(one, lambda screen: self.full(screen, one, Names.of(run.access)))

    def _table(self, screen: Screen, entries: Sequence[Json], names: Names) -> None:
        screen.table(self.heads, [self.row(one, names) for one in entries])

    def _one(self, entries: Sequence[Json], wanted: str) -> Json:
        for one in entries:
            if one[self.key] == wanted:
                return one
        known = ", ".join(one[self.key] for one in entries)
        raise CliError(self.code, self.unknown.format(wanted=wanted, known=known))
