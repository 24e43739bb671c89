"""The audit pack of a workload: one zip with its part of the ledger, what was frozen, every document, and a verifier.

The same record gives the same bytes: names are sorted, and every file has the time of the workload's newest entry.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from pilotage.record.digests import canonical_text
from pilotage.reports import audit_verifier
from pilotage.reports.audit_verifier import MANIFEST, PACK
from pilotage.reports.documents.model import Document, content_of
from pilotage.reports.documents.page import page_of
from pilotage.reports.documents.typesetting import typesetter
from pilotage.storage.ledger.part import part_lines
from pilotage.storage.protocols import Entry
from pilotage.storage.schema import rfc3339
from pilotage.workflow.documents import document_of, listed
from pilotage.workflow.workspace import Workspace

FROZEN = {"evidence_frozen": "evidence", "case_frozen": "case"}
LEDGER, TEXTS, KEY, README, VERIFIER = (
    "ledger/ledger.jsonl",
    "ledger/texts.jsonl",
    "keys/public-key.json",
    "README.txt",
    "verify.py",
)
MODE = 0o100644 << 16
UNIX = 3


class AuditPack(Struct, frozen=True, kw_only=True):
    """A pack as a file, and the tree head that it proves its entries in."""

    name: str
    content: bytes
    entries: int
    root: str


def audit_pack(workspace: Workspace, slug: str) -> AuditPack:
    """The pack of a workload as it stands. Raises `UnknownWorkload`."""
    # The documents first: the ledger may grow meanwhile, and every position they name has to be in what is packed.
    judgement = workspace.desk.judge(slug)
    made = {
        one.id: document_of(workspace, judgement, one.id) for one in listed(judgement.workload) if one.missing is None
    }
    leaves = workspace.ledger.leaves()
    entries = [one for one in workspace.ledger.read(slug) if one.position <= len(leaves)]
    lines = tuple(part_lines(entries, leaves))
    head = msgspec.json.decode(lines[0])
    frozen = dict(_frozen(entries))
    files = {
        LEDGER: _lines(lines),
        TEXTS: _lines(_texts(workspace, slug, len(leaves))),
        KEY: _key(workspace),
        VERIFIER: Path(audit_verifier.__file__).read_bytes(),
        **{name: content for name, (_, content) in frozen.items()},
    }
    for name, document in made.items():
        files |= _forms(name, document)
    files[README] = _readme(judgement.workload.title, slug, head, sorted({*files, MANIFEST, README})).encode()
    manifest = {
        "format": PACK,
        "workload": slug,
        "made_at": rfc3339(entries[-1].at),
        "entries": head["entries"],
        "root": head["root"],
        "ledger": LEDGER,
        "texts": TEXTS,
        "evidence": {name: position for name, (position, _) in frozen.items()},
        "documents": [_listed(name, document) for name, document in made.items()],
        "files": {name: audit_verifier.sha256(content) for name, content in files.items()},
    }
    files[MANIFEST] = f"{canonical_text(manifest)}\n".encode()
    content = _zipped(files, folder=f"{slug}-audit-pack", entry=entries[-1])
    return AuditPack(name=f"{slug}-audit-pack.zip", content=content, entries=head["entries"], root=head["root"])


def _lines(lines: Iterator[str] | tuple[str, ...]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _texts(workspace: Workspace, slug: str, upto: int) -> Iterator[str]:
    for one in workspace.ledger.texts(slug):
        if one.position > upto:
            continue
        line: dict[str, Any] = {"position": one.position, "field": one.field}
        line |= {"erased": True} if one.salt is None else {"salt": one.salt.hex(), "text": one.text}
        yield canonical_text(line)


def _frozen(entries: list[Entry]) -> Iterator[tuple[str, tuple[int, bytes]]]:
    """What was frozen with decisions, by the file that it becomes."""
    for one in entries:
        if one.kind in FROZEN:
            name = f"evidence/entry-{one.position:06}-{FROZEN[one.kind]}.json"
            yield name, (one.position, one.payload["content"].encode())


def _key(workspace: Workspace) -> bytes:
    told = {"workspace": workspace.workspace_id, "algorithm": "Ed25519", "public_key": workspace.public_key}
    return f"{canonical_text(told)}\n".encode()


def _forms(name: str, document: Document) -> dict[str, bytes]:
    return {
        f"documents/{name}.json": canonical_text(content_of(document)).encode(),
        f"documents/{name}.pdf": typesetter().pdf(document),
        f"documents/{name}.html": page_of(document).encode(),
    }


def _listed(name: str, document: Document) -> dict[str, object]:
    return {
        "content": f"documents/{name}.json",
        "pdf": f"documents/{name}.pdf",
        "html": f"documents/{name}.html",
        "digest": document.digest,
        "position": document.imprint.position,
    }


def _zipped(files: dict[str, bytes], *, folder: str, entry: Entry) -> bytes:
    at, packed = entry.at, io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as pack:
        for name in sorted(files):
            info = zipfile.ZipInfo(f"{folder}/{name}", (at.year, at.month, at.day, at.hour, at.minute, at.second))
            info.compress_type, info.external_attr, info.create_system = zipfile.ZIP_DEFLATED, MODE, UNIX
            pack.writestr(info, files[name])
    return packed.getvalue()


def _readme(title: str, slug: str, head: dict[str, Any], names: list[str]) -> str:
    return README_TEXT.format(
        title=title,
        slug=slug,
        entries=f"{head['entries']:,}",
        root=head["root"],
        names="\n".join(f"  {name}" for name in names),
    )


README_TEXT = """AUDIT PACK: {title} ({slug})

What was decided about this use of AI, by whom, when, and on which figures.

HOW TO CHECK IT
  python -I verify.py
Python 3.9 or later is enough: nothing is installed, nothing is fetched. It ends with 0 when everything holds, with 1
when anything was changed, and says what. It checks:
  - that every file is the one that was packed, and that there is no other;
  - that every entry of the ledger is the one that was hashed, that none of this workload's is missing before another,
    and that all are in the tree (RFC 9162) over the whole ledger of {entries} entries with the head
    {root};
  - that every text that people wrote is the one that its entry commits to; an erased one is marked so;
  - that evidence and cases are those that were frozen with the decisions, and that what was signed is in the ledger;
  - that every document's digest follows from its content, is in its PDF and its page, and is of the entry that it
    names.

WHAT IT CANNOT CHECK
  - Whether this is the ledger that the people worked with: who can write a pack can write another one. Compare the head
    above with one that was kept elsewhere: python -I verify.py --root HEAD.
  - Whether this verify.py is the one that it ought to be. Take it from a copy of Pilotage that you trust.
  - Whether the figures follow from the evidence. Pilotage computes them again:
    pilotage evidence recompute ledger/ledger.jsonl
  - Signatures with keys: no entry carries one. A person signs in the ledger, with a credential that is asked for again.
    keys/public-key.json checks the leases that runtimes obey, and this pack holds none.

Other workloads' entries are not in it; ledger/ledger.jsonl has the hashes that stand for them. Names of persons are in
the documents; the ledger knows persons by an id.

It holds what people wrote in their own words. Whoever has to erase such a text later has to erase it in this pack too.

FILES
{names}
"""
