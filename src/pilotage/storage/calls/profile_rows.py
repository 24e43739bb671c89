"""From the rows that the statements give to profiles, references and the other counts of a day. Pure."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from pilotage.evidence.arriving import AGES_HOURS
from pilotage.evidence.daybook import OTHER, ConfidenceDay, DelayDay, FieldDay, PairDay, Reference, scope_of
from pilotage.evidence.drift import BinValue
from pilotage.evidence.profiles import (
    ABOVE,
    BELOW,
    CELLS_PER_BIN,
    FieldBins,
    Profile,
    bins_of_categories,
    bins_of_numbers,
    with_cells,
)
from pilotage.evidence.values import MICROS_PER_HOUR

NUMBER_SHARE_MIN = 0.9
NEW_CATEGORIES_MAX = 20
NEW_CATEGORY_CALLS_MIN = 10
ANSWERS_MAX = 20
AGES_US = [round(hours * MICROS_PER_HOUR) for hours in AGES_HOURS]

Row = Mapping[str, Any]
Bins = Mapping[tuple[str, str], FieldBins]


def bins_of(references: Iterable[Reference]) -> dict[tuple[str, str], FieldBins]:
    """The bins by scope and field."""
    return {(one.scope, field.bins.name): field.bins for one in references for field in one.fields}


def frozen_bins(numbers: pa.Table, words: pa.Table) -> list[FieldBins]:
    """The bins of every field that a reference had values of. A field is a number where nine in ten values are and
    they are not all alike.
    """
    by_name: dict[str, dict[str, int]] = defaultdict(dict)
    for row in words.to_pylist():
        by_name[row["name"]][row["word"]] = row["calls"]
    found = []
    for row in numbers.to_pylist():
        name, types = row["name"], row["types"] or []
        low, high = row["ends"] or (None, None)
        if low is not None and low == high:
            low, high = row["low"], row["high"]
        many = row["present"] and row["numbers"] >= NUMBER_SHARE_MIN * row["present"]
        if many and low is not None and high is not None and low < high:
            found.append(bins_of_numbers(name, row["deciles"], low, high, types))
        elif row["present"]:
            found.append(bins_of_categories(name, by_name[name], row["calls"], types))
    return found


def by_day(table: pa.Table) -> dict[dt.date, list[Row]]:
    """The rows of each day."""
    days: dict[dt.date, list[Row]] = defaultdict(list)
    for row in table.to_pylist():
        days[row["day"]].append(row)
    return days


def field_days(rows: Sequence[Row], bins: Bins) -> tuple[FieldDay, ...]:
    """The profiles by stage, release and field."""
    groups: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["stage"], row["release"], row["name"]].append(row)
    return tuple(
        FieldDay(
            stage=stage,
            release=release,
            field=name,
            profile=profile_of(found, bins[scope_of(name, release), name]),
        )
        for (stage, release, name), found in sorted(groups.items())
    )


def profile_of(rows: Sequence[Row], bins: FieldBins) -> Profile:
    """The counts of one field."""
    types: Counter[str] = Counter()
    for row in rows:
        types[row["kind"]] += row["calls"]
    calls, missing = types.total(), types["null"]
    plain = Profile(calls=calls, missing=missing, types=dict(sorted(types.items())))
    return _numbers(plain, rows) if bins.kind == "number" else _categories(plain, rows, bins)


def worth_of(rows: Sequence[Row], bins: FieldBins) -> tuple[BinValue, ...]:
    """What each bin was worth to the target metric, in the order of `bin_counts`."""
    count = len(bins.cuts) + 2 if bins.kind == "number" else bins.own + 2
    sums = [[0.0, 0.0, 0.0] for _ in range(count)]
    place = {name: number for number, name in enumerate(bins.categories[: bins.own])}
    for row in rows:
        if bins.kind == "number":
            bin_ = count - 1 if row["cell"] is None else row["cell"] // CELLS_PER_BIN
        else:
            bin_ = count - 1 if row["kind"] == "null" else place.get(row["word"], count - 2)
        for number, name in enumerate(("known", "y", "yy")):
            sums[bin_][number] += row[name]
    return tuple(BinValue(n=n, y=y, yy=yy) for n, y, yy in sums)


def _numbers(plain: Profile, rows: Sequence[Row]) -> Profile:
    from msgspec import structs  # noqa: PLC0415 - beside its only use

    valued = [row for row in rows if row["cell"] is not None]
    known = sum(row["calls"] for row in valued)
    tails = {
        tail: sum(row["total"] for row in valued if row["cell"] % CELLS_PER_BIN == tail) for tail in (BELOW, ABOVE)
    }
    counted = structs.replace(
        plain,
        mistyped=plain.calls - plain.missing - known,
        below_sum=tails[BELOW],
        above_sum=tails[ABOVE],
        total=sum(row["total"] for row in valued),
        squares=sum(row["squares"] for row in valued),
    )
    return with_cells(counted, [row["cell"] for row in valued], [row["calls"] for row in valued])


def _categories(plain: Profile, rows: Sequence[Row], bins: FieldBins) -> Profile:
    """The reference's names, and the commonest twenty new ones that came ten times; the others only as a number."""
    from msgspec import structs  # noqa: PLC0415 - beside its only use

    counts: Counter[str] = Counter()
    for row in rows:
        if row["word"] is not None and row["kind"] != "null":
            counts[row["word"]] += row["calls"]
    known = set(bins.categories)
    fresh = [name for name in counts if name not in known and counts[name] >= NEW_CATEGORY_CALLS_MIN]
    fresh = sorted(fresh, key=lambda name: (-counts[name], name))[:NEW_CATEGORIES_MAX]
    kept = {name: counts[name] for name in sorted({*known & counts.keys(), *fresh})}
    return structs.replace(plain, categories=kept, others=plain.calls - plain.missing - sum(kept.values()))


