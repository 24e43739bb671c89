"""Where a workload's runtime finds its server and its folder: arguments first, then the environment."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

from msgspec import Struct

from pilotage.runtime.errors import InvalidUse
from pilotage.runtime.identity import checked_slug
from pilotage.runtime.records import Source

DEFAULT_HOME = ".pilotage"
SOURCES: tuple[Source, ...] = ("real", "replay", "synthetic")


class Settings(Struct, frozen=True, kw_only=True):
    """One workload's settings. `url` None means embedded: leases come from the folder and calls go into it."""

    slug: str
    home: Path
    url: str | None = None
    token: str | None = None
    source: Source | None = None
    environment: str | None = None

    @property
    def embedded(self) -> bool:
        """Whether there is no server."""
        return self.url is None

    @property
    def spool(self) -> Path:
        """Where this workload's calls wait. Apart for each server: what was meant for one is never sent to another."""
        return self.home / "spool" / self.name

    @property
    def lease_file(self) -> Path:
        """Where the embedded lease is."""
        return self.home / "leases" / f"{self.slug}.json"

    @property
    def name(self) -> str:
        """The name of this workload's own files in the folder: servers are kept apart."""
        if self.url is None:
            return self.slug
        return f"{self.slug}@{hashlib.blake2b(self.url.encode(), digest_size=4).hexdigest()}"


def read_settings(
    slug: str,
    *,
    url: str | None = None,
    token: str | None = None,
    home: str | Path | None = None,
    source: Source | None = None,
    environment: str | None = None,
) -> Settings:
    """The settings of a workload: `PILOTAGE_URL`, `PILOTAGE_TOKEN`, `PILOTAGE_HOME` and `PILOTAGE_ENVIRONMENT` stand
    in for arguments that are not given. Raises `InvalidUse` for a slug, source or address that cannot be right.
    """
    if source is not None and source not in SOURCES:
        raise InvalidUse("bad-source", "source", f"{source!r} is not one of {', '.join(SOURCES)}")
    url = url or os.environ.get("PILOTAGE_URL") or None
    if url is not None and not url.startswith(("http://", "https://")):
        raise InvalidUse("bad-url", "url", f"{url!r} does not begin with http:// or https://")
    return Settings(
        slug=checked_slug(slug),
        home=Path(home or os.environ.get("PILOTAGE_HOME") or DEFAULT_HOME).absolute(),
        url=None if url is None else url.rstrip("/"),
        token=(token or os.environ.get("PILOTAGE_TOKEN") or None) if url is not None else None,
        source=source,
        environment=environment or os.environ.get("PILOTAGE_ENVIRONMENT") or None,
    )


def ensure_home(home: Path) -> None:
    """Make the folder, closed to other users, and keep what is in it out of version control."""
    if not home.exists():
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        (home / ".gitignore").write_text("*\n", encoding="utf-8")


def write_private(path: Path, text: str, *, once: bool = False) -> None:
    """Write a small file that only its owner may read, whole or not at all; `once` leaves one that is there."""
    if once and path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    if not once:
        unfinished.replace(path)
        return
    # A link fails where a rename would replace: of two processes that come at once, both read the first one's.
    with contextlib.suppress(FileExistsError):
        path.hardlink_to(unfinished)
    unfinished.unlink()
