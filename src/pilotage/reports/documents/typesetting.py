"""From a document to a PDF, and how much of one page it takes. Typst does the setting, and is loaded when first asked.

The template is the only Typst source there is. A document goes in as data, so that no text in it, whatever it says, can
be read as markup. The PDF's dates and ids come from the document: the same document gives the same bytes.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from pilotage.record.charter import PageFit
from pilotage.reports.charts.drawing import Drawings
from pilotage.reports.documents.model import TONES, Document, Heading, Picture, Signatures
from pilotage.reports.numbers import number

TEMPLATE = Path(__file__).parent / "document.typ"
DRAWINGS = Drawings()
# The compact page of `document.typ`, in millimetres.
TOP_MM = 15.0
INNER_MM = 297.0 - 15.0 - 19.0
SIGNATURES_MM = 22.0
LINE_MM = 5.1
_FONT = re.compile(r'font-family="[^"]*"')


class Typesetter:
    """Sets documents. Safe to use from several threads; one sets at a time."""

    def __init__(self) -> None:
        import typst  # noqa: PLC0415 - a large library, and only documents need it

        # Fonts of the system stand in only for signs that the embedded ones do not have.
        self._compiler = typst.Compiler(TEMPLATE, root=TEMPLATE.parent)
        self._lock = threading.Lock()

    def pdf(self, document: Document) -> bytes:
        """The document as PDF, tagged for reading aloud."""
        return self._set(document, "pdf")[0]

    def picture(self, document: Document, *, ppi: float = 110.0) -> tuple[bytes, ...]:
        """Each page as PNG."""
        return self._set(document, "png", ppi=ppi)

    def fit(self, document: Document) -> PageFit:
        """How much of one page a compact document takes, measured by setting it."""
        with self._lock:
            self._compile(document, "pdf", ppi=None)
            end, pages = (self._asked(label) for label in ("<end>", "<pages>"))
        signed = any(isinstance(block, Signatures) for block in document.blocks)
        used_mm = (end["page"] - 1) * INNER_MM + end["y"] - TOP_MM + (SIGNATURES_MM if signed else 0.0)
        over_mm = max(0.0, used_mm - INNER_MM) if pages["pages"] > 1 else 0.0
        headings = [block.text for block in document.blocks if isinstance(block, Heading)]
        past = next((headings[at] for at in pages["past"]), "") or ("Signatures" if over_mm else "")
        return PageFit(
            pages=pages["pages"],
            used=round(used_mm / INNER_MM, 3),
            over_mm=round(over_mm, 1),
            lines=-int(-over_mm // LINE_MM),
            past=past,
        )

    def _set(self, document: Document, form: str, *, ppi: float | None = None) -> tuple[bytes, ...]:
        with self._lock:
            made = self._compile(document, form, ppi=ppi)
        return (made,) if isinstance(made, bytes) else tuple(made)

    def _compile(self, document: Document, form: str, *, ppi: float | None) -> Any:  # noqa: ANN401 - bytes, or a page each
        return self._compiler.compile(
            format=form,  # type: ignore[arg-type]
            ppi=ppi,
            sys_inputs={"document": source(document)},
            timestamp=document.imprint.made_at.replace(microsecond=0),  # a PDF's dates are whole seconds
        )

    def _asked(self, label: str) -> Any:  # noqa: ANN401 - what the template tells of itself
        return json.loads(self._compiler.query(label, field="value", one=True))


@cache
def typesetter() -> Typesetter:
    """The one typesetter of this process."""
    return Typesetter()


def source(document: Document) -> str:
    """What the template is given: the document as JSON, each picture drawn, the imprint in words."""
    told: dict[str, Any] = msgspec.to_builtins(document)
    for block, written in zip(document.blocks, told["blocks"], strict=True):
        if isinstance(block, Picture):
            del written["data"]
            written["svg"] = _FONT.sub('font-family="Libertinus Serif"', drawn(block).decode())
    told |= {"digest": document.digest, "tones": TONES}
    told["imprint"] |= {"made": made(document), "at_position": number(document.imprint.position)}
    return json.dumps(told, ensure_ascii=False)


def drawn(picture: Picture) -> bytes:
    """A picture as SVG, in the light colours that paper has."""
    return DRAWINGS.draw(picture.data, theme="light", size="wide", form="svg")


def as_address(picture: Picture) -> str:
    """A picture as an address that holds it."""
    return "data:image/svg+xml;base64," + base64.b64encode(drawn(picture)).decode()


def made(document: Document) -> str:
    """When the record stood as the document says; without a ledger, when it was made."""
    at = document.imprint.made_at
    if not document.imprint.position:
        return f"made on {at.day} {at:%b %Y, %H:%M} UTC"
    return f"as recorded on {at.day} {at:%b %Y, %H:%M} UTC"
