"""What the story's people bring from outside before the desk's model is hardened. Invented, and every result says so.

Retraining, the load and the budgets are waived in the story instead, so that both ways can be seen.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

from pilotage.demo.cast import ENGINEER, OPERATOR
from pilotage.demo.given import Given
from pilotage.record.areas import outside
from pilotage.record.workload import Workload

RELEASE = "2013.08"
TESTED_ON = dt.date(2013, 8, 26)
RESULTS = (
    outside.RecordOutsideResult(
        criterion="harden.resilience",
        tested="In a copy of the desk's service the model was made slow, failing, limited and absent, and then made to "
        "answer nonsense, for half an hour each.",
        tested_on=TESTED_ON,
        tool="the desk's own drill script, 3rd edition",
        release=RELEASE,
        figures=("flights without an answer, 0, flights, <= 0", "answers beyond 50 ms, 0.4, per cent, <= 1"),
        conclusion="passed",
        statement="Invented for this demonstration: the table answered throughout, and the breaker opened and closed.",
        link="https://desk.example/drills/2013-08-26",
    ),
    outside.RecordOutsideResult(
        criterion="harden.observability",
        tested="A test alert went to the phone of whoever was on call, at three in the morning.",
        tested_on=TESTED_ON,
        tool="the airport's paging service",
        figures=("minutes until it was acknowledged, 4, minutes, <= 15",),
        conclusion="passed",
        statement="Invented for this demonstration: the page arrived and was acknowledged; traces and logs were there.",
        link="https://desk.example/alerts/2013-08-26",
    ),
    outside.RecordOutsideResult(
        criterion="harden.maintenance",
        tested="The release was replaced by the one before it, and brought back, on the desk's own machines.",
        tested_on=TESTED_ON,
        tool="the desk's deployment script",
        release=RELEASE,
        figures=("minutes to roll back, 3, minutes, <= 10",),
        conclusion="passed",
        statement="Invented for this demonstration: rolled back and forth once, by the steps that are written down.",
        link="https://desk.example/rollbacks/2013-08-26",
    ),
    outside.RecordOutsideResult(
        criterion="harden.security",
        tested="The service's dependencies were scanned, and its sign-in, permissions and secrets were gone through.",
        tested_on=TESTED_ON,
        tool="the airport's scanner of dependencies",
        figures=("known vulnerabilities that are severe, 0, findings, <= 0", "secrets in the code, 0, findings, <= 0"),
        conclusion="passed",
        statement="Invented for this demonstration: nothing severe was found; the service holds no personal data.",
        link="https://desk.example/scans/2013-08-26",
    ),
)


def _signed(criterion: str) -> Callable[[Workload], bool]:
    return lambda workload: workload.outside.signature(criterion) is not None


def _given() -> Iterator[Given]:
    for result in RESULTS:
        yield Given(person=OPERATOR, command=result)
        yield Given(
            person=ENGINEER,
            command=outside.SignOutsideResult(
                criterion=result.criterion,
                digest=outside.digest_to_sign(result),
                statement="I read the report and asked those who were there.",
            ),
            done=_signed(result.criterion),
        )


OUTSIDE: dict[str, tuple[Given, ...]] = {"harden": tuple(_given())}
