"""A charter's promise in words: each number with its unit. Pure."""

from __future__ import annotations

from msgspec import Struct

from pilotage.evidence.clusters import BY
from pilotage.playbook.metrics import Guardrail
from pilotage.record.charter import Charter
from pilotage.reports.scales import comparison_scale, own_scale

FORMS: dict[str, str] = {
    "own": "the candidate's own mean",
    "difference": "candidate against incumbent",
    "share": "improvement over the incumbent",
}


class Words(Struct, frozen=True, kw_only=True):
    """A charter's numbers as they read on the page."""

    metric: str
    form: str
    baseline: str
    floor: str
    target: str
    expected: str
    clustered: str
    guardrails: tuple[str, ...]


def words_of(charter: Charter) -> Words:
    """The promise in words, each number with its unit."""
    target, metric = charter.target, charter.metric(charter.target.metric)
    unit = metric.unit if metric else ""
    scale = comparison_scale(unit, target.form)
    return Words(
        metric=metric.title if metric else target.metric,
        form=FORMS[target.form],
        baseline=own_scale(unit).text(target.baseline),
        floor=scale.text(target.floor),
        target=scale.text(target.target),
        expected=scale.text(target.expected),
        clustered=BY[target.cluster].removeprefix("by "),
        guardrails=tuple(_guardrail_words(charter, guardrail) for guardrail in charter.guardrails),
    )


def _guardrail_words(charter: Charter, guardrail: Guardrail) -> str:
    metric = charter.metric(guardrail.metric)
    title, unit = (metric.title, metric.unit) if metric else (guardrail.metric, "")
    if guardrail.limit is not None:
        return f"{title}: never beyond {own_scale(unit).text(guardrail.limit)}"
    margin = comparison_scale(unit, "difference").text(guardrail.margin).lstrip("+")
    return f"{title}: at most {margin} worse than today"
