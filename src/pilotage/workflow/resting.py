"""What a section's answer rests on: which calls, how many of them, which sums, by which methods, and a digest over all
that it says. One envelope for every section, so that none can be shown without it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec
from msgspec import Struct

from pilotage.evidence.measurements import Traffic
from pilotage.evidence.snapshot import plain
from pilotage.record.digests import digest_of
from pilotage.workflow.desk import Judgement
from pilotage.workflow.section import Section
from pilotage.workflow.workspace import Workspace

COUNTS = ("counted", "paired", "candidate_runs", "candidate_served", "suggested", "labelled", "labels_due", "feedback")


class CallsRead(Struct, frozen=True, kw_only=True):
    """The calls that could be read: of these sources, from the first to the last, or within the span that the section
    itself names. None where there are none.
    """

    sources: tuple[str, ...]
    since: dt.datetime | None
    until: dt.datetime | None


class RestsOn(Struct, frozen=True, kw_only=True):
    """What a section's answer rests on. `counts` are calls of all stages, whatever the section takes of them; `sums` is
    the SHA-256 of the canonical JSON of the sums kept at the time, of which there are `series`. `methods` are named by
    the answer's own figures, and by the section where it has a method throughout. `digest` is the SHA-256 of the
    canonical JSON of the whole answer without this field.
    """

    section: str
    position: int
    window: CallsRead
    counts: dict[str, int]
    series: int
    sums: str
    methods: tuple[str, ...]
    digest: str


@cache
def whole_of(of: type[Struct]) -> type[Struct]:
    """A section's type with what the answer rests on as its last field."""
    return msgspec.defstruct(
        of.__name__,
        [("rests_on", RestsOn)],
        bases=(of,),
        module=of.__module__,
        namespace={"__doc__": of.__doc__},
        frozen=True,
        kw_only=True,
    )


def whole(section: Section, workspace: Workspace, judgement: Judgement) -> Struct:
    """The section as of now, with what it rests on."""
    found = section.build(workspace, judgement)
    fields = {name: getattr(found, name) for name in found.__struct_fields__}
    return whole_of(section.of)(**fields, rests_on=rests_on(section, workspace, judgement, found))


def rests_on(section: Section, workspace: Workspace, judgement: Judgement, found: Struct) -> RestsOn:
    """What an answer of the section, built from this judgement, rests on."""
    workload, measured = judgement.workload, judgement.measurements
    # What a reader has is JSON, in which a number that is not finite is null: that is what the digest is over.
    content = msgspec.json.decode(msgspec.json.encode(found))
    traffic = measured.traffic if measured else Traffic()
    series, sums = workspace.measuring.remembered(
        workload, "digest of the sums", lambda: _sums(workspace, workload.slug)
    )
    return RestsOn(
        section=section.id,
        position=workload.position,
        window=_window(found, traffic, ("replay",) if workload.demonstration else ("real",)),
        counts={name: getattr(traffic, name) for name in COUNTS},
        series=series,
        sums=sums,
        methods=tuple(sorted({*section.methods, *_methods(content)})),
        digest=digest_of(content),
    )


def _sums(workspace: Workspace, slug: str) -> tuple[int, str]:
    rows = workspace.calls.totals(slug)
    named = {(r.stage, r.release, r.metric, r.series, r.segment): plain(r.totals) for r in rows}
    return len(rows), digest_of([[*name, named[name]] for name in sorted(named)])


def _window(found: Struct, traffic: Traffic, sources: tuple[str, ...]) -> CallsRead:
    since, until = getattr(found, "since", None), getattr(found, "until", None)
    if isinstance(since, dt.datetime) and isinstance(until, dt.datetime):
        return CallsRead(sources=sources, since=since, until=until)
    return CallsRead(sources=sources, since=traffic.first_call_at, until=traffic.last_call_at)


def _methods(content: Any) -> Iterator[str]:  # noqa: ANN401 - any part of an answer
    """Every method that a figure somewhere in the answer names."""
    if isinstance(content, dict):
        for name, value in content.items():
            if name == "method" and isinstance(value, str) and value:
                yield value
            else:
                yield from _methods(value)
    elif isinstance(content, list):
        for value in content:
            yield from _methods(value)
