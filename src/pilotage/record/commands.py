"""Commands: what a person may ask of a workload. The API, the command line and the forms are made from them. Pure.

`PERMITTED` says which roles may give a command; `ASKS_CREDENTIAL` which ones count as a signature, so that
the credential is asked for again.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, get_args

from msgspec import Meta, Struct

from pilotage.playbook.types import Lane, PhaseId
from pilotage.record.areas.listing import AREAS, AreaCommand
from pilotage.record.charter import Charter
from pilotage.record.facts import Outcome
from pilotage.record.texts import Digest, Label, Percent, PersonId, Remark, Said, Score, Title
from pilotage.record.verdicts import Mode

CURVE_POINT = r"^[1-9][0-9]{0,11}=-?[0-9]{1,12}(\.[0-9]{1,12})?$"


class Propose(Struct, frozen=True, kw_only=True, tag="propose", forbid_unknown_fields=True):
    """Put a candidate problem into the portfolio."""

    title: Title
    problem: Annotated[str, Meta(min_length=10, max_length=2000)]
    incumbent: Annotated[str, Meta(min_length=3, max_length=400, description="who or what does the work today")]
    cadence: Annotated[str, Meta(max_length=64, description="the playbook to follow")] = "standard"
    lane: Annotated[
        Lane, Meta(description="standard or high, until its risk is classified; low comes by that alone")
    ] = "standard"
    demonstration: bool = False
    personal_data: Annotated[bool, Meta(description="personal data reach the candidate")] = True
    outside_processor: Annotated[bool, Meta(description="somebody outside processes the data")] = True


class ScoreProblem(Struct, frozen=True, kw_only=True, tag="score", forbid_unknown_fields=True):
    """Score the problem from 1 to 5; scoring again replaces your earlier score. `pilotage intake --scales` says what
    each step means.
    """

    impact: Annotated[Score, Meta(description="1: hardly anybody notices; 5: a main figure of the business moves")]
    feasibility: Annotated[Score, Meta(description="1: unsolved, without data; 5: runs elsewhere on data like ours")]
    readiness: Annotated[Score, Meta(description="1: nobody asked for it; 5: the team asks, and everybody is ready")]
    note: Remark = ""


class Choose(Struct, frozen=True, kw_only=True, tag="choose", forbid_unknown_fields=True):
    """Argue why this problem is chosen."""

    argument: Said


class Assign(Struct, frozen=True, kw_only=True, tag="assign", forbid_unknown_fields=True):
    """Offer a role to a person. What a role asks for, only that person can give."""

    role: Annotated[
        str,
        Meta(
            pattern="^(owner|sponsor|reviewer:(security|privacy|compliance|risk|operations|architecture))$",
            description="owner, sponsor or reviewer:<area>",
        ),
    ]
    person: PersonId


class AcceptOwnership(Struct, frozen=True, kw_only=True, tag="accept_ownership", forbid_unknown_fields=True):
    """Accept ownership in person, and say over what you have authority."""

    technical: Annotated[bool, Meta(description="I decide on the technical side")]
    operational: Annotated[bool, Meta(description="I decide on the operational side")]
    statement: Said


class ReviseCharter(Struct, frozen=True, kw_only=True, tag="revise_charter", forbid_unknown_fields=True):
    """Write a new version of the charter; `base_version` is the one you edited (0: none yet)."""

    base_version: Annotated[int, Meta(ge=0)]
    charter: Charter
    team: Remark = ""


class Sign(Struct, frozen=True, kw_only=True, tag="sign", forbid_unknown_fields=True):
    """Sign the exact content that a digest stands for."""

    subject: Annotated[
        str, Meta(pattern="^(charter|decision|waiver:[a-z.-]+)$", description="charter, decision or waiver:<criterion>")
    ]
    digest: Digest
    meaning: Annotated[str, Meta(min_length=3, max_length=400, description="what your signature means")]


class RegisterRelease(Struct, frozen=True, kw_only=True, tag="register_release", forbid_unknown_fields=True):
    """Register a candidate release; it cannot be changed afterwards, only followed by another."""

    name: Label
    digest: Digest
    code_revision: Label
    environment: Annotated[str, Meta(min_length=1, max_length=200, description="image or lock-file digest")]
    model: Annotated[str, Meta(min_length=1, max_length=400, description="model, or prompt, and its version")]
    parameters: Annotated[str, Meta(max_length=2000)] = ""
    data_source: Annotated[str, Meta(min_length=1, max_length=400)]
    training_examples: Annotated[
        Annotated[int, Meta(ge=1)] | None, Meta(description="how many examples it learned from, for the learning curve")
    ] = None


class DeclareForEvaluation(Struct, frozen=True, kw_only=True, tag="declare_for_evaluation", forbid_unknown_fields=True):
    """Begin the looks of the test on a release; what ran before was exploration."""

    release: Label


class ClearPilot(Struct, frozen=True, kw_only=True, tag="clear_pilot", forbid_unknown_fields=True):
    """Sign, for privacy or security, which fields are used, by whom they are processed and how long they are kept."""

    area: Literal["privacy", "security"]
    fields: Annotated[tuple[Label, ...], Meta(min_length=1)]
    processors: tuple[Label, ...] = ()
    retention_days: Annotated[int, Meta(ge=1, le=3650)]
    statement: Said


class AnalyseShortfall(Struct, frozen=True, kw_only=True, tag="analyse_shortfall", forbid_unknown_fields=True):
    """Say in which segments the target was missed and why, whether more data or tuning would help, and at what cost."""

    segments: Annotated[
        tuple[Label, ...],
        Meta(
            min_length=1,
            max_length=100,
            description="where it fails, such as origin=JFK, or all",
        ),
    ]
    cause: Said
    remedy: Annotated[Literal["more_data", "tuning", "both", "neither"], Meta(description="what would close the gap")]
    effort: Annotated[str, Meta(min_length=3, max_length=400, description="what that would take: people, time, money")]
    curve: Annotated[
        tuple[Annotated[str, Meta(pattern=CURVE_POINT, description="examples=value, such as 2000=0.81")], ...],
        Meta(
            max_length=100,
            description="the target metric after learning from so many examples, as examples=value: 2000=0.81",
        ),
    ] = ()


class Attest(Struct, frozen=True, kw_only=True, tag="attest", forbid_unknown_fields=True):
    """Sign, by name, that a recorded or attested criterion holds. A measured one cannot be attested."""

    criterion: Annotated[str, Meta(max_length=80)]
    statement: Annotated[str, Meta(min_length=20, max_length=4000, extra={"personal": True})]
    document_digest: Annotated[str, Meta(pattern="^([0-9a-f]{64})?$")] = ""


class Advance(Struct, frozen=True, kw_only=True, tag="advance", forbid_unknown_fields=True):
    """Pass the gate of the current phase."""

    to_phase: PhaseId


class GoBack(Struct, frozen=True, kw_only=True, tag="go_back", forbid_unknown_fields=True):
    """Take the workload back to an earlier phase; nobody is exposed until somebody exposes it again."""

    to_phase: PhaseId
    reason: Said


class Decide(Struct, frozen=True, kw_only=True, tag="decide", forbid_unknown_fields=True):
    """Go, no-go or one extension. In force once owner and sponsor have both signed it."""

    outcome: Outcome
    reasons: Said
    dissent: Remark = ""
    extend_until: dt.date | None = None


class Expose(Struct, frozen=True, kw_only=True, tag="expose", forbid_unknown_fields=True):
    """Set how much traffic the candidate sees, at most the ceiling. Percentages apply to suggest and live."""

    mode: Mode
    percent: Percent = 0.0
    cohorts: tuple[Label, ...] = ()
    reason: Said
    timeout_ms: Annotated[float, Meta(gt=0, le=600_000)] = 1000.0
    hard_timeout: Annotated[bool, Meta(description="run a synchronous candidate on a thread that can be left")] = False
    paired_share: Annotated[float, Meta(ge=0, le=1, description="share of live calls that run both arms")] = 0.1


class Kill(Struct, frozen=True, kw_only=True, tag="kill", forbid_unknown_fields=True):
    """Switch the candidate off everywhere, now."""

    reason: Said


class Revive(Struct, frozen=True, kw_only=True, tag="revive", forbid_unknown_fields=True):
    """Lift a kill. Exposure stays at none until somebody exposes again."""

    reason: Said


class Waive(Struct, frozen=True, kw_only=True, tag="waive", forbid_unknown_fields=True):
    """Set a criterion aside for a while. In force once a second accountable person has signed it."""

    criterion: Annotated[str, Meta(max_length=80)]
    reason: Annotated[str, Meta(min_length=20, max_length=4000, extra={"personal": True})]
    expires_on: dt.date


class Comment(Struct, frozen=True, kw_only=True, tag="comment", forbid_unknown_fields=True):
    """Say something about the workload, on the record."""

    comment: Said


class ResolveBreach(Struct, frozen=True, kw_only=True, tag="resolve_breach", forbid_unknown_fields=True):
    """Close a guardrail's breach after looking into it."""

    metric: Label
    reason: Said


