"""The names of the strata that calls are recorded under, and what they say. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from pilotage.record.workload import Attempt


def stage_of(mode: str, percent: float, attempt: Attempt | None, tries: int = 0) -> str:
    """The stratum that calls are recorded under: mode, percentage where it matters, evaluation attempt.

    `tries` counts the breaches resolved so far: people exposed again afterwards are a stratum of their own, or what
    was broken then would be seen as broken for ever.
    """
    number = attempt.number if attempt else 0
    if mode == "none":
        return "none/0"
    share = f"-{percent:g}" + (f"+{tries}" if tries else "") if mode in {"suggest", "live"} else ""
    return f"{mode}{share}/{number}"


class LiveStage(Struct, frozen=True, order=True):
    """A live stratum's attempt, try and percentage, in the order in which they are run."""

    attempt: int
    tries: int
    percent: float


def live_stage(stage: str) -> LiveStage | None:
    """What `stage_of` wrote down of a live stratum; None for any other."""
    mode, _, rest = stage.partition("-")
    share, _, attempt = rest.partition("/")
    percent, _, tries = share.partition("+")
    if mode != "live":
        return None
    try:
        return LiveStage(int(attempt), int(tries or 0), float(percent))
    except ValueError:
        return None
