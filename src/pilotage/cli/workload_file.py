"""A workload's file: what people may write about it. It may name people; nobody signs anything in a file.

Read with every problem at once, each with its line, and written in the same form.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from pilotage.bootstrap import take_in_extensions
from pilotage.cli.failures import CliError, InvalidFile, Wrong
from pilotage.cli.file_records import Records, records_of
from pilotage.cli.files import text_of
from pilotage.playbook.errors import PlaybookUnknown
from pilotage.playbook.errors import Problem as PlacedProblem
from pilotage.playbook.loading import load
from pilotage.playbook.nodes import Node, plain, read
from pilotage.playbook.shape import differences
from pilotage.playbook.types import Lane, ReviewArea
from pilotage.record.charter import Charter, charter_problems
from pilotage.record.commands import RegisterRelease
from pilotage.record.texts import Digest, Label, Remark, Title
from pilotage.record.workload import Workload
from pilotage.runtime.records import Slug
from pilotage.runtime.release import DIGEST_SCHEME
from pilotage.workflow.yaml_text import sparse, yaml_text

Named = Annotated[str, Meta(min_length=1, max_length=64, description="a username or a person's id")]


class People(Struct, frozen=True, kw_only=True):
    """Who is offered which role."""

    owner: Named | None = None
    sponsor: Named | None = None
    reviewers: dict[ReviewArea, Named] = {}

    @property
    def roles(self) -> dict[str, str]:
        """The person named for each role, by the role's name in commands."""
        accountable = {"owner": self.owner, "sponsor": self.sponsor}
        named = {role: person for role, person in accountable.items() if person is not None}
        return named | {f"reviewer:{area}": person for area, person in self.reviewers.items()}


class ReleaseEntry(Struct, frozen=True, kw_only=True):
    """A release: by its digest, or by the source file and artefacts that the digest is made of."""

    name: Label
    digest: Digest | None = None
    source: str | None = None
    artifacts: tuple[str, ...] = ()
    code_revision: Label
    environment: Annotated[str, Meta(min_length=1, max_length=200)]
    model: Annotated[str, Meta(min_length=1, max_length=400)]
    parameters: Annotated[str, Meta(max_length=2000)] = ""
    data_source: Annotated[str, Meta(min_length=1, max_length=400)]
    training_examples: Annotated[int, Meta(ge=1)] | None = None


class WorkloadFile(Struct, frozen=True, kw_only=True):
    """The whole file."""

    workload: Slug
    title: Title
    problem: Annotated[str, Meta(min_length=10, max_length=2000)]
    incumbent: Annotated[str, Meta(min_length=3, max_length=400)]
    cadence: Annotated[str, Meta(max_length=64)] = "standard"
    lane: Lane = "standard"
    personal_data: bool = True
    outside_processor: bool = True
    people: People = People()
    argument: Remark = ""
    team: Remark = ""
    charter: Charter | None = None
    releases: tuple[ReleaseEntry, ...] = ()
    records: Records = Records()


class ReadFile(Struct, frozen=True, kw_only=True):
    """A file that was read: what it says, its releases as commands, and its tree, for the places of later problems."""

    path: Path
    says: WorkloadFile
    releases: tuple[RegisterRelease, ...]
    tree: Node

    def wrong(self, field: str, message: str, code: str = "") -> Wrong:
        """A problem with something in the file, at the nearest place that there is."""
        node = nearest(self.tree, field)
        return Wrong(field=field, message=message, code=code, line=node.line)


def read_workload(path: Path) -> ReadFile:
    """Read a workload's file. Raises `InvalidFile` with everything wrong, `CliError` when it cannot be read."""
    tree, problems = read(text_of(path))
    if tree is None:
        raise InvalidFile(path, map(_placed, problems))
    wrong = [*map(_placed, problems), *map(_placed, differences(tree, WorkloadFile))]
    if wrong:
        raise InvalidFile(path, wrong)
    says = msgspec.convert(plain(tree), WorkloadFile)
    reading = ReadFile(path=path, says=says, releases=(), tree=tree)
    wrong += _beyond_shape(reading)
    releases = []
    for index, entry in enumerate(says.releases):
        try:
            releases.append(_release(entry, path.parent))
        except CliError as error:
            wrong.append(reading.wrong(f"releases[{index}]", error.message, error.code))
    if wrong:
        raise InvalidFile(path, sorted(wrong, key=lambda problem: problem.line or 0))
    return msgspec.structs.replace(reading, releases=tuple(releases))


