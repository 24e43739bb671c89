"""The program: its commands by purpose, each loaded when it is called, and what happens when one fails."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Sequence
from difflib import get_close_matches

import click
import msgspec
from msgspec import Struct

from pilotage.cli.failures import Exit, Failure, Wrong, failure_of

INTERRUPTED = 130
WIDTH = 100


class Entry(Struct, frozen=True):
    """A command of the first level: where it is, and the one line that the list of commands shows of it."""

    name: str
    place: str
    summary: str


SECTIONS: dict[str, tuple[Entry, ...]] = {
    "Start": (
        Entry("up", "serving:up", "Serve the workspace: pages, API, leases, and the jobs behind them."),
        Entry("demo", "demonstrating:demo", "Take the flight-delay desk from charter to live traffic."),
        Entry("init", "starting:init", "Write a small project to begin from, which runs unchanged."),
    ),
    "Look": (
        Entry("status", "status:status", "Show where workloads stand: phase, exposure, gate, target, stalls."),
        Entry("portfolio", "portfolios:portfolio", "Show the portfolio: funnel, stalls, lead times, dates."),
        Entry("inbox", "inboxes:inbox", "Show what waits for you, on every workload."),
        Entry("intake", "intake:intake", "Show which problem comes next, and where scores differ."),
        Entry("assessments", "assessments:assessments", "Show how ready the organisation is, over time."),
        Entry("evidence", "evidence:evidence", "Show what the traffic shows: figures, and what they mean."),
        Entry("document", "documents:document", "Write a document as PDF or HTML."),
        Entry("audit-pack", "documents:audit_pack", "Write all of a workload as a zip that proves itself."),
        Entry("charter", "charters:charter", "Show who signed which charter, and what changed since."),
        Entry("gate", "gate:gate", "Check a gate, as a pipeline does before it deploys."),
        Entry("reviews", "reviews:reviews", "Show where the reviews stand, and what one of them asks."),
        Entry("outside", "outside:outside", "Show what was tested elsewhere, and who stands by it."),
        Entry("feedback", "hearing:feedback", "Show what users say, and the pair that you are to judge blind."),
        Entry("playbook", "playbooks:playbook", "Read the method, or check a playbook of your own."),
    ),
    "Decide": (
        Entry("apply", "authoring:apply", "Bring a workload to what a file says."),
        Entry("export", "authoring:export", "Write a workload as such a file."),
        Entry("expose", "commanding:expose", "Set how much traffic the candidate sees, up to the ceiling."),
        Entry("kill", "commanding:kill", "Switch the candidate off everywhere, now."),
        Entry("organisation", "assessments:organisation", "Answer and conclude assessments of the organisation."),
        Entry("do", "commanding:do", "Give any other command: sign, attest, decide, waive and more."),
    ),
    "Data": (
        Entry("data", "data_sources:data", "See what data it rests on, and look at a real sample."),
        Entry("outcome", "outcomes:outcome", "Bring in what was learned about calls later."),
        Entry("training", "training:training", "Bring in who completed which training."),
        Entry("drift", "drifting:drift", "Compare two files of rows, column by column: what has moved?"),
        Entry("assess", "assessing:assess_", "Say from past answers and labels what a pilot could show."),
    ),
    "Trust": (Entry("ledger", "ledger:ledger", "Read the ledger, and check that nobody has changed it."),),
    "Admin": (
        Entry("user", "users:user", "People's accounts: add, list, passwords, sign-in links."),
        Entry("roles", "roles:roles", "Show which role may give which command."),
        Entry("token", "tokens:token", "Tokens for programs: make, list, revoke."),
        Entry("charts", "charts:charts", "Build the script that lets charts answer to the pointer."),
        Entry("doctor", "doctor:doctor", "Check this installation and say what to do about what is wrong."),
    ),
}
ENTRIES = {entry.name: entry for section in SECTIONS.values() for entry in section}
LONGEST = max(map(len, ENTRIES))


class Program(click.Group):
    """The commands of the first level, none of which is loaded before it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Every name, by purpose."""
        return list(ENTRIES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Load a command."""
        entry = ENTRIES.get(cmd_name)
        if entry is None:
            return None
        module, _, name = entry.place.partition(":")
        found: click.Command = getattr(importlib.import_module(f"pilotage.cli.{module}"), name)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a guess at what was meant."""
        if args and not args[0].startswith("-") and args[0] not in ENTRIES:
            close = get_close_matches(args[0], ENTRIES, n=1)
            guess = f"; did you mean {close[0]}?" if close else ""
            raise click.UsageError(f"There is no command {args[0]}{guess}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """The commands by purpose, from their one-line summaries: loading them all would take a second."""
        for title, entries in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(f"{entry.name:<{LONGEST}}", entry.summary) for entry in entries])


def _version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - click's signature
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"pilotage {version('pilotage')}")
        ctx.exit()


program = Program(
    "pilotage",
    help="Takes an AI workload from pilot to production, with proof.",
    epilog="Exit codes: 0 met or done, 1 unmet, 2 wrong use or refused, 3 unreachable. "
    "`pilotage COMMAND --help` says more.",
    params=[
        click.Option(
            ["--version"], is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version."
        )
    ],
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": WIDTH},
    no_args_is_help=False,
    invoke_without_command=True,
)


def run(arguments: Sequence[str]) -> int:
    """Run one command; its exit code. Every error is shown as a sentence, its traceback only with `--debug`."""
    options = list(arguments[: arguments.index("--")] if "--" in arguments else arguments)
    try:
        result = program.main([*arguments] or ["--help"], prog_name="pilotage", standalone_mode=False)
    except click.UsageError as error:
        return _fail(_usage(error), as_json="--json" in options)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the one place where every error ends up
        if "--debug" in options:
            traceback.print_exc(file=sys.stderr)
        return _fail(failure_of(error) or _unforeseen(error), as_json="--json" in options)
    return int(result) if isinstance(result, int) else Exit.MET


def _usage(error: click.UsageError) -> Failure:
    message = error.format_message().rstrip(".?") + ("?" if error.format_message().endswith("?") else ".")
    shows = "lists them" if error.ctx and error.ctx.command is program else "shows how it is used"
    hint = "" if error.ctx is None else f" `{error.ctx.command_path} --help` {shows}."
    return Failure(exit_code=Exit.USAGE, code="usage", message=message + hint)


def _unforeseen(error: Exception) -> Failure:
    what = f"{type(error).__name__}: {error}".splitlines()[0]
    message = (
        f"Pilotage failed in a way that nobody foresaw ({what}); run it again with --debug and report what it says."
    )
    return Failure(exit_code=Exit.USAGE, code="unexpected", message=message)


class Problems(Struct, frozen=True, kw_only=True):
    """A failure as JSON, on standard error."""

    code: str
    message: str
    problems: tuple[Wrong, ...]


def _fail(failure: Failure, *, as_json: bool) -> int:
    if as_json:
        shown = Problems(code=failure.code, message=failure.message, problems=failure.problems)
        click.echo(msgspec.json.encode({"error": shown}).decode(), err=True)
    else:
        for line in failure.lines:
            click.echo(line, err=True)
    return failure.exit_code
