"""One metric's totals by stage, as the estimates take them. Pure types.

A stage is a stratum: mode, percentage and evaluation attempt. Within one the share of traffic is constant.
"""

from __future__ import annotations

import datetime as dt

from msgspec import Struct

from pilotage.evidence.sums import Totals


class StageTotals(Struct, frozen=True, kw_only=True):
    """One metric's series within one stage: those that hold values, what is due and missing (see `dues`), and the calls
    whose value was capped (see `caps`).

    Those that end in `_days` are totals over days instead of units, kept of the target where its charter asks for it
    (see `clusters`). `apart`: it is known that no unit of this stage has calls in another one.
    """

    stage: str = ""
    apart: bool = False
    incumbent: Totals = Totals()
    candidate: Totals = Totals()
    paired: Totals = Totals()
    paired_incumbent: Totals = Totals()
    differ: Totals = Totals()
    missing: Totals = Totals()
    missing_candidate: Totals = Totals()
    missing_incumbent: Totals = Totals()
    capped_candidate: Totals = Totals()
    capped_incumbent: Totals = Totals()
    candidate_days: Totals = Totals()
    paired_days: Totals = Totals()
    paired_incumbent_days: Totals = Totals()
    completed_days: Totals = Totals()


class LookSums(Struct, frozen=True, kw_only=True):
    """The target metric's totals as they stood at one look, in the stages that the target is judged on."""

    day: dt.date
    stages: tuple[StageTotals, ...]
