"""From a call back to the decision that let it run: release, exposure, attempt. Pure.

The lease that a call ran under says its mode, its share and its stage; each of them has to be found on the record.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from pilotage.record.verdicts import MODE_RANK
from pilotage.record.workload import Exposure, Workload
from pilotage.runtime.records import Call, Execution

# A runtime may go on for so long under the lease that it holds, when the exposure was lowered meanwhile.
LEASE_LASTS = dt.timedelta(hours=1)
SHARED = ("suggest", "live")


def untraced(workload: Workload, call: Call) -> str:
    """What cannot be followed of a call, in a sentence; empty where all of it can."""
    missing = list(_missing(workload, call))
    return f"Call {call.call_id}: {'; '.join(missing)}." if missing else ""


def _missing(workload: Workload, call: Call) -> Iterator[str]:
    if call.input is None:
        yield "its input was not recorded"
    for execution in filter(None, (call.served, call.beside)):
        yield from _execution(workload, execution)
    at = dt.datetime.fromtimestamp(call.at_us / 1e6, dt.UTC)
    if call.mode != "none" and not any(_allows(exposure, call) for exposure in _in_force(workload, at)):
        share = f" {call.percent:g} %" if call.mode in SHARED else ""
        yield f"nobody had exposed the candidate to {call.mode}{share} by then"
    attempt = call.stage.rpartition("/")[2]
    if not attempt.isdecimal() or int(attempt) > len(workload.attempts):
        yield f"its stage {call.stage} belongs to no attempt on the record"


def _execution(workload: Workload, execution: Execution) -> Iterator[str]:
    if execution.arm == "candidate" and execution.release not in workload.releases:
        yield f"the release {execution.release or 'without a name'} that ran is not registered"
    if execution.value is None and not execution.error:
        yield f"what the {execution.arm} answered was not recorded"


def _in_force(workload: Workload, at: dt.datetime) -> Iterator[Exposure]:
    """The exposures that a call of that time may have run under: the one of the moment, and those that just ended."""
    ends = at
    for exposure in reversed(workload.exposures):
        if exposure.stamp is None or exposure.stamp.at > at:
            continue
        if ends < at - LEASE_LASTS:
            return
        yield exposure
        ends = exposure.stamp.at


def _allows(exposure: Exposure, call: Call) -> bool:
    """Whether a call may have run under it: the ceiling may have held it lower, never higher."""
    if MODE_RANK[call.mode] != MODE_RANK[exposure.mode]:
        return MODE_RANK[call.mode] < MODE_RANK[exposure.mode]
    return call.mode not in SHARED or call.percent <= exposure.percent
