"""`pilotage apply` and `pilotage export`: a workload as a file, in both directions."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

from pilotage.cli.failures import CliError, InvalidFile, Wrong, counted, failure_of
from pilotage.cli.files import write_text
from pilotage.cli.invocation import Answer, Invocation, command

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pilotage.cli.access import Access
    from pilotage.cli.changes import Change
    from pilotage.cli.screen import Screen
    from pilotage.record.workload import Workload


class Done(Struct, frozen=True, kw_only=True):
    """A change that was made, with what it wrote; without, it would be made."""

    command: str
    says: str
    receipt: Any | None = None


class Applied(Struct, frozen=True, kw_only=True):
    """What applying a file came to."""

    workload: str
    dry_run: bool
    changes: tuple[Done, ...]


@command("apply", makes=True)
@click.option(
    "-f", "--file", required=True, type=click.Path(path_type=Path), help="The workload's file; - for standard input."
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
def apply(run: Invocation, file: Path, dry_run: bool) -> Answer:  # noqa: FBT001 - click names it
    """Bring a workload to what a file says: propose it, offer roles, write the charter, register releases.

    Everything is checked before anything is written, and all that is wrong is listed at once with its line. Applying
    the same file again changes nothing. A file may name people; it never signs for them.
    """
    from pilotage.cli.workload_file import read_workload

    reading = read_workload(file)
    slug = reading.says.workload
    changes = planned(run.access, reading)
    done: list[Done] = []
    for index, change in enumerate(changes):
        if dry_run:
            done.append(Done(command=change.name, says=change.says))
            continue
        try:
            receipt = run.access.give(slug, change.name, change.fields)
        except Exception as error:
            raise _halted(error, done, changes[index:]) from error
        done.append(Done(command=change.name, says=change.says, receipt=receipt))
    applied = Applied(workload=slug, dry_run=dry_run, changes=tuple(done))
    run.screen.answer(applied, lambda screen: _draw(screen, applied, file))
    return None


def planned(access: Access, reading: Any) -> list[Change]:  # noqa: ANN401 - a ReadFile, whose module loads late
    """The changes to make, tried on the record's rules. Raises `InvalidFile` with all that would be refused."""
    import msgspec

    from pilotage.cli.changes import Known, changes_of, context_of, refusals
    from pilotage.record.workload import Workload

    recorded = access.record(reading.says.workload)
    workload = None if recorded is None else msgspec.convert(recorded, Workload)
    known = Known.of(access.people())
    demonstration = access.is_demonstration()
    changes, wrong = changes_of(reading, workload, known, demonstration=demonstration)
    now = dt.datetime.now(dt.UTC)
    if changes:
        context = context_of(access.me(), known, reading.says.cadence, now, demonstration=demonstration)
        wrong += [problem for _, problem in refusals(reading, workload, changes, context)]
    if wrong:
        raise InvalidFile(reading.path, sorted(wrong, key=lambda problem: problem.line or 0))
    return changes


def _halted(error: Exception, done: Sequence[Done], left: Sequence[Change]) -> CliError:
    """A refusal after all was tried: somebody else was faster, or the server went away. Say exactly what stands."""
    failure = failure_of(error)
    if failure is None:
        raise error
    why = failure.problems or (Wrong(message=failure.message, code=failure.code),)
    stands = ", ".join(change.says for change in done) or "nothing"
    message = (
        f"It stopped at: {left[0].says}. Done: {stands}. Not done: {', '.join(change.says for change in left)}. "
        "Mend what is named here and apply the file again; what is done stays done."
    )
    halted = CliError("halted", message, why)
    halted.exit_code = failure.exit_code  # type: ignore[assignment]  # the cause's own
    return halted


def _draw(screen: Screen, applied: Applied, file: Path) -> None:
    if not applied.changes:
        screen.line(f"{applied.workload} is as {file} says; there is nothing to change.", "good")
        return
    for change in applied.changes:
        screen.line(f"{'would ' if applied.dry_run else 'done: '}{change.says}")
    if applied.dry_run:
        screen.line(f"{counted(len(applied.changes), 'change')}; nothing was written.")
    else:
        screen.line(f"{applied.workload}: {counted(len(applied.changes), 'change')} made.", "good")


@command("export")
@click.argument("workload")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The file to write; standard output without it.")
def export(run: Invocation, workload: str, output: Path | None) -> Answer:
    """Write a WORKLOAD as the file that `pilotage apply` takes: what people wrote, without what they signed.

    Its first lines name what stands to be signed, with the digests that signatures are given on.
    """
    import msgspec

    from pilotage.cli.workload_file import file_of, written
    from pilotage.record.workload import Workload
    from pilotage.workflow.errors import UnknownWorkload

    recorded = run.access.record(workload)
    if recorded is None:
        raise UnknownWorkload(workload)
    usernames = {one["person"]: one["username"] for one in run.access.people() if one.get("username")}
    found = msgspec.convert(recorded, Workload)
    says = file_of(found, usernames)
    mark = ", a demonstration" if found.demonstration else ""
    head = [f"# {workload}{mark}, as recorded at position {found.position} of the ledger.", *_to_sign(found)]
    text = "\n".join(head) + f"\n{written(says)}"
    if output is None and not run.screen.as_json:
        click.echo(text, nl=False)
        return None
    if output is not None:
        write_text(output, text)
    run.screen.answer(says, lambda screen: screen.line(f"{workload} is written to {output}."))
    return None


def _to_sign(workload: Workload) -> Iterator[str]:
    """What stands to be signed, with the digests that signatures name."""
    version = workload.charter_version
    if version is not None:
        yield f"# charter, version {version.version}: digest {version.digest}"
    if workload.decisions and workload.decisions[-1].digest not in workload.in_force:
        yield f"# decision, {workload.decisions[-1].outcome}: digest {workload.decisions[-1].digest}"
    for waiver in workload.waivers.values():
        if waiver.digest not in workload.in_force:
            yield f"# waiver:{waiver.criterion}: digest {waiver.digest}"
