"""Cost: what does an answer cost, and from when does the candidate pay? Assumptions stand in the address."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from litestar import get
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Struct, structs

from pilotage.evidence.cost import Range
from pilotage.evidence.estimate import draws_in_words
from pilotage.evidence.measurements import Estimate
from pilotage.record.areas.costing import CATEGORY_TITLES
from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import READ
from pilotage.server.pages.charting import links_to
from pilotage.server.pages.costing_estimate import (
    PER,
    WORTH_OF,
    amount,
    funding_address,
    month_address,
    production_address,
    rows,
)
from pilotage.server.pages.csv_files import Cell, csv_answer, csv_of
from pilotage.server.pages.estimates import figure, own_scale
from pilotage.server.pages.evidence_frame import evidence_page
from pilotage.server.pages.frame import Frame
from pilotage.server.pages.written import NOTHING, TOGETHER, number
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.threads import run_in
from pilotage.workflow.cost_section import CostSection, WhatIf, what_if
from pilotage.workflow.desk import Judgement
from pilotage.workflow.workspace import Workspace

USD, TOKENS = own_scale("USD"), own_scale("tokens")
COLUMNS = ("what", "arm", "release", "value", "low", "high", "executions", "reported", "missing", "failed")
CHARTS = ("unit-costs", "month-costs", "year-in-production", "break-even", "payback")
CRITERIA = ("evaluate.production-cost", "evaluate.funding")
MONTHS_SHOWN = 12
FIELDS = (
    ("likely", "Calls a week, most likely", ""),
    ("low", "At least", ""),
    ("high", "At most", ""),
    ("running_usd_a_year", "Running costs a year, in US dollars", "beside the calls: people, licences, machines"),
    ("value_usd_a_year", "Value a year, in US dollars", "at the likely volume and the expected result"),
)


class Assumed(Struct, frozen=True, kw_only=True):
    """What was typed, what it says, and what is wrong with it."""

    typed: Mapping[str, str]
    asked: WhatIf
    wrong: Mapping[str, str]


def assumed(typed: Mapping[str, str]) -> Assumed:
    """The assumptions of an address. What cannot be used is named, and then nothing is assumed."""
    values, wrong = {}, {}
    for name, _, _ in FIELDS:
        text = typed.get(name, "").strip().replace(",", "")
        if not text:
            continue
        value = math.nan
        with suppress(ValueError):
            value = float(text)
        is_money = name.endswith("_usd_a_year")
        if not math.isfinite(value) or value < 0 or (value == 0 and not is_money):
            wrong[name] = f"{text} is no amount; write a number {'of at least' if is_money else 'above'} 0."
        values[name] = value
    low, likely, high = (values.get(name) for name in ("low", "likely", "high"))
    if not wrong and None not in {low, high} and low > high:  # type: ignore[operator]  # both are numbers
        wrong["high"] = "At most has to be no less than at least."
    if not wrong and likely is not None and ((low or 0.0) > likely or (high or math.inf) < likely):
        wrong["likely"] = "The most likely figure has to lie between at least and at most."
    return Assumed(typed=typed, asked=WhatIf() if wrong else WhatIf(**values), wrong=wrong)


def _shown(given: Assumed) -> Any:  # noqa: ANN401 - the builder of a page
    def build(workspace: Workspace, _frame: Frame, judgement: Judgement) -> Mapping[str, Any]:
        wrong, section = given.wrong, None
        try:
            section = what_if(workspace, judgement, given.asked)
        except ValueError:
            wrong = {"likely": "The most likely figure has to lie between at least and at most; give all three."}
            section = what_if(workspace, judgement, WhatIf())
        return {
            "section": section,
            "charts": links_to(workspace, judgement, *CHARTS),
            "rows": rows(section, judgement),
            "months": section.months[::-1][:MONTHS_SHOWN],
            "billed": judgement.verdicts.get("operate.cost"),
            "bills": judgement.workload.costing.months,
            "month_address": month_address(section, judgement),
            "verdicts": [judgement.verdicts[name] for name in CRITERIA if name in judgement.verdicts],
            "production_address": production_address(section, judgement),
            "funding_address": funding_address(section, judgement),
            "category_titles": CATEGORY_TITLES,
            "worth_of": WORTH_OF,
            "in_draws": draws_in_words,
            "amount": amount,
            "costs": [(one, figure(one.estimate, USD), figure(one.tokens, TOKENS)) for one in section.unit_costs],
            "fields": FIELDS,
            "known": _known(section),
            "given": structs.replace(given, wrong=wrong),
            "money": money,
            "ranged": ranged,
        }

    return build


def _known(section: CostSection) -> Mapping[str, str]:
    """What stands in the fields when nobody typed anything."""
    if section.assumptions is None:
        return {}
    volume, value = section.assumptions.volume, section.assumptions.value_usd_a_year
    known = {name: f"{getattr(volume, name):.0f}" for name in ("low", "likely", "high")}
    return known | {
        "running_usd_a_year": f"{section.assumptions.running_usd_a_year:.0f}",
        "value_usd_a_year": "" if value is None else f"{value:.0f}",
    }


def money(amount: float | None) -> str:
    """US dollars."""
    return NOTHING if amount is None else f"{number(_rounded(amount))}{TOGETHER}USD"


def ranged(found: Range | None) -> str:
    """The limits of a simulated figure."""
    if found is None:
        return ""
    return f"{number(_rounded(found.low))} to {number(_rounded(found.high))}{TOGETHER}USD"


def _rounded(amount: float) -> float:
    """Three digits: a simulation knows no more."""
    return float(f"{amount:.3g}")


@get("/w/{slug:str}/evidence/cost", opt={"access": READ}, include_in_schema=False)
async def show_cost(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Unit costs, the year in production, and from when the candidate pays."""
    given = assumed(dict(request.query_params))
    return await evidence_page(request, slug, "cost.html", _shown(given), path="/cost", title="Cost")


