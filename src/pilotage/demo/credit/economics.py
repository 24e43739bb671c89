"""What a wrong answer of the referral costs, and the metrics that follow from it. The prices are invented. Pure."""

from __future__ import annotations

from pilotage.demo.credit.loans import LABEL_DAYS
from pilotage.demo.metrics import cost_of_wrong_answers, share_of_yes
from pilotage.playbook.metrics import Metric

MISSED_BAD_USD = 3_000.0
NEEDLESS_REFERRAL_USD = 200.0
# Below this expected cost a referral is dearer than letting the application pass (Elkan, IJCAI 2001, eq. 2).
REFER_FROM = NEEDLESS_REFERRAL_USD / (NEEDLESS_REFERRAL_USD + MISSED_BAD_USD)

# What the story's people hope for and nobody measured: that is what goes wrong in it.
FLOOR_SHARE = 0.05
TARGET_SHARE = 0.10
HOPED_SHARE = 0.30
REFERRAL_RATE_LIMIT = 0.50


def cost_usd(*, refer: bool, bad: bool) -> float:
    """What this answer cost once the label is known."""
    if refer == bad:
        return 0.0
    return MISSED_BAD_USD if bad else NEEDLESS_REFERRAL_USD


def cost_metric(baseline_usd: float) -> Metric:
    """The target metric: cost per application. A failed execution counts as a missed bad loan."""
    return cost_of_wrong_answers(
        "cost_per_application",
        "Cost of wrong answers per application (invented prices)",
        answer="refer",
        missed_usd=MISSED_BAD_USD,
        needless_usd=NEEDLESS_REFERRAL_USD,
        # Half a day beyond the invented day on which the label comes.
        window_hours=24.0 * LABEL_DAYS + 12.0,
        shift=baseline_usd,
    )


def referral_metric() -> Metric:
    """The guardrail on how many applications go to a person: they have a day's work for half of them."""
    return share_of_yes("referral_rate", "Applications referred to a person", answer="refer")
