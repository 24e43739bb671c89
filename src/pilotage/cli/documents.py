"""`pilotage document` and `pilotage audit-pack`: a workload on paper, and all of it as a file that proves itself."""

from __future__ import annotations

from pathlib import Path

import click

from pilotage.cli.failures import CliError
from pilotage.cli.files import write_bytes
from pilotage.cli.invocation import Answer, Invocation, command

FORMS = ("pdf", "html")


@command("document", acts=False)
@click.argument("workload")
@click.argument("name", required=False)
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write it; its ending says the form. Without it WORKLOAD-NAME.pdf.",
)
def document(run: Invocation, workload: str, *, name: str | None, output: Path | None) -> Answer:
    """Write a document of a workload as PDF or HTML. Without NAME, list the documents and which can be made now.

    Its footer names the ledger position that it was made at, and a digest of everything it says.
    """
    if name is None:
        listed = run.access.documents(workload)
        run.screen.answer(
            listed,
            lambda screen: screen.table(
                ("document", "what it says", "now"),
                [(one["id"], one["says"], one["missing"] or "can be made") for one in listed],
            ),
        )
        return None
    path = output or Path(f"{workload}-{name}.pdf")
    form = path.suffix.removeprefix(".").lower()
    if form not in FORMS:
        raise CliError("unknown-form", f"{path} ends in neither .pdf nor .html; the ending says what is written.")
    content = run.access.document(workload, name, form)
    write_bytes(path, content)
    told = {"workload": workload, "document": name, "file": str(path), "bytes": len(content)}
    run.screen.answer(told, lambda screen: screen.line(f"Wrote {path}, {len(content):,} bytes."))
    return None


@command("audit-pack", acts=False)
@click.argument("workload")
@click.option(
    "--out",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write it. Without it WORKLOAD-audit-pack.zip.",
)
def audit_pack(run: Invocation, workload: str, *, out: Path | None) -> Answer:
    """Write a workload's audit pack: its part of the ledger, what was frozen, every document, and a verifier.

    Whoever gets it unpacks it and runs `python -I verify.py`, without Pilotage and without a network.
    """
    path = out or Path(f"{workload}-audit-pack.zip")
    content = run.access.audit_pack(workload)
    write_bytes(path, content)
    told = {"workload": workload, "file": str(path), "bytes": len(content)}
    run.screen.answer(told, lambda screen: screen.line(f"Wrote {path}, {len(content):,} bytes."))
    return None
