"""Pictures of the main pages, as the documentation shows them.

`PILOTAGE_SCREENSHOTS=1` writes them to docs/images; otherwise they are taken and thrown away.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

IMAGES = Path(__file__).parents[3] / "docs" / "images"
DRAWN = "figure => figure.querySelector('.interactive svg') || figure.querySelector('img').naturalWidth > 0"
PNG_HEAD = b"\x89PNG\r\n\x1a\n"
PICTURES = {
    "portfolio": ("/", "light", (1280, 980)),
    "workload": ("/w/ticket-triage", "light", (1280, 1000)),
    "workload-dark": ("/w/ticket-triage", "dark", (1280, 1000)),
    "workload-narrow": ("/w/ticket-triage", "light", (390, 844)),
    "charter": ("/w/ticket-triage/charter", "light", (1280, 1000)),
    "evidence": ("/w/ticket-triage/evidence", "light", (1280, 1500)),
    "calls": ("/w/ticket-triage/calls?stage=live-5/1", "light", (1280, 900)),
    "ledger": ("/ledger?workload=ticket-triage", "light", (1280, 900)),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_page_can_be_pictured(name, served, opening, tmp_path):
    """The picture shows the page in its size, after everything on it was drawn."""
    path, theme, (width, height) = PICTURES[name]
    page = opening(served, "nadia", viewport={"width": width, "height": height}, color_scheme=theme).goto(path)
    for figure in page.locator(".chart").all():
        if figure.is_visible():
            figure.scroll_into_view_if_needed()
            while not figure.evaluate(DRAWN):
                page.wait_for_timeout(25)
    page.evaluate("window.scrollTo({ top: 0, behavior: 'instant' })")
    folder = IMAGES if os.environ.get("PILOTAGE_SCREENSHOTS") == "1" else tmp_path
    picture = page.screenshot(path=folder / f"{name}.png")
    assert picture.startswith(PNG_HEAD)
    assert tuple(int.from_bytes(picture[at : at + 4], "big") for at in (16, 20)) == (width, height)
    assert len(picture) > 20_000
