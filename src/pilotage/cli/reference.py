"""The command line's reference page, made from the commands themselves, so that the two cannot drift apart."""

from __future__ import annotations

from collections.abc import Iterator

import click

from pilotage.cli.invocation import DEBUG, HOME, JSON, USER
from pilotage.cli.program import SECTIONS, program

SHARED = (HOME, USER, JSON, DEBUG)

HEAD = """# The command line

<!-- Generated: make guides -->

`pilotage COMMAND --help` says the same. On a terminal, answers are tables; in a pipe they are plain lines, one for each
thing. `--json` gives what the HTTP interface gives. Environment variables are in [settings](settings.md).

## Exit codes

| code | meaning |
| --- | --- |
| 0 | Met, or done. |
| 1 | Unmet: a gate is not passed, the ledger differs from what was written, the doctor found something. |
| 2 | Wrong use, or refused: nothing was done, unless it says what. |
| 3 | Unreachable: the server or the store does not answer; try again. |

An error is a sentence on standard error: what is wrong, why, and what to do. Where several things are wrong, each has
its line. With `--json` it is an object, `{"error": {"code", "message", "problems"}}`. `--debug` adds the traceback.

## Where a command works

A command goes to the server that `PILOTAGE_URL` names, with the token in `PILOTAGE_TOKEN`. Without them it goes to the
server that runs for the folder (`--home`), if one does; else it opens the folder itself. Reading a folder needs no more
than its files. Whoever acts names their account with `--as` and gives its password; as long as there is only one
account and it has no password, it acts without. A signature always takes the password.

## Shared options
"""

COMPLETION = """## Completion in the shell

```console
$ eval "$(_PILOTAGE_COMPLETE=bash_source pilotage)"                  # bash, in ~/.bashrc
$ eval "$(_PILOTAGE_COMPLETE=zsh_source pilotage)"                   # zsh, in ~/.zshrc
$ _PILOTAGE_COMPLETE=fish_source pilotage | source                   # fish, in its configuration
```
"""


def reference() -> str:
    """The page. Ends with a newline."""
    root = click.Context(program, info_name="pilotage")
    parts = [HEAD.rstrip(), _table(_row(option, root) for option in SHARED)]
    for title, entries in SECTIONS.items():
        parts.append(f"## {title}")
        for entry in entries:
            found = program.get_command(root, entry.name)
            if found is None:
                raise LookupError(entry.name)
            parts += _command(found, root, level=3)
    return "\n\n".join([*parts, COMPLETION.rstrip()]) + "\n"


def _command(found: click.Command, parent: click.Context, *, level: int) -> Iterator[str]:
    ctx = click.Context(found, parent=parent, info_name=found.name)
    yield f"{'#' * level} {ctx.command_path}"
    usage = " ".join(piece for piece in found.collect_usage_pieces(ctx) if piece != "[OPTIONS]")
    options = [option for option in found.params if isinstance(option, click.Option) and option not in SHARED]
    yield f"```console\n$ {ctx.command_path}{' [OPTIONS]' if options else ''}{f' {usage}' if usage else ''}\n```"
    yield "\n\n".join(" ".join(paragraph.split()) for paragraph in (found.help or "").split("\n\n"))
    if options:
        yield _table(_row(option, ctx) for option in options)
    shared = [option.opts[0] for option in SHARED if option in found.params]
    if shared:
        yield f"Shared: {', '.join(f'`{name}`' for name in shared)}."
    if isinstance(found, click.Group):
        for name in found.list_commands(ctx):
            below = found.get_command(ctx, name)
            if below is not None:
                yield from _command(below, ctx, level=level + 1)


def _row(option: click.Option, ctx: click.Context) -> tuple[str, str]:
    record = option.get_help_record(ctx)
    if record is None:
        raise LookupError(option.name)
    names, said = record
    return f"`{names.replace('|', chr(92) + '|')}`", " ".join(said.split()).replace("|", "\\|")


def _table(rows: Iterator[tuple[str, str]]) -> str:
    lines = ["| option | meaning |", "| --- | --- |", *(f"| {names} | {said} |" for names, said in rows)]
    return "\n".join(lines)
