"""Which role may give which command: one matrix, which the record decides by and everybody may read. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from pilotage.record.areas.listing import AREAS
from pilotage.record.commands import ASKS_CREDENTIAL, COMMANDS, PERMITTED
from pilotage.record.organisation import ORGANISATION_COMMANDS, ORGANISATION_PERMITTED

ROLE_MEANINGS: dict[str, str] = {
    "owner": "owns this workload; the role counts on the workload that names its holder",
    "sponsor": "sponsors this workload; the role counts on the workload that names its holder",
    "engineer": "builds the candidate",
    "operator": "runs it",
    "reviewer": "reviews it, for the areas that a workload names them for",
    "viewer": "reads, and changes nothing",
    "auditor": "reads and verifies, and changes nothing",
    "admin": "looks after accounts, and helps a workload begin",
}
GENERAL = "the way through the phases"
OF_ORGANISATION = "the organisation"
HEAD = """# Permissions

<!-- Generated: make guides -->

Which role may give which command. The record decides by this very table, on whichever way a command comes: page,
command line or interface. A role is necessary, not sufficient: what only the named reviewer, the person to whom
something was offered or somebody without a part in it may do is refused to others who have the role, with the reason;
[commands](commands.md) says so of each.

- **Owner and sponsor** are people, not ranks: once a workload names them, only they act as such on it, whatever roles
  an account has elsewhere.
- **Every other role** counts everywhere, or on the workloads that an administrator gave it for.
- **About the organisation** only those roles count that hold everywhere; a workload's owner or sponsor has them if an
  administrator gave them to the account.
- A command that counts as a **signature** asks for the password again.

The same table is the page `/permissions`, `GET /api/v1/permissions`, and `pilotage roles`."""


class Permission(Struct, frozen=True, kw_only=True):
    """One command: who may give it, whether it counts as a signature, and to which part of the record it belongs."""

    command: str
    part: str
    does: str
    roles: tuple[str, ...]
    signature: bool


def matrix() -> tuple[Permission, ...]:
    """Every command, in the order of the way; roles in the order of `ROLE_MEANINGS`."""
    parts = {name: area.name for area in AREAS for name in area.permitted}
    return (
        *(_permission(name, kind, parts.get(name, GENERAL), PERMITTED[name]) for name, kind in COMMANDS.items()),
        *(
            _permission(name, kind, OF_ORGANISATION, ORGANISATION_PERMITTED[name])
            for name, kind in ORGANISATION_COMMANDS.items()
        ),
    )


def _permission(name: str, kind: type, part: str, allowed: frozenset[str]) -> Permission:
    return Permission(
        command=name,
        part=part,
        does=" ".join((kind.__doc__ or "").split()).partition(". ")[0].rstrip(".") + ".",
        roles=tuple(role for role in ROLE_MEANINGS if role in allowed),
        signature=name in ASKS_CREDENTIAL,
    )


def reference() -> str:
    """The matrix as a page in Markdown. Ends with a newline."""
    roles = list(ROLE_MEANINGS)
    text = [HEAD, _table(("role", "who that is"), [(f"**{role}**", said) for role, said in ROLE_MEANINGS.items()])]
    found = matrix()
    for part in dict.fromkeys(one.part for one in found):
        rows = [
            (
                f"[`{one.command}`](commands.md#{one.command})",
                *("yes" if role in one.roles else "" for role in roles),
                "yes" if one.signature else "",
            )
            for one in found
            if one.part == part
        ]
        text += [f"## {part[:1].upper()}{part[1:]}", _table(("command", *roles, "signature"), rows)]
    return "\n\n".join(text) + "\n"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
