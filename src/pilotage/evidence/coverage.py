"""On how many of the calls that are due a field is present. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from pilotage.evidence.measurements import FieldCoverage


def coverage(counts: Mapping[str, tuple[int, int]], required: Mapping[str, float]) -> tuple[FieldCoverage, ...]:
    """Per field its share, from (present, due), in the order of names. A field that is required and was never
    counted has no share: absence is not coverage. ValueError where more are present than due.
    """
    found = []
    for field in sorted({*counts, *required}):
        present, due = counts.get(field, (0, 0))
        if not 0 <= present <= due:
            raise ValueError(f"Field {field} is present on {present} of {due} calls, which cannot be.")
        found.append(
            FieldCoverage(
                field=field,
                share=present / due if due else None,
                present=present,
                calls=due,
                required=required.get(field, 0.0),
            )
        )
    return tuple(found)
