"""What a synchronous call answers, and what is recorded of it, in every exposure."""

from __future__ import annotations

import datetime as dt
import time

import msgspec
import pytest
from tests.runtime.rig import RELEASE

from pilotage import Answer, InvalidUse
from pilotage.lease import Policy, ReleaseRef
from pilotage.runtime.bucketing import is_inside, is_paired
from pilotage.runtime.pseudonyms import pseudonym

UNITS = [f"customer-{number}" for number in range(60)]
AT = dt.datetime(2013, 7, 1, 12, tzinfo=dt.UTC)
SALT = "0123456789abcdef"


def recorded(workload, server, call_id):
    """The call as the server got it."""
    assert workload.flush(5)
    return server.calls[call_id]


def test_nothing_exposed_means_the_incumbent_answers(served, server):
    """Under a lease that exposes nothing, the incumbent serves, and the call is recorded with its baseline."""
    workload = served("none", release=None)
    answer = workload.call({"text": "my invoice"}, unit="customer-831", cohort="berlin", segment={"language": "de"})
    assert (answer.value, answer.arm, answer.release, answer.fallback) == ("rules", "incumbent", None, None)
    call = recorded(workload, server, answer.call_id)
    assert (call.served.arm, call.served.value, call.beside, call.input) == (
        "incumbent",
        '"rules"',
        None,
        '{"text":"my invoice"}',
    )
    assert (call.mode, call.stage, call.serial, call.source, call.assigned) == (
        "none",
        "none/0/1",
        1,
        "real",
        "incumbent",
    )
    assert (call.cohort, call.segment, call.fallback) == ("berlin", {"language": "de"}, "")
    assert abs(call.at_us / 1e6 - time.time()) < 60


def test_units_are_recorded_as_pseudonyms(served, server):
    """No customer's name leaves the process: the same one always has the same pseudonym, under the workload's key."""
    workload = served("none")
    first, second = (workload.call("t", unit="customer-831").call_id for _ in range(2))
    assert workload.flush(5)
    expected = pseudonym(bytes.fromhex("ab" * 16), "customer-831")
    assert server.calls[first].unit == server.calls[second].unit == expected
    assert "customer" not in expected


def test_in_shadow_the_candidate_runs_unseen(served, server):
    """In shadow the incumbent answers, and the candidate's answer is recorded beside it."""
    workload = served("shadow")
    answer = workload.call("ticket")
    assert (answer.value, answer.arm, answer.suggestion) == ("rules", "incumbent", None)
    call = recorded(workload, server, answer.call_id)
    assert (call.served.value, call.beside.value) == ('"rules"', '"model"')
    assert (call.beside.arm, call.beside.release, call.assigned) == ("candidate", RELEASE.name, "incumbent")


def test_a_failing_candidate_in_shadow_reaches_nobody(served, server):
    """What the candidate raises in shadow is recorded by its class, and the caller never hears of it."""
    workload = served("shadow")
    workload.candidate(release=RELEASE.name, digest=RELEASE.digest)(lambda ticket: 1 / 0)
    answer = workload.call("ticket")
    assert (answer.value, answer.fallback) == ("rules", None)
    call = recorded(workload, server, answer.call_id)
    assert (call.beside.error, call.beside.value) == ("ZeroDivisionError", None)


def test_live_units_inside_the_percentage_get_the_candidate(served, server):
    """At 30 % exactly the units whose bucket is inside get the candidate; the others keep the incumbent."""
    workload = served("live", percent=30.0)
    for unit in UNITS:
        answer = workload.call("ticket", unit=unit)
        inside = is_inside(SALT, unit, 30)
        assert answer.arm == ("candidate" if inside else "incumbent")
        assert (answer.value, answer.release) == (("model", RELEASE.name) if inside else ("rules", None))
    assert workload.flush(5)
    assert {call.assigned for call in server.calls.values()} == {"candidate", "incumbent"}
    assert all(call.served.arm == call.assigned and call.fallback == "" for call in server.calls.values())


def test_a_call_without_a_unit_is_never_live(served, server):
    """Without a unit nobody can be kept to an arm, so the incumbent serves and says why."""
    workload = served("live")
    for unit in (None, ""):
        answer = workload.call("ticket", unit=unit)
        assert (answer.value, answer.fallback) == ("rules", "no-unit")
        assert recorded(workload, server, answer.call_id).assigned == "incumbent"


