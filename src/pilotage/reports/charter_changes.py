"""What changed between two versions of a charter, field by field and word by word. Pure."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Literal

import msgspec
from msgspec import Struct

from pilotage.record.charter import IMMATERIAL, PROSE, Charter
from pilotage.reports.numbers import number

_WORDS = re.compile(r"\s+|[^\s]+")
Kind = Literal["same", "gone", "new"]
# Blanks count: so many are three words.
WORDS_KEPT = 6


class Piece(Struct, frozen=True):
    """A stretch of text: unchanged, gone, or new."""

    kind: Kind
    text: str


class Change(Struct, frozen=True, kw_only=True):
    """One field that changed. `material`: signatures on the version before end with it."""

    field: str
    material: bool
    pieces: tuple[Piece, ...]

    @property
    def before(self) -> str:
        """The field as it was."""
        return "".join(piece.text for piece in self.pieces if piece.kind != "new")

    @property
    def after(self) -> str:
        """The field as it is."""
        return "".join(piece.text for piece in self.pieces if piece.kind != "gone")


def changes(before: tuple[Charter, str] | None, after: tuple[Charter, str]) -> tuple[Change, ...]:
    """Every field that differs, in the order of the charter. Each version is a charter and its team."""
    old, new = _leaves(*before) if before else {}, _leaves(*after)
    found = tuple(
        Change(
            field=field, material=_is_material(field, old.get(field), new.get(field)), pieces=_pieces(old, new, field)
        )
        for field in dict.fromkeys([*new, *old])
        if old.get(field) != new.get(field)
    )
    if before is None or found or before == after:
        return found
    return (Change(field="order of metrics or guardrails", material=False, pieces=()),)


def _is_material(field: str, before: object, after: object) -> bool:
    if field in PROSE:
        return str(before or "").split() != str(after or "").split()
    return field not in IMMATERIAL


def _pieces(old: dict[str, object], new: dict[str, object], field: str) -> tuple[Piece, ...]:
    """Two numbers that read alike when they are rounded are written out in full."""
    before, after = _word(old.get(field)), _word(new.get(field))
    if before == after:
        before, after = _in_full(old.get(field)), _in_full(new.get(field))
    return compared(before, after)


def _in_full(value: object) -> str:
    return "nothing" if value is None else str(value) or "an empty text"


def compared(before: str, after: str) -> tuple[Piece, ...]:
    """Two texts word by word. A word or two that stayed between changes is shown with them: it reads better."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    pieces: list[Piece] = []
    gone, added = "", ""
    codes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for index, (tag, a, b, c, d) in enumerate(codes):
        is_between = 0 < index < len(codes) - 1
        if tag == "equal" and not (is_between and d - c < WORDS_KEPT):
            pieces += _change(gone, added)
            pieces.append(Piece("same", "".join(new[c:d])))
            gone, added = "", ""
        else:
            gone, added = gone + "".join(old[a:b]), added + "".join(new[c:d])
    return (*pieces, *_change(gone, added))


def _change(gone: str, added: str) -> list[Piece]:
    return [*([Piece("gone", gone)] if gone else []), *([Piece("new", added)] if added else [])]


def _leaves(charter: Charter, team: str) -> dict[str, object]:
    """Every field with its value; metrics and guardrails by their id."""
    leaves: dict[str, object] = {
        "purpose": charter.purpose,
        "value": charter.value,
        "team": team,
        "starts on": charter.starts_on.isoformat(),
        "decided by": charter.decision_on.isoformat(),
        "time zone": charter.time_zone,
        "risks": "\n".join(charter.risks),
        "value a year in USD": charter.value_usd_a_year,
        "segments": ", ".join(charter.segments),
    }
    leaves |= {f"target: {name.replace('_', ' ')}": value for name, value in _fields_of(charter.target)}
    for metric in charter.metrics:
        leaves |= {f"metric {metric.id}: {name.replace('_', ' ')}": value for name, value in _fields_of(metric)}
    for guardrail in charter.guardrails:
        leaves |= {f"guardrail {guardrail.metric}: {name}": value for name, value in _fields_of(guardrail)}
    return leaves


def _fields_of(struct: Struct) -> list[tuple[str, object]]:
    return list(msgspec.to_builtins(struct).items())


def _word(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | str):
        return str(value)
    if isinstance(value, float | int):
        return number(value, 6)
    return msgspec.json.encode(value).decode()
