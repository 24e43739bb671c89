"""What the desk estimates that production costs and brings, and the budget for it. Invented, like the prices."""

from __future__ import annotations

import datetime as dt

from pilotage.demo.cast import ENGINEER, OPERATOR, OWNER, Person
from pilotage.record.areas.costing import CommitFunding, EstimateCostLine, EstimateProduction, RecordMonthCosts

LINES: tuple[tuple[Person, EstimateCostLine], ...] = (
    (
        ENGINEER,
        EstimateCostLine(
            line="rebuild",
            category="rebuild",
            per="once",
            low=8_000.0,
            likely=12_000.0,
            high=20_000.0,
            basis="Three weeks for alerts, drills, a load test and a retraining run.",
        ),
    ),
    (
        ENGINEER,
        EstimateCostLine(
            line="machines",
            category="infrastructure",
            per="year",
            low=1_200.0,
            likely=1_800.0,
            high=3_000.0,
            basis="One small machine beside the desk's own, and its disk.",
        ),
    ),
    (
        ENGINEER,
        EstimateCostLine(
            line="model-calls",
            category="model_usage",
            per="call",
            low=0.0,
            likely=0.0,
            high=0.0,
            basis="The model runs on that machine; nobody bills a call.",
        ),
    ),
    (
        ENGINEER,
        EstimateCostLine(
            line="upkeep",
            category="maintenance",
            per="year",
            low=2_000.0,
            likely=3_500.0,
            high=6_000.0,
            basis="A day a month of engineering.",
        ),
    ),
    (
        OPERATOR,
        EstimateCostLine(
            line="watching",
            category="monitoring",
            per="year",
            low=500.0,
            likely=1_000.0,
            high=2_000.0,
            basis="A quarter of an hour a week for the group on duty.",
        ),
    ),
    (
        ENGINEER,
        EstimateCostLine(
            line="yearly-retraining",
            category="retraining",
            per="year",
            low=800.0,
            likely=1_200.0,
            high=2_500.0,
            basis="Two runs a year, each read by a person.",
        ),
    ),
    (
        OPERATOR,
        EstimateCostLine(
            line="questions-of-the-desk",
            category="support",
            per="year",
            low=300.0,
            likely=500.0,
            high=1_500.0,
            basis="Questions of the desk, as the table raises them today.",
        ),
    ),
    (
        OWNER,
        EstimateCostLine(
            line="two-sessions",
            category="change_management",
            per="once",
            low=1_000.0,
            likely=1_500.0,
            high=2_500.0,
            basis="Two short sessions for nine people, and a page for the shift leads.",
        ),
    ),
    (
        OWNER,
        EstimateCostLine(
            line="broken-weather-feed",
            category="risk",
            per="year",
            low=0.0,
            likely=1_000.0,
            high=8_000.0,
            basis="A day of needless warnings before the watch takes the exposure back, now and then.",
        ),
    ),
)

PRODUCTION = EstimateProduction(
    calls_a_year_low=280_000.0,
    calls_a_year_likely=300_000.0,
    calls_a_year_high=320_000.0,
    worth_of="unit",
    worth_usd_low=1.0,
    worth_usd_likely=1.0,
    worth_usd_high=1.0,
    basis="The flights of the year; the target is a cost in US dollars, so a unit gained is a dollar.",
)

FUNDING = CommitFunding(
    rebuild_usd=16_000.0,
    change_usd=2_500.0,
    first_year_usd=12_000.0,
    from_on=dt.date(2013, 8, 29),
    until_on=dt.date(2014, 12, 31),
    statement="From the operations budget, from the day of the decision.",
)
SEPTEMBER = RecordMonthCosts(
    month="2013-09",
    lines=("machines, 140", "upkeep, 410", "watching, 75", "yearly-retraining, 0", "questions-of-the-desk, 60"),
    basis="The bill of the machine so far, and the time sheets of engineering and of the group on duty.",
)