def test_units_may_be_numbers(served):
    """A unit is its text: 831 and "831" are the same."""
    workload = served("live", percent=50.0)
    for number in range(40):
        assert workload.call("t", unit=number).arm == workload.call("t", unit=str(number)).arm


def test_only_the_leases_cohorts_are_exposed(served):
    """When the lease names cohorts, every other call stays with the incumbent, without a fallback."""
    workload = served("live", cohorts=("berlin",))
    assert workload.call("t", unit="a", cohort="berlin").arm == "candidate"
    for cohort in ("hamburg", None):
        answer = workload.call("t", unit="a", cohort=cohort)
        assert (answer.arm, answer.fallback) == ("incumbent", None)


def test_a_candidate_that_fails_while_live_is_replaced(served, server):
    """When the live candidate raises, the incumbent serves, and the failure is recorded beside it."""
    workload = served("live")
    workload.candidate(release=RELEASE.name, digest=RELEASE.digest)(lambda ticket: ticket["absent"])
    answer = workload.call({"a": 1}, unit="u")
    assert (answer.value, answer.arm, answer.fallback) == ("rules", "incumbent", "candidate-error")
    call = recorded(workload, server, answer.call_id)
    assert (call.beside.arm, call.beside.error, call.assigned) == ("candidate", "KeyError", "candidate")
    assert call.fallback == "candidate-error"


def test_what_the_incumbent_raises_reaches_the_caller(served, server):
    """The incumbent is the caller's own function: its exception is theirs, and is recorded."""
    workload = served("none", arms=False)

    @workload.incumbent
    def rules(ticket):
        raise LookupError(ticket)

    with pytest.raises(LookupError, match="ticket"):
        workload.call("ticket")
    assert workload.flush(5)
    (call,) = server.calls.values()
    assert (call.served.error, call.served.value) == ("LookupError", None)


def test_both_arms_failing_raises_the_incumbents_error(served, server):
    """When the candidate fails and then the incumbent too, the caller gets the incumbent's error."""
    workload = served("live", arms=False)
    workload.incumbent(lambda ticket: ticket[9])
    workload.candidate(release=RELEASE.name, digest=RELEASE.digest)(lambda ticket: 1 / 0)
    with pytest.raises(IndexError):
        workload.call("t", unit="u")
    assert workload.flush(5)
    (call,) = server.calls.values()
    assert (call.served.error, call.beside.error) == ("IndexError", "ZeroDivisionError")


