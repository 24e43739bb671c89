"""Says in the workspace's folder that a server runs for it, so that commands on this machine go through it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from pilotage.runtime.settings import write_private

FILE = "server.json"


class Announcement(Struct, frozen=True, kw_only=True):
    """Where the server is, which process it is, and a token with which the folder's owner may read."""

    url: str
    pid: int
    token: str = ""


@contextmanager
def announced(home: Path, url: str, token: str = "") -> Iterator[Announcement]:
    """Announce a server for as long as the block runs. Only the folder's owner can read it."""
    announcement = Announcement(url=url, pid=os.getpid(), token=token)
    path = home.absolute() / FILE
    write_private(path, msgspec.json.encode(announcement).decode())
    try:
        yield announcement
    finally:
        # A server that was started meanwhile has put its own there.
        if read_announcement(home) == announcement:
            path.unlink(missing_ok=True)


def read_announcement(home: Path) -> Announcement | None:
    """The server announced for this folder; None when there is none. It may have been killed since: ask it."""
    try:
        return msgspec.json.decode((home / FILE).read_bytes(), type=Announcement)
    except (FileNotFoundError, NotADirectoryError, msgspec.MsgspecError):
        return None
