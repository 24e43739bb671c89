"""From a call back to the decision: what is on the record is found, and what is not is named."""

from __future__ import annotations

import datetime as dt

import pytest
from msgspec import structs
from tests.record.stories import Story

from pilotage.record import commands as c
from pilotage.runtime.records import Call, Execution
from pilotage.workflow.tracing import untraced

TOLD = Story().begin_service()
SERVED = TOLD.standing
LIVE_SINCE = SERVED.exposure.stamp.at


def served(**changes) -> Call:
    """A call that the candidate served at the first step, an hour after it began."""
    at = LIVE_SINCE + dt.timedelta(hours=1)
    call = Call(
        call_id="0" * 31 + "1",
        at_us=round(at.timestamp() * 1e6),
        served=Execution(arm="candidate", release="r1", value='"billing"', latency_us=9),
        unit="u1",
        mode="live",
        percent=5.0,
        stage="live-5/1",
        input='{"subject": "Invoice"}',
    )
    return structs.replace(call, **changes)


def test_a_call_under_its_exposure_is_followed():
    """Release, exposure and attempt of a served call, of one beside it and of one held lower are on the record."""
    assert untraced(SERVED, served()) == ""
    assert untraced(SERVED, served(mode="shadow", percent=0.0, stage="shadow/1")) == ""
    assert untraced(SERVED, served(mode="none", percent=0.0, stage="none/0")) == ""


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"input": None}, "its input was not recorded"),
        (
            {"served": Execution(arm="candidate", release="r9", value='"x"')},
            "the release r9 that ran is not registered",
        ),
        ({"served": Execution(arm="candidate", value='"x"')}, "without a name"),
        ({"served": Execution(arm="incumbent")}, "what the incumbent answered was not recorded"),
        ({"percent": 25.0, "stage": "live-25/1"}, "nobody had exposed the candidate to live 25 % by then"),
        ({"stage": "live-5/7"}, "belongs to no attempt"),
        ({"stage": "live-5"}, "belongs to no attempt"),
    ],
)
def test_what_is_missing_is_named(changes, said):
    """Each thing that cannot be found is said, with the call's id."""
    found = untraced(SERVED, served(**changes))
    assert said in found
    assert found.startswith("Call 0000")


def test_an_exposure_counts_from_when_it_was_set():
    """A call from before anybody exposed the candidate cannot be followed, one just after a lowering can."""
    before = LIVE_SINCE - dt.timedelta(seconds=1)
    early = served(at_us=round(before.timestamp() * 1e6))
    assert "nobody had exposed" in untraced(SERVED, early)
    story = Story().begin_service()
    story.wait(hours=2)
    story.does("oli", c.Expose(mode="shadow", reason="Back to shadow for the night."))
    lowered = story.now
    soon, late = lowered + dt.timedelta(minutes=10), lowered + dt.timedelta(hours=3)
    assert untraced(story.standing, served(at_us=round(soon.timestamp() * 1e6))) == ""
    assert "nobody had exposed" in untraced(story.standing, served(at_us=round(late.timestamp() * 1e6)))