Command = (
    Propose
    | ScoreProblem
    | Choose
    | Assign
    | AcceptOwnership
    | ReviseCharter
    | Sign
    | RegisterRelease
    | DeclareForEvaluation
    | ClearPilot
    | AnalyseShortfall
    | Attest
    | Advance
    | GoBack
    | Decide
    | Expose
    | Kill
    | Revive
    | Waive
    | Comment
    | ResolveBreach
    | AreaCommand
)

COMMANDS: dict[str, type[Command]] = {str(cls.__struct_config__.tag): cls for cls in get_args(Command)}

_LEADS = frozenset({"owner", "sponsor", "admin"})
_BUILDERS = _LEADS | {"engineer"}
_EVERYBODY = _BUILDERS | {"operator", "reviewer"}

PERMITTED: dict[str, frozenset[str]] = {
    "propose": _BUILDERS,
    "score": _EVERYBODY,
    "choose": _LEADS,
    "assign": _LEADS,
    "accept_ownership": frozenset({"owner"}),
    "revise_charter": _BUILDERS,
    "sign": frozenset({"owner", "sponsor"}),
    "register_release": frozenset({"owner", "engineer"}),
    "declare_for_evaluation": frozenset({"owner"}),
    "clear_pilot": frozenset({"reviewer"}),
    "analyse_shortfall": frozenset({"owner", "engineer"}),
    "attest": frozenset({"owner", "sponsor", "engineer", "operator", "reviewer"}),
    "advance": frozenset({"owner"}),
    "go_back": frozenset({"owner", "sponsor", "operator"}),
    "decide": frozenset({"owner"}),
    "expose": frozenset({"owner", "operator"}),
    "kill": _EVERYBODY,
    "revive": frozenset({"owner", "sponsor"}),
    "waive": frozenset({"owner", "sponsor"}),
    "comment": _EVERYBODY,
    "resolve_breach": frozenset({"owner", "operator"}),
    **{name: roles for area in AREAS for name, roles in area.permitted.items()},
}

ASKS_CREDENTIAL: frozenset[str] = frozenset(
    {"accept_ownership", "sign", "clear_pilot", "attest", "decide", "waive"}
).union(*(area.asks_credential for area in AREAS))


def name_of(command: Command) -> str:
    """The command's name, as in the API's path."""
    return str(command.__struct_config__.tag)
