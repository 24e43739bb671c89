"""How documents write days, moments, money and signatures. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from pilotage.record.workload import Signature
from pilotage.reports.documents.model import Signed
from pilotage.reports.numbers import NOTHING, TOGETHER, number

THREE = 3


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
