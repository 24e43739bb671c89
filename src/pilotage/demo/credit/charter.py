"""The credit referral's charter: what its people promise and what they only hope."""

from __future__ import annotations

import datetime as dt

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
from pilotage.demo.metrics import SERVICE_GUARDRAILS, SERVICE_METRICS
from pilotage.playbook.metrics import Guardrail, Target
from pilotage.record.charter import Charter

SLUG = "credit-referral"


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
