"""The signed, expiring statement of a workload's exposure that the runtime obeys.

Pure but for the cryptography: no clock, no files, no network. Times are real time in seconds since
1970 UTC; simulated time never decides a lease.

A token is `base64url(payload).base64url(signature)`, both without padding: the payload is the lease as JSON
with its fields in their declared order, the signature is Ed25519 (RFC 8032) over the payload's bytes.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta, Struct

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

Mode = Literal["none", "shadow", "suggest", "live"]
RefusalCode = Literal[
    "malformed", "bad-signature", "wrong-workload", "wrong-environment", "not-yet-valid", "expired", "older-serial"
]

LIVE_LEASE_S = 60.0
LIVE_RENEWAL_S = 20.0
SHADOW_LEASE_S = 86_400.0
CLOCK_SKEW_S = 30.0
"""How far ahead of the runtime's clock a lease may have been issued before it is refused."""

KEY_BYTES = 32


class LeaseRefused(Exception):
    """A lease that must not be obeyed: `code` is stable, `sentence` says what is wrong and what to do."""

    def __init__(self, code: RefusalCode, sentence: str) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code = code
        self.sentence = sentence


class ReleaseRef(Struct, frozen=True, kw_only=True):
    """A release by name and digest; a runtime whose own digest differs does not serve it."""

    name: str
    digest: str


class Policy(Struct, frozen=True, kw_only=True):
    """How the runtime treats a call under this lease. Milliseconds; shares from 0 to 1."""

    timeout_ms: Annotated[float, Meta(gt=0)] = 1000.0
    hard_timeout: bool = False
    paired_share: Annotated[float, Meta(ge=0, le=1)] = 0.1
    shadow_workers: Annotated[int, Meta(ge=1, le=64)] = 2
    shadow_queue: Annotated[int, Meta(ge=1)] = 1024
    record_input: bool = True


class Lease(Struct, frozen=True, kw_only=True):
    """What one workload may expose, until `not_after`.

    `percent` and `cohorts` (empty: everybody) bound suggest and live. `stage` names the stratum that
    calls are recorded under. `serial` rises whenever the content changes; a runtime refuses a lower one
    than it has seen. `source` is what traffic is stamped with unless the caller says otherwise; a
    demonstration refuses `real`.
    """

    workload: str
    serial: int
    mode: Mode
    percent: float = 0.0
    cohorts: tuple[str, ...] = ()
    stage: str = "none/0"
    release: ReleaseRef | None = None
    challenger: ReleaseRef | None = None
    salt: str = ""
    environment: str = "production"
    source: Literal["real", "replay", "synthetic"] = "real"
    demonstration: bool = False
    policy: Policy = Policy()
    position: int = 0
    reason: str = ""
    issued_at: float = 0.0
    not_after: float = 0.0


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Lease)


def lifetime_s(mode: Mode) -> float:
    """How long a lease of this mode lasts: 60 s once people see the candidate's answers, else a day."""
    return LIVE_LEASE_S if mode in ("suggest", "live") else SHADOW_LEASE_S


def sign(lease: Lease, private_key: Ed25519PrivateKey) -> str:
    """The lease as a token that whoever holds the public key can check."""
    payload = _encoder.encode(lease)
    return f"{_to_base64url(payload)}.{_to_base64url(private_key.sign(payload))}"


def verify(
    token: str,
    public_key: Ed25519PublicKey,
    *,
    workload: str,
    now: float,
    newest_serial: int = 0,
    environment: str | None = None,
) -> Lease:
    """The lease in the token, if it is signed, for this workload, in time, and not older than one already seen.

    `now` is real time in seconds since 1970 UTC. `environment` None accepts any. Raises `LeaseRefused`.
    """
    payload = _signed_payload(token, public_key)
    try:
        lease = _decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise LeaseRefused("malformed", f"the payload is not a lease: {error}") from error
    _check(lease, workload=workload, now=now, newest_serial=newest_serial, environment=environment)
    return lease


def _check(lease: Lease, *, workload: str, now: float, newest_serial: int, environment: str | None) -> None:
    if lease.workload != workload:
        raise LeaseRefused("wrong-workload", f"it is for {lease.workload!r}, and this runtime serves {workload!r}")
    if environment is not None and lease.environment != environment:
        raise LeaseRefused(
            "wrong-environment", f"it is for environment {lease.environment!r}, and this runtime is in {environment!r}"
        )
    if lease.issued_at > now + CLOCK_SKEW_S:
        raise LeaseRefused(
            "not-yet-valid", f"it was issued {lease.issued_at - now:.0f} s ahead of this clock: check both clocks"
        )
    if lease.not_after <= now:
        raise LeaseRefused("expired", f"it ended {now - lease.not_after:.0f} s ago: is the server reachable?")
    if lease.serial < newest_serial:
        raise LeaseRefused("older-serial", f"serial {lease.serial} after {newest_serial} was seen")


def _signed_payload(token: str, public_key: Ed25519PublicKey) -> bytes:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - 40 ms that importing pilotage must not cost

    payload_text, dot, signature_text = token.partition(".")
    if not dot:
        raise LeaseRefused("malformed", "a token is two base64url parts with a dot between them")
    payload, signature = _from_base64url(payload_text), _from_base64url(signature_text)
    try:
        public_key.verify(signature, payload)
    except InvalidSignature as error:
        raise LeaseRefused("bad-signature", "the signature does not match the server's public key") from error
    return payload


def _to_base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _from_base64url(text: str) -> bytes:
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error) as error:
        raise LeaseRefused("malformed", "a part of the token is not base64url") from error
    # Unused bits in the last letter decode to the same bytes; only the one spelling we write is accepted.
    if _to_base64url(data) != text:
        raise LeaseRefused("malformed", "a part of the token is not spelt the canonical way")
    return data


def generate_key() -> Ed25519PrivateKey:
    """A new signing key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - as above

    return Ed25519PrivateKey.generate()


def private_key_pem(key: Ed25519PrivateKey) -> bytes:
    """The key as unencrypted PKCS #8 PEM: for a file that only the server may read."""
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - as above
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def load_private_key(data: bytes) -> Ed25519PrivateKey:
    """A signing key from PEM or from its 32 raw bytes. Raises ValueError for anything else."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415 - as above

    if len(data) == KEY_BYTES:
        return Ed25519PrivateKey.from_private_bytes(data)
    key = load_pem_private_key(data, password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("the PEM holds a key of another kind; a lease is signed with Ed25519")  # noqa: TRY004 - a bad value in a file, not a caller's wrong type
    return key


def public_key_bytes(key: Ed25519PrivateKey | Ed25519PublicKey) -> bytes:
    """The 32 raw bytes of the public half, as delivered (in hexadecimal) to runtimes."""
    public = key.public_key() if hasattr(key, "public_key") else key
    return public.public_bytes_raw()


def load_public_key(data: bytes | str) -> Ed25519PublicKey:
    """A public key from its 32 raw bytes, or from them in hexadecimal. Raises ValueError for anything else."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415 - as above

    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(data) if isinstance(data, str) else data)
