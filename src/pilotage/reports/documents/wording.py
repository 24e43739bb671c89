"""How documents write days, moments, money and signatures. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Protocol

from pilotage.evidence.measurements import Estimate, Estimated
from pilotage.record.workload import Signature
from pilotage.reports.documents.model import Signed
from pilotage.reports.numbers import NOTHING, TOGETHER, number, percent
from pilotage.reports.scales import Scale

_MARKED = re.compile(r"`([^`]*)`")
THREE = 3
ALMOST_SURE = 0.99
SMALL = 0.1


def day(date: dt.date) -> str:
    """A day as documents write it."""
    return f"{date.day}{TOGETHER}{date:%b}{TOGETHER}{date.year}"


def moment(at: dt.datetime) -> str:
    """A moment as documents write it, in UTC."""
    utc = at.astimezone(dt.UTC)
    return f"{day(utc)}, {utc:%H:%M} UTC"


def entry(position: int) -> str:
    """An entry of the ledger."""
    return f"entry{TOGETHER}{number(position)}"


def chance(share: float | None) -> str:
    """A chance; nothing that may fail is called certain."""
    if share is not None and share > ALMOST_SURE:
        return f"over {percent(ALMOST_SURE, 0)}"
    return percent(share, 0 if share is None or share >= SMALL else 1)


def usd(amount: float | None) -> str:
    """An amount of money to three digits; nobody knows more of an estimate."""
    if amount is None:
        return NOTHING
    whole = float(f"{amount:.{THREE}g}")
    return f"{number(whole)}{TOGETHER}USD"


def usd_range(low: float, high: float) -> str:
    """From which to which amount."""
    return f"{number(float(f'{low:.{THREE}g}'))} to {usd(high)}"


def place_of(role: str, holder: str | None, signature: Signature | None, name: Callable[[str], str]) -> Signed:
    """A signature, or who would give it."""
    if signature is None:
        return Signed(role=role, name=name(holder) if holder else "nobody holds this role")
    return Signed(
        role=role,
        name=name(signature.stamp.by),
        at=moment(signature.stamp.at),
        meaning=signature.meaning,
        ledger=f"entry {signature.stamp.position}",
    )


def unmarked(text: str) -> str:
    """A sentence of the playbook on paper: what it marks as a command stands in quotation marks."""
    return _MARKED.sub("\u201c\\1\u201d", text)


class Named(Protocol):
    """Names in place of ids."""

    def name(self, person: str) -> str:
        """A person's name."""

    def named(self, text: str) -> str:
        """A sentence with every id in it replaced by the person's name."""


def estimated(found: Estimated, scale: Scale) -> str:
    """A figure with its interval, or why there is none."""
    if not isinstance(found, Estimate):
        return f"not estimable: {found.reason}"
    return f"{scale.text(found.value)} ({scale.interval(found.low, found.high)})"


def figure(found: Estimated, scale: Scale) -> str:
    """A figure without its interval, for a narrow column."""
    return scale.text(found.value) if isinstance(found, Estimate) else NOTHING
