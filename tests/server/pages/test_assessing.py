"""Assessing a history on a page: uploaded, judged, shown, and not kept."""

from __future__ import annotations

import random
import re

import httpx
import pytest
from playwright.sync_api import expect
from tests.server.pages.test_accessibility import check

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    """A history of ten weeks in two languages."""
    chance = random.Random(3)
    rows = []
    for number in range(1500):
        label = chance.choice(["billing", "access"])
        incumbent = label if chance.random() < 0.65 else "delivery"
        candidate = label if chance.random() < 0.8 else "delivery"
        at = f"2026-0{1 + number * 3 // 1500}-{1 + number % 28:02d}T10:00:00Z"
        rows.append(f"{incumbent},{candidate},{label},{at},u{number % 300},{'de' if number % 2 else 'en'}\n")
    file = tmp_path_factory.mktemp("history") / "history.csv"
    file.write_text("incumbent,candidate,label,time,unit,language\n" + "".join(rows), encoding="utf-8")
    return file


def assess(page, file):
    """Choose a file and send the form. The first picture that a server draws takes its time."""
    page.set_default_timeout(60_000)
    page.get_by_label("File", exact=True).set_input_files(str(file))
    page.get_by_role("button", name="Assess").click()


def test_a_history_is_assessed_without_script(served, opening, history):
    """Upload, read, done: verdict, figures, segments, chances and a draft; and it is said that nothing is kept."""
    page = opening(served, "nadia", java_script_enabled=False).goto("/assess")
    page.get_by_label("Compare within").fill("language")
    assess(page, history)
    expect(page.get_by_role("heading", name="In this history the candidate was better")).to_be_visible()
    expect(page.get_by_text("Neither the file nor this page is kept")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("^de 750"))).to_be_visible()
    expect(page.get_by_role("heading", name="Could a pilot tell?")).to_be_visible()
    expect(page.get_by_text("# A draft from history.csv")).to_be_visible()


def test_the_form_and_the_result_can_be_used_by_everybody(served, opening, history):
    """The form, the form with mistakes and the result pass the checks of every page, and the pictures are seen."""
    opened = opening(served, "nadia")
    opened.complaints.expected = ("the server responded with a status of 422",)
    page = opened.goto("/assess")
    check(page)
    page.goto(f"{served.url}/assess")
    page.get_by_label("Compare within").fill("region")
    assess(page, history)
    expect(page.get_by_role("alert")).to_contain_text("There is no column region; the file has incumbent, candidate")
    expect(page.get_by_label("Compare within")).to_have_value("region")
    check(page)
    page.get_by_label("Compare within").fill("language")
    assess(page, history)
    assert page.evaluate("[...document.querySelectorAll('.chart img')].every(img => img.naturalWidth > 0)")
    check(page)


def test_the_report_is_a_file_by_itself(served, opening, history, tmp_path):
    """The report is saved from the page, asks for nothing else, and shows its pictures."""
    opened = opening(served, "nadia", accept_downloads=True)
    page = opened.goto("/assess")
    assess(page, history)
    with page.expect_download() as saving:
        page.get_by_role("link", name="Save as a report").click()
    saved = tmp_path / "assessment.html"
    saving.value.save_as(saved)
    text = saved.read_text(encoding="utf-8")
    assert not re.search('(?:src|href|srcset)="(?!data:)', text)
    assert "it counts for no gate" in text
    opened.complaints.expected = ("leaves the server: file:",)
    page.goto(saved.as_uri())
    assert page.evaluate("[...document.images].map(img => img.naturalWidth > 0)") == [True]
    check(page)


def test_the_report_is_a_pdf_too(served, opening, history, tmp_path):
    """Saved from the page as it stands."""
    page = opening(served, "nadia", accept_downloads=True).goto("/assess")
    assess(page, history)
    with page.expect_download() as saving:
        page.get_by_role("link", name="Save as a PDF").click()
    assert saving.value.suggested_filename == "assessment.pdf"
    saved = tmp_path / "assessment.pdf"
    saving.value.save_as(saved)
    assert saved.read_bytes().startswith(b"%PDF-")


def test_what_was_chosen_is_kept_when_it_is_refused(served, opening, history):
    """Everything wrong with the form is said at once, at its field, with what was typed still there."""
    opened = opening(served, "nadia", java_script_enabled=False)
    opened.complaints.expected = ("the server responded with a status of 422",)
    page = opened.goto("/assess")
    page.get_by_label("Judge by").select_option("costs")
    page.get_by_label("Time zone").fill("Mars/Olympus")
    page.get_by_label("Weeks of pilot to plan").fill("many")
    assess(page, history)
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Mars/Olympus is no time zone; write one like Europe/Berlin.")
    expect(alert).to_contain_text("'many' is no number.")
    expect(alert).to_contain_text("Give the cost of at least one kind of error")
    expect(page.get_by_label("Judge by")).to_have_value("costs")
    expect(page.get_by_label("Time zone")).to_have_value("Mars/Olympus")


def test_bad_rows_are_named_on_the_page(reading):
    """A file with bad rows is refused with each of them, and no file at all is said to be missing."""
    reader = reading("nadia")
    secret = re.search(r'name="csrf" value="([^"]+)"', reader.get("/assess").text).group(1)
    bad = b"incumbent,candidate,label,time\na,b,c,yesterday\na,b\n"
    answer = reader.http.post("/assess", data={"csrf": secret}, files={"file": ("h.csv", bad)}, timeout=60)
    assert answer.status_code == 422
    assert "line 2, time: &#39;yesterday&#39; is no time" in answer.text
    assert "line 3: This row has 2 fields where the first line has 4" in answer.text
    none = reader.http.post("/assess", data={"csrf": secret}, files={"other": ("h.csv", bad)})
    assert (none.status_code, "Choose a CSV or Parquet file." in none.text) == (422, True)


def test_nobody_assesses_without_signing_in_or_from_another_site(served, reading):
    """The form asks for a signed-in reader, and an upload without the session's secret is refused."""
    files = {"file": ("h.csv", b"incumbent,candidate,label\na,b,c\n")}
    assert httpx.post(f"{served.url}/assess", files=files).status_code == 401
    refused = reading("nadia").http.post("/assess", files=files)
    assert (refused.status_code, "secret" in refused.text) == (403, True)
