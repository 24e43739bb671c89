"""What the credit referral's people put on the record. Invented, like the prices; the loans and the grades are real.

The people are those of every example: nobody learns new names and passwords to look at another.
"""

from __future__ import annotations

import datetime as dt

from pilotage.demo.cast import (
    ENGINEER,
    OWNER,
    SERVICE_GUARDRAILS,
    SERVICE_METRICS,
    Problem,
)
from pilotage.demo.credit.economics import (
    FLOOR_SHARE,
    HOPED_SHARE,
    REFERRAL_RATE_LIMIT,
    TARGET_SHARE,
    cost_metric,
    referral_metric,
)
from pilotage.demo.credit.learning import Compared
from pilotage.demo.credit.loans import TIME_ZONE
from pilotage.demo.directing import Statements
from pilotage.playbook.metrics import Guardrail, Target
from pilotage.record.charter import Charter

SLUG = "credit-referral"
TEAM = "Imke Brandt (owner), Yuki Tanaka (engineering), Dele Adeyemi (credit operations)"

PROBLEMS = (
    Problem(
        slug=SLUG,
        title="Credit referral",
        problem="Each application for a loan is passed, or referred to a person who reads it. A bad loan that nobody "
        "read is dear; a good one read for nothing costs an hour and a day's delay. The loans are real, the days on "
        "which they arrive and end are invented.",
        incumbent="The lender's own grade: an application is referred when loans of its grade went bad often enough",
        scores=((OWNER, 5, 4, 5), (ENGINEER, 4, 5, 4)),
    ),
    Problem(
        slug="document-sorting",
        title="Sorting of proofs of income",
        problem="Naming and filing the pages that applicants send in, before anybody reads them.",
        incumbent="Two clerks in the post room",
        scores=((OWNER, 3, 4, 3), (ENGINEER, 3, 4, 2)),
    ),
    Problem(
        slug="payment-reminders",
        title="Wording of payment reminders",
        problem="Choosing the wording and the day of the first reminder after a missed payment.",
        incumbent="One letter for everybody, ten days after the due date",
        scores=((OWNER, 3, 3, 3), (ENGINEER, 4, 3, 3)),
    ),
)

STATEMENTS: dict[str, Statements] = {
    "select": {
        "select.data": (
            ENGINEER,
            (
                "Published loans with their grades and how they ended, under the MIT licence. Every row was read and "
                "checked; the table holds no dates, so the times of the replay are invented."
            ),
        ),
    },
    "pilot": {
        "pilot.real-work": (
            OWNER,
            (
                "A replay of real loans at invented times: order, arrival and the day of the label. It stands in for "
                "real work in this demonstration and nowhere else."
            ),
        ),
    },
    "evaluate": {
        "evaluate.user-feedback": (
            OWNER,
            "Credit officers reviewed sampled pairs blind, week by week; ratings and comments are with the calls.",
        ),
    },
}


def target(planned: Compared, calls_per_week: float) -> Target:
    """The promise. Baseline and spread come from the loans that were learned from; what is expected is a hope."""
    return Target(
        metric="cost_per_application",
        form="share",
        baseline=round(planned.incumbent_usd, 2),
        floor=FLOOR_SHARE,
        target=TARGET_SHARE,
        expected=HOPED_SHARE,
        calls_per_week=round(calls_per_week),
        deviation=round(planned.deviation_usd, 2),
    )


def charter(promise: Target, starts_on: dt.date, decision_on: dt.date) -> Charter:
    """The charter, with its hope said to be one."""
    return Charter(
        purpose="Refer an application to a person when the loan is likely to go bad. Today the lender's grade decides; "
        "the candidate is a plain logistic regression on what the applicant states, without grade and interest rate.",
        value="Fewer bad loans that nobody read, and fewer good ones read for nothing, counted as one cost per "
        "application. The prices are invented. The expected gain is the team's hope: nobody measured it before.",
        metrics=(cost_metric(promise.baseline), referral_metric(), *SERVICE_METRICS),
        target=promise,
        guardrails=(Guardrail(metric="referral_rate", limit=REFERRAL_RATE_LIMIT), *SERVICE_GUARDRAILS),
        starts_on=starts_on,
        decision_on=decision_on,
        risks=(
            "The grade may hold what the applicant's fields do not: it was made with the bureau's full file.",
            "An applicant who is referred for nothing waits a day; some groups could wait more often than others.",
            "Order and times of the loans are invented, so nothing is learned here about change over time.",
        ),
        segments=("term", "verification"),
        time_zone=TIME_ZONE,
    )
