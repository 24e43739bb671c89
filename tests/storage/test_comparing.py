from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy import stats

from pilotage.evidence.drift import moved
from pilotage.storage.comparing import compare_files
from pilotage.storage.errors import StorageRefused


def write(path, **columns):
    """A Parquet file of these columns."""
    pq.write_table(pa.table(columns), path)
    return path


@pytest.fixture
def sides(tmp_path):
    """Two files of a few thousand rows: amounts and carriers differ, the rest does not."""
    rng = np.random.default_rng(6)
    files = []
    for number, size in enumerate((4000, 3000)):
        carriers = rng.choice(["UA", "B6", "EV"], size, p=[0.5, 0.3, 0.2] if number == 0 else [0.2, 0.3, 0.5])
        delay = [None if rng.random() < 0.05 else int(value) for value in rng.normal(5, 30, size)]
        files.append(
            write(
                tmp_path / f"{number}.parquet",
                amount=rng.lognormal(number * 0.5, 1, size),
                delay=pa.array(delay, pa.int32()),
                carrier=carriers,
                note=[f"row {value}" for value in rng.random(size)],
                constant=np.ones(size),
            )
        )
    return files


def test_small_files_are_compared_by_their_exact_values(sides):
    """Kolmogorov-Smirnov and Wasserstein in reference deviations are scipy's to 1e-9; what moved is named."""
    found = {one.field: one for one in compare_files(*sides)}
    assert {name for name, one in found.items() if moved(one)} == {"amount", "carrier"}
    left, right = (pq.read_table(path).column("amount").to_numpy() for path in sides)
    amount = found["amount"]
    assert amount.kolmogorov_smirnov == pytest.approx(stats.ks_2samp(left, right).statistic, abs=1e-9)
    assert amount.wasserstein == pytest.approx(stats.wasserstein_distance(left, right) / left.std(), rel=1e-9)
    table = np.array([[(pq.read_table(path).column("carrier").to_numpy() == name).sum() for name in ("UA", "B6", "EV")]
                      for path in sides])  # fmt: skip
    chi = found["carrier"].shift
    assert chi is not None
    assert chi.chi_square == pytest.approx(stats.chi2_contingency(table, correction=False).statistic, rel=1e-9)


def test_large_files_are_compared_on_the_references_grid(tmp_path):
    """Above 10,000 rows of broken numbers, distances are within a cell of the exact ones."""
    rng = np.random.default_rng(2)
    left, right = rng.normal(0, 1, 30_000), rng.normal(0.4, 1, 20_000)
    [found] = compare_files(write(tmp_path / "a.parquet", x=left), write(tmp_path / "b.parquet", x=right))
    assert found.status == "moved"
    assert found.kolmogorov_smirnov == pytest.approx(stats.ks_2samp(left, right, method="asymp").statistic, abs=1e-3)
    assert found.wasserstein == pytest.approx(stats.wasserstein_distance(left, right) / left.std(), abs=1e-3)
    deciles = np.quantile(left, np.arange(1, 10) / 10)
    p, q = (np.bincount(np.searchsorted(deciles, x), minlength=10) / len(x) for x in (left, right))
    assert found.shift is not None
    assert found.shift.psi == pytest.approx(float(((q - p) * np.log(q / p)).sum()), rel=0.02)


def test_the_order_of_rows_does_not_matter(sides, tmp_path):
    """The same rows in any order give the same comparison."""
    rng = np.random.default_rng(1)
    shuffled = []
    for number, path in enumerate(sides):
        table = pq.read_table(path)
        pq.write_table(table.take(rng.permutation(table.num_rows)), tmp_path / f"shuffled{number}.parquet")
        shuffled.append(tmp_path / f"shuffled{number}.parquet")
    for one, other in zip(compare_files(*sides), compare_files(*shuffled), strict=True):
        assert one.shift == other.shift
        assert one.kolmogorov_smirnov == other.kolmogorov_smirnov


def test_text_that_is_always_different_is_not_taken_for_categories(sides):
    """Of notes only whether there is one is compared; a column that is always the same has not moved."""
    found = {one.field: one for one in compare_files(*sides, fields=["note", "constant"])}
    assert list(found) == ["note", "constant"]
    assert not any(map(moved, found.values()))
    assert found["note"].new == ()


def test_csv_files_and_numbers_that_are_none_are_read(tmp_path):
    """CSV with a header; NaN and infinity count as missing."""
    rows = "\n".join(f"{number % 50},{'nan' if number % 2 else number}" for number in range(400))
    file = tmp_path / "rows.csv"
    file.write_text(f"day,value\n{rows}\n")
    value = next(one for one in compare_files(file, file) if one.field == "value")
    assert value.missing is not None
    assert value.missing.current == 0.5
    assert value.status == "steady"


