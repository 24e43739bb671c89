"""The Data page: sources with their right to use, and a sample handed in by its form, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from tests.record.given import SAMPLE

pytestmark = pytest.mark.browser
ADDRESS = "/w/invoice-matching/data"


def hand_in(page, content):
    """Choose a file of this content and send the form."""
    page.get_by_label("File").set_input_files({"name": "sample.csv", "mimeType": "text/csv", "buffer": content})
    page.get_by_role("button", name="Look at it").click()


def test_a_sample_is_handed_in_without_script(served, opening):
    """A bad file keeps what was typed and says what to do; a good one is looked at, and its figures are shown."""
    opened = opening(served, "tariq", java_script_enabled=False)
    opened.complaints.expected = ("the server responded with a status of 422",)
    page = opened.goto(ADDRESS)
    page.get_by_label("Column of labels").fill("label")
    hand_in(page, SAMPLE.encode())
    expect(page.get_by_role("alert")).to_contain_text("There is no column label; the file has subject, team")
    expect(page.get_by_label("Column of labels")).to_have_value("label")
    page.get_by_label("Column of labels").fill("team")
    hand_in(page, SAMPLE.encode())
    expect(page.get_by_text("Recorded as")).to_be_visible()
    expect(page.get_by_text("nobody knows how old the rows are.", exact=False).last).to_be_visible()
    page.get_by_role("link", name="Argue why it will do").click()
    page.get_by_label("Argument").fill("The export leaves times out; it is of last week.")
    page.get_by_role("button", name="Argue sample").click()
    expect(page.get_by_text("1 limit passed, and argued.")).to_be_visible()
