"""From a document to an HTML page of its own, which asks for nothing else."""

from __future__ import annotations

import base64
import hashlib
from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pilotage.reports.assessment import TEMPLATES
from pilotage.reports.documents.model import TONES, Document
from pilotage.reports.documents.typesetting import as_address, made
from pilotage.reports.numbers import number

STYLE = "document.css"


def page_of(document: Document) -> str:
    """The document as HTML: the same words, figures and pictures as the PDF's."""
    template = _environment().get_template("document.html")
    return template.render(
        document=document,
        made=made(document),
        position=number(document.imprint.position),
        address=as_address,
        kind=lambda block: type(block).__name__,
        tones=TONES,
        style=_style(),
    )


@cache
def policy() -> str:
    """The content security policy that such a page can be served under: its own style, its own pictures, no more."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; frame-ancestors 'none'"


@cache
def _style() -> str:
    return (TEMPLATES / STYLE).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
