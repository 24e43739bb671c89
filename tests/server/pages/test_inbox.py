"""The inbox as people meet it: on its page, in the interface, in the count on every page."""

from __future__ import annotations

import csv
import io
import re

import httpx
import pytest
from tests.server.pages.conftest import SESSION, session_of
from tests.server.pages.story import CAST, TRIAGE

from pilotage.record.commands import ASKS_CREDENTIAL


def waiting(reader) -> list[dict[str, object]]:
    """What waits for somebody, as the interface says it."""
    return reader.get("/api/v1/inbox").json()["waiting"]


def test_somebody_of_the_story_has_something_to_do(reading):
    """Owner, sponsor, engineer and reviewer each have an inbox of their own; a viewer has nothing to do."""
    kinds = {name: {line["kind"] for line in waiting(reading(name))} for name in CAST}
    assert "signature" in kinds["jonas"]
    assert "criterion" in kinds["nadia"]
    assert {"criterion", "questions"} <= kinds["priya"]
    assert {"stream", "questions"} <= kinds["emil"]
    assert not kinds["ruth"]


@pytest.mark.parametrize("username", sorted(CAST))
def test_every_action_leads_to_a_page_that_is_there(username, reading):
    """Whatever waits for somebody opens for that person, with the form that carries it out."""
    reader = reading(username)
    for line in waiting(reader):
        path = str(line["href"]).partition("#")[0]
        text = reader.page(path)
        if line["command"]:
            assert f'action="/w/{line["workload"]}/do/{line["command"]}"' in text, path
            assert ('name="credential"' in text) == (line["command"] in ASKS_CREDENTIAL), path
        _, _, place = str(line["href"]).partition("#")
        assert not place or f'id="{place}"' in text, line["href"]


def test_a_decision_is_sent_and_confirmed_from_the_inbox(changed):
    """The owner's line opens the form that sends it, the recipient's the one that confirms it; done, both are gone."""
    with client(changed, "nadia") as owner, client(changed, "alma") as alma, client(changed, "priya") as priya:
        assert not lines_of(owner, "send"), "it reached everybody in the story"
        named = {"person": _person(owner, "Alma"), "why": "She opens the accounts."}
        _fill(owner, f"/w/{TRIAGE}/do/name_recipient", **named)
        (line,) = lines_of(owner, "send")
        assert (line["workload"], line["command"]) == (TRIAGE, "send_decision")
        _fill(owner, line["href"])
        assert not lines_of(owner, "send")
        for recipient in (alma, priya):
            (line,) = lines_of(recipient, "receipt")
            assert "was sent to you" in recipient.get("/inbox").text
            _fill(recipient, line["href"])
            assert not lines_of(recipient, "receipt")


def client(served, username: str) -> httpx.Client:
    """Somebody who is signed in."""
    return httpx.Client(base_url=served.url, cookies={SESSION: session_of(served.url, username)}, timeout=60.0)


def lines_of(http: httpx.Client, kind: str) -> list[dict[str, str]]:
    """The lines of one kind in somebody's inbox, on the workload that was decided on."""
    found = http.get("/api/v1/inbox").json()["waiting"]
    return [line for line in found if (line["kind"], line["workload"]) == (kind, TRIAGE)]


def _person(http: httpx.Client, name: str) -> str:
    form = http.get(f"/w/{TRIAGE}/do/name_recipient").text
    return re.search(rf'<option value="([^"]+)"[^>]*>{name}', form).group(1)


def _fill(http: httpx.Client, href: str, **said: str) -> None:
    """Open a form, fill it in and hand it in."""
    form = http.get(href).text
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
    assert http.post(href.partition("?")[0], data={**hidden, **said}).status_code == 303


@pytest.mark.parametrize("username", ["emil", "nadia", "ruth"])
def test_page_table_and_interface_say_the_same(username, reading):
    """Each line stands on the page with its one action, in the same order as in the table."""
    reader = reading(username)
    lines, page = waiting(reader), reader.page("/inbox")
    links = re.findall(r'<a class="stand" href="([^"]+)"', page)
    assert [link.replace("&amp;", "&") for link in links] == [line["href"] for line in lines]
    rows = list(csv.DictReader(io.StringIO(reader.get("/inbox.csv").text)))
    assert [row["address"] for row in rows] == [line["href"] for line in lines]


def test_the_count_stands_on_every_page(reading):
    """Beside the inbox in the navigation; nothing stands there where nothing waits."""
    count = len(waiting(reading("nadia")))
    for path in ("/", "/ledger", "/w/ticket-triage"):
        found = re.search(r'href="/inbox".*?<span class="count[^"]*">([\d,]+)', reading("nadia").page(path), re.DOTALL)
        assert found is not None, path
        assert int(found.group(1)) == count
    assert 'class="count' not in reading("ruth").page("/")
    assert "Nothing waits for you." in reading("ruth").page("/inbox")
