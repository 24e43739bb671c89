"""How times, numbers and lengths are written on a page. Pure; what needs a reader's zone is finished by the script."""

from __future__ import annotations

import datetime as dt

from markupsafe import Markup

from pilotage.reports.numbers import (
    MILLION,
    MINUS,
    NOTHING,
    SHARE_UNIT,
    TOGETHER,
    first_of,
    number,
    percent,
    plural,
    signed,
    valued,
)

__all__ = [
    "MINUS",
    "NOTHING",
    "SHARE_UNIT",
    "TOGETHER",
    "coded",
    "day",
    "first_of",
    "instant",
    "micros",
    "moment_of_us",
    "number",
    "percent",
    "plural",
    "signed",
    "span",
    "until",
    "valued",
]

SECONDS_A_MINUTE = 60
SECONDS_AN_HOUR = 3600
SECONDS_A_DAY = 86_400
THOUSAND = 1000


def coded(text: str) -> Markup:
    """A sentence in which what stands between backticks is code, as in docstrings and playbooks."""
    code, plain = Markup("<code>{}</code>"), Markup("{}")
    parts = [(code if index % 2 else plain).format(part) for index, part in enumerate(text.split("`"))]
    return Markup("").join(parts)


def instant(at: dt.datetime | None, *, seconds: bool = False) -> Markup | str:
    """A moment in UTC, in an element that the script turns into the reader's own zone."""
    if at is None:
        return NOTHING
    utc = at.astimezone(dt.UTC)
    shown = f"{utc.day} {utc:%b %Y, %H:%M:%S}" if seconds else f"{utc.day} {utc:%b %Y, %H:%M}"
    exact = utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    kind = "second" if seconds else "minute"
    return Markup('<time datetime="{}" data-zone="{}">{} UTC</time>').format(exact, kind, shown)


def day(date: dt.date | dt.datetime | None) -> Markup | str:
    """A calendar day."""
    if date is None:
        return NOTHING
    plain = date.date() if isinstance(date, dt.datetime) else date
    return Markup('<time datetime="{}">{} {:%b %Y}</time>').format(plain.isoformat(), plain.day, plain)


def span(length: dt.timedelta | None) -> str:
    """A length of time in its two largest words: 5 days, 3 hours, 12 minutes."""
    if length is None:
        return NOTHING
    seconds = max(0, round(length.total_seconds()))
    if seconds >= 2 * SECONDS_A_DAY:
        return plural(round(seconds / SECONDS_A_DAY), "day")
    if seconds >= 2 * SECONDS_AN_HOUR:
        return plural(round(seconds / SECONDS_AN_HOUR), "hour")
    if seconds >= 2 * SECONDS_A_MINUTE:
        return plural(round(seconds / SECONDS_A_MINUTE), "minute")
    return plural(seconds, "second")


def until(length: dt.timedelta | None) -> str:
    """How long something took to come, where hours do not matter: same day, 3 days."""
    if length is None:
        return "not yet"
    days = max(0, length.days)
    return plural(days, "day") if days else "same day"


def micros(duration_us: float | None) -> str:
    """A duration given in microseconds."""
    if duration_us is None:
        return NOTHING
    if duration_us >= MILLION:
        return f"{number(duration_us / MILLION, 3)}{TOGETHER}s"
    if duration_us >= THOUSAND:
        return f"{number(duration_us / THOUSAND, 3)}{TOGETHER}ms"
    return f"{number(duration_us, 3)}{TOGETHER}µs"


def moment_of_us(at_us: int) -> dt.datetime:
    """The moment that microseconds since 1970 stand for."""
    return dt.datetime.fromtimestamp(at_us / MILLION, dt.UTC)
