"""A missed target's analysis, from the page that measured it to the record."""

from __future__ import annotations

import html
import re

import httpx
import pytest
from tests.server.cast import open_here
from tests.server.pages.conftest import SESSION, session_of
from tests.server.pages.story import TRIAGE, people, tell_missed
from tests.server.served import serving

PAGE = f"/w/{TRIAGE}/evidence/segments"
SECTION = f"/api/v1/workloads/{TRIAGE}/evidence/shortfall"


@pytest.fixture
def engineer(tmp_path):
    """The engineer of a workload whose target was missed, signed in."""
    home = tmp_path / "home"
    workspace = open_here(home, demonstration=True)
    tell_missed(workspace, people(workspace))
    workspace.close()
    with (
        serving(home, demonstration=True) as server,
        httpx.Client(base_url=server.url, cookies={SESSION: session_of(server.url, "priya")}, timeout=60.0) as http,
    ):
        yield http


def filled_in(form, name):
    """What a form's text area holds."""
    return html.unescape(re.search(rf'<textarea[^>]* name="{name}"[^>]*>([^<]*)</textarea>', form).group(1)).strip()


def test_the_form_that_the_page_fills_in_is_recorded(engineer):
    """The page links to the form with the failing segments in it; what is missing is asked for and nothing is lost;
    whole, it is on record, and the page shows it.
    """
    found = engineer.get(SECTION).json()
    assert found["answer"] in {"below_floor", "harmed", "futile"}
    link = re.search(rf'href="(/w/{TRIAGE}/do/analyse_shortfall[^"]*)"', engineer.get(PAGE).text).group(1)
    form = engineer.get(html.unescape(link)).text
    assert filled_in(form, "segments").splitlines() == found["segments"]
    typed = {
        "csrf": form.split('name="csrf" value="')[1].split('"')[0],
        "segments": filled_in(form, "segments"),
        "remedy": "more_data",
        "effort": "Two weeks to label last year's tickets.",
        "curve": "1000=0.41\r\n4000=0.5",
    }
    address = f"/w/{TRIAGE}/do/analyse_shortfall"
    unfinished = engineer.post(address, data=typed)
    assert unfinished.status_code == 422
    assert filled_in(unfinished.text, "curve").split() == ["1000=0.41", "4000=0.5"]
    sent = engineer.post(address, data=typed | {"cause": "The model has seen few tickets of this year."})
    assert sent.status_code == 303
    recorded = engineer.get(SECTION).json()["recorded"]
    assert recorded["segments"] == found["segments"]
    assert recorded["remedy"] == "more_data"
    assert [(point["examples"], point["value"]) for point in recorded["curve"]] == [(1000, 0.41), (4000, 0.5)]
    page = engineer.get(PAGE).text
    assert "The model has seen few tickets of this year." in page
    assert "Record another analysis" in page
