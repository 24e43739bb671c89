"""Links that sign somebody in once."""

from __future__ import annotations

import datetime as dt
from urllib.parse import quote

LIFETIME = dt.timedelta(minutes=15)


def link_to(url: str, secret: str) -> str:
    """The address that a person opens."""
    return f"{url}/sign-in?token={quote(secret, safe='')}"
