"""The case as it is put for a decision: every verdict, what production costs and brings, what was checked. Pure types.

It is frozen in the ledger together with the decision, so that the memo says for ever what was known then. What people
wrote in their own words is not in it: that stands in their own entries, and the verdicts' reasons, which may quote it,
are frozen beside it as a text that can be erased.
"""

from __future__ import annotations

import datetime as dt

import msgspec
from msgspec import Struct

from pilotage.evidence.cost import Range
from pilotage.evidence.measurements import Check, ProductionCase
from pilotage.record.context import FrozenCase
from pilotage.record.digests import canonical_text, digest_of_text
from pilotage.record.texts import ERASED
from pilotage.reports.charts.fan import FanData
from pilotage.reports.charts.forest import ForestData

FORMAT = 1


class CaseVerdict(Struct, frozen=True, kw_only=True):
    """One criterion as judged. `signers`, `expires_on` and `waived_at` are of the waiver that it rests on."""

    id: str
    title: str
    phase: str
    verdict: str
    kind: str
    signers: tuple[str, ...] = ()
    expires_on: dt.date | None = None
    waived_at: int | None = None


class Case(Struct, frozen=True, kw_only=True):
    """What was known when a decision was put, beside the evidence of its target, which is frozen for itself.

    `production_reason` says why there is no estimate of production, `cost_usd` what all of its years cost with
    what is paid once. `calls` are all calls recorded, `paired` those that
    both arms answered, `last_call_at` the newest one's time.
    """

    format: int = FORMAT
    version: str = ""
    verdicts: tuple[CaseVerdict, ...]
    production: ProductionCase | None = None
    production_reason: str = ""
    cost_usd: Range | None = None
    waiting_usd_a_month: Range | None = None
    paid_back_month: int | None = None
    payback: FanData | None = None
    segments: ForestData | None = None
    checks: tuple[Check, ...] = ()
    calls: int = 0
    paired: int = 0
    last_call_at: dt.datetime | None = None


def frozen_case(case: Case, reasons: dict[str, str]) -> FrozenCase:
    """A case ready to be kept."""
    content = canonical_text(case)
    return FrozenCase(content=content, digest=digest_of_text(content), reasons=canonical_text(reasons))


def thawed_case(content: str, reasons: str) -> tuple[Case, dict[str, str]]:
    """A case and its reasons as kept; reasons that were erased read so. Raises ValueError for anything else."""
    case = msgspec.json.decode(content, type=Case)
    if reasons in {ERASED, ""}:
        return case, dict.fromkeys((one.id for one in case.verdicts), reasons)
    return case, msgspec.json.decode(reasons, type=dict[str, str])
