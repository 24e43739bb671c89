"""A charter says how the calls that its target is proven with are clustered."""

from __future__ import annotations

import msgspec
from msgspec import structs
from tests.record.stories import Story, charter

from pilotage.playbook.metrics import Target
from pilotage.record.charter import charter_digest, charter_problems, promised
from pilotage.record.digests import digest_of


def clustered(cluster, **metric):
    """A sound charter with that cluster; `metric` changes what its target is about."""
    whole = charter()
    metrics = tuple(structs.replace(one, **metric) if one.id == whole.target.metric else one for one in whole.metrics)
    return structs.replace(whole, metrics=metrics, target=structs.replace(whole.target, cluster=cluster))


def test_a_charter_from_before_keeps_its_digest():
    """What was signed before charters had a cluster is by unit, and its signature still covers it."""
    before = msgspec.to_builtins(charter())
    del before["target"]["cluster"]
    assert msgspec.convert(before["target"], Target).cluster == "unit"
    assert charter_digest(charter(), "Team") == digest_of({"charter": before, "team": "Team"})


def test_another_cluster_is_another_promise():
    """Changing it changes the digest that signatures cover, and what the running test is about."""
    digests = {charter_digest(clustered(cluster), "Team") for cluster in ("unit", "day", "both")}
    assert len(digests) == 3
    assert promised(clustered("day")) != promised(clustered("unit"))


def test_a_signature_does_not_cover_another_cluster():
    """A charter that was signed by unit and is then clustered by day waits for its signatures again."""
    story = Story().propose().write_charter()
    signed = story.standing.charters[-1].digest
    story.write_charter(target=structs.replace(charter().target, cluster="both"))
    assert story.standing.charters[-1].digest != signed


def test_a_value_by_unit_is_not_clustered_by_day():
    """A unit's calls lie on several days, so such a charter is refused with what to do; by unit it is taken."""
    codes = {problem.code: problem for problem in charter_problems(clustered("both", per="unit_mean"))}
    assert "cluster by unit" in codes["days-not-possible"].message
    assert codes["days-not-possible"].field == "charter.target.cluster"
    assert "days-not-possible" not in {p.code for p in charter_problems(clustered("unit", per="unit_mean"))}
    assert "days-not-possible" not in {p.code for p in charter_problems(clustered("both"))}
