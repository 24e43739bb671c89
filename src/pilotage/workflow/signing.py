"""What waits for a person's signature as owner or sponsor. Pure."""

from __future__ import annotations

import datetime as dt

from pilotage.record.workload import Workload


def to_sign(workload: Workload, person: str, today: dt.date | None = None) -> tuple[tuple[str, str], ...]:
    """What waits for a person's signature as owner or sponsor: subject and digest. A waiver that ended does not."""
    roles = workload.roles_of(person) & {"owner", "sponsor"}
    if not roles:
        return ()
    subjects: list[tuple[str, str]] = []
    version = workload.charter_version
    if version is not None:
        subjects.append(("charter", version.digest))
    newest = workload.decisions[-1] if workload.decisions else None
    if newest is not None and not workload.overtaken(newest):
        subjects.append(("decision", newest.digest))
    subjects += [
        (f"waiver:{name}", waiver.digest)
        for name, waiver in workload.waivers.items()
        if waiver.stamp.by != person and (today is None or today < waiver.expires_on)
    ]
    return tuple(
        (subject, digest)
        for subject, digest in subjects
        if not any(given.stamp.by == person for given in workload.signed(subject, digest).values())
    )
