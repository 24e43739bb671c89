"""The check of the data sources: the right to use each, and a real sample that was looked at. Pure."""

from __future__ import annotations

from pilotage.gates.case import Case, Check, Finding, item, met, unmet
from pilotage.playbook.types import Playbook
from pilotage.record.areas.data import DataSources, SampleLimits, exceeded
from pilotage.record.verdicts import EvidenceItem

CRITERION = "select.data"


def limits_of(playbook: Playbook) -> SampleLimits:
    """The limits that the playbook sets, or the usual ones."""
    try:
        params = playbook.criterion(CRITERION).params
    except KeyError:
        params = {}
    given = {name: float(params[name]) for name in SampleLimits.__struct_fields__ if name in params}
    return SampleLimits(**given | ({"rows_min": int(given["rows_min"])} if "rows_min" in given else {}))  # type: ignore[arg-type]  # by field


def data(case: Case) -> Finding:
    """Every source has a right to use it and a sample within the limits, or an argument for what goes beyond."""
    state = case.workload.data
    if not state.used:
        return unmet(
            "No source of data is listed.", next="List every source with the right to use it, on the Data page."
        )
    limits = limits_of(case.playbook)
    lacking = [lack for name in state.used if (lack := _lack(state, name, limits))]
    evidence = [one for name in state.used for one in _seen(state, name)]
    if lacking:
        (said, following), more = lacking[0], len(lacking) - 1
        others = f" And {more} more {'source lacks' if more == 1 else 'sources lack'} something." if more else ""
        return unmet(f"{said}{others}", *evidence, next=following)
    argued = [state.sources[name].fact.title for name in state.used if _is_argued(state, name, limits)]
    words = f" Beyond a limit, and argued: {', '.join(argued)}." if argued else ""
    number = len(state.used)
    listed = (
        "The one source may be used, and a sample of it was"
        if number == 1
        else (f"All {number} sources may be used, and a sample of each was")
    )
    return met(f"{listed} looked at.{words}", *evidence)


def _lack(state: DataSources, name: str, limits: SampleLimits) -> tuple[str, str] | None:
    """What a source lacks, and what to do; None when it lacks nothing."""
    source, sample = state.sources[name].fact, state.samples.get(name)
    if not source.may_be_used:
        return f"{source.title}: nobody has granted its use.", "Get the right to use it, and write down who granted it."
    if sample is None:
        return (
            f"{source.title}: no sample was looked at.",
            "Hand in a real sample on the Data page, or with `pilotage data check`.",
        )
    beyond = exceeded(sample, limits)
    if beyond and state.argument(name) is None:
        said = " ".join(one.sentence for one in beyond)
        return f"{source.title}: {said}", "Mend the source and check a new sample, or argue in writing why it will do."
    return None


def _is_argued(state: DataSources, name: str, limits: SampleLimits) -> bool:
    sample = state.samples.get(name)
    return sample is not None and bool(exceeded(sample, limits))


def _seen(state: DataSources, name: str) -> list[EvidenceItem]:
    source, sample, argument = state.sources[name], state.samples.get(name), state.argument(name)
    found = [item(f"{name}: right to use", source.fact.basis, ledger=source.stamp.position)]
    if sample is not None:
        found.append(item(f"{name}: sample", sample.fact.digest[:12], n=sample.fact.rows, ledger=sample.stamp.position))
    if argument is not None:
        found.append(item(f"{name}: argued by", argument.stamp.by, ledger=argument.stamp.position))
    return found


CHECKS: dict[str, Check] = {CRITERION: data}
