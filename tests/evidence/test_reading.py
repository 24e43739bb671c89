from __future__ import annotations

from tests.evidence.simulated import right

from pilotage.evidence.reading import GROUPS, reading_list
from pilotage.playbook.metrics import LabelMatch
from pilotage.runtime.records import Call, Execution

METRIC = right(source=LabelMatch(answer_field="team"))


def disagreement(number, *, theirs="a", mine="b", confidence=None):
    """A call on which the arms differ."""
    return Call(
        call_id=f"{number:032x}",
        at_us=number,
        served=Execution(arm="incumbent", value=f'{{"team":"{theirs}"}}', latency_us=1),
        beside=Execution(
            arm="candidate", release="r1", value=f'{{"team":"{mine}","risk":0.2}}', confidence=confidence, latency_us=1
        ),
        unit=f"u{number}",
        mode="shadow",
        stage="shadow/1",
    )


def test_the_most_telling_disagreements_come_first():
    """The candidate's surest mistakes, then what it got right alone, then what neither did, then the unlabelled."""
    calls = [
        (disagreement(1, confidence=0.6), {"label": "a"}),
        (disagreement(2, confidence=0.99), {"label": "a"}),
        (disagreement(3, confidence=0.9), {"label": "b"}),
        (disagreement(4, confidence=0.52), {"label": "c"}),
        (disagreement(5, confidence=0.95), {"label": "c"}),
        (disagreement(6, confidence=0.7), {}),
        (disagreement(7, confidence=0.8), {}),
        (disagreement(8), {"label": "a"}),
    ]
    found = reading_list(METRIC, "team", calls)
    assert [int(one.call_id, 16) for one in found.calls] == [2, 1, 8, 3, 4, 5, 7, 6]
    assert found.looked_at == 8
    assert found.found == dict(zip(GROUPS, (3, 1, 2, 2), strict=True))
    first = found.calls[0]
    assert (first.incumbent, first.candidate, first.gain) == ("a", "b", -1.0)
    assert "99% sure" in first.why


def test_a_group_does_not_crowd_out_the_others():
    """At most so many of each group are listed; how many there were is said."""
    calls = [(disagreement(i), {"label": "a"}) for i in range(40)] + [(disagreement(90), {})]
    found = reading_list(METRIC, "team", calls, each=5)
    assert [one.group for one in found.calls] == ["candidate_worse"] * 5 + ["unlabelled"]
    assert found.found["candidate_worse"] == 40


def test_a_call_without_both_arms_is_passed_over():
    """A release beside a release is no disagreement between candidate and incumbent."""
    alone = Call(
        call_id="1" * 32, at_us=1, served=Execution(arm="candidate", release="r1", value='"a"', latency_us=1), unit="u"
    )
    assert reading_list(METRIC, "team", [(alone, {})]).looked_at == 0
