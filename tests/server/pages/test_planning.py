"""The Plan page and the forms behind it: what stands is filled in, and two who edit at once lose nothing."""

from __future__ import annotations

import re

import httpx
import pytest
from tests.server.pages.conftest import SESSION, session_of
from tests.server.pages.story import TRIAGE

PAGE = f"/w/{TRIAGE}/plan"
FORM = f"/w/{TRIAGE}/do/place_in_work"


@pytest.fixture
def signed_in(changed):
    """People signed in to a copy of the story, by username."""
    opened = []

    def client(username):
        cookies = {SESSION: session_of(changed.url, username)}
        opened.append(httpx.Client(base_url=changed.url, cookies=cookies, timeout=60.0))
        return opened[-1]

    yield client
    for one in opened:
        one.close()


def hidden(html: str, name: str) -> str:
    """The value of a hidden field."""
    return re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', html).group(1)


def test_the_plan_shows_each_part_with_who_wrote_it(signed_in):
    """The page says what is planned, who wrote it, and the verdict of the criterion that asks for it."""
    text = signed_in("nadia").get(PAGE).text
    assert "Beside the routing rules in the desk" in text
    assert "Emil" in text
    assert text.count("Revise") >= 4


def test_a_form_begins_with_what_stands(signed_in):
    """Revising starts from the words on the record, with their position, so that nothing is typed twice."""
    text = signed_in("nadia").get(FORM).text
    assert "In the queue, before a ticket is opened." in text
    assert int(hidden(text, "base")) > 0


def test_what_stands_is_said_in_words(signed_in):
    """Beside the form stands what it would replace, with names for persons and for what was chosen."""
    aside = signed_in("nadia").get(f"/w/{TRIAGE}/do/plan_production").text.split("On the record now")[1]
    assert ">Emil Larsen<" in aside
    assert "p-" not in aside.split("</dl>")[0]


def test_two_who_edit_at_once(signed_in):
    """The second gets a conflict, keeps what they typed beside what stands now, and can save on top of it."""
    nadia, priya = signed_in("nadia"), signed_in("priya")
    first, second = nadia.get(FORM).text, priya.get(FORM).text
    words = {"arrives": "In the queue.", "when_absent": "The rules route it."}

    def save(client, page, seen_by):
        data = {**words, "seen_by": seen_by, "base": hidden(page, "base"), "csrf": hidden(page, "csrf")}
        return client.post(FORM, data=data)

    assert save(nadia, first, "the first line and its lead").status_code in {200, 303}
    refused = save(priya, second, "only the lead")
    assert refused.status_code in {409, 422}
    assert "recorded this anew" in refused.text
    assert "only the lead" in refused.text
    assert "the first line and its lead" in refused.text
    again = save(priya, refused.text, "only the lead")
    assert "recorded this anew" not in again.text
    assert "only the lead" in priya.get(PAGE).text
