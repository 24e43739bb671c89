"""One chart of every kind, with awkward names, a missing day and figures on both sides of every line."""

from __future__ import annotations

import datetime as dt

from pilotage.reports.charts.arrival import ArrivalData, ArrivalPoint
from pilotage.reports.charts.chance import ChanceData, ChancePoint
from pilotage.reports.charts.daily import DailyData, DayPoint
from pilotage.reports.charts.distribution import distribution_data, edge_labels
from pilotage.reports.charts.drifting import DriftCell, DriftData
from pilotage.reports.charts.fan import FanData, FanPoint
from pilotage.reports.charts.forest import ForestData, ForestLine, ForestRow
from pilotage.reports.charts.outcomes import CELLS, DayDifference, DifferencesData, OutcomeCount, OutcomesData
from pilotage.reports.charts.paying import PayingData, PayingPoint
from pilotage.reports.charts.roadmap import RoadmapData, RoadmapPoint
from pilotage.reports.charts.scores import ScorePoint, ScoresData
from pilotage.reports.charts.target import LookPoint, TargetData

START = dt.date(2026, 1, 19)


def day(number):
    """A day of the sample."""
    return START + dt.timedelta(days=number)


def look(number):
    """A look whose interval narrows, within a wider band, and whose bounds come nearer."""
    half = 10 / (number + 1) ** 0.5
    return LookPoint(
        day=day(number),
        calls=110 * (number + 1),
        value=8.0,
        low=8.0 - half,
        high=8.0 + half,
        go=4.0 + 12 / (number + 1) ** 0.5,
        futile=4.0 - 20 / (number + 1) if number > 5 else None,
        band_low=8.0 - 1.5 * half if number else None,
        band_high=8.0 + 1.5 * half if number else None,
    )


