"""Metrics of every example's charter: what wrong answers cost, how often the answer is yes, and the service's own.

An answer is yes or no about something that turns out true or false; only a wrong one costs. Pure.
"""

from __future__ import annotations

from pilotage.playbook.metrics import AnswerEquals, ErrorShare, Guardrail, LabelCost, Latency, Metric

LATENCY_LIMIT_MS = 50.0


def cost_of_wrong_answers(
    metric_id: str,
    title: str,
    *,
    answer: str,
    missed_usd: float,
    needless_usd: float,
    window_hours: float,
    shift: float,
) -> Metric:
    """The cost of a call: `missed_usd` for a wrong no, `needless_usd` for a wrong yes. A failed execution counts as a
    wrong no.
    """
    return Metric(
        id=metric_id,
        title=title,
        unit="USD",
        direction="lower",
        kind="mean",
        source=LabelCost(costs={"true": {"false": needless_usd}, "false": {"true": missed_usd}}, answer_field=answer),
        lo=0.0,
        hi=missed_usd,
        failure_value=missed_usd,
        window_hours=window_hours,
        shift=shift,
    )


def share_of_yes(metric_id: str, title: str, *, answer: str) -> Metric:
    """How often the answer is yes."""
    return Metric(
        id=metric_id,
        title=title,
        unit="share",
        direction="lower",
        kind="proportion",
        source=AnswerEquals(equals="true", answer_field=answer),
    )


# What must not get worse in any service: how long people wait, and how often they get nothing.
SERVICE_METRICS = (
    Metric(
        id="slow_share",
        title=f"Answers slower than {LATENCY_LIMIT_MS:g} ms",
        unit="share",
        direction="lower",
        kind="proportion",
        source=Latency(limit_ms=LATENCY_LIMIT_MS),
    ),
    Metric(
        id="error_share",
        title="Failed answers",
        unit="share",
        direction="lower",
        kind="proportion",
        source=ErrorShare(),
    ),
)
SERVICE_GUARDRAILS = (Guardrail(metric="slow_share", margin=0.01), Guardrail(metric="error_share", margin=0.005))
