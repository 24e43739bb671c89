"""The charter's versions and signatures: who signed which one, whether that counts, and what changed since. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from msgspec import Struct

from pilotage.record.charter import IMMATERIAL, PageFit
from pilotage.record.workload import CharterVersion, Signature, Workload
from pilotage.reports.charter_changes import Change, changes


class Given(Struct, frozen=True, kw_only=True):
    """A signature on the charter, the version it was given on, and what changed from that one to the newest."""

    signature: Signature
    version: CharterVersion
    counts: bool
    changes: tuple[Change, ...]


class CharterChangeJson(Struct, frozen=True, kw_only=True):
    """A field that changed. `material`: signatures given before ended with it."""

    field: str
    material: bool
    before: str
    after: str


class CharterSignatureJson(Struct, frozen=True, kw_only=True):
    """A signature: on which version, whether it counts for the newest, and what changed in between."""

    person: str
    role: str
    meaning: str
    at: dt.datetime
    position: int
    version: int
    counts: bool
    changed_since: tuple[CharterChangeJson, ...]


class CharterVersionJson(Struct, frozen=True, kw_only=True):
    """A version, and what it changed in the one before. `material_digest` is null where every edit ended signatures."""

    version: int
    by: str
    at: dt.datetime
    position: int
    digest: str
    material_digest: str | None
    page: PageFit | None
    changes: tuple[CharterChangeJson, ...]


class CharterJson(Struct, frozen=True, kw_only=True):
    """A charter's versions and signatures, newest first. `digest` is the one to sign; null without a charter."""

    workload: str
    version: int
    digest: str | None
    immaterial: tuple[str, ...]
    signatures: tuple[CharterSignatureJson, ...]
    versions: tuple[CharterVersionJson, ...]


def given_of(workload: Workload) -> tuple[Given, ...]:
    """Every signature on the charter, newest first."""
    newest = workload.charter_version
    if newest is None:
        return ()
    counting = {one.stamp.position for one in workload.signed("charter", newest.digest).values()}
    found = []
    for signature in reversed(workload.signatures):
        version = workload.signed_version(signature) if signature.subject == "charter" else None
        if version is not None:
            found.append(
                Given(
                    signature=signature,
                    version=version,
                    counts=signature.stamp.position in counting,
                    changes=between(version, newest),
                )
            )
    return tuple(found)


def between(before: CharterVersion | None, after: CharterVersion) -> tuple[Change, ...]:
    """What changed from one version to another; from nothing to the first one, everything."""
    return changes((before.charter, before.team) if before else None, (after.charter, after.team))


def last_given(workload: Workload, person: str) -> Given | None:
    """What a person signed last of the charter, whether it still counts or not."""
    return next((one for one in given_of(workload) if one.signature.stamp.by == person), None)


def charter_json(workload: Workload) -> CharterJson:
    """The charter's versions and signatures as the API shows them."""
    newest = workload.charter_version
    befores = (None, *workload.charters)
    return CharterJson(
        workload=workload.slug,
        version=newest.version if newest else 0,
        digest=newest.digest if newest else None,
        immaterial=tuple(sorted(IMMATERIAL)),
        signatures=tuple(map(_signature_json, given_of(workload))),
        versions=tuple(
            CharterVersionJson(
                version=version.version,
                by=version.stamp.by,
                at=version.stamp.at,
                position=version.stamp.position,
                digest=version.digest,
                material_digest=version.material,
                page=version.page,
                changes=_changes_json(between(before, version)) if before else (),
            )
            for before, version in reversed(list(zip(befores, workload.charters, strict=False)))
        ),
    )


def _signature_json(given: Given) -> CharterSignatureJson:
    signature = given.signature
    return CharterSignatureJson(
        person=signature.stamp.by,
        role=signature.role,
        meaning=signature.meaning,
        at=signature.stamp.at,
        position=signature.stamp.position,
        version=given.version.version,
        counts=given.counts,
        changed_since=_changes_json(given.changes),
    )


def _changes_json(found: Iterable[Change]) -> tuple[CharterChangeJson, ...]:
    return tuple(
        CharterChangeJson(field=one.field, material=one.material, before=one.before, after=one.after) for one in found
    )