TARGET = TargetData(title="Right team", unit="points", target=4.0, floor=0.0, points=tuple(map(look, range(30))))
DAILY = DailyData(
    title="Right team",
    unit="%",
    points=tuple(
        DayPoint(day=day(n), arm=arm, value=70.0 + n % 5 + 8 * (arm == "candidate"), calls=110)
        for n in range(20)
        for arm in ("incumbent", "candidate")
        if (n, arm) != (3, "candidate")
    ),
)
WORDS = ("both right", "only the candidate right", "only the incumbent right", "both wrong")
OUTCOMES = OutcomesData(
    title="Right team",
    points=tuple(
        OutcomeCount(cell=cell, word=word, calls=calls, share=calls / 40.0)
        for cell, word, calls in zip(CELLS, WORDS, (2700.0, 610.0, 290.0, 400.0), strict=True)
    ),
)
DIFFERENCES = DifferencesData(
    title="Right team",
    unit="points",
    better="higher",
    points=tuple(DayDifference(day=day(n), value=n % 7 - 2.0, calls=110) for n in range(20)),
)
FOREST = ForestData(
    title="Right team by segment",
    unit="points",
    points=(
        ForestRow(label="language=fr", calls=310, value=-4.2, low=-11.0, high=2.7, pooled=2.6, pooled_low=-2.0,
                  pooled_high=7.2, note="worse than the rest"),
        ForestRow(label="language=de", calls=2100, value=9.1, low=6.4, high=11.8, pooled=8.9, pooled_low=6.5,
                  pooled_high=11.3),
        ForestRow(label="region=a name that is far longer than there is room for", calls=12, value=2.0, low=-30.0,
                  high=34.0),
    ),
    lines=(
        ForestLine(value=4.0, word="target", tone="good"),
        ForestLine(value=0.0, word="floor", tone="bad"),
        ForestLine(value=7.8, word="all calls"),
    ),
)  # fmt: skip
DISTRIBUTION = distribution_data(
    title="Latency",
    unit="ms",
    labels=[*edge_labels((20.0, 60.0, 90.5, 1300.0)), "missing"],
    counts={"incumbent": [300, 920, 380, 20, 8, 1], "candidate": [20, 360, 1100, 900, 7, 4]},
)
ARRIVAL = ArrivalData(
    title="Labels",
    due_hours=72.0,
    points=tuple(
        ArrivalPoint(group=group, hours=hours, share=share * hours / (hours + 9), calls=3000)
        for group, share in (("incumbent", 97.0), ("candidate", 91.0))
        for hours in (0.0, 1.0, 4.0, 9.0, 24.0, 48.0, 72.0)
    ),
)
DRIFT = DriftData(
    title="Drift by field",
    points=tuple(
        DriftCell(
            field=name,
            since=day(7 * n),
            until=day(7 * n + 7),
            psi=None if n == 4 else size * n,
            alerts=size * n > 0.25,
        )
        for name, size in (("language", 0.06), ("body length", 0.003))
        for n in range(8)
    ),
)
FAN = FanData(
    title="What it saves",
    unit="USD",
    points=tuple(
        FanPoint(day=day(30 * n), p5=-40e3 + 9e3 * n, p25=-40e3 + 12e3 * n, p50=-40e3 + 15e3 * n, p75=-40e3 + 18e3 * n,
                 p95=-40e3 + 22e3 * n)
        for n in range(13)
    ),
    line=0.0,
    line_word="even",
    crossed=day(90),
    crossed_word="breaks even",
)  # fmt: skip
CHANCE = ChanceData(
    title="Chance of a go",
    planned=6.0,
    points=tuple(ChancePoint(weeks=float(n), expected=100 * n / (n + 2), target=5.0) for n in range(1, 13)),
)
PAYING = PayingData(
    title="Cost and earnings by calls",
    unit="USD",
    likely=9_000.0,
    even=3_200.0,
    points=tuple(
        PayingPoint(calls_a_week=600.0 * n, cost=60e3 + 9e2 * n, cost_low=50e3 + 8e2 * n, cost_high=75e3 + 1e3 * n,
                    earned=12e3 * n, earned_low=9e3 * n, earned_high=15e3 * n)
        for n in range(21)
    ),
)  # fmt: skip
ROADMAP = RoadmapData(
    title="Roadmap",
    today=dt.date(2026, 4, 20),
    points=tuple(
        RoadmapPoint(workload=slug, title=title, step=step, day=day_, basis=basis)
        for slug, title, days in (
            ("ticket-triage", "Ticket triage", ("2026-03-02", "2026-05-11", "2026-06-08")),
            ("invoice-matching", "Invoice matching", ("2026-05-04", "2026-06-29", "2026-07-27")),
        )
        for step, day_, basis in zip(
            ("decision", "roll-out", "production"),
            map(dt.date.fromisoformat, days),
            ("happened", "cadence", "cadence") if slug == "ticket-triage" else ("charter", "cadence", "cadence"),
            strict=True,
        )
    ),
)
# A dimension that was not asked about at first, two with the same score, and two rounds on one day.
SCORES = ScoresData(
    title="Organisation readiness",
    points=tuple(
        ScorePoint(round=number, day=day(40 * min(number, 3)), series=series, score=score)
        for number, scores in enumerate(
            (
                {"Leadership and money": 1.0, "Observability and cost": 5.0, "Overall": 3.0},
                {"Leadership and money": 2.0, "Observability and cost": 2.5, "Data": 2.5, "Overall": 7 / 3},
                {"Leadership and money": 2.0, "Observability and cost": 2.5, "Data": 3.0, "Overall": 2.5},
                {"Leadership and money": 4.0, "Observability and cost": 2.5, "Data": 2.5, "Overall": 3.0},
            ),
            start=1,
        )
        for series, score in scores.items()
    ),
)
SAMPLES = {
    "target": TARGET,
    "daily": DAILY,
    "outcomes": OUTCOMES,
    "differences": DIFFERENCES,
    "forest": FOREST,
    "distribution": DISTRIBUTION,
    "arrival": ARRIVAL,
    "drift": DRIFT,
    "fan": FAN,
    "chance": CHANCE,
    "paying": PAYING,
    "roadmap": ROADMAP,
    "scores": SCORES,
}
