"""What production would cost and bring, line by line, the budget that is committed for it, and what each month then
really cost. Pure.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Literal, get_args

from msgspec import Meta, Struct, structs

from pilotage.playbook.types import COST_ROLE
from pilotage.record.areas.area import Area, Entry
from pilotage.record.areas.operating import holder, offered_to
from pilotage.record.errors import Problem, Refused
from pilotage.record.stamps import Stamp, Standing
from pilotage.record.texts import Base, Said, Text

if TYPE_CHECKING:
    from pilotage.record.context import Context
    from pilotage.record.workload import Workload

Category = Literal[
    "rebuild",
    "infrastructure",
    "model_usage",
    "maintenance",
    "monitoring",
    "retraining",
    "support",
    "change_management",
    "risk",
]
Per = Literal["once", "year", "call"]
WorthOf = Literal["year", "call", "unit"]
CATEGORIES: tuple[Category, ...] = get_args(Category)
CATEGORY_TITLES: dict[str, str] = {
    "rebuild": "Rebuild",
    "infrastructure": "Infrastructure",
    "model_usage": "Model usage",
    "maintenance": "Maintenance",
    "monitoring": "Monitoring",
    "retraining": "Retraining",
    "support": "Support",
    "change_management": "Change management",
    "risk": "Risk",
}
DOLLARS = "USD"
MOST = 1e12
_AMOUNT = re.compile(r"\d+(\.\d+)?")
Month = Annotated[str, Meta(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description="the month, such as 2027-05")]
Amount = Annotated[float, Meta(ge=0, le=1e12)]
Count = Annotated[float, Meta(gt=0, le=1e13)]
LineId = Annotated[
    str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$", description="the line's short name, such as model-calls")
]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$", description="three letters, such as USD or EUR")]


class EstimateCostLine(Struct, frozen=True, kw_only=True, tag="estimate_cost_line", forbid_unknown_fields=True):
    """Estimate one cost of production, low, likely and high. Estimating a line again replaces it; three zeros say that
    there is no such cost, and the basis then says why.
    """

    line: LineId
    category: Category
    per: Annotated[Per, Meta(description="whether it is paid once, every year or with every call")]
    low: Amount
    likely: Amount
    high: Amount
    currency: Currency = DOLLARS
    usd_each: Annotated[
        Annotated[float, Meta(gt=0, le=1e6)] | None,
        Meta(description="what one unit of the currency is worth in US dollars; leave it out for USD"),
    ] = None
    basis: Annotated[Said, Meta(description="where the figures come from, or why it costs nothing")]
    base: Base = None


class CostLineEstimated(Struct, frozen=True, kw_only=True, tag="cost_line_estimated"):
    """One cost of production, as it is estimated now."""

    line: str
    category: Category
    per: Per
    low: float
    likely: float
    high: float
    currency: str
    usd_each: float | None
    basis: Text

    @property
    def rate(self) -> float:
        """US dollars for one unit of the currency."""
        return 1.0 if self.usd_each is None else self.usd_each

    @property
    def is_nothing(self) -> bool:
        """Whether it says that there is no such cost."""
        return self.high == 0.0


class EstimateProduction(Struct, frozen=True, kw_only=True, tag="estimate_production", forbid_unknown_fields=True):
    """Estimate how many calls production handles and what they bring. The incumbent's answers that fall away are
    counted beside it, from what they were measured to cost.
    """

    calls_a_year_low: Count
    calls_a_year_likely: Count
    calls_a_year_high: Count
    worth_of: Annotated[
        WorthOf,
        Meta(
            description="year: a year at the expected result; call: a call at the expected result; unit: one unit of "
            "the target metric gained, and how many are gained is then taken from the measured target"
        ),
    ]
    worth_usd_low: Amount
    worth_usd_likely: Amount
    worth_usd_high: Amount
    years: Annotated[int, Meta(ge=1, le=10, description="within how many years it has to pay")] = 1
    basis: Annotated[Said, Meta(description="where volume and worth come from")]
    base: Base = None


class ProductionEstimated(Struct, frozen=True, kw_only=True, tag="production_estimated"):
    """How much production handles, and what that brings."""

    calls_a_year_low: float
    calls_a_year_likely: float
    calls_a_year_high: float
    worth_of: WorthOf
    worth_usd_low: float
    worth_usd_likely: float
    worth_usd_high: float
    years: int
    basis: Text


class CommitFunding(Struct, frozen=True, kw_only=True, tag="commit_funding", forbid_unknown_fields=True):
    """Commit, in person, a dated budget for the rebuild, the change in the work and the first year, as the person who
    accepted the cost role. A new commitment replaces the one before.
    """

    rebuild_usd: Annotated[Amount, Meta(description="for the rebuild, once")]
    change_usd: Annotated[Amount, Meta(description="for training, communication and changed work")]
    first_year_usd: Annotated[Amount, Meta(description="for running it in the first year")]
    from_on: Annotated[dt.date, Meta(description="from which day the money can be spent")]
    until_on: Annotated[dt.date, Meta(description="the last day on which it can be spent")]
    statement: Annotated[Said, Meta(description="from which budget, and on what terms")]


class FundingCommitted(Struct, frozen=True, kw_only=True, tag="funding_committed"):
    """A dated budget, committed by whoever carries the cost."""

    rebuild_usd: float
    change_usd: float
    first_year_usd: float
    from_on: dt.date
    until_on: dt.date
    statement: Text

    @property
    def amount_usd(self) -> float:
        """All of it."""
        return self.rebuild_usd + self.change_usd + self.first_year_usd


class RecordMonthCosts(Struct, frozen=True, kw_only=True, tag="record_month_costs", forbid_unknown_fields=True):
    """Record what a month really cost, by line of the estimate. Recording a month again replaces it whole; a line that
    cost nothing is written down with 0. What is paid with every call is measured: give its bill only where the calls do
    not say what they cost.
    """

    month: Month
    lines: Annotated[
        tuple[str, ...],
        Meta(
            min_length=1,
            max_length=100,
            description="one line each: the estimate's line (or a category without one), and the amount in the line's "
            "currency, such as: hosting, 820.50",
        ),
    ]
    basis: Annotated[Said, Meta(description="which bills and time sheets the amounts come from")]
    base: Base = None


class MonthCostsRecorded(Struct, frozen=True, kw_only=True, tag="month_costs_recorded"):
    """What a month really cost, by line of the estimate, as it was written down."""

    month: str
    lines: tuple[str, ...]
    basis: Text


class Costing(Struct, frozen=True, kw_only=True):
    """What production is estimated to cost and to bring, by line, the budget for it, and what each month cost."""

    lines: dict[str, Standing[CostLineEstimated]] = {}
    production: Standing[ProductionEstimated] | None = None
    funding: Standing[FundingCommitted] | None = None
    months: dict[str, Standing[MonthCostsRecorded]] = {}

    @property
    def missing(self) -> tuple[Category, ...]:
        """The categories that have no line yet, not even one that argues for nothing."""
        have = {line.fact.category for line in self.lines.values()}
        return tuple(category for category in CATEGORIES if category not in have)

    @property
    def newest(self) -> Stamp | None:
        """When the estimate was last worked on."""
        held = [line.stamp for line in self.lines.values()] + ([self.production.stamp] if self.production else [])
        return max(held, key=lambda stamp: stamp.position, default=None)


CostingFact = CostLineEstimated | ProductionEstimated | FundingCommitted | MonthCostsRecorded
CostingCommand = EstimateCostLine | EstimateProduction | CommitFunding | RecordMonthCosts


def cost_owner(workload: Workload) -> str | None:
    """Who carries the cost: whoever was offered the cost role and accepted it in person. Nobody stands in for them."""
    return holder(workload, COST_ROLE)


def _ordered(figures: Iterable[float], field: str) -> Iterator[Problem]:
    low, likely, high = figures
    if not low <= likely <= high:
        message = "The likely figure has to lie between the low and the high one; put the three in order."
        yield Problem(code="figures-out-of-order", field=field, message=message)


def _line_problems(_workload: Workload, command: EstimateCostLine, _context: Context) -> Iterator[Problem]:
    yield from _ordered((command.low, command.likely, command.high), "likely")
    if command.currency == DOLLARS and command.usd_each not in {None, 1.0}:
        message = "A US dollar is worth one US dollar; leave the rate out, or name the other currency."
        yield Problem(code="rate-of-dollars", field="usd_each", message=message)
    if command.currency != DOLLARS and command.usd_each is None:
        message = f"Say what one {command.currency} is worth in US dollars; all lines are added up in them."
        yield Problem(code="rate-missing", field="usd_each", message=message)


def _production_problems(workload: Workload, command: EstimateProduction, _context: Context) -> Iterator[Problem]:
    calls = (command.calls_a_year_low, command.calls_a_year_likely, command.calls_a_year_high)
    yield from _ordered(calls, "calls_a_year_likely")
    yield from _ordered((command.worth_usd_low, command.worth_usd_likely, command.worth_usd_high), "worth_usd_likely")
    if command.worth_of == "unit" and workload.charter is None:
        message = "No charter names a target metric yet, so nothing has a unit; state the worth of a call, or write it."
        yield Problem(code="no-target-metric", field="worth_of", message=message)


def commit_funding(workload: Workload, command: CommitFunding, context: Context) -> list[FundingCommitted]:
    """Only who carries the cost commits money, in person, for a time that is not over."""
    problems = list(_funding_problems(workload, command, context))
    if problems:
        raise Refused(problems)
    return [FundingCommitted(**structs.asdict(command))]


def _funding_problems(workload: Workload, command: CommitFunding, context: Context) -> Iterator[Problem]:
    payer, offered = cost_owner(workload), offered_to(workload, COST_ROLE)
    if payer is None and offered is not None:
        message = f"Nobody carries the cost yet: the cost role is offered to {offered}, who has to accept it in person."
        yield Problem(code="no-cost-owner", field="", message=message)
    elif payer is None:
        message = (
            "Nobody carries the cost yet; the owner or the sponsor offers the cost role to one person, who accepts it "
            "in person and then commits."
        )
        yield Problem(code="no-cost-owner", field="", message=message)
    elif context.actor.person != payer:
        message = f"Only {payer}, who carries the cost, commits money for it; ask for the commitment."
        yield Problem(code="not-cost-owner", field="", message=message)
    if command.until_on <= command.from_on:
        message = "The last day has to come after the first; give a later one."
        yield Problem(code="dates-out-of-order", field="until_on", message=message)
    if command.until_on <= context.today:
        message = f"The money would be gone already; let the last day come after {context.today}."
        yield Problem(code="ended-already", field="until_on", message=message)
    if not command.rebuild_usd + command.change_usd + command.first_year_usd:
        message = "Nothing is committed; give at least one amount."
        yield Problem(code="no-amount", field="first_year_usd", message=message)


def amounts(lines: tuple[str, ...]) -> dict[str, float]:
    """The amounts by line, as they were accepted."""
    split = (line.rpartition(",") for line in lines)
    return {name.strip(): float(amount) for name, _, amount in split}


def _month_problems(workload: Workload, command: RecordMonthCosts, context: Context) -> Iterator[Problem]:
    payer = cost_owner(workload)
    if payer is None:
        message = (
            "Nobody carries the cost yet; the owner or the sponsor offers the cost role, and whoever gets it accepts."
        )
        yield Problem(code="no-cost-owner", field="", message=message)
    elif context.actor.person != payer:
        message = f"Only {payer}, who carries the cost, records what it came to; ask for it."
        yield Problem(code="not-cost-owner", field="", message=message)
    if command.month > f"{context.today:%Y-%m}":
        message = f"{command.month} has not begun; record what a month cost once it has."
        yield Problem(code="month-to-come", field="month", message=message)
    yield from _bill_problems(workload, command.lines)


def _bill_problems(workload: Workload, lines: tuple[str, ...]) -> Iterator[Problem]:
    known = [*workload.costing.lines, *workload.costing.missing]
    seen: set[str] = set()
    for number, line in enumerate(lines, start=1):
        name, comma, amount = (part.strip() for part in line.rpartition(","))
        if not comma or not name:
            message = f"Line {number} has to be a name, a comma and an amount, such as: hosting, 820.50."
            yield Problem(code="no-amount", field="lines", message=message)
            continue
        if not _AMOUNT.fullmatch(amount) or float(amount) > MOST:
            message = f"Line {number}: {amount or 'nothing'} is no amount; write it in digits, such as 820.50."
            yield Problem(code="no-amount", field="lines", message=message)
        if name not in known:
            message = f"Line {number}: the estimate has no line {name}; take one of {', '.join(known)}, or estimate it."
            yield Problem(code="unknown-line", field="lines", message=message)
        if name in seen:
            message = f"Line {number} gives {name} once more; add the amounts up and write it once."
            yield Problem(code="line-twice", field="lines", message=message)
        seen.add(name)


def _committed(state: Costing, fact: FundingCommitted, stamp: Stamp) -> Costing:
    return structs.replace(state, funding=Standing(fact=fact, stamp=stamp))


_WRITERS = frozenset({"owner", "sponsor", "engineer", "operator"})
# Whoever can accept the cost role can commit what it costs.
_HOLDERS = frozenset({"owner", "sponsor", "engineer", "operator", "reviewer", "admin"})
AREA = Area(
    name="costing",
    entries=(
        Entry(command=EstimateCostLine, fact=CostLineEstimated, attribute="lines", key="line", check=_line_problems),
        Entry(command=EstimateProduction, fact=ProductionEstimated, attribute="production", check=_production_problems),
        Entry(
            command=RecordMonthCosts, fact=MonthCostsRecorded, attribute="months", key="month", check=_month_problems
        ),
    ),
    rules={CommitFunding: commit_funding},
    folds={FundingCommitted: _committed},
    permitted={
        "estimate_cost_line": _WRITERS,
        "estimate_production": _WRITERS,
        "commit_funding": _HOLDERS,
        "record_month_costs": _HOLDERS,
    },
    asks_credential=frozenset({"commit_funding"}),
)
