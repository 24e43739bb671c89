"""What changed between two versions of a charter, field by field and word by word. Pure."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Literal

import msgspec
from msgspec import Struct

from pilotage.record.charter import Charter
from pilotage.server.pages.written import number

_WORDS = re.compile(r"\s+|[^\s]+")
Kind = Literal["same", "gone", "new"]
# Blanks count: so many are three words.
WORDS_KEPT = 6


class Piece(Struct, frozen=True):
    """A stretch of text: unchanged, gone, or new."""

    kind: Kind
    text: str


class Change(Struct, frozen=True, kw_only=True):
    """One field that changed."""

    field: str
    pieces: tuple[Piece, ...]


def changes(before: tuple[Charter, str] | None, after: tuple[Charter, str]) -> tuple[Change, ...]:
    """Every field that differs, in the order of the charter. Each version is a charter and its team."""
    old, new = _leaves(*before) if before else {}, _leaves(*after)
    return tuple(
        Change(field=field, pieces=compared(old.get(field, ""), new.get(field, "")))
        for field in dict.fromkeys([*new, *old])
        if old.get(field, "") != new.get(field, "")
    )


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


def _leaves(charter: Charter, team: str) -> dict[str, str]:
    """Every field with its value in words; metrics and guardrails by their id."""
    leaves = {
        "purpose": charter.purpose,
        "value": charter.value,
        "team": team,
        "starts on": charter.starts_on.isoformat(),
        "decided by": charter.decision_on.isoformat(),
        "time zone": charter.time_zone,
        "risks": "\n".join(charter.risks),
        "value a year in USD": "" if charter.value_usd_a_year is None else number(charter.value_usd_a_year),
        "segments": ", ".join(charter.segments),
    }
    leaves |= {f"target: {name.replace('_', ' ')}": text for name, text in _words_of(charter.target)}
    for metric in charter.metrics:
        leaves |= {f"metric {metric.id}: {name.replace('_', ' ')}": text for name, text in _words_of(metric)}
    for guardrail in charter.guardrails:
        leaves |= {f"guardrail {guardrail.metric}: {name}": text for name, text in _words_of(guardrail)}
    return leaves


def _words_of(struct: Struct) -> list[tuple[str, str]]:
    return [(name, _word(value)) for name, value in msgspec.to_builtins(struct).items() if value is not None]


def _word(value: object) -> str:
    if isinstance(value, bool | str):
        return str(value)
    if isinstance(value, float | int):
        return number(value, 6)
    return msgspec.json.encode(value).decode()
