"""The words that facts and commands are written in: what kind of text or number a field takes. Pure.

`Text` is personal text of a fact: the ledger keeps it outside the hashed entry, as a salted commitment, so that it can
be erased without breaking a proof. An erased text reads `ERASED`. How long a text may be is the commands' business:
what is in the ledger has to be readable, whatever its length.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

ERASED = "[erased]"
Text = Annotated[str, Meta(extra={"personal": True})]
Score = Annotated[int, Meta(ge=1, le=5)]

PersonId = Annotated[str, Meta(min_length=1, max_length=64, description="a person's id", extra={"person": True})]
Title = Annotated[str, Meta(min_length=3, max_length=120)]
Said = Annotated[str, Meta(min_length=3, max_length=4000, extra={"personal": True})]
Remark = Annotated[str, Meta(max_length=4000, extra={"personal": True})]
Label = Annotated[str, Meta(min_length=1, max_length=200)]
Short = Annotated[str, Meta(min_length=3, max_length=400)]
Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="a SHA-256 digest, 64 hexadecimal digits")]
Percent = Annotated[float, Meta(ge=0, le=100)]
Base = (
    Annotated[
        int,
        Meta(ge=0, description="the ledger position of what you edited; given, a newer one is not overwritten"),
    ]
    | None
)
