"""Keeps what the server said: the newest valid lease, the pinned public key, the highest serial, the pseudonym key."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

from pilotage.lease import Lease, LeaseRefused, load_public_key, verify
from pilotage.runtime.log import all_clear, log_once
from pilotage.runtime.pseudonyms import KEY_BYTES, Pseudonyms
from pilotage.runtime.settings import Settings, ensure_home, write_private

KEY_WAIT_S = 2.0
"""How long the first group of calls ever recorded waits for the server's pseudonym key."""


class Offer(msgspec.Struct, frozen=True):
    """A lease as delivered, by the stream or in the folder. Keys in hexadecimal."""

    token: str
    public_key: str
    pseudonym_key: str = ""


class Pin(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered between processes: the key first seen, and the highest serial under it."""

    public_key: str
    serial: int = 0
    server: str = ""


class Keeper:
    """Checks every offered lease. What it refuses changes nothing; `refusal` says why the last one was refused."""

    def __init__(self, settings: Settings, clock_ns: Callable[[], int], on_lease: Callable[[Lease], None]) -> None:
        self.lease: Lease | None = None
        self.refusal = ""
        self._settings = settings
        self._clock_ns = clock_ns
        self._on_lease = on_lease
        self._pin_path = settings.home / "pins" / f"{settings.name}.json"
        self._key_path = settings.home / "keys" / f"{settings.name}.key"
        self._pin = self._read_pin()
        self._units: Pseudonyms | None = None
        self._workload_key = self._remembered_key()
        self._key_settled = threading.Event()

    @property
    def serial(self) -> int:
        """The highest serial seen."""
        return self._pin.serial if self._pin is not None else 0

    def inherit(self, parent: Keeper) -> None:
        """Go on with what the process knew before it was forked."""
        self.lease, self.refusal = parent.lease, parent.refusal
        self._pin, self._units, self._workload_key = parent._pin, parent._units, parent._workload_key

    def is_valid(self) -> bool:
        """Whether the lease that is kept has not run out."""
        return self.lease is not None and self.lease.not_after > self._clock_ns() / 1e9

    def offer(self, offer: Offer) -> str:
        """Take a lease if it is to be obeyed; else log why not and keep what there is. The refusal's code, or ""."""
        try:
            lease = self._checked(offer)
        except LeaseRefused as error:
            self.refusal = str(error)
            log_once(f"lease {self._settings.slug}", "a lease for %s is refused: %s", self._settings.slug, error)
            return error.code
        all_clear(f"lease {self._settings.slug}", "the lease for %s is accepted again", self._settings.slug)
        self.refusal = ""
        self._remember(offer, lease)
        self.lease = lease
        self._on_lease(lease)
        return ""

    def no_key_to_come(self) -> None:
        """The server answered without a lease: nobody need wait for a key."""
        self._key_settled.set()

    def units(self) -> Pseudonyms | None:
        """The pseudonyms under the workload's key; None when there is none, and units are then not recorded.

        Embedded without a lease, the folder's own key stands in. With a server, the first group of calls waits
        for the key once: a key of our own would give the same customer a second pseudonym.
        """
        if self._units is None and not self._workload_key:
            if self._settings.embedded:
                self._units = self._own_units()
            elif not self._key_settled.is_set():
                self._key_settled.wait(KEY_WAIT_S)
                self._key_settled.set()
        return self._units

    def _checked(self, offer: Offer) -> Lease:
        if self._pin is not None and self._pin.public_key != offer.public_key:
            raise LeaseRefused(
                "bad-signature",
                f"the server's key has changed since it was first seen; if that is right, delete {self._pin_path}",
            )
        try:
            key = load_public_key(offer.public_key)
        except ValueError as error:
            raise LeaseRefused("malformed", "the public key is not 32 bytes in hexadecimal") from error
        return verify(
            offer.token,
            key,
            workload=self._settings.slug,
            now=self._clock_ns() / 1e9,
            newest_serial=self.serial,
            environment=self._settings.environment,
        )

    def _remember(self, offer: Offer, lease: Lease) -> None:
        if self._pin is None or lease.serial > self._pin.serial:
            self._pin = Pin(
                public_key=offer.public_key, serial=lease.serial, server=self._settings.url or "this folder"
            )
            self._store(self._pin_path, msgspec.json.encode(self._pin).decode())
        self._take_pseudonym_key(offer.pseudonym_key)
        self._key_settled.set()

    def _take_pseudonym_key(self, text: str) -> None:
        if not text or text == self._workload_key:
            return
        if self._workload_key:
            log_once(
                "pseudonym key",
                "the pseudonym key for %s has changed and is not taken, since its units would change with it; "
                "if that is right, delete %s",
                self._settings.slug,
                self._key_path,
            )
            return
        try:
            self._units = Pseudonyms(bytes.fromhex(text))
        except ValueError:
            log_once("pseudonym key", "the pseudonym key for %s is not hexadecimal", self._settings.slug)
            return
        self._workload_key = text
        self._store(self._key_path, text)

    def _store(self, path: Path, text: str) -> None:
        try:
            ensure_home(self._settings.home)
            write_private(path, text)
        except OSError as error:
            log_once("home", "%s cannot be written, and will be asked for again: %s", path, error)

    def _read_pin(self) -> Pin | None:
        try:
            return msgspec.json.decode(self._pin_path.read_bytes(), type=Pin)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError) as error:
            # Fail closed: without the pin nobody knows whose leases were obeyed, so none is.
            log_once("pin", "%s cannot be read, so every lease is refused: %s", self._pin_path, error)
            return Pin(public_key="unreadable")

    def _remembered_key(self) -> str:
        try:
            text = self._key_path.read_text(encoding="utf-8").strip()
            self._units = Pseudonyms(bytes.fromhex(text))
        except FileNotFoundError:
            return ""
        except (OSError, ValueError) as error:
            log_once("pseudonym key", "%s cannot be read, so units are not recorded: %s", self._key_path, error)
            return "unreadable"
        return text

    def _own_units(self) -> Pseudonyms | None:
        """The pseudonyms under the folder's own key, made at first need."""
        path = self._settings.home / "keys" / "pseudonym"
        try:
            ensure_home(self._settings.home)
            write_private(path, os.urandom(KEY_BYTES).hex(), once=True)
            return Pseudonyms(bytes.fromhex(path.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            log_once("pseudonym key", "%s cannot be had, so units are not recorded: %s", path, error)
            return None
