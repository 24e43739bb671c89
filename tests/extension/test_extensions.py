from __future__ import annotations

import itertools
import math
import sys
from pathlib import Path

import pytest
from msgspec import structs

from pilotage.bootstrap import take_in_extensions
from pilotage.cli.failures import failure_of
from pilotage.evidence.conformance import case_of, estimator_failings, kind_failings
from pilotage.evidence.estimators import (
    Estimator,
    EstimatorInvalid,
    estimators,
    find_estimator,
    forget_estimator,
    register_estimator,
)
from pilotage.evidence.measurements import Estimate
from pilotage.evidence.parts import Part
from pilotage.playbook.kinds import (
    ExtensionBroken,
    KindInvalid,
    MetricKind,
    find_kind,
    forget_kind,
    kinds,
    register_kind,
)

BUILT_IN_KINDS = kinds()
BUILT_IN_ESTIMATORS = estimators()
KIND_OF = {"mean": "mean", "share": "proportion", "ratio": "ratio"}


@pytest.fixture(autouse=True)
def only_built_in():
    """Whatever a test takes in is gone after it."""
    yield
    for kind in kinds():
        if kind not in BUILT_IN_KINDS:
            forget_kind(kind.id)
    for estimator in estimators():
        if estimator not in BUILT_IN_ESTIMATORS:
            forget_estimator(estimator.id)


def install(folder: Path, monkeypatch, **points: str) -> None:
    """A distribution with those entry points, on the path as an installer would leave it."""
    info = folder / "example_metrics-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: example-metrics\nVersion: 1.0\n")
    groups = {"kind": "pilotage.metric_kinds", "estimator": "pilotage.estimators"}
    text = "".join(f"[{groups[group]}]\nadded = {target}\n" for group, target in points.items())
    (info / "entry_points.txt").write_text(text)
    source = Path(__file__).with_name("example_metrics.py")
    (folder / "example_metrics.py").write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "example_metrics", raising=False)


@pytest.mark.parametrize("kind", BUILT_IN_KINDS, ids=lambda kind: kind.id)
def test_every_built_in_kind_conforms(kind):
    """The kinds that come with the product pass what is asked of any other."""
    assert kind_failings(kind) == []


@pytest.mark.parametrize("estimator", BUILT_IN_ESTIMATORS, ids=lambda estimator: estimator.id)
def test_every_built_in_estimator_conforms(estimator):
    """Their figures are the same in any order and partition, and their intervals cover."""
    assert estimator_failings(estimator, case_of(find_kind(KIND_OF[estimator.id]))) == []


def test_an_installed_kind_and_estimator_are_taken_in_and_conform(tmp_path, monkeypatch):
    """A package adds both through its entry points; taking them in twice changes nothing."""
    install(tmp_path, monkeypatch, kind="example_metrics:log_mean", estimator="example_metrics:wald")
    take_in_extensions()
    take_in_extensions()
    kind = find_kind("log_mean")
    assert kind_failings(kind) == []
    assert estimator_failings(find_estimator("wald"), case_of(kind), runs=600) == []


@pytest.mark.parametrize(
    ("points", "why"),
    [
        ({"kind": "example_metrics:nothing"}, "AttributeError"),
        ({"kind": "no_such_module:x"}, "ModuleNotFoundError"),
        ({"kind": "example_metrics:wald"}, "a MetricKind is needed"),
        ({"estimator": "example_metrics:log_mean"}, "an Estimator is needed"),
    ],
)
def test_a_broken_extension_is_one_clear_error(tmp_path, monkeypatch, points, why):
    """It names the package and what to do; on the command line it is a sentence, not a traceback."""
    install(tmp_path, monkeypatch, **points)
    with pytest.raises(ExtensionBroken, match="example-metrics") as raised:
        take_in_extensions()
    failure = failure_of(raised.value)
    assert (failure.exit_code, failure.code) == (2, "extension-broken")
    assert why in failure.message
    assert failure.message.endswith("Repair or uninstall that package.")
    assert "\n" not in failure.message


def test_an_id_is_given_once():
    """Another kind or estimator of the same id is refused."""
    with pytest.raises(KindInvalid, match="another id"):
        register_kind(MetricKind(id="mean", title="another mean", estimator="mean"))
    with pytest.raises(EstimatorInvalid, match="another id"):
        register_estimator(Estimator())


def test_a_kind_that_is_not_additive_fails():
    """A value that hangs on the calls before it, such as a rank, does not pass."""
    so_far = itertools.count()
    ranked = MetricKind(
        id="ranked", title="rank", estimator="mean", value=lambda _m, number: min(number, next(so_far) * 1e-3)
    )
    register_kind(ranked)
    assert any("do not add up" in failing for failing in kind_failings(ranked))


