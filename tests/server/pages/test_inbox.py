"""The inbox as people meet it: on its page, in the interface, in the count on every page."""

from __future__ import annotations

import csv
import io
import re

import pytest
from tests.server.pages.story import CAST

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
