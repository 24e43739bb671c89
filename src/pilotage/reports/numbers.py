"""How numbers are written, on pages and in documents alike. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

NOTHING = "\u2013"
TOGETHER = "\u00a0"
MINUS = "\u2212"
MILLION = 1_000_000
SHARE_UNIT = "share"
NAMES_SHOWN = 3


def number(value: float | None, digits: int = 4) -> str:
    """A number with so many significant digits, thousands apart, and a true minus sign."""
    if value is None or not math.isfinite(value):
        return NOTHING
    if isinstance(value, int) or (float(value).is_integer() and abs(value) < MILLION * MILLION):
        return f"{int(value):,}".replace("-", MINUS)
    after = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{min(after, 8)}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("-", MINUS)


def percent(share: float | None, digits: int = 1) -> str:
    """A share as per cent."""
    if share is None or not math.isfinite(share):
        return NOTHING
    return f"{_short(100 * share, digits)}{TOGETHER}%"


def _short(value: float, digits: int) -> str:
    text = f"{value:,.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", "0"} else text.replace("-", MINUS)


def valued(value: float | None, unit: str) -> str:
    """A value with its unit; shares as per cent."""
    if value is None:
        return NOTHING
    if unit == SHARE_UNIT:
        return percent(value)
    return f"{number(value)}{TOGETHER}{unit}"


def signed(text: str) -> str:
    """A written number with its sign, also when it is positive."""
    return text if text.startswith((MINUS, NOTHING)) or text == "0" else f"+{text}"


def plural(count: float, one: str, many: str | None = None) -> str:
    """A count with its noun: 1 call, 3 calls."""
    noun = one if count == 1 else many or f"{one}s"
    return f"{number(count)} {noun}"


def first_of(names: Sequence[str]) -> str:
    """The first few of many names, and how many more there are: a sentence that lists thirty is read by nobody."""
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
