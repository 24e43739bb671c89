"""What each section rests on: in its JSON, in the terminal and on its page."""

from __future__ import annotations

import pytest

from pilotage.cli.evidence import rests_in_words
from pilotage.record.digests import digest_of
from pilotage.workflow.sections import LISTED

TRIAGE = "ticket-triage"


def section_of(reader, section):
    """A section as the interface gives it."""
    return reader.get(f"/api/v1/workloads/{TRIAGE}/evidence/{section.id}").json()


@pytest.mark.parametrize("section", LISTED, ids=lambda section: section.id)
def test_anybody_can_compute_a_section_s_digest_again(reading, section):
    """It is over the canonical JSON of all that the section says; window, counts, sums and position are there."""
    answer = section_of(reading("ruth"), section)
    rests = answer.pop("rests_on")
    assert rests["section"] == section.id
    assert rests["digest"] == digest_of(answer)
    assert rests["window"]["since"] <= rests["window"]["until"]
    assert rests["counts"]["counted"] >= rests["counts"]["paired"] > 0
    assert rests["series"] > 0
    assert set(section.methods) <= set(rests["methods"])


def test_sections_of_one_moment_rest_on_the_same_sums(reading):
    """The sums' digest is of what the store holds, whichever section is asked; the answers' own digests differ."""
    rests = [section_of(reading("ruth"), section)["rests_on"] for section in LISTED]
    assert len({one["sums"] for one in rests}) == 1
    assert len({one["digest"] for one in rests}) == len(rests)


def test_a_figure_s_methods_are_named(reading):
    """What the answer's figures are estimated by is what the envelope says."""
    answer = section_of(reading("ruth"), next(one for one in LISTED if one.id == "answer"))
    methods = {figure["provenance"]["method"] for figure in answer["figures"]} - {None}
    assert methods
    assert methods <= set(answer["rests_on"]["methods"])


@pytest.mark.parametrize("page", sorted({section.page for section in LISTED}))
def test_a_page_shows_what_its_sections_rest_on(reading, page):
    """One fold, with the digest of every section that the page answers."""
    reader = reading("ruth")
    shown = reader.page(f"/w/{TRIAGE}{page}")
    assert "What it rests on" in shown
    for section in LISTED:
        if section.page == page:
            assert section_of(reader, section)["rests_on"]["digest"] in shown


def test_a_terminal_says_it_in_one_line(reading):
    """Calls, sums, methods and digest; where nothing is there, that."""
    rests = section_of(reading("ruth"), LISTED[0])["rests_on"]
    said = rests_in_words(rests)
    assert said.startswith("Rests on calls (replay) from ")
    assert said.endswith(f"Digest {rests['digest']}.")
    none = {**rests, "window": {**rests["window"], "since": None}, "methods": []}
    assert "none yet" in rests_in_words(none)
    assert "nothing is estimated" in rests_in_words(none)
