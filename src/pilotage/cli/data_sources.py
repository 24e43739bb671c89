"""`pilotage data`: which data a workload rests on, and a look at a real sample of a source."""

from __future__ import annotations

import base64
from pathlib import Path

import click

from pilotage.cli.access import Json
from pilotage.cli.failures import CliError, counted
from pilotage.cli.files import bytes_of
from pilotage.cli.invocation import Answer, Invocation, command
from pilotage.cli.names import Names
from pilotage.cli.screen import Screen
from pilotage.record.areas.data import BASES, SAMPLE_BYTES_MAX

MEGA = 1_000_000
COLUMNS_SHOWN = 8


@click.group("data")
def data() -> None:
    """See which data a workload rests on, and have a real sample of a source looked at."""


@command("show")
@click.argument("workload")
def show(run: Invocation, *, workload: str) -> Answer:
    """Show the data sources of a WORKLOAD: the right to use each, and what was seen in its newest sample."""
    found = run.access.data(workload)

    def draw(screen: Screen) -> None:
        if not found["sources"]:
            screen.line(f"{workload} lists no source of data; `pilotage do {workload} list-source` lists one.")
        names = Names.of(run.access)
        for source in found["sources"]:
            _draw(screen, source, names)
        if found["verdict"]:
            screen.line(f"{found['verdict']['verdict']}: {names(found['verdict']['reason'])}")

    run.screen.answer(found, draw)
    return None


@command("check")
@click.argument("workload")
@click.argument("source")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--label", metavar="COLUMN", default="", help="The column with the right answers.")
@click.option("--time", metavar="COLUMN", default="", help="The column that says how old a row is.")
def check(run: Invocation, *, workload: str, source: str, file: Path, label: str, time: str) -> Answer:
    """Look at a real sample of a SOURCE of a WORKLOAD: size, gaps, repeated rows, labels, age.

    FILE is CSV in UTF-8 or Parquet. Its figures go on the record with its SHA-256; the rows are not kept. Without
    --label and --time nobody knows of labels and age, and that has to be argued.
    """
    sample = bytes_of(file)
    if not sample:
        raise CliError("empty-file", f"{file} is empty; take a sample with rows in it.")
    if len(sample) > SAMPLE_BYTES_MAX:
        size = f"{len(sample) / MEGA:.1f} MB"
        raise CliError("too-large", f"{file} has {size}; take a sample of at most {SAMPLE_BYTES_MAX // MEGA} MB.")
    encoded = base64.b64encode(sample).decode()
    fields = {"source": source, "sample": encoded, "label_column": label, "time_column": time}
    run.access.give(workload, "check_sample", fields)
    found = next(one for one in run.access.data(workload)["sources"] if one["id"] == source)
    names = Names.of(run.access)
    run.screen.answer(found, lambda screen: _draw(screen, found, names))
    return None


data.add_command(show)
data.add_command(check)


def _draw(screen: Screen, source: Json, names: Names) -> None:
    right = "may be used" if source["may_be_used"] else "nobody has granted its use"
    screen.line(f"{source['id']}: {source['title']}", "noted")
    screen.line(
        f"  right    {right}: {BASES[source['basis']]}{', ' if source['granted_by'] else ''}{source['granted_by']}"
    )
    personal = "holds personal data" if source["personal_data"] else "no personal data"
    screen.line(f"  owner    {names(source['owner'])}; {personal}; kept: {source['retention']}")
    sample = source["sample"]
    if sample is None:
        screen.line("  sample   none was looked at", "waiting")
        return
    rows = counted(sample["rows"], "row")
    columns = counted(len(sample["columns"]), "column")
    screen.line(f"  sample   {rows}, {columns}, {sample['repeated']:,} repeated; sha256 {sample['digest'][:12]}")
    gaps = sorted((one for one in sample["columns"] if one["missing"]), key=lambda one: -one["missing"])
    if gaps:
        shown = ", ".join(f"{one['name']} {one['share']:.1%}" for one in gaps[:COLUMNS_SHOWN])
        screen.line(
            f"  missing  {shown}{f' and {len(gaps) - COLUMNS_SHOWN} more' if len(gaps) > COLUMNS_SHOWN else ''}"
        )
    if sample["labels"]:
        shown = ", ".join(f"{one['label']} {one['share']:.1%}" for one in sample["labels"][:COLUMNS_SHOWN])
        screen.line(f"  labels   {shown}; {counted(sample['label_kinds'], 'kind')}")
    if sample["newest"]:
        screen.line(f"  times    {sample['oldest'][:10]} to {sample['newest'][:10]}")
    for one in sample["beyond"]:
        screen.line(f"  beyond   {one['sentence']}", "waiting")
    if source["argument"]:
        screen.line(f"  argued   {source['argument']['argument']}")