def confidence_days(rows: Sequence[Row]) -> tuple[ConfidenceDay, ...]:
    """Answers by tenth of confidence; beyond the commonest twenty answers of an arm they are one."""
    common = _common((row["arm"], row["answer"], row["calls"]) for row in rows)
    sums: dict[tuple[str, str, str, str, int], list[float]] = defaultdict(lambda: [0.0] * 4)
    for row in rows:
        answer = row["answer"] if (row["arm"], row["answer"]) in common else OTHER
        held = sums[row["stage"], row["release"], row["arm"], answer, row["tenth"]]
        for number, name in enumerate(("calls", "known", "y", "yy")):
            held[number] += row[name]
    return tuple(
        ConfidenceDay(
            stage=key[0],
            release=key[1],
            arm=key[2],
            answer=key[3],
            tenth=key[4],
            calls=round(calls),
            known=round(known),
            y=y,
            yy=yy,
        )
        for key, (calls, known, y, yy) in sorted(sums.items())
    )


def pair_days(rows: Sequence[Row]) -> tuple[PairDay, ...]:
    """Pairs of answers; beyond the commonest twenty answers they are one."""
    common = _common(("", row[arm], row["calls"]) for row in rows for arm in ("incumbent", "candidate"))
    sums: Counter[tuple[str, str, str, str]] = Counter()
    for row in rows:
        said = (row[arm] if ("", row[arm]) in common else OTHER for arm in ("incumbent", "candidate"))
        sums[(row["stage"], row["release"], *said)] += row["calls"]
    return tuple(
        PairDay(stage=key[0], release=key[1], incumbent=key[2], candidate=key[3], calls=calls)
        for key, calls in sorted(sums.items())
    )


def delay_days(rows: Sequence[Row]) -> tuple[tuple[DelayDay, ...], int, int]:
    """The labels' ages by arm; how many calls there were, and how many without their input."""
    days = tuple(
        DelayDay(
            arm=row["arm"],
            calls=row["calls"],
            delays=_by_age(dict(row["delays"] or {})),
        )
        for row in rows
    )
    return days, sum(row["calls"] for row in rows), sum(row["unrecorded"] for row in rows)


def _by_age(counts: Mapping[int, int]) -> tuple[int, ...]:
    inside = tuple(counts.get(age, 0) for age in AGES_US)
    return (*inside, sum(counts.values()) - sum(inside))


def _common(said: Iterable[tuple[str, str, int]]) -> set[tuple[str, str]]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for who, answer, calls in said:
        counts[who][answer] += calls
    return {
        (who, answer)
        for who, by_answer in counts.items()
        for answer in sorted(by_answer, key=lambda one: (-by_answer[one], one))[:ANSWERS_MAX]
        if len(answer) <= 80  # noqa: PLR2004 - longer is text, not a category
    }
