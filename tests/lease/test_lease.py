from __future__ import annotations

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from pilotage.lease import (
    CLOCK_SKEW_S,
    LIVE_LEASE_S,
    LIVE_RENEWAL_S,
    SHADOW_LEASE_S,
    Lease,
    LeaseRefused,
    Policy,
    ReleaseRef,
    generate_key,
    lifetime_s,
    load_private_key,
    load_public_key,
    private_key_pem,
    public_key_bytes,
    sign,
    verify,
)

KEY = generate_key()
PUBLIC = load_public_key(public_key_bytes(KEY))
NOW = 1_763_900_000.0


def lease(**changes):
    """A live lease of a minute."""
    fields = {"workload": "ticket-triage", "serial": 7, "mode": "live", "issued_at": NOW, "not_after": NOW + 60}
    return Lease(**{**fields, **changes})


def refusal(token, *, public_key=PUBLIC, workload="ticket-triage", now=NOW, **more):
    """The code with which a token is refused."""
    with pytest.raises(LeaseRefused) as caught:
        verify(token, public_key, workload=workload, now=now, **more)
    assert caught.value.sentence
    return caught.value.code


names = st.text(min_size=1, max_size=20)
releases = st.none() | st.builds(ReleaseRef, name=names, digest=names)
leases = st.builds(
    Lease,
    workload=st.just("ticket-triage"),
    serial=st.integers(0, 2**53),
    mode=st.sampled_from(["none", "shadow", "suggest", "live"]),
    percent=st.floats(0, 100),
    cohorts=st.lists(names, max_size=3).map(tuple),
    stage=names,
    release=releases,
    challenger=releases,
    salt=names,
    source=st.sampled_from(["real", "replay", "synthetic"]),
    demonstration=st.booleans(),
    policy=st.builds(Policy, timeout_ms=st.floats(1, 1e6), paired_share=st.floats(0, 1)),
    reason=st.text(max_size=20),
    issued_at=st.just(NOW),
    not_after=st.just(NOW + 60),
)


@given(leases)
def test_what_is_signed_is_what_is_read(given_lease):
    """A lease comes back from its token exactly as it was signed."""
    assert verify(sign(given_lease, KEY), PUBLIC, workload="ticket-triage", now=NOW) == given_lease


@given(leases, st.data())
def test_no_letter_of_a_token_can_be_changed(given_lease, data):
    """Whatever single letter of a token is changed, dropped or added, the runtime refuses it."""
    token = sign(given_lease, KEY)
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from("ABCxyz019-_.=é "))
    how = data.draw(st.sampled_from(["change", "drop", "add"]))
    tampered = token[:place] + ("" if how == "drop" else letter) + token[place + (how != "add") :]
    if tampered != token:
        assert refusal(tampered) in ("malformed", "bad-signature")


def test_another_keys_lease_is_refused():
    """Only the pinned server's signature counts."""
    assert refusal(sign(lease(), generate_key())) == "bad-signature"


def test_a_lease_for_another_workload_is_refused():
    """A lease opens one workload, not its neighbour."""
    assert refusal(sign(lease(workload="mail-desk"), KEY)) == "wrong-workload"


def test_a_lease_for_another_environment_is_refused_where_one_is_named():
    """A staging lease does not open production; a runtime that names no environment takes any."""
    token = sign(lease(environment="staging"), KEY)
    assert refusal(token, environment="production") == "wrong-environment"
    assert verify(token, PUBLIC, workload="ticket-triage", now=NOW, environment="staging").environment == "staging"
    assert verify(token, PUBLIC, workload="ticket-triage", now=NOW).environment == "staging"


def test_a_lease_ends_when_it_says():
    """A lease is valid until the very moment it names, and not in it."""
    token = sign(lease(), KEY)
    assert verify(token, PUBLIC, workload="ticket-triage", now=NOW + 59.999).serial == 7
    assert refusal(token, now=NOW + 60) == "expired"


def test_a_lease_from_the_future_is_refused_beyond_the_clocks_difference():
    """Clocks may differ a little; a lease from further ahead waits."""
    token = sign(lease(issued_at=NOW, not_after=NOW + 1e6), KEY)
    assert verify(token, PUBLIC, workload="ticket-triage", now=NOW - CLOCK_SKEW_S).serial == 7
    assert refusal(token, now=NOW - CLOCK_SKEW_S - 0.001) == "not-yet-valid"


def test_an_older_lease_is_refused_and_the_same_one_is_not():
    """A serial may be seen again, for that is how a lease is renewed, but never a lower one."""
    token = sign(lease(serial=7), KEY)
    assert verify(token, PUBLIC, workload="ticket-triage", now=NOW, newest_serial=7).serial == 7
    assert refusal(token, newest_serial=8) == "older-serial"


def signed(payload):
    """Any payload, signed as a lease would be."""
    from pilotage.lease import _to_base64url  # noqa: PLC0415 - white-box: a payload that `sign` would not write

    return f"{_to_base64url(payload)}.{_to_base64url(KEY.sign(payload))}"


@pytest.mark.parametrize("payload", [b"", b"[]", b'{"workload":"ticket-triage"}', b"\xff\xfe"])
def test_a_signed_payload_that_is_no_lease_is_refused(payload):
    """The right signature under something else is still no lease."""
    assert refusal(signed(payload)) == "malformed"


def test_a_mode_that_this_runtime_does_not_know_is_refused():
    """A lease with a mode from a later version opens nothing here."""
    document = msgspec.json.decode(msgspec.json.encode(lease()))
    assert refusal(signed(msgspec.json.encode(document | {"mode": "canary"}))) == "malformed"


def test_a_field_that_this_runtime_does_not_know_is_no_obstacle():
    """A server may say more than an older runtime understands."""
    document = msgspec.json.decode(msgspec.json.encode(lease()))
    token = signed(msgspec.json.encode(document | {"budget_usd": 5}))
    assert verify(token, PUBLIC, workload="ticket-triage", now=NOW).serial == 7


@pytest.mark.parametrize("token", ["", ".", "a", "a.b.c", "é.é", "AA==.AA=="])
def test_what_is_no_token_is_refused(token):
    """Anything that is not two base64url parts is refused as malformed or unsigned."""
    assert refusal(token) in ("malformed", "bad-signature")


def test_keys_survive_being_written_down():
    """A signing key can be kept as PEM or raw bytes, and its public half as bytes or hexadecimal."""
    raw = KEY.private_bytes_raw()
    for restored in (load_private_key(private_key_pem(KEY)), load_private_key(raw)):
        assert public_key_bytes(restored) == public_key_bytes(KEY)
    assert public_key_bytes(load_public_key(public_key_bytes(KEY).hex())) == public_key_bytes(KEY)


@pytest.mark.parametrize("data", [b"", b"x" * 31, b"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_key_is_refused(data):
    """A file that holds no signing key is told apart at once."""
    with pytest.raises(ValueError, match=r"\w"):
        load_private_key(data)


def test_a_key_of_another_kind_is_refused():
    """Only Ed25519 signs leases."""
    other = generate_private_key(SECP256R1())
    pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(ValueError, match="Ed25519"):
        load_private_key(pem)


def test_live_leases_are_short_and_shadow_ones_long():
    """What people see is leased for a minute, renewed three times in it; what nobody sees for a day."""
    assert lifetime_s("live") == lifetime_s("suggest") == LIVE_LEASE_S == 3 * LIVE_RENEWAL_S
    assert lifetime_s("shadow") == lifetime_s("none") == SHADOW_LEASE_S
