"""The service is watched while people meet it, and keeps its objectives once it is in operation."""

from __future__ import annotations

import datetime as dt

import pytest
from msgspec import structs
from tests.record.stories import Story, measured_well, outside_result, within

from pilotage.evidence.measurements import ServiceSeen
from pilotage.record.workload import Exposure

MONITORING, SLO = "deploy.monitoring", "operate.slo"


def seen(**changes) -> ServiceSeen:
    """An objective that is kept."""
    kept = ServiceSeen(title="Calls answered", share=0.99, calls=5000, bad=10, days=3.0, firing=False)
    return structs.replace(kept, **changes)


def judged(story: Story, criterion: str) -> tuple[str, str]:
    """The verdict and its reason."""
    verdict = story.verdict(criterion)
    return verdict.verdict, verdict.reason


def rolled_out(**measured) -> Story:
    """A workload in its roll-out, with these measurements and a newest call of now."""
    story = Story().begin_rollout()
    return measure(story, **measured)


def measure(story: Story, hours: float = 0.0, **measured) -> Story:
    """Measure well, with a newest call so many hours ago."""
    well = measured_well(story.now, **measured)
    traffic = structs.replace(well.traffic, last_call_at=story.now - dt.timedelta(hours=hours))
    story.measurements = structs.replace(well, traffic=traffic)
    return story


def expose(story: Story) -> None:
    """The first step of the roll-out serves, whatever else is open."""
    story.workload = structs.replace(story.standing, exposure=Exposure(mode="live", percent=5.0))


def armed(story: Story) -> Story:
    """Somebody brought, and another signed, that an alert reached a person."""
    story.does("oli", outside_result(MONITORING, tested_on=story.now.date(), release=""))
    return story.vouch(MONITORING) or story


def test_alerts_are_somebody_s_word_and_the_calls_are_measured():
    """Both halves are needed: without a signed test alert it is pending, and with it attested, never measured."""
    story = rolled_out()
    assert judged(story, MONITORING)[0] == "pending"
    armed(story)
    verdict = story.verdict(MONITORING)
    assert (verdict.verdict, verdict.kind) == ("met", "attested")
    assert verdict.reason.startswith("Calls keep coming")


def test_a_test_alert_speaks_for_a_quarter():
    """It grows old from the day of the test, after ninety days and not after one."""
    story = armed(rolled_out())
    story.wait(days=60)
    assert judged(measure(story), MONITORING)[0] == "met"
    story.wait(days=31)
    assert judged(measure(story), MONITORING)[0] == "pending"


def test_calls_that_stop_while_people_are_exposed_are_not_watched():
    """A quiet weekend is borne with, three days of silence are not; with nobody exposed they leave it open."""
    story = armed(rolled_out())
    verdict, reason = judged(measure(story, hours=100.0), MONITORING)
    assert (verdict, reason[:18]) == ("pending", "Nobody is exposed,")
    expose(story)
    assert judged(measure(story, hours=60.0), MONITORING)[0] == "met"
    verdict, reason = judged(measure(story, hours=73.0), MONITORING)
    assert verdict == "unmet"
    assert reason == "People are exposed, and no call has come for more than 72 hours: nothing is measured."


def test_a_guardrail_that_is_broken_where_people_are_is_unmet():
    """What is broken at the stage that is exposed counts; what was broken at another does not."""
    story = armed(rolled_out())
    expose(story)
    here = story.standing.stage("live", 5.0)
    broken = within(status="breached", reason="errors is worse.", stage=here)
    assert judged(measure(story, live_guardrails=(broken,)), MONITORING) == ("unmet", "errors is worse.")
    elsewhere = structs.replace(broken, stage="live-25/1")
    assert judged(measure(story, live_guardrails=(elsewhere,)), MONITORING)[0] == "met"


def test_nothing_measured_is_not_monitored():
    """Without a call there is nothing to watch, whatever was signed."""
    story = armed(rolled_out())
    story.measurements = None
    assert judged(story, MONITORING) == ("pending", "No call has been recorded.")


@pytest.mark.parametrize(
    ("levels", "verdict", "said"),
    [
        ((), "pending", "Nothing is counted before it is in operation."),
        ((seen(reason="7 calls are too few."),), "pending", "7 calls are too few."),
        ((seen(),), "met", "Calls answered: 99.80% of 5,000 in 3 days, 99.00% asked."),
        ((seen(bad=50),), "met", "99.00% of 5,000"),
        ((seen(bad=51),), "unmet", "Missed: Calls answered: 98.98% of 5,000 in 3 days, 99.00% asked."),
        ((seen(firing=True),), "unmet", "The error budget burns too fast: Calls answered."),
        ((seen(), seen(title="Fast", reason="Too few.")), "pending", "Fast: Too few."),
        ((seen(bad=51), seen(title="Fast", reason="Too few.")), "unmet", "Missed: Calls answered"),
    ],
)
def test_service_levels_are_measured(levels, verdict, said):
    """Kept, missed, burning, or too few calls to tell; each with the figure."""
    story = measure(Story().begin_service(), service=levels)
    found = judged(story, SLO)
    assert found[0] == verdict
    assert said in found[1]
