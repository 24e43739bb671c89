"""The strata that calls are recorded under."""

from __future__ import annotations

from pilotage.record.stages import stage_of


def test_people_exposed_again_after_a_breach_are_a_stratum_of_their_own():
    """Sums of the broken try never mix with those of the next; shadow goes on in its own stratum."""
    assert stage_of("live", 25.0, None) == "live-25/0"
    assert stage_of("live", 25.0, None, tries=1) == "live-25+1/0"
    assert stage_of("suggest", 10.0, None, tries=2) == "suggest-10+2/0"
    assert stage_of("shadow", 0.0, None, tries=2) == "shadow/0"
    assert stage_of("none", 0.0, None, tries=2) == "none/0"
