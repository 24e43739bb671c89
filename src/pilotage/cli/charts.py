"""`pilotage charts`: builds, once, what lets charts answer to the pointer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from pilotage.cli.failures import CliError
from pilotage.cli.invocation import Answer, Invocation, command

if TYPE_CHECKING:
    from pilotage.cli.screen import Screen


class Built(Struct, frozen=True, kw_only=True):
    """Where the script is, and how large."""

    file: str
    bytes: int


@command("charts", reaches=False)
def charts(run: Invocation) -> Answer:
    """Build the script that lets charts answer to the pointer. It is kept beside the program; once is enough."""
    from pilotage.reports.charts import bundle

    try:
        path = bundle.build()
    except OSError as error:
        message = f"{bundle.FOLDER} cannot be written ({error.strerror}). Run this as the user who installed Pilotage."
        raise CliError("not-writable", message) from error
    built = Built(file=str(path), bytes=path.stat().st_size)

    def draw(screen: Screen) -> None:
        screen.line(f"Charts answer to the pointer: {built.file} is {built.bytes / 1e6:.1f} MB.")

    run.screen.answer(built, draw)
    return None
