"""What a document is made of, before it is set: blocks of words, figures and pictures. Pure.

The same document becomes a PDF and an HTML page. Its digest is taken over its content alone, so that whoever holds
either can be told whether it is what the record says.
"""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import Literal

from msgspec import Struct

from pilotage.record.digests import digest_of
from pilotage.reports.charts.catalogue import ChartData

FORMAT = 1
Tone = Literal["plain", "good", "bad", "warn"]
TONES: dict[str, Tone] = {
    "met": "good",
    "holds": "good",
    "approved": "good",
    "measured": "good",
    "unmet": "bad",
    "breached": "bad",
    "rejected": "bad",
    "violated": "bad",
    "waived": "warn",
    "promised": "warn",
    "attested": "warn",
}
"""The colour of a word in a column of verdicts; any other is plain. It never says more than the word does."""


class Heading(Struct, frozen=True, tag="heading", omit_defaults=True):
    """A heading below the title; of `level` 2 below one of those."""

    text: str
    level: Literal[1, 2] = 1


class Paragraph(Struct, frozen=True, tag="paragraph"):
    """Running text. `lead` opens a document, `quiet` explains; what is empty is not set."""

    text: str
    weight: Literal["plain", "lead", "quiet"] = "plain"


class Bullets(Struct, frozen=True, tag="bullets", omit_defaults=True):
    """A list; `ordered` where the order matters."""

    items: tuple[str, ...]
    ordered: bool = False


class Code(Struct, frozen=True, tag="code"):
    """Words to be typed as they stand."""

    text: str


class Facts(Struct, frozen=True, tag="facts"):
    """Names with their values, one a line."""

    rows: tuple[tuple[str, str], ...]


class Headline(Struct, frozen=True, kw_only=True):
    """A figure that stands out: the number, what it is, and what has to be known with it."""

    value: str
    label: str
    note: str = ""


class Headlines(Struct, frozen=True, tag="headlines"):
    """Up to four figures side by side."""

    items: tuple[Headline, ...]


class Column(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A column of a table. `share` is its part of the width against the others; 0 takes what it needs. The words of a
    `verdict` column are coloured by what they say.
    """

    title: str
    numeric: bool = False
    share: float = 0.0
    verdict: bool = False


class Table(Struct, frozen=True, kw_only=True, tag="table"):
    """A table. Every row has as many cells as there are columns."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]


class Picture(Struct, frozen=True, kw_only=True, tag="picture"):
    """A chart: its data, what it shows for those who cannot see it, and the words below it."""

    data: ChartData
    alt: str
    caption: str


class Note(Struct, frozen=True, kw_only=True, tag="note"):
    """Something that must not be overlooked."""

    text: str
    tone: Tone = "plain"


class Signed(Struct, frozen=True, kw_only=True):
    """A signature, or the place for one. It takes the same room either way, so that signing never moves a line."""

    role: str
    name: str
    at: str = ""
    meaning: str = ""
    ledger: str = ""


class Signatures(Struct, frozen=True, tag="signatures"):
    """Who signed, side by side, at the foot of the page."""

    items: tuple[Signed, ...]


Block = Heading | Paragraph | Bullets | Code | Facts | Headlines | Table | Picture | Note | Signatures


class Imprint(Struct, frozen=True, kw_only=True):
    """Where a document comes from: the workload, the ledger position that it was made at, and the time of that entry.

    `made_at` is the record's time, never the printer's: the same record gives the same document. At position 0 it comes
    from no ledger but from a file, whose name stands in the workload's place, and `made_at` is when that was read.
    """

    workload: str
    position: int
    made_at: dt.datetime
    demonstration: bool = False
    simulated: bool = False


class Document(Struct, frozen=True, kw_only=True, dict=True):
    """A document. `kicker` says of what kind, above the title. `compact` is set small enough for a single page."""

    kicker: str
    title: str
    subtitle: str
    blocks: tuple[Block, ...]
    imprint: Imprint
    compact: bool = False

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the canonical JSON of everything the document says, as 64 hexadecimal digits. Taken once: the
        footer, the list and the audit pack name it.
        """
        return digest_of(content_of(self))


def content_of(document: Document) -> dict[str, object]:
    """What a document's digest is over."""
    return {"format": FORMAT, "document": document}
