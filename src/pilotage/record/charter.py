"""The charter: what a pilot promises, in numbers, on one page. Pure."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterator
from typing import Annotated, Any
from zoneinfo import available_timezones

import msgspec
from msgspec import Meta, Struct, structs

from pilotage.playbook.metrics import Guardrail, Metric, Target
from pilotage.playbook.quantiles import SUFFIXES, Promised, expanded
from pilotage.record.charter_metrics import metric_problems
from pilotage.record.digests import canonical_text, digest_of
from pilotage.record.errors import Problem

DAYS_A_WEEK = 7
PROMISED = ("metrics", "target", "guardrails", "starts_on", "decision_on", "time_zone")
# What may be edited under a signature. A field that is not named here is material, also one that is yet to be added.
IMMATERIAL = frozenset({"risks", "team"})
PROSE = ("purpose", "value")
Line = Annotated[str, Meta(max_length=400)]
Passage = Annotated[str, Meta(max_length=2000)]


class Charter(Struct, frozen=True, kw_only=True):
    """What is promised: purpose, value, the target metric with floor and target, guardrails, dates and risks.

    `decision_on` is the day by which somebody decides; days follow `time_zone`. `segments` are the segment
    keys that get figures of their own. `value_usd_a_year` is the yearly value at the expected result.
    """

    purpose: Passage
    value: Passage
    metrics: tuple[Metric, ...]
    target: Target
    guardrails: tuple[Guardrail, ...] = ()
    starts_on: dt.date
    decision_on: dt.date
    risks: tuple[Line, ...] = ()
    value_usd_a_year: float | None = None
    segments: tuple[Annotated[str, Meta(max_length=64)], ...] = ()
    time_zone: str = "UTC"

    @property
    def weeks(self) -> float:
        """The length of the pilot in weeks."""
        return (self.decision_on - self.starts_on).days / DAYS_A_WEEK

    def metric(self, metric_id: str) -> Metric | None:
        """The metric of that id, or None; also one that a quantile is measured as."""
        found = next((metric for metric in self.metrics if metric.id == metric_id), None)
        if found is None and metric_id.endswith(SUFFIXES):
            found = next((metric for metric in self.measured.metrics if metric.id == metric_id), None)
        return found

    @property
    def measured(self) -> Charter:
        """The charter as it is measured: each quantile as the shares of calls beyond its limits."""
        promised = Promised(metrics=self.metrics, target=self.target, guardrails=self.guardrails)
        found = expanded(promised)
        if found is promised:
            return self
        return structs.replace(self, metrics=found.metrics, target=found.target, guardrails=found.guardrails)


class PageFit(Struct, frozen=True, kw_only=True):
    """How much of one page a charter takes, measured by setting it. `used` is the share of the page: 1.0 is full.

    `over_mm` is what is too much, in millimetres of height, and `lines` about how many lines that is; `past` names the
    first part that begins beyond the page.
    """

    pages: int
    used: float
    over_mm: float
    lines: int
    past: str

    @property
    def fits(self) -> bool:
        """Whether it is exactly one page."""
        return self.pages == 1


def charter_digest(charter: Charter, team: str) -> str:
    """The digest of what somebody reads before signing: every field, the team included."""
    return digest_of({"charter": _content(charter), "team": team})


def material_digest(charter: Charter) -> str:
    """The digest of what a signature holds on to: every field but the immaterial ones.

    How prose is broken into lines, and in which order metrics and guardrails are listed, promises nothing.
    """
    content = {name: value for name, value in _content(charter).items() if name not in IMMATERIAL}
    content |= {name: " ".join(str(content[name]).split()) for name in PROSE}
    content["metrics"] = sorted(content["metrics"], key=canonical_text)
    content["guardrails"] = sorted(content["guardrails"], key=canonical_text)
    return digest_of({"charter": content})


def _content(charter: Charter) -> dict[str, Any]:
    """Clustering by unit is what charters meant before they could say so: it is left out, so that signatures stay."""
    content: dict[str, Any] = msgspec.to_builtins(charter)
    if charter.target.cluster == "unit":
        del content["target"]["cluster"]
    return content


def promised(charter: Charter) -> dict[str, object]:
    """What the charter promises, by field: once the gate `select` has passed, the test is about exactly this."""
    return {name: getattr(charter, name) for name in PROMISED}


def charter_problems(charter: Charter) -> list[Problem]:
    """Everything that makes a charter unusable, at once. An unfinished charter may still be saved."""
    promised = Promised(metrics=charter.metrics, target=charter.target, guardrails=charter.guardrails)
    return [*metric_problems(promised), *_target_problems(charter), *_date_problems(charter)]


def _target_problems(charter: Charter) -> Iterator[Problem]:
    target = charter.target
    metric = charter.metric(target.metric)
    if metric is None:
        yield Problem(
            code="unknown-metric",
            field="charter.target.metric",
            message=f"The target names {target.metric}, which is no metric of this charter; define it first.",
        )
        return
    if metric.observable == "exposed":
        yield Problem(
            code="target-not-in-shadow",
            field="charter.target.metric",
            message=f"The target decides before anybody is exposed, and {target.metric} shows only afterwards, when "
            "nobody works without the candidate's suggestion to compare with. Make it a guardrail: with a limit it is "
            "judged from the first suggestion on, with a margin while live; and choose a target that shadow shows.",
        )
    if target.cluster != "unit" and metric.per != "call":
        yield Problem(
            code="days-not-possible",
            field="charter.target.cluster",
            message=f"{target.metric} has one value a unit, and a unit's calls lie on several days; cluster by unit, "
            "or measure it per call.",
        )
    sign = -1.0 if target.form == "own" and metric.direction == "lower" else 1.0
    floor, goal, expected = (sign * figure for figure in (target.floor, target.target, target.expected))
    if not floor < goal < expected:
        yield Problem(
            code="target-order",
            field="charter.target",
            message="State floor, target and expected value so that each is better than the one before.",
        )


def _date_problems(charter: Charter) -> Iterator[Problem]:
    if not charter.starts_on < charter.decision_on:
        yield Problem(
            code="date-order",
            field="charter.decision_on",
            message="The decision date must come after the start date.",
        )
    if charter.time_zone not in _time_zones():
        yield Problem(
            code="unknown-time-zone",
            field="charter.time_zone",
            message=f"{charter.time_zone} is no time zone; write one like Europe/Berlin or UTC.",
        )


@functools.cache
def _time_zones() -> frozenset[str]:
    """Every zone's name; finding them walks a folder, so it is done once."""
    return frozenset(available_timezones())