@pytest.mark.parametrize(
    ("value", "failing"),
    [
        (lambda _m, number: -number, "outside of the range"),
        (lambda _m, number: math.inf if number > 1.0 else number, "not finite"),
        (lambda _m, number: abs(number - 1.0) if number else 0.0, "falls somewhere|outside of the range"),
    ],
)
def test_a_kind_whose_values_cannot_be_bet_on_fails(value, failing):
    """Values that fall, that are not finite, or that leave the range break the bets."""
    made = MetricKind(id="made", title="made", estimator="mean", value=value)
    register_kind(made)
    assert any(word in found for found in kind_failings(made) for word in failing.split("|"))


def test_a_kind_without_its_estimator_fails():
    """What is to estimate it has to be there."""
    (failing,) = kind_failings(MetricKind(id="lost", title="lost", estimator="nowhere"))
    assert "nowhere is not installed" in failing


class Narrow(Estimator):
    """Takes calls for independent: too narrow for calls of one unit."""

    id = "narrow"

    def arm(self, metric, totals, level):
        """The mean with its interval halved."""
        found = super().arm(metric, totals, level)
        if not isinstance(found, Estimate):
            return found
        return structs.replace(found, low=(found.low + found.value) / 2.0, high=(found.high + found.value) / 2.0)


class Sure(Estimator):
    """Says zero where it knows nothing."""

    id = "sure"

    def arm(self, metric, totals, level):
        """The mean, or a made-up one."""
        found = super().arm(metric, totals, level)
        if isinstance(found, Estimate):
            return found
        return Estimate(value=0.0, low=0.0, high=0.0, calls=0, units=0, method="made up")


def test_an_estimator_that_does_not_cover_fails():
    """Intervals that are too narrow are found by simulation."""
    found = estimator_failings(Narrow(), case_of(find_kind("mean")), runs=300)
    assert any("an arm's figure cover the truth in" in failing for failing in found)


def test_an_estimator_that_makes_figures_up_fails():
    """Where nothing is known there is a reason, not a number."""
    found = estimator_failings(Sure(), case_of(find_kind("mean")), runs=50)
    assert any("a figure of no calls" in failing for failing in found)


def test_an_estimator_that_hangs_on_the_order_fails():
    """Figures that remember what was estimated before are found."""

    class Drifting(Estimator):
        id = "drifting"

        def __init__(self):
            self.asked = 0

        def arm(self, metric, totals, level):
            found = super().arm(metric, totals, level)
            self.asked += 1
            return structs.replace(found, value=found.value + self.asked) if isinstance(found, Estimate) else found

    found = estimator_failings(Drifting(), case_of(find_kind("mean")), runs=2)
    assert any("changes with the order" in failing for failing in found)


class Eager(Estimator):
    """Its figures are right, and its part of the test makes little of the variance."""

    id = "eager"

    def part(self, target, metric, stage):
        """The part with a quarter of its variance."""
        found = super().part(target, metric, stage)
        return structs.replace(found, variance=found.variance / 4.0) if isinstance(found, Part) else found


def test_an_estimator_whose_test_errs_fails():
    """Figures that cover do not make up for a test that rejects a target which is exactly met: `part` decides a go."""
    found = estimator_failings(Eager(), case_of(find_kind("mean")), runs=300)
    assert any(failing.startswith("The test of the form own at 5 % rejects") for failing in found)
    assert any(failing.startswith("The test of the form difference at 5 % rejects") for failing in found)
    assert not any("cover" in failing for failing in found)


class NarrowPairs(Estimator):
    """Right between arms, too narrow on pairs."""

    id = "narrow_pairs"

    def paired_difference(self, metric, stage, level):
        """The difference with its interval halved."""
        found = super().paired_difference(metric, stage, level)
        if not isinstance(found, Estimate):
            return found
        return structs.replace(found, low=(found.low + found.value) / 2.0, high=(found.high + found.value) / 2.0)


def test_pairs_that_do_not_cover_fail():
    """The paired difference is what the target is shown by in shadow: its intervals are tried too."""
    found = estimator_failings(NarrowPairs(), case_of(find_kind("mean")), runs=300)
    assert any("intervals of the difference of pairs cover the truth" in failing for failing in found)


@pytest.mark.parametrize("method", ["arm", "incumbent_of_pairs", "paired_difference", "paired_improvement", "part"])
def test_whatever_hangs_on_the_order_is_found(method):
    """Every method is asked of the same units in another order and in shards, not the arm's figure alone."""
    asked = itertools.count()
    right = getattr(Estimator(), method)

    def drifting(*given):
        found, by = right(*given), 1.0 + 1e-3 * next(asked)
        if isinstance(found, Part):
            return structs.replace(found, distance=found.distance + by)
        return structs.replace(found, value=found.value + by) if isinstance(found, Estimate) else found

    estimator = Estimator()
    setattr(estimator, method, drifting)
    found = estimator_failings(estimator, case_of(find_kind("mean")), runs=2)
    assert any("changes with the order" in failing for failing in found)
    assert any("changes with the partition" in failing for failing in found)
