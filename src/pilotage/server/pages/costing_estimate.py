"""The estimate on the Cost page: a row for every cost, with its form, filled in from what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from msgspec import Struct

from pilotage.evidence.cost import WEEKS_A_YEAR, UnitCost
from pilotage.evidence.measurements import Estimate
from pilotage.record.areas.costing import CATEGORIES, CATEGORY_TITLES, CostLineEstimated
from pilotage.record.stamps import Standing
from pilotage.server.pages.written import TOGETHER, number
from pilotage.workflow.cost_section import CostSection
from pilotage.workflow.desk import Judgement

FIGURES = ("low", "likely", "high")
PER = {"once": "once", "year": "a year", "call": "a call"}
WORTH_OF = {"year": "a year", "call": "a call", "unit": "a unit of the target metric"}


class Row(Struct, frozen=True, kw_only=True):
    """One line of the estimate, or a category without one. `address` is the form that states it."""

    category: str
    address: str
    line: str = ""
    likely: str = ""
    span: str = ""
    basis: str = ""
    standing: Standing[CostLineEstimated] | None = None


def rows(section: CostSection, judgement: Judgement) -> tuple[Row, ...]:
    """Every line, category by category; a category without one has a row that leads to its form."""
    return tuple(row for category in CATEGORIES for row in _category(category, section, judgement))


def _category(category: str, section: CostSection, judgement: Judgement) -> Iterator[Row]:
    slug = judgement.workload.slug
    held = [line for line in section.estimate.lines if line.fact.category == category]
    for standing in held:
        fact = standing.fact
        yield Row(
            category=CATEGORY_TITLES[category],
            address=form_address(slug, "estimate_cost_line", {"line": fact.line}),
            line=fact.line,
            likely="nothing" if fact.is_nothing else f"{amount(fact.likely)}{TOGETHER}{fact.currency} {PER[fact.per]}",
            span="" if fact.is_nothing else f"{amount(fact.low)} to {amount(fact.high)}",
            basis=fact.basis,
            standing=standing,
        )
    if not held:
        prefilled = {"category": category, "line": category.replace("_", "-"), "per": "year"}
        if category == "rebuild":
            prefilled["per"] = "once"
        if category == "model_usage":
            prefilled |= measured(section.unit_costs, section.release)
        yield Row(category=CATEGORY_TITLES[category], address=form_address(slug, "estimate_cost_line", prefilled))


def measured(costs: tuple[UnitCost, ...], release: str) -> dict[str, Any]:
    """The line of the model's usage as the calls measured it; empty where none reported a cost."""
    found = next((one for one in costs if one.arm == "candidate" and one.release == release), None)
    if found is None or not isinstance(found.estimate, Estimate):
        return {}
    cost = found.estimate
    return {
        "per": "call",
        "low": f"{cost.low:.6g}",
        "likely": f"{cost.value:.6g}",
        "high": f"{cost.high:.6g}",
        "basis": f"Measured on {found.reported:,} calls of {release}: {cost.value:.4g} USD a call.",
    }


def production_address(section: CostSection, judgement: Judgement) -> str:
    """The form for volume and worth: what stands is filled in by the form, else what calls and charter say."""
    standing, slug = section.estimate.production, judgement.workload.slug
    if standing is not None:
        return form_address(slug, "estimate_production", {})
    typed: dict[str, Any] = {}
    if section.assumptions is not None:
        volume = section.assumptions.volume
        typed |= {
            f"calls_a_year_{name}": f"{getattr(volume, name) * WEEKS_A_YEAR:.0f}" for name in ("low", "likely", "high")
        }
        if section.assumptions.value_usd_a_year is not None:
            value = f"{section.assumptions.value_usd_a_year:.0f}"
            typed |= {"worth_of": "year"} | {f"worth_usd_{name}": value for name in FIGURES}
    return form_address(slug, "estimate_production", typed)


def form_address(slug: str, command: str, typed: Mapping[str, Any]) -> str:
    """A form's address with its fields filled in; what is not known is left out."""
    known = urlencode({name: value for name, value in typed.items() if value is not None})
    return f"/w/{slug}/do/{command}{'?' if known else ''}{known}"


def funding_address(section: CostSection, judgement: Judgement) -> str:
    """The form that commits money, with the estimate's likely figures."""
    typed: dict[str, Any] = {}
    case = section.estimate.case
    if case is not None:
        typed = {
            "rebuild_usd": f"{case.once_usd:.0f}",
            "change_usd": "0",
            "first_year_usd": f"{case.first_year_usd - case.once_usd:.0f}",
        }
    return form_address(judgement.workload.slug, "commit_funding", typed)


def month_address(section: CostSection, judgement: Judgement) -> str:
    """The form for the bills of the oldest whole month that lacks some, else of the newest; every line without a figure
    is there, ready for its amount.
    """
    slug, whole = judgement.workload.slug, [one for one in section.months if one.whole]
    month = next((one for one in whole if one.missing), whole[-1] if whole else None)
    if month is None or month.ledger is not None:
        return form_address(slug, "record_month_costs", {"month": month.month} if month else {})
    lines = "\n".join(f"{name}, " for name in month.missing)
    return form_address(slug, "record_month_costs", {"month": month.month, "lines": lines})


def amount(value: float) -> str:
    """An amount of money as a number: as it was stated, without digits that say nothing."""
    return number(float(f"{value:.6g}"))
