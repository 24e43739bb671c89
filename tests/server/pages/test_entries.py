"""The ledger's entries as sentences."""

from __future__ import annotations

import datetime as dt

import httpx
import pytest
from msgspec import structs
from tests.server.cast import open_here
from tests.server.pages.conftest import SESSION, session_of
from tests.server.pages.story import TRIAGE, Problem, Story, people
from tests.server.served import serving

from pilotage.record import facts as f
from pilotage.record.facts import KINDS
from pilotage.server.pages.entries import _SENTENCES, line
from pilotage.server.pages.people import People
from pilotage.storage.protocols import Entry

ANN = People(names={"p-ann": "Ann Lee"})


def entry(fact: f.Fact, **texts: str | None) -> Entry:
    """A fact as the ledger gives it back."""
    kind, payload, said = f.encode(fact)
    return Entry(
        position=7,
        workload="triage",
        sequence=3,
        kind=kind,
        actor="p-ann",
        at=dt.datetime(2026, 3, 2, tzinfo=dt.UTC),
        simulated=False,
        payload=payload,
        texts=said | texts,
        leaf="ab" * 32,
    )


def test_every_kind_of_fact_has_a_sentence():
    """No entry is shown as a bare kind."""
    assert set(_SENTENCES) == set(KINDS.values())


def test_an_entry_says_what_happened_and_what_was_said():
    """The sentence names what was done, and the words stand beside it with names in place of ids."""
    killed = line(entry(f.Killed(reason="p-ann saw it fail.")), ANN)
    assert (killed.what, killed.said, killed.is_erased) == ("switched the candidate off", "Ann Lee saw it fail.", False)
    live = line(entry(f.ExposureSet(mode="live", percent=5.0, cohorts=("berlin",), reason="first step")), ANN)
    assert live.what == "set the exposure to live 5\u00a0% to berlin"
    assert (
        line(entry(f.Assigned(role="reviewer:privacy", person="p-ann")), ANN).what
        == "asked Ann Lee to be privacy reviewer"
    )


def test_an_erased_text_is_shown_as_erased():
    """What was erased is neither shown nor passed over."""
    gone = line(entry(f.Killed(reason="secret"), reason=None), ANN)
    assert (gone.said, gone.is_erased) == ("", True)


def test_a_kind_of_a_newer_version_is_named():
    """An entry that this version cannot read is shown by its kind, with its payload."""
    unknown = structs.replace(entry(f.Killed(reason="x")), kind="moved_house", payload={"to": "the river"})
    assert line(unknown, ANN).what == "Moved house"


NASTY = "<script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A server on one proposal, with a comment that was erased and one that would like to run; and the erased one's
    position.
    """
    home = tmp_path_factory.mktemp("small") / "home"
    workspace = open_here(home, demonstration=True)
    story = Story(workspace, people(workspace))
    story.at(dt.date(2026, 1, 5))
    story.propose(
        Problem(
            slug=TRIAGE,
            owner="nadia",
            title=f"Triage {NASTY}",
            problem=f"Tickets wander from team to team. {NASTY}",
            incumbent=NASTY,
            scores=(5, 5, 4),
        )
    )
    story.says("nadia", TRIAGE, "Call me at home: 030 1234567")
    position = workspace.ledger.position()
    assert workspace.ledger.erase_texts(position) == 1
    story.says("nadia", TRIAGE, NASTY)
    workspace.close()
    with (
        serving(home, demonstration=True) as server,
        httpx.Client(base_url=server.url, cookies={SESSION: session_of(server.url, "ruth")}) as reader,
    ):
        yield reader, position


def test_an_erased_text_is_gone_from_every_page(small):
    """After an erasure no page shows the words; the ledger says that a text was erased, and still holds."""
    reader, position = small
    paths = ("/ledger", f"/ledger/{position}", f"/w/{TRIAGE}", "/ledger.csv")
    pages = [reader.get(path).text for path in paths]
    assert all("030 1234567" not in page for page in pages)
    assert "text erased" in pages[0]
    assert "This text was erased." in pages[1]
    assert "text erased" in pages[2]
    assert "The ledger holds." in reader.get("/ledger/verification").text


@pytest.mark.parametrize(
    "path", ["/", f"/w/{TRIAGE}", f"/w/{TRIAGE}/do/score", "/ledger", "/ledger/1", "/?text=%3Cscript%3E"]
)
def test_what_people_write_stays_text(path, small):
    """Whatever somebody types, into a record or an address, is shown as text and never becomes part of the page."""
    page = small[0].get(path).text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert '<script>"' not in page
    assert "&lt;script&gt;" in page
