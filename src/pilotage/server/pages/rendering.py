"""From a template and what it shows to a response. Templates see what they are given; a missing name is an error."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar.response import Redirect, Response

from pilotage.reports.assessment import TEMPLATES as REPORTS
from pilotage.server.pages import wording, written

SERVER = Path(__file__).parent.parent
HTML = "text/html"


@cache
def environment() -> Environment:
    """The templates, escaped, with the filters of `written` and the words of `wording`."""
    made = Environment(
        loader=FileSystemLoader([SERVER / "templates", REPORTS]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "coded": written.coded,
        "day": written.day,
        "exposure": wording.exposure,
        "instant": written.instant,
        "micros": written.micros,
        "number": written.number,
        "percent": written.percent,
        "plural": written.plural,
        "role": wording.role,
        "signed": written.signed,
        "span": written.span,
        "title_of": wording.title_of,
        "until": written.until,
        "valued": written.valued,
    }
    made.globals |= {"file": static_file, "wording": wording}
    made.globals["ui"] = made.get_template("shapes.html").module
    return made


@cache
def static_file(name: str) -> str:
    """The address of one of our own files; it changes with the content, so that no browser keeps an old one."""
    digest = hashlib.sha256((SERVER / "static" / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?{digest}"


def render(template: str, context: Mapping[str, Any]) -> bytes:
    """The page as bytes."""
    return environment().get_template(template).render(context).encode()


def html(content: bytes, status: int = 200) -> Response[bytes]:
    """A page as a response."""
    return Response(content, status_code=status, media_type=HTML)


def see(address: str) -> Redirect:
    """Go on to another page after a form was taken in. `address` is one of our own."""
    return Redirect(address, status_code=303)
