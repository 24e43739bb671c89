"""What is wrong with a history's file: all of it at once, each with its place."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct


class HistoryWrong(Struct, frozen=True, kw_only=True):
    """One thing wrong: a stable code, the sentence, and where (a column; a line of a CSV file or a row of a Parquet
    file, counted from 1). For a column that is missing, `column` is its role and `guess` the likeliest one in the file.
    """

    code: str
    message: str
    column: str = ""
    line: int | None = None
    guess: str = ""


class HistoryInvalid(Exception):
    """The file cannot be used. `found` lists what is wrong; `more` counts what is not listed."""

    def __init__(self, found: Iterable[HistoryWrong], *, more: int = 0) -> None:
        self.found = tuple(found)
        self.more = more
        super().__init__("; ".join(wrong.message for wrong in self.found))
