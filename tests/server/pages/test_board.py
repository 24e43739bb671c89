"""The board of a portfolio that has outgrown one screen: nothing is lost, nobody scrolls through a thousand."""

from __future__ import annotations

import re

import httpx
import pytest
from msgspec import structs
from tests.record.stories import Story
from tests.server.cast import open_here
from tests.server.pages.conftest import SESSION, Reader, session_of
from tests.server.pages.story import people
from tests.server.served import serving
from tests.workflow.test_inbox import judged

from pilotage.record import commands as c
from pilotage.record.context import Actor
from pilotage.server.pages.board import COLUMN_MAX, PAGE_MAX, PortfolioQuery, card, chosen, columns
from pilotage.workflow.portfolio_report import figures_of

COUNT = PAGE_MAX + 7
CARD = re.compile(r'<h3><a href="/w/(problem-\d\d)">')
ACTION = re.compile(r'<a class="stand" href="([^"]+)"')
LINE = re.compile(r'<th scope="row"><a href="/w/(problem-\d\d)">')


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """Somebody who reads a portfolio of more problems than one page holds."""
    home = tmp_path_factory.mktemp("crowd") / "home"
    workspace = open_here(home, demonstration=True)
    ids = people(workspace)
    for number in range(COUNT):
        propose = c.Propose(
            title=f"Problem {number:02}", problem="One of many.", incumbent="People, by hand", demonstration=True
        )
        workspace.desk.issue(Actor(person=ids["ines"], roles=frozenset({"owner"})), f"problem-{number:02}", propose)
    workspace.close()
    with serving(home, demonstration=True) as server:
        cookies = {SESSION: session_of(server.url, "ines")}
        with httpx.Client(base_url=server.url, cookies=cookies, timeout=30.0) as http:
            yield Reader(http)


def _followed(crowd, page, words):
    found = re.search(rf'<a [^>]*href="([^"]+)"[^>]*>{words}', page)
    assert found, words
    return crowd.page(found[1].replace("&amp;", "&"))


def test_a_column_shows_its_first_cards_and_leads_to_the_others(crowd):
    """The column says how many it holds; behind "more" is the phase alone, page by page, each workload once."""
    page = crowd.page("/?sort=name")
    assert CARD.findall(page) == [f"problem-{n:02}" for n in range(COLUMN_MAX)]
    assert f"<span>{COUNT}</span>" in page
    first = _followed(crowd, page, f"{COUNT - COLUMN_MAX} more")
    assert "Page 1 of 2" in first
    second = _followed(crowd, first, "Page 2")
    assert "Page 2 of 2" in second
    assert CARD.findall(first) + CARD.findall(second) == [f"problem-{n:02}" for n in range(COUNT)]
    assert CARD.findall(_followed(crowd, second, "Page 1")) == CARD.findall(first)


def test_the_table_goes_on_over_pages_in_the_same_order(crowd):
    """What is on the way is listed whole over the pages, and a page beyond the last says that nothing follows."""
    first = crowd.page("/?sort=name")
    second = _followed(crowd, first, "Page 2")
    assert LINE.findall(first) + LINE.findall(second) == [f"problem-{n:02}" for n in range(COUNT)]
    assert "Nothing further is on the way." in crowd.page("/?page=9")
    assert crowd.get("/?page=0").status_code == 400


def test_a_no_go_stands_in_a_column_of_its_own_behind_what_is_on_the_way():
    """However late its phase is by now, it is neither furthest behind nor among what comes next."""
    refused, running = Story().begin_evaluation().decide("no_go"), Story().begin_pilot()
    refused.wait(weeks=60)
    cards = []
    for story, slug in ((refused, "refused"), (running, "running")):
        story.workload = structs.replace(story.standing, slug=slug)
        cards.append(card(judged(story), figures_of(judged(story), story.now)))
    assert cards[0].pace.late_days > cards[1].pace.late_days
    query = PortfolioQuery(sort="late")
    shown = chosen(cards, query)
    assert [(one.slug, one.place, one.is_running) for one in shown] == [
        ("running", "pilot", True),
        ("refused", "refused", False),
    ]
    places = [("pilot", "Pilot"), ("evaluate", "Evaluate"), ("refused", "Decided no-go")]
    assert [(column.place, column.total) for column in columns(shown, places, query)] == [
        ("pilot", 1),
        ("evaluate", 0),
        ("refused", 1),
    ]


def test_an_inbox_goes_on_over_pages_in_the_same_order(crowd):
    """Whoever proposed everything has a line for each, whole over the pages, as the interface has them."""
    waiting = [line["href"] for line in crowd.get("/api/v1/inbox").json()["waiting"]]
    assert len(waiting) > PAGE_MAX
    first = crowd.page("/inbox")
    shown = ACTION.findall(first) + ACTION.findall(_followed(crowd, first, "Page 2"))
    assert [href.replace("&amp;", "&") for href in shown] == waiting[: 2 * PAGE_MAX]
    assert "Nothing further waits." in crowd.page("/inbox?page=99")