def test_what_cannot_be_compared_is_refused(sides, tmp_path):
    """A file that is not there or no table, and a column that is not in both."""
    with pytest.raises(StorageRefused, match="no file"):
        compare_files(tmp_path / "none.parquet", sides[0])
    (tmp_path / "torn.parquet").write_bytes(b"PAR1 not a table")
    with pytest.raises(StorageRefused, match="cannot be compared"):
        compare_files(tmp_path / "torn.parquet", sides[0])
    with pytest.raises(StorageRefused, match="speed is not in both"):
        compare_files(*sides, fields=["speed"])


def test_missing_numbers_are_missing_in_large_files_as_in_small_ones(tmp_path):
    """NULL, NaN and infinity are no numbers, whether rows are compared by exact values or on the grid."""
    rng = np.random.default_rng(5)
    shares = []
    for size in (9_000, 30_000):
        files = []
        for side in "ab":
            values = np.round(rng.uniform(0, 1, size) ** 2, 6).tolist()
            gone = [None, None, None, float("nan"), float("inf")]
            mixed = [gone[number // 10 % 5] if number % 10 < 3 else value for number, value in enumerate(values)]
            files.append(write(tmp_path / f"{side}{size}.parquet", x=pa.array(mixed, pa.float64())))
        [found] = compare_files(*files)
        assert found.missing is not None
        shares.append((found.missing.reference, found.missing.current))
        assert found.status == "steady"
        assert found.wasserstein == pytest.approx(0, abs=0.05)
    assert shares == [(0.3, 0.3), (0.3, 0.3)]


def test_missing_numbers_leave_an_empty_cell_empty(tmp_path):
    """Where no value lies in the grid's last cell, the rows without a value do not fill it."""
    half = [None if number % 2 else float(number % 90) + 0.5 for number in range(20_000)]
    few = [None if number % 2 else float(number % 60) + 0.5 for number in range(20_000)]
    [found] = compare_files(write(tmp_path / "a.parquet", x=half), write(tmp_path / "b.parquet", x=few))
    assert found.status == "moved"
    assert found.missing is not None
    assert (found.missing.reference, found.missing.current) == (0.5, 0.5)


@pytest.mark.parametrize("size", [4_000, 12_000])
def test_decimals_dates_and_times_are_compared_as_numbers(tmp_path, size):
    """Shifted by half their range they have moved by that much, in small files and in large ones; else not at all."""
    rng = np.random.default_rng(3)
    cents = rng.choice(200_000, size, replace=False).tolist()
    files = []
    for number, shift in enumerate((0, 100_000)):
        moved_cents, start = [one + shift for one in cents], dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        times = [start + dt.timedelta(seconds=one * 60) for one in moved_cents]
        files.append(
            write(
                tmp_path / f"{number}.parquet",
                price=pa.array([Decimal(one) / 100 for one in moved_cents], pa.decimal128(12, 2)),
                due=pa.array([one.date() for one in times], pa.date32()),
                at=pa.array(times, pa.timestamp("us")),
                zoned=pa.array(times, pa.timestamp("us", tz="UTC")),
                same=pa.array([Decimal(one) / 100 for one in rng.permutation(cents).tolist()], pa.decimal128(12, 2)),
            )
        )
    found = {one.field: one for one in compare_files(*files)}
    assert {one.kind for one in found.values()} == {"number"}
    assert {name for name, one in found.items() if moved(one)} == {"price", "due", "at", "zoned"}
    for name in ("price", "due", "at", "zoned"):
        assert found[name].wasserstein == pytest.approx(100_000 / np.std(cents), rel=0.01)


def test_a_column_of_one_file_is_named(tmp_path):
    """It cannot be compared, and the answer says so instead of leaving it out."""
    x = list(range(300))
    here, there = write(tmp_path / "a.parquet", x=x, gone=x), write(tmp_path / "b.parquet", fresh=["a"] * 300, x=x)
    found = {one.field: one for one in compare_files(here, there)}
    assert {name: one.status for name, one in found.items()} == {
        "x": "steady",
        "gone": "not_estimable",
        "fresh": "not_estimable",
    }
    assert "Only the reference file has" in found["gone"].reason
    assert "Only the current file has" in found["fresh"].reason
    assert (found["fresh"].reference_calls, found["fresh"].current_calls) == (0, 300)
