"""What the story's people estimate and commit: nine lines of cost, volume and worth, and a budget that covers them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from msgspec import structs

from pilotage.evidence.measurements import Estimate, ProductionCase
from pilotage.record.areas import costing
from pilotage.record.areas.operating import AcceptRole, OfferRole
from pilotage.record.commands import Command

MEASURED = Estimate(value=0.02, low=0.019, high=0.021, calls=5000, units=900, method="stated by the test")


def case(**changes: Any) -> ProductionCase:
    """What the story's estimate comes to, as the test states it: it pays within its first year."""
    found = ProductionCase(
        years=1,
        once_usd=10_000.0,
        first_year_usd=60_000.0,
        cost_usd=60_000.0,
        value_usd=150_000.0,
        cost_low_usd=50_000.0,
        cost_high_usd=75_000.0,
        pays=0.97,
        draws=20_000,
        at="measured",
        measured_usd_a_call=MEASURED,
        low_usd_a_call=0.015,
        high_usd_a_call=0.03,
    )
    return structs.replace(found, **changes)


def cost_line(category: costing.Category, **changes: Any) -> costing.EstimateCostLine:
    """A line of the estimate: 5,000 dollars a year, the rebuild 10,000 once, the model two cents a call."""
    line = costing.EstimateCostLine(
        line=category.replace("_", "-"),
        category=category,
        per="year",
        low=4_000.0,
        likely=5_000.0,
        high=8_000.0,
        basis="What the desk's other service costs.",
    )
    if category == "rebuild":
        line = structs.replace(line, per="once", low=8_000.0, likely=10_000.0, high=15_000.0)
    if category == "model_usage":
        line = structs.replace(line, per="call", low=0.015, likely=0.02, high=0.03)
    return structs.replace(line, **changes)


PRODUCTION = costing.EstimateProduction(
    calls_a_year_low=400_000.0,
    calls_a_year_likely=500_000.0,
    calls_a_year_high=700_000.0,
    worth_of="year",
    worth_usd_low=100_000.0,
    worth_usd_likely=150_000.0,
    worth_usd_high=170_000.0,
    basis="The tickets of last year, and two hours less for each that is not handed over.",
)


def funding(today: dt.date, **changes: Any) -> costing.CommitFunding:
    """A year's budget that covers the story's estimate."""
    commitment = costing.CommitFunding(
        rebuild_usd=15_000.0,
        change_usd=8_000.0,
        first_year_usd=50_000.0,
        from_on=today,
        until_on=today + dt.timedelta(days=400),
        statement="From the desk's own budget.",
    )
    return structs.replace(commitment, **changes)


CARRIED: tuple[tuple[str, Command], ...] = (
    ("ann", OfferRole(role="cost", person="sam")),
    ("sam", AcceptRole(role="cost", statement="I carry it.")),
)
COSTS: tuple[tuple[str, Command], ...] = (
    *(("eva", cost_line(category)) for category in costing.CATEGORIES),
    ("ann", PRODUCTION),
)
