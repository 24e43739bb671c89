"""Where answers go: tables and colours on a terminal, plain lines in a pipe, JSON when asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import click
import msgspec
from msgspec import Struct

Tone = Literal["good", "bad", "waiting", "noted", "quiet"]
STYLES: dict[Tone, str] = {"good": "green", "bad": "red", "waiting": "yellow", "noted": "magenta", "quiet": "dim"}
GAP = "  "


class Toned(Struct, frozen=True):
    """A word with a colour, where there are colours. The word says it all; the colour only helps the eye."""

    text: str
    tone: Tone

    def __str__(self) -> str:
        """The word alone."""
        return self.text


Cell = str | Toned


class Screen:
    """One command's output. What a command answers goes to standard output, what it remarks to standard error."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self.is_terminal = not as_json and sys.stdout.isatty()

    def answer(self, value: object, draw: Callable[[Screen], None]) -> None:
        """The command's answer: `value` as JSON when that was asked for, else as `draw` shows it."""
        if self.as_json:
            click.echo(msgspec.json.format(msgspec.json.encode(value)).decode())
        else:
            draw(self)

    def line(self, text: str = "", tone: Tone | None = None) -> None:
        """One line."""
        if self.is_terminal and tone is not None:
            self._console().print(text, style=STYLES[tone], markup=False, highlight=False, soft_wrap=True)
        else:
            click.echo(text)

    def remark(self, text: str) -> None:
        """Something worth knowing that is no part of the answer."""
        click.echo(text, err=True)

    def table(self, heads: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
        """Rows in columns: boxed and wrapped with their heads on a terminal, else one aligned line each, without."""
        content = [tuple(row) for row in rows]
        if self.is_terminal:
            self._box(heads, content)
        else:
            for text in aligned(content):
                click.echo(text)

    def _box(self, heads: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
        from rich.box import SIMPLE_HEAD
        from rich.table import Table
        from rich.text import Text

        table = Table(*heads, box=SIMPLE_HEAD, pad_edge=False)
        for row in rows:
            table.add_row(
                *(Text(str(cell), style=STYLES[cell.tone] if isinstance(cell, Toned) else "") for cell in row)
            )
        self._console().print(table)

    def _console(self) -> Any:  # noqa: ANN401 - rich is loaded only where there is a terminal
        from rich.console import Console

        return Console(file=sys.stdout)


def aligned(rows: Sequence[Sequence[Cell]]) -> list[str]:
    """One line per row, its columns padded to the widest; the last one is never padded."""
    texts = [[" ".join(str(cell).split()) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    return [GAP.join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in texts]
