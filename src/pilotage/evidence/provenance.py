"""What a figure rests on: the calls it was made of, the sums themselves, the method, and what was checked. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

from msgspec import Struct

from pilotage.evidence.clusters import DAYS_TO_TEST
from pilotage.evidence.measurements import Check, Estimate, Estimated
from pilotage.evidence.moments import Moments, moments
from pilotage.evidence.parts import UNITS_TO_TEST
from pilotage.evidence.strata import StageTotals
from pilotage.evidence.sums import Totals
from pilotage.playbook.metrics import Metric


class Window(Struct, frozen=True, kw_only=True):
    """Which calls count: of one stage, one candidate release, these sources, from the first to the last.

    `first_call_at` and `last_call_at` are of the stage; None where it has no calls.
    """

    stage: str
    release: str
    sources: tuple[str, ...]
    first_call_at: dt.datetime | None
    last_call_at: dt.datetime | None


class Provenance(Struct, frozen=True, kw_only=True):
    """What one figure rests on. `sums` are the totals over units by series, values less `shift`; a series without calls
    is left out, and of each only what is not zero. `method` and `level` are None where nothing could be estimated.
    """

    metric: str
    form: str
    window: Window
    shift: float
    sums: dict[str, dict[str, float]]
    calls: int
    units: int
    method: str | None
    level: float | None
    checks: tuple[Check, ...]


def provenance(
    metric: Metric,
    form: str,
    stage: StageTotals,
    compared: Estimated,
    *,
    window: Window,
    checks: Iterable[Check] = (),
    live: bool = False,
) -> Provenance:
    """What `compared` rests on, with the checks that can be made of the sums, and then `checks`."""
    known = compared if isinstance(compared, Estimate) else None
    return Provenance(
        metric=metric.id,
        form=form,
        window=window,
        shift=metric.shift,
        sums=dict(_series(stage)),
        calls=compared.calls,
        units=compared.units,
        method=known.method if known else None,
        level=known.level if known else None,
        checks=(*_checks(metric, form, stage, live=live), *checks),
    )


def _series(stage: StageTotals) -> Iterator[tuple[str, dict[str, float]]]:
    for name in stage.__struct_fields__:
        totals = getattr(stage, name)
        if not isinstance(totals, Totals):
            continue
        kept = {f: getattr(totals, f) for f in totals.__struct_fields__ if getattr(totals, f)}
        if kept:
            yield name, kept


def _checks(metric: Metric, form: str, stage: StageTotals, *, live: bool) -> Iterator[Check]:
    """Units and clustering are seen in the calls per unit, whatever the metric; only a mean has a skewness to mind."""
    for of, found in _moments(metric, form, stage, live=live):
        yield _units(found, of)
        yield _clustering(found, of)
        if metric.kind == "mean":
            yield _skewness(found, of)
    days = stage.candidate_days if form == "own" else stage.paired_days
    if days.n > 0.0 and not live:
        yield _days(moments(days, 1.0, 0.0, metric.shift))


def _moments(metric: Metric, form: str, stage: StageTotals, *, live: bool) -> Iterator[tuple[str, Moments]]:
    """What the figure's normal approximation is about: the contrast on pairs, or each arm for itself."""
    if live or form == "own":
        arms = {"candidate": stage.candidate, "incumbent": stage.incumbent}
        for of, totals in arms.items():
            if totals.n > 0 and (live or of == "candidate"):
                yield f" of the {of}", moments(totals, 1.0, 0.0, metric.shift)
    elif stage.paired.n > 0:
        incumbent = moments(stage.paired, 0.0, 1.0, metric.shift).mean
        candidate = moments(stage.paired, 1.0, 0.0, metric.shift).mean
        share = candidate / incumbent if form == "share" and incumbent else 1.0
        yield "", moments(stage.paired, 1.0, -share, metric.shift)


def _units(found: Moments, of: str) -> Check:
    enough = found.units >= UNITS_TO_TEST
    return Check(
        id="units",
        title=f"Enough units{of}",
        verdict="held" if enough else "violated",
        meaning="How much units differ is known only from several of them; a test begins at "
        f"{UNITS_TO_TEST}, and until then the figure is shown but decides nothing.",
        reason=f"There are {found.units:,.0f} units.",
        figure=found.units,
        bound=float(UNITS_TO_TEST),
    )


def _days(found: Moments) -> Check:
    weighed = found.effective_units
    return Check(
        id="days",
        title="Enough days",
        verdict="held" if found.units >= DAYS_TO_TEST else "violated",
        meaning="The figure is clustered by day: how much days differ is known only from several of them. A test "
        f"begins at {DAYS_TO_TEST}, however many calls there are.",
        reason=f"There are {found.units:,.0f} days, which weigh like {weighed:,.1f} equally large ones.",
        figure=found.units,
        bound=float(DAYS_TO_TEST),
    )


def _clustering(found: Moments, of: str) -> Check:
    weighed = found.effective_units
    alone = "Every unit has one call, so calls are independent."
    together = f"{found.calls:,.0f} calls of {found.units:,.0f} units weigh like {weighed:,.0f} equally large units."
    return Check(
        id="clustering",
        title=f"Not a few units that make the figure{of}",
        verdict="held" if weighed >= UNITS_TO_TEST else "violated",
        meaning="Calls of one unit are alike and are not counted as so many proofs. If a few units have most of the "
        "calls, the figure says how these fare, and the interval is less sure than it looks.",
        reason=alone if found.single else together,
        figure=weighed,
        bound=float(UNITS_TO_TEST),
    )


def _skewness(found: Moments, of: str) -> Check:
    """The rule of Kohavi et al. (2014), as `Moments.units_needed` has it."""
    return Check(
        id="skewness",
        title=f"Enough units for values so uneven{of}",
        verdict="held" if found.units >= found.units_needed else "violated",
        meaning="Where a few values are very large, a mean of few units is not near a bell curve and its interval "
        "misleads; it takes 355 times the square of the skewness.",
        reason=f"The skewness is {found.skewness:.2g}: it takes {found.units_needed:,.0f} units, and there are "
        f"{found.units:,.0f}.",
        figure=found.units,
        bound=found.units_needed,
    )
