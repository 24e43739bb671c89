"""`pilotage do`, `expose` and `kill`: commands on a workload, with options made from the commands' own types."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from msgspec import Struct

from pilotage.cli.access import Json
from pilotage.cli.charters import remark_changes
from pilotage.cli.failures import CliError
from pilotage.cli.fields import checked, fields_of, option_of, plain_of, stated
from pilotage.cli.invocation import Answer, Invocation, command
from pilotage.cli.screen import Screen
from pilotage.record.commands import ASKS_CREDENTIAL, COMMANDS, PERMITTED


class Commands(click.Group):
    """Every command of the record as a subcommand."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The commands' names, as they are written here: with hyphens."""
        return [name.replace("_", "-") for name in COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """The command, with an option for each of its fields."""
        name = cmd_name.replace("-", "_")
        return made_of(name, COMMANDS[name], PERMITTED[name], _on_workload) if name in COMMANDS else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, but `do WORKLOAD --help` is a question, too."""
        if args and args[0] in {"--help", "-h"}:
            click.echo(ctx.get_help())
            ctx.exit()
        return super().resolve_command(ctx, args)


@click.group("do", cls=Commands)
@click.argument("workload")
@click.pass_context
def do(ctx: click.Context, workload: str) -> None:
    """Give a command to a WORKLOAD: sign, attest, decide, waive and more.

    Each COMMAND has an option for each of its fields; `pilotage do WORKLOAD COMMAND --help` lists them. Fields may
    also come as JSON from --input or a file. Signatures ask for the password again.
    """
    ctx.obj = workload


def _on_workload(run: Invocation, name: str, fields: Json) -> Answer:
    return carry_out(run, click.get_current_context().obj, name, fields)


def made_of(
    name: str, kind: type[Struct], permitted: frozenset[str], carry: Callable[[Invocation, str, Json], Answer]
) -> click.Command:
    """A command of the record as a command here, which `carry` gives once its fields are together."""

    def give(run: Invocation, /, json_input: str | None, file: Path | None, **given: Any) -> Answer:  # noqa: ANN401 - the command's own options
        told = {key: plain_of(value) for key, value in given.items() if value is not None and value != ()}
        if (document := told.pop("document", None)) is not None:
            told["document_digest"] = _digest_of(document)
        return carry(run, name, stated(json_input, file) | told)

    signature = " It is a signature: the password is asked for." if name in ASKS_CREDENTIAL else ""
    give.__doc__ = f"{kind.__doc__}\n\nFor: {', '.join(sorted(permitted))}.{signature}"
    options = [option for field in fields_of(kind) if (option := option_of(field)) is not None]
    options += [
        click.Option(
            ["--input", "json_input"], metavar="JSON", help="Fields as a JSON object; an option counts before it."
        ),
        click.Option(["-f", "--file"], type=click.Path(path_type=Path), help="The same from a YAML or JSON file."),
    ]
    if any(field.encode_name == "document_digest" for field in fields_of(kind)):
        said = "A file whose SHA-256 digest is recorded as that of the document; the file stays where it is."
        options.append(click.Option(["--document"], type=click.Path(path_type=Path), help=said))
    give.__click_params__ = options[::-1]  # type: ignore[attr-defined]  # where click's own decorators leave them
    return command(name.replace("_", "-"))(give)


def _digest_of(document: Path) -> str:
    try:
        with document.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise CliError("unreadable", f"{document} cannot be read: {error.strerror}.") from error


def carry_out(run: Invocation, workload: str, name: str, fields: Json) -> Answer:
    """Check a command's fields against its type, give it, and show what it wrote."""
    asked = checked(name, COMMANDS[name], fields)
    if name == "sign" and asked["subject"] == "charter":
        remark_changes(run, workload)
    return shown(run, workload, run.access.give(workload, name, asked))


def shown(run: Invocation, whose: str, receipt: Json) -> Answer:
    """Show what a command wrote."""

    def draw(screen: Screen) -> None:
        written = ", ".join(
            f"{kind} at {position}" for kind, position in zip(receipt["kinds"], receipt["positions"], strict=True)
        )
        screen.line(f"{whose}: {written}.", "good")

    run.screen.answer(receipt, draw)
    return None


@command("expose")
@click.argument("workload")
@click.argument("mode", metavar="MODE", type=click.Choice(["none", "shadow", "suggest", "live"]))
@click.option("--percent", type=float, help="The share of units that sees it, in suggest and live.")
@click.option("--cohort", "cohorts", multiple=True, help="Only this group of people or units; may be given again.")
@click.option("--reason", required=True, help="Why.")
def expose(
    run: Invocation, *, workload: str, mode: str, percent: float | None, cohorts: tuple[str, ...], reason: str
) -> Answer:
    """Set how much of a WORKLOAD's traffic the candidate sees, up to the ceiling.

    MODE is none, shadow (it runs unseen), suggest (a person sees its answer and decides) or live (it is served).
    Above the ceiling it is refused, with every reason why the ceiling is where it is.
    """
    fields: Json = {"mode": mode, "cohorts": list(cohorts), "reason": reason}
    return carry_out(run, workload, "expose", fields | ({} if percent is None else {"percent": percent}))


@command("kill")
@click.argument("workload")
@click.option("--reason", required=True, help="Why.")
def kill(run: Invocation, workload: str, reason: str) -> Answer:
    """Switch the candidate of a WORKLOAD off everywhere, now; the incumbent serves."""
    return carry_out(run, workload, "kill", {"reason": reason})
