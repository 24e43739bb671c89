"""What an address asks of whoever calls it. A route says so in its options: `opt={"access": READ}`.

A route that says nothing asks for somebody who is signed in with the scope `read`; forgetting can only close.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from pilotage.server.auth.identity import Scope


class Access(Struct, frozen=True, kw_only=True):
    """`scope` is what the way in has to allow: `public` asks for nobody, `any` for whoever has signed in.

    `bound`: also open to a token bound to one workload, though the path names no workload; the handler then looks
    at it itself.
    """

    scope: Scope | Literal["public", "any"]
    bound: bool = False


PUBLIC = Access(scope="public", bound=True)
SIGNED_IN = Access(scope="any", bound=True)
READ = Access(scope="read")
RECORD = Access(scope="record")
COMMAND = Access(scope="command")
ADMIN = Access(scope="admin")
RECORD_BOUND = Access(scope="record", bound=True)
