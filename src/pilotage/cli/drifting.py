"""`pilotage drift`: whether two files of rows differ, column by column, without a server or a workload."""

from __future__ import annotations

from pathlib import Path

import click

from pilotage.cli.failures import CliError
from pilotage.cli.invocation import Answer, Invocation, command


@command("drift", reaches=False)
@click.argument("reference", type=click.Path(path_type=Path))
@click.argument("current", type=click.Path(path_type=Path))
@click.option("--field", "fields", multiple=True, help="Compare this column only; may be given again.")
def drift(run: Invocation, reference: Path, current: Path, *, fields: tuple[str, ...]) -> Answer:
    """Compare the columns of two Parquet or CSV files: REFERENCE, as it was, with CURRENT, as it is.

    Says of each column whether it has moved by more than chance allows, and how far. One window cannot be an alert:
    that takes two running. What the statistics mean: docs/drift.md.
    """
    import msgspec

    from pilotage.cli.evidence_monitoring import draw_fields
    from pilotage.storage.comparing import compare_files
    from pilotage.storage.errors import StorageRefused

    try:
        found = compare_files(reference, current, fields)
    except StorageRefused as error:
        raise CliError(error.code, str(error)) from error
    shown = {"reference": reference.name, "current": current.name, "fields": found}
    run.screen.answer(shown, lambda screen: draw_fields(screen, msgspec.to_builtins(found)))
    return None
