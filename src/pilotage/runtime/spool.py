"""Recorded calls on disk until somebody has taken them: crash-safe segments, written here and read by whoever ingests.

A runtime appends to `<runtime>-<n>.open` and renames it when it is complete: to `.seg` for the reader of the
folder (embedded), to `.out` when the runtime itself sends it to a server. A dead runtime's files are anybody's.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from pilotage.runtime import framing
from pilotage.runtime.framing import CALLS, COUNTERS, OUTCOMES, Damaged, Frame, Origin
from pilotage.runtime.ownership import Claim, is_alive, lock_path
from pilotage.runtime.records import PackedCall, PackedOutcome

SEGMENT_BYTES = 4 * 2**20
REFUSED_FOLDER = "refused"

_calls = msgspec.msgpack.Decoder(list[PackedCall])
_outcomes = msgspec.msgpack.Decoder(list[PackedOutcome])
_counters = msgspec.msgpack.Decoder(dict[str, int])


class Records(msgspec.Struct, frozen=True, kw_only=True):
    """What a segment holds. `counters` are its runtime's running totals of what it dropped; `damage` is "" or what
    is wrong with the rest of the file, everything before it being whole.
    """

    workload: str
    runtime: str
    calls: list[PackedCall] = []
    outcomes: list[PackedOutcome] = []
    counters: dict[str, int] = {}
    damage: str = ""


class Spool:
    """The writing end: one runtime's segments in one folder. Used by one thread. Every method may raise OSError."""

    def __init__(self, folder: Path, origin: Origin, *, closed_as: Literal[".seg", ".out"]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.bytes_open = 0
        self.opened_at = 0.0
        self._origin = origin
        self._closed_as = closed_as
        self._claim = Claim(folder, origin.runtime)
        self._path: Path | None = None
        self._descriptor = -1
        self._number = 0
        self._synced = True

    def append(self, kind: int, payload: bytes) -> None:
        """Write one frame. It survives this process at once, and the machine after `sync`."""
        if self._path is None:
            self._open()
        parts = framing.framed(kind, payload)
        length = sum(map(len, parts))
        self._synced = False
        written = _write(self._descriptor, parts)
        if written < length:
            # A full disk took a part of it: take it back, so that what follows is not hidden behind a torn frame.
            os.ftruncate(self._descriptor, self.bytes_open)
            raise OSError(f"only {written} of {length} bytes could be written to {self._path}")
        self.bytes_open += length

    def sync(self) -> None:
        """Put what was written onto the disk."""
        if not self._synced:
            os.fsync(self._descriptor)
            self._synced = True

    def rotate(self) -> Path | None:
        """Complete the open segment and give it to whoever takes it; its path, or None when nothing was written."""
        if self._path is None:
            return None
        self.sync()
        closed = self._path.with_suffix(self._closed_as)
        self._path.rename(closed)
        os.close(self._descriptor)
        self._path, self._descriptor, self.bytes_open = None, -1, 0
        self._claim.touch()
        return closed

    def waiting(self) -> list[Path]:
        """This runtime's complete segments that nobody has taken yet."""
        return sorted(self.folder.glob(f"{self._origin.runtime}-*{self._closed_as}"))

    def bytes_waiting(self) -> int:
        """The size of everything in the folder, of all runtimes."""
        return sum(_size(Path(entry.path)) for entry in os.scandir(self.folder) if entry.is_file())

    def close(self) -> None:
        """Complete the open segment and give up the hold on the folder."""
        self.rotate()
        self._claim.release()

    def forget(self) -> None:
        """Leave everything to the parent process, after fork."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._claim.forget()

    def _open(self) -> None:
        self._number += 1
        path = self.folder / f"{self._origin.runtime}-{self._number:08d}.open"
        first = framing.header(self._origin)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_EXCL, 0o600)
        if os.write(descriptor, first) < len(first):
            os.close(descriptor)
            path.unlink()
            raise OSError(f"{path} could not be begun: the disk is full")
        self._descriptor, self._path = descriptor, path
        self.bytes_open = len(first)
        self.opened_at = time.monotonic()
        _sync_folder(self.folder)


def read_segments(folder: Path | str) -> Iterator[tuple[Path, Records]]:
    """Every complete segment of one workload's spool, oldest first for each runtime, with what it holds.

    Also what a runtime that died left open or unsent. Call `acknowledge(path)` once the records are stored
    durably; until then they are read again, so that whoever stores them must know a call id seen before.
    """
    for path in ready(Path(folder)):
        try:
            yield path, _read(path.read_bytes(), complete=is_complete(path))
        except FileNotFoundError:  # another reader took it
            continue


def ready(folder: Path) -> list[Path]:
    """The files that may be taken: complete ones, and all that a dead runtime left."""
    alive: dict[str, bool] = {}
    found = []
    for path in sorted(folder.glob("*-*.*")):
        if path.suffix not in (".seg", ".out", ".open"):
            continue
        runtime = runtime_of(path)
        if path.suffix != ".seg" and alive.setdefault(runtime, is_alive(folder, runtime)):
            continue
        found.append(path)
    return found


def is_complete(path: Path) -> bool:
    """Whether the segment was completed; one that is still open may end in the middle of a frame."""
    return path.suffix != ".open"


def runtime_of(path: Path) -> str:
    """Whose segment it is."""
    return path.name.partition("-")[0]


def acknowledge(path: Path | str, *, damage: str = "") -> None:
    """Remove a segment whose records are stored durably. One with damage is moved to `refused/` instead."""
    path = Path(path)
    if damage:
        refuse(path, damage)
    else:
        path.unlink(missing_ok=True)
    runtime = runtime_of(path)
    if not is_alive(path.parent, runtime) and not any(path.parent.glob(f"{runtime}-*")):
        lock_path(path.parent, runtime).unlink(missing_ok=True)


def refuse(path: Path, reason: str) -> None:
    """Set a segment aside with the reason beside it."""
    aside = path.parent / REFUSED_FOLDER
    aside.mkdir(exist_ok=True)
    (aside / f"{path.name}.reason").write_text(reason + "\n", encoding="utf-8")
    try:
        path.rename(aside / path.name)
    except FileNotFoundError:  # another reader took it
        (aside / f"{path.name}.reason").unlink(missing_ok=True)


def refuse_frame(path: Path, name: str, origin: Origin, frame: Frame, reason: str) -> Path:
    """Set one frame of a segment aside, as a segment of its own, with the reason beside it; where it is."""
    aside = path.parent / REFUSED_FOLDER
    aside.mkdir(exist_ok=True)
    kept = aside / f"{path.stem}.{name}.seg"
    kept.write_bytes(framing.header(origin) + b"".join(framing.framed(frame.kind, frame.payload)))
    kept.with_name(f"{kept.name}.reason").write_text(reason + "\n", encoding="utf-8")
    return kept


def _read(data: bytes, *, complete: bool = True) -> Records:
    calls: list[PackedCall] = []
    outcomes: list[PackedOutcome] = []
    counters: dict[str, int] = {}
    damage, origin = "", Origin(workload="", runtime="")
    try:
        origin, frames = framing.parse(data)
        for frame in frames:
            if frame.kind == CALLS:
                calls += _calls.decode(frame.payload)
            elif frame.kind == OUTCOMES:
                outcomes += _outcomes.decode(frame.payload)
            elif frame.kind == COUNTERS:
                counters = _counters.decode(frame.payload)
    except Damaged as error:
        damage = str(error) if complete or not error.torn else ""
    except msgspec.DecodeError as error:
        damage = f"a frame does not hold what it says: {error}"
    return Records(
        workload=origin.workload,
        runtime=origin.runtime,
        calls=calls,
        outcomes=outcomes,
        counters=counters,
        damage=damage,
    )


def _write(descriptor: int, parts: tuple[bytes, bytes]) -> int:
    if hasattr(os, "writev"):
        return os.writev(descriptor, parts)
    return os.write(descriptor, b"".join(parts))  # pragma: no cover - Windows has no writev


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
