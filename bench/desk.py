"""What the flight-delay desk costs to load, to learn and to call, and what its two arms say of the year.

    python bench/desk.py [--cache FOLDER] [--no-year]

The tables of docs/demo.md are this script's output.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib.metadata
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
from sklearn.metrics import roc_auc_score

from pilotage.demo.desk import Desk, break_weather
from pilotage.demo.economics import Prices
from pilotage.demo.flights import FlightInput, Flights, load_flights, minutes_of
from pilotage.demo.judging import Judged, judge, plan
from pilotage.demo.training import PLANNING_MONTHS, train

ROUNDS = 7
STARTS = (dt.datetime(2013, 7, 15, 4, tzinfo=dt.UTC), dt.datetime(2013, 8, 1, 4, tzinfo=dt.UTC))


def timed(title: str, work: Callable[[], object]) -> object:
    """Runs the work once and prints how long it took."""
    start = time.perf_counter()
    result = work()
    print(f"  {title:34} {time.perf_counter() - start:7.2f} s")
    return result


def call_us(arm: Callable[[FlightInput], object], inputs: Sequence[FlightInput]) -> float:
    """Median microseconds of one call over the rounds."""
    rounds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for each in inputs:
            arm(each)
        rounds.append((time.perf_counter() - start) / len(inputs) * 1e6)
    return statistics.median(rounds)


def print_planning(flights: Flights, desk: Desk) -> None:
    """The charter's figures, and the same at other prices."""
    spring = flights.select((flights.month == 5) | (flights.month == 6))
    planning = plan(spring, desk)
    print("\nPlanning: learned from January to April, judged on May and June")
    for name, value in msgspec.structs.asdict(planning).items():
        print(f"  {name:34} {value:12.4f}")
    print(f"  {planning.target()}")
    print("  missed USD  false USD  warn from  incumbent  candidate  saved  error/day  warnings old  new")
    for missed, false in ((200, 100), (300, 100), (400, 100), (600, 100), (1000, 100)):
        prices = Prices(missed_delay_usd=missed, false_warning_usd=false)
        at = judge(spring, msgspec.structs.replace(desk, warn_from=prices.warn_from), prices=prices)
        print(
            f"  {missed:10} {false:10} {prices.warn_from:10.3f} {at.incumbent_usd.mean():10.2f}"
            f" {at.candidate_usd.mean():10.2f} {at.improvement:6.1%} {at.improvement_error(at.day):10.1%}"
            f" {at.incumbent_warns.mean():13.1%} {at.candidate_warns.mean():6.1%}"
        )


def print_recent(flights: Flights, cache: Path) -> None:
    """What the recent outcomes are worth, on months that planning may look at."""
    blind = msgspec.structs.replace(flights, recent=np.zeros_like(flights.recent))
    print("\nSaved without and with the recent outcomes in the input")
    for months, judged_months in (((1, 2, 3), (4,)), ((1, 2, 3, 4), (5, 6))):
        saved = [
            judge(of.select(np.isin(of.month, judged_months)), train(of, cache, months=months)).improvement
            for of in (blind, flights)
        ]
        print(f"  learned {months}, judged {judged_months}: {saved[0]:6.1%} {saved[1]:6.1%}")


def month_line(title: str, judged: Judged, broken: Judged) -> str:
    """One month of both arms, with the weather feed whole and broken."""
    return (
        f"  {title:5} {len(judged.late):7} {judged.late.mean():6.1%} {judged.incumbent_usd.mean():8.2f}"
        f" {judged.candidate_usd.mean():8.2f} {judged.improvement:7.1%} {judged.improvement_error(judged.unit):6.1%}"
        f" {judged.improvement_error(judged.day):6.1%} {judged.incumbent_warns.mean():7.1%}"
        f" {judged.candidate_warns.mean():6.1%} {roc_auc_score(judged.late, judged.incumbent_risk):6.3f}"
        f" {roc_auc_score(judged.late, judged.candidate_risk):6.3f} {broken.candidate_warns.mean():7.1%}"
        f" {broken.candidate_usd.mean():8.2f}"
    )


def print_year(flights: Flights, desk: Desk) -> None:
    """July to December by month, and the improvement after each week of shadow."""
    autumn = flights.select(flights.month >= 7)
    judged, broken = judge(autumn, desk), judge(autumn, desk, seen_by_candidate=break_weather)
    print("\nLearned from January to June, judged from July on")
    print("  month flights   late  inc USD cand USD   saved  ±unit  ±day warn-in  -cand auc-in  -cand  broken   at USD")
    for month in range(7, 13):
        of_month = autumn.month == month
        print(month_line(str(month), judged.select(of_month), broken.select(of_month)))
    print(month_line("all", judged, broken))
    for start in STARTS:
        print(f"\nShadow from {start:%d %B}: improvement so far, its errors, and (improvement - 0.10) / error")
        for week in range(1, 9):
            first = minutes_of(start)
            seen = judged.select((autumn.decision_at >= first) & (autumn.decision_at < first + week * 7 * 1440))
            by_unit, by_day = (seen.improvement_error(cluster) for cluster in (seen.unit, seen.day))
            above = seen.improvement - 0.10
            print(
                f"  week {week} {len(seen.late):6} {seen.improvement:7.1%}  ±unit {by_unit:5.1%}  ±day {by_day:5.1%}"
                f"  z unit {above / by_unit:6.2f}  z day {above / by_day:6.2f}"
                f"  warnings {seen.candidate_warns.mean():6.1%}"
            )


def main() -> None:
    """Prints everything."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--cache", type=Path, help="keep what is learned here (default: a temporary folder)")
    options.add_argument("--no-year", action="store_true", help="timings only")
    chosen = options.parse_args()
    versions = {name: importlib.metadata.version(name) for name in ("scikit-learn", "numpy", "pyarrow", "msgspec")}
    print(f"Python {platform.python_version()}, {versions}")
    with tempfile.TemporaryDirectory() as temporary:
        cache = chosen.cache or Path(temporary)
        flights = timed("load the year", load_flights)
        desk = timed("learn, first start", lambda: train(flights, cache))
        timed("learn, second start", lambda: train(flights, cache))
        inputs = list(flights.select(np.flatnonzero(flights.month == 7)[:20_000]).inputs())
        print(f"  {'one incumbent call':34} {call_us(desk.incumbent, inputs):7.2f} µs")
        print(f"  {'one candidate call':34} {call_us(desk.candidate, inputs):7.2f} µs")
        if not chosen.no_year:
            print_planning(flights, train(flights, cache, months=PLANNING_MONTHS))
            print_recent(flights, cache)
            print_year(flights, desk)


if __name__ == "__main__":
    main()