def test_a_shadowed_call_whose_incumbent_fails_is_still_paired(served, server):
    """A call on which only the candidate answered says something, so the pair is kept."""
    workload = served("shadow")
    workload.incumbent(lambda ticket: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        workload.call("t")
    assert workload.flush(5)
    (call,) = server.calls.values()
    assert (call.served.error, call.beside.value) == ("ZeroDivisionError", '"model"')


def test_in_suggest_mode_the_person_sees_both(served, server):
    """For units inside, the incumbent serves and the candidate's answer comes as a suggestion."""
    workload = served("suggest", percent=50.0)
    for unit in UNITS:
        answer = workload.call("ticket", unit=unit)
        assert (answer.value, answer.arm) == ("rules", "incumbent")
        assert answer.suggestion == ("model" if is_inside(SALT, unit, 50) else None)
    assert workload.flush(5)
    for call in server.calls.values():
        assert call.assigned == "incumbent"
        assert call.beside is None or call.beside.value == '"model"'
    assert sum(call.beside is not None for call in server.calls.values()) == sum(is_inside(SALT, u, 50) for u in UNITS)


def test_a_suggestion_that_fails_is_missing_and_says_why(served, server):
    """When the candidate cannot suggest, the incumbent's answer is there all the same."""
    workload = served("suggest")
    workload.candidate(release=RELEASE.name, digest=RELEASE.digest)(lambda ticket: 1 / 0)
    answer = workload.call("t", unit="u")
    assert (answer.value, answer.suggestion, answer.fallback) == ("rules", None, "candidate-error")
    assert recorded(workload, server, answer.call_id).beside.error == "ZeroDivisionError"


def test_people_are_an_incumbent_too(served, server):
    """Without an incumbent function the value is None and the arm is the incumbent: a person answers later."""
    workload = served("shadow", arms=False)
    workload.candidate(release=RELEASE.name, digest=RELEASE.digest)(lambda ticket: "model")
    answer = workload.call("t", unit="u")
    assert (answer.value, answer.arm, answer.fallback) == (None, "incumbent", None)
    workload.incumbent_answer(answer.call_id, "billing", handling_minutes=3.5)
    call = recorded(workload, server, answer.call_id)
    assert (call.served.value, call.beside.value) == (None, '"model"')
    learned = {outcome.name: (outcome.kind, outcome.value) for outcome in server.outcomes.values()}
    assert learned == {
        "incumbent_answer": ("incumbent_answer", '"billing"'),
        "handling_minutes": ("outcome", "3.5"),
    }


def test_people_take_over_from_a_live_candidate_that_fails(served):
    """With people as incumbent, a failing live candidate leaves the work to them."""
    workload = served("live", arms=False)
    workload.candidate(release=RELEASE.name, digest=RELEASE.digest)(lambda ticket: 1 / 0)
    answer = workload.call("t", unit="u")
    assert (answer.value, answer.arm, answer.fallback) == (None, "incumbent", "candidate-error")


def test_an_arm_may_account_for_its_answer(served, server):
    """What an arm reports beside its value is recorded, and handed to the caller."""
    workload = served("live", arms=False)
    workload.incumbent(lambda ticket: Answer("rules", confidence=0.5))

    @workload.candidate(release=RELEASE.name, digest=RELEASE.digest)
    def model(ticket):
        return Answer({"team": "billing"}, confidence=0.9, tokens_in=120, tokens_out=8, cost_usd=0.002, detail=["x"])

    answer = workload.call("t", unit="u")
    assert (answer.value, answer.arm, answer.release) == ({"team": "billing"}, "candidate", RELEASE.name)
    assert (answer.confidence, answer.tokens_in, answer.tokens_out, answer.cost_usd, answer.detail) == (
        0.9,
        120,
        8,
        0.002,
        ["x"],
    )
    served_by = recorded(workload, server, answer.call_id).served
    assert (served_by.value, served_by.confidence, served_by.tokens_in, served_by.cost_usd, served_by.detail) == (
        '{"team":"billing"}',
        0.9,
        120,
        0.002,
        '["x"]',
    )
    plain = workload.call("t")
    assert (plain.value, plain.confidence, plain.arm) == ("rules", 0.5, "incumbent")


def test_an_account_that_is_no_number_is_left_out(served, server):
    """What an arm reports of itself may be anything; what is no number is not recorded, and counted."""
    workload = served("live", arms=False)
    workload.incumbent(lambda ticket: "rules")

    @workload.candidate(release=RELEASE.name, digest=RELEASE.digest)
    def model(ticket):
        return Answer("x", confidence="high", tokens_in=-3, cost_usd=float("nan"))

    call = recorded(workload, server, workload.call("t", unit="u").call_id)
    assert (call.served.confidence, call.served.tokens_in, call.served.cost_usd) == (None, None, None)
    assert workload.counters()["account-not-a-number"] == 2


@pytest.mark.parametrize("mode", ["none", "shadow", "live"])
def test_changing_things_after_the_call_does_not_change_the_record(served, server, mode):
    """Input and answers are recorded as they were: whoever changes them later changes only their own."""
    workload = served(mode, arms=False)

    def work(ticket):
        answer = {"seen": ticket["text"]}
        ticket["text"] = "changed by the arm"
        return answer

    workload.incumbent(work)
    workload.candidate(release=RELEASE.name, digest=RELEASE.digest)(work)
    ticket, tags = {"text": "original"}, {"language": "de"}
    answer = workload.call(ticket, unit="u", segment=tags)
    answer.value["seen"] = "changed by the caller"
    tags["language"] = "changed"
    call = recorded(workload, server, answer.call_id)
    assert (call.input, call.served.value, call.segment) == (
        '{"text":"original"}',
        '{"seen":"original"}',
        {"language": "de"},
    )
    if mode == "shadow":
        assert call.beside.value == '{"seen":"original"}'


def test_a_late_answer_is_served_and_recorded_as_late(served, server):
    """A synchronous candidate cannot be interrupted: its late answer is served, and counts as late."""
    workload = served("live", policy=Policy(paired_share=0.0, timeout_ms=5))
    workload.candidate(release=RELEASE.name, digest=RELEASE.digest)(lambda ticket: time.sleep(0.02) or "model")
    answer = workload.call("t", unit="u")
    assert (answer.value, answer.fallback) == ("model", None)
    call = recorded(workload, server, answer.call_id)
    assert (call.served.error, call.served.value) == ("late", '"model"')
    assert call.served.latency_us >= 20_000


def test_a_hard_timeout_hands_over_in_time(served, server):
    """With a hard timeout the incumbent takes over at the limit, while the candidate is still at it."""
    workload = served("live", policy=Policy(paired_share=0.0, timeout_ms=20, hard_timeout=True))
    workload.candidate(release=RELEASE.name, digest=RELEASE.digest)(lambda ticket: time.sleep(ticket) or "model")
    answer = workload.call(0.5, unit="u")
    assert (answer.value, answer.fallback) == ("rules", "candidate-timeout")
    call = recorded(workload, server, answer.call_id)
    assert (call.beside.error, call.beside.latency_us) == ("timeout", 20_000)
    assert workload.call(0.0, unit="u").value == "model"


def test_a_hard_timeout_still_sees_errors(served):
    """A candidate that raises on the worker thread is replaced as anywhere else."""
    workload = served("live", policy=Policy(paired_share=0.0, hard_timeout=True))
    workload.candidate(release=RELEASE.name, digest=RELEASE.digest)(lambda ticket: 1 / 0)
    assert workload.call("t", unit="u").fallback == "candidate-error"


def test_a_candidate_may_ask_for_its_deadline(served):
    """A candidate with a parameter `deadline` is told until when it has time, and can stop by itself."""
    workload = served("live", policy=Policy(paired_share=0.0, timeout_ms=250))
    given = []

    @workload.candidate(release=RELEASE.name, digest=RELEASE.digest, timeout_ms=100)
    def model(ticket, deadline):
        given.append(deadline - time.monotonic())
        return "model"

    assert workload.call("t", unit="u").value == "model"
    assert 0 < given[0] <= 0.1


def test_a_release_with_another_digest_is_not_served(served, server):
    """A running release that is not what was approved stays out, and calls say so."""
    workload = served("live", release=ReleaseRef(name=RELEASE.name, digest="e" * 64))
    answer = workload.call("t", unit="u")
    assert (answer.value, answer.fallback) == ("rules", "release-mismatch")
    assert recorded(workload, server, answer.call_id).assigned == "candidate"
    assert workload.exposure.lacking == "release-mismatch"


@pytest.mark.parametrize(
    ("release", "reason"), [(None, "no-release"), (ReleaseRef(name="2027.1", digest="d" * 64), "release-missing")]
)
def test_a_release_that_is_not_here_is_not_served(served, release, reason):
    """When the lease's release is not registered in this process, the incumbent serves and says why."""
    for mode in ("live", "shadow", "suggest"):
        answer = served(mode, release=release).call("t", unit="u")
        assert (answer.value, answer.fallback) == ("rules", reason)


def test_the_lease_chooses_among_releases(served):
    """Several releases may be registered; the lease says which one serves."""
    workload = served("live", release=ReleaseRef(name="b", digest="2"))
    for name, digest in (("a", "1"), ("b", "2"), ("c", "3")):
        workload.candidate(release=name, digest=digest)(lambda ticket, name=name: name)
    answer = workload.call("t", unit="u")
    assert (answer.value, answer.release) == ("b", "b")


def test_a_sampled_share_of_live_calls_runs_the_other_arm(served, server):
    """While live, the sampled calls run both arms, whichever serves, and the others run one."""
    workload = served("live", percent=50.0, policy=Policy(paired_share=0.5))
    for unit in UNITS:
        workload.call("t", unit=unit)
    assert workload.flush(5)
    assert len(server.calls) == len(UNITS)
    for call in server.calls.values():
        if is_paired(call.call_id, 0.5):
            assert {call.served.arm, call.beside.arm} == {"candidate", "incumbent"}
        else:
            assert call.beside is None
        assert call.assigned == call.served.arm


def test_a_challenger_runs_beside_the_serving_release(served, server):
    """When the lease names a challenger, sampled calls that the release serves run it beside, not the incumbent."""
    challenger = ReleaseRef(name="2026.12", digest="c" * 64)
    workload = served("live", challenger=challenger, policy=Policy(paired_share=1.0))
    workload.candidate(release=challenger.name, digest=challenger.digest)(lambda ticket: "newer")
    call = recorded(workload, server, workload.call("t", unit="u").call_id)
    assert (call.served.release, call.beside.release, call.beside.value) == (RELEASE.name, "2026.12", '"newer"')


def test_several_arguments_reach_the_arms_and_the_record(served, server):
    """Positional and named arguments are the arms' own, and recorded by place and name."""
    workload = served("live", arms=False)
    workload.incumbent(lambda a, b, *, c: ("rules", a, b, c))
    workload.candidate(release=RELEASE.name, digest=RELEASE.digest)(lambda a, b, *, c: ["model", a, b, c])
    answer = workload.call(1, 2, c=3, unit="u")
    assert answer.value == ["model", 1, 2, 3]
    call = recorded(workload, server, answer.call_id)
    assert msgspec.json.decode(call.input) == {"args": [1, 2], "kwargs": {"c": 3}}


def test_inputs_are_left_out_where_the_policy_says_so(served, server):
    """A policy without inputs records everything else."""
    workload = served("none", policy=Policy(record_input=False))
    call = recorded(workload, server, workload.call({"name": "Zoë"}).call_id)
    assert (call.input, call.served.value) == (None, '"rules"')


def test_replayed_calls_carry_their_own_time_and_id(served, server):
    """A replay says when a call was made and what its id is, and is marked as a replay."""
    workload = served("none")
    answer = workload.call("t", source="replay", at=AT, call_id="0" * 31 + "7")
    assert answer.call_id == "0" * 31 + "7"
    call = recorded(workload, server, answer.call_id)
    assert (call.at_us, call.source) == (int(AT.timestamp() * 1e6), "replay")


@pytest.mark.parametrize(
    ("arguments", "code", "field"),
    [
        ({"at": AT}, "only-for-replay", "at"),
        ({"call_id": "0" * 32}, "only-for-replay", "call_id"),
        ({"source": "real", "at": AT}, "only-for-replay", "at"),
        ({"source": "test"}, "bad-source", "source"),
        ({"source": "replay", "call_id": "xyz"}, "bad-call-id", "call_id"),
        ({"source": "replay", "at": AT.replace(tzinfo=None)}, "naive-time", "at"),
        ({"source": "replay", "at": dt.datetime(1969, 1, 1, tzinfo=dt.UTC)}, "time-before-1970", "at"),
        ({"segment": ["de"]}, "bad-segment", "segment"),
    ],
)
def test_arguments_that_can_never_be_right_are_refused(served, arguments, code, field):
    """A mistake in the calling code is raised at once, with a code and the argument's name."""
    workload = served("none")
    with pytest.raises(InvalidUse) as caught:
        workload.call("t", **arguments)
    assert (caught.value.code, caught.value.field) == (code, field)


def test_the_lease_says_what_traffic_is_unless_the_caller_does(served, server):
    """Traffic is marked as the lease says; the caller or the process may say otherwise."""
    workload = served("none", source="replay")
    answers = [workload.call("t", at=AT), workload.call("t", source="synthetic")]
    assert workload.flush(5)
    assert [server.calls[answer.call_id].source for answer in answers] == ["replay", "synthetic"]
    fixed = served("none", settings={"source": "synthetic"})
    assert recorded(fixed, server, fixed.call("t").call_id).source == "synthetic"


def test_a_demonstration_never_records_real_traffic(served, server):
    """Real traffic on a demonstration is answered by the incumbent, not recorded, and counted."""
    workload = served("live", demonstration=True, source="replay")
    answer = workload.call("t", unit="u", source="real")
    assert (answer.value, answer.fallback) == ("rules", "demonstration")
    assert workload.call("t", unit="u").arm == "candidate"
    assert workload.flush(5)
    assert answer.call_id not in server.calls
    assert workload.counters()["demonstration-refuses-real"] == 1


def test_time_added_by_the_runtime_is_measured(served, server):
    """What a caller waits beyond the serving arm is recorded, and in shadow the candidate's time is no part of it."""
    workload = served("shadow")
    workload.candidate(release=RELEASE.name, digest=RELEASE.digest)(lambda ticket: time.sleep(0.05))
    began = time.perf_counter()
    answer = workload.call("t")
    waited_us = (time.perf_counter() - began) * 1e6
    call = recorded(workload, server, answer.call_id)
    assert call.added_us <= waited_us
    assert call.beside.latency_us >= 50_000
