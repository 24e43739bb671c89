"""Who is still writing: a lock file per runtime, held for as long as its process lives, however it dies."""

from __future__ import annotations

import os
import time
from pathlib import Path

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows has no flock
    fcntl = None  # type: ignore[assignment]

SILENT_S = 60.0
"""Without file locks, a runtime whose lock file was not touched for so long is taken for dead."""


class Claim:
    """An exclusive hold on a runtime's segments in one folder, released by the system when the process ends."""

    def __init__(self, folder: Path, runtime: str) -> None:
        self.path = lock_path(folder, runtime)
        # Locked before it has its name, so that nobody ever sees the file of a living runtime unlocked.
        unnamed = self.path.with_suffix(".new")
        self._descriptor = os.open(unnamed, os.O_RDWR | os.O_CREAT, 0o600)
        if fcntl is not None:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        unnamed.replace(self.path)

    def touch(self) -> None:
        """Say that this runtime lives, for systems without file locks."""
        if fcntl is None:  # pragma: no cover - Windows has no flock
            os.utime(self.path)

    def release(self) -> None:
        """Give the hold up and remove its file."""
        self.path.unlink(missing_ok=True)
        os.close(self._descriptor)

    def forget(self) -> None:
        """Close a descriptor inherited through fork; the parent's hold stays."""
        os.close(self._descriptor)


def lock_path(folder: Path, runtime: str) -> Path:
    """Where a runtime's lock file is."""
    return folder / f"{runtime}.lock"


def is_alive(folder: Path, runtime: str) -> bool:
    """Whether the runtime that wrote these segments still runs."""
    path = lock_path(folder, runtime)
    try:
        if fcntl is None:  # pragma: no cover - Windows has no flock
            return time.time() - path.stat().st_mtime < SILENT_S
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