def _placed(problem: PlacedProblem) -> Wrong:
    return Wrong(field=problem.path, message=problem.message, code=problem.code, line=problem.line)


def _beyond_shape(reading: ReadFile) -> Iterator[Wrong]:
    says = reading.says
    try:
        load(says.cadence)
    except PlaybookUnknown as error:
        yield reading.wrong("cadence", str(error), "unknown-playbook")
    if says.charter is not None:
        take_in_extensions()
        for problem in charter_problems(says.charter):
            yield reading.wrong(problem.field, problem.message, problem.code)
    if says.lane != "standard" and says.records.classify_risk is not None:
        message = "The risk classification under records decides the lane; leave the lane out."
        yield reading.wrong("lane", message, "lane-classified")
    names = [entry.name for entry in says.releases]
    for index, name in enumerate(names):
        if name in names[:index]:
            message = f"Release {name} stands here twice; keep one."
            yield reading.wrong(f"releases[{index}].name", message, "duplicate-release")


def _release(entry: ReleaseEntry, folder: Path) -> RegisterRelease:
    if (entry.digest is None) == (entry.source is None):
        raise CliError("digest-or-source", "Give either digest, or source: the file that defines the candidate.")
    if entry.source is None and entry.artifacts:
        raise CliError("artifacts-without-source", "Artifacts are digested together with a source; name it.")
    digest = entry.digest
    if digest is None:
        digest = digest_of_files(folder / str(entry.source), [folder / name for name in entry.artifacts])
    return RegisterRelease(
        name=entry.name,
        digest=digest,
        code_revision=entry.code_revision,
        environment=entry.environment,
        model=entry.model,
        parameters=entry.parameters,
        data_source=entry.data_source,
        training_examples=entry.training_examples,
    )


def digest_of_files(source: Path, artifacts: list[Path]) -> str:
    """What `pilotage.release_digest` gives for a function defined in `source`, without importing it."""
    total = hashlib.sha256(DIGEST_SCHEME)
    for path in (source, *artifacts):
        try:
            total.update(hashlib.sha256(path.read_bytes()).digest())
        except OSError as error:
            what = (error.strerror or str(error)).lower()
            raise CliError("unreadable", f"{path} cannot be read: {what}.") from error
    return total.hexdigest()


def nearest(tree: Node, field: str) -> Node:
    """The node of a field such as `charter.target.metric`, or the closest above it that the file has."""
    node = tree
    for key, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", field):
        below = node.get(key) if key else next(iter(node.items[int(index) : int(index) + 1]), None)
        if below is None:
            return node
        node = below
    return node


def file_of(workload: Workload, usernames: dict[str, str]) -> WorkloadFile:
    """What a workload's file would say to bring about what is recorded. `usernames` are by person."""

    def named(person: str | None) -> str | None:
        return None if person is None else usernames.get(person, person)

    version = workload.charter_version
    return WorkloadFile(
        workload=workload.slug,
        title=workload.title,
        problem=workload.problem,
        incumbent=workload.incumbent,
        cadence=workload.cadence,
        lane=workload.lane if workload.risk.classified is None else "standard",
        personal_data=workload.personal_data,
        outside_processor=workload.outside_processor,
        people=People(
            owner=named(workload.owner),
            sponsor=named(workload.sponsor),
            reviewers={area: str(named(person)) for area, person in workload.reviewers.items()},  # type: ignore[misc]  # the record's areas are review areas
        ),
        argument=workload.argument.text if workload.argument else "",
        team=version.team if version else "",
        charter=version.charter if version else None,
        releases=tuple(
            ReleaseEntry(
                name=release.name,
                digest=release.digest,
                code_revision=release.code_revision,
                environment=release.environment,
                model=release.model,
                parameters=release.parameters,
                data_source=release.data_source,
                training_examples=release.training_examples,
            )
            for release in workload.releases.values()
        ),
        records=records_of(workload, lambda person: usernames.get(person, person)),
    )


def written(says: Struct) -> str:
    """A struct as YAML, without what is at its default, and without tags that their place tells."""
    plain = sparse(says)
    for entries in plain.get("records", {}).values():
        for entry in entries if isinstance(entries, list) else [entries]:
            entry.pop("type")
    return yaml_text(plain)