@get("/w/{slug:str}/evidence/cost.csv", opt={"access": READ}, include_in_schema=False)
async def export_cost(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Every figure of the section as a table, in US dollars."""
    given = assumed(dict(request.query_params))

    def work() -> bytes:
        workspace = workspace_of(request)
        return csv_of(COLUMNS, _rows(what_if(workspace, workspace.desk.judge(slug), given.asked)))

    return csv_answer(f"{slug}-cost", await run_in(parts_of(request).threads.reading, work))


def _rows(section: CostSection) -> Iterator[tuple[Cell, ...]]:
    for one in section.unit_costs:
        spent, used = ("cost", one.estimate, one.reported), ("tokens", one.tokens, one.tokens_reported)
        for what, each, reported in (spent, used):
            figures = (each.value, each.low, each.high) if isinstance(each, Estimate) else (None, None, None)
            missing = one.executions - one.failed - reported
            yield f"{what} an answer", one.arm, one.release, *figures, one.executions, reported, missing, one.failed
    year = section.forecast
    ranges = [
        ("a year in production", "candidate", year.candidate_usd_a_year if year else None),
        ("a year in production", "incumbent", year.incumbent_usd_a_year if year else None),
        ("value less cost a year", "", year.net_usd_a_year if year else None),
        ("value a year", "", year.value_usd_a_year if year else None),
        ("paid once", "candidate", year.once_usd if year else None),
        ("cost of all years", "candidate", year.whole.cost_usd if year and year.whole else None),
        ("value less cost of all years", "", year.whole.net_usd if year and year.whole else None),
        ("a week without it at the target", "", section.waiting_usd_a_week),
        ("a month without it at the target", "", section.waiting_usd_a_month),
    ]
    for what, arm, found in ranges:
        if found is not None:
            yield what, arm, section.release, found.median, found.low, found.high, None, None, None, None
    for month in section.months:
        estimated = (month.likely, month.low, month.high)
        yield f"month {month.month}, estimated", "candidate", "", *estimated, None, None, None, None
        for paid in month.lines:
            what = f"month {month.month}, {paid.line}, {paid.origin}"
            yield what, "candidate", "", paid.actual, None, None, None, None, None, None
    for line in section.estimate.lines:
        fact = line.fact
        figures = (fact.likely * fact.rate, fact.low * fact.rate, fact.high * fact.rate)
        yield (
            f"estimated: {fact.category} {fact.line}, {PER[fact.per]}",
            "candidate",
            "",
            *figures,
            None,
            None,
            None,
            None,
        )


handlers = [show_cost, export_cost]
