from __future__ import annotations

import msgspec
import numpy as np
import pytest

from pilotage.demo.desk import FEATURES
from pilotage.demo.flights import assemble, label
from pilotage.demo.training import fit, learning_rows, train
from pilotage.demo.trees import forest_of, two_copies

MONTHS = (1, 2)


def test_the_same_flights_give_the_same_desk(slice_of_year, desk, tmp_path):
    """Learning is deterministic: the same flights give the same tables and the same trees, to the last digit."""
    assert train(slice_of_year, tmp_path, months=(1, 2, 3, 4)) == desk


def test_a_second_start_reads_what_the_first_one_learned(slice_of_year, tmp_path, monkeypatch):
    """What was learned is kept under the digest of its data and code, and read again unchanged."""
    learned = train(slice_of_year, tmp_path, months=MONTHS)
    monkeypatch.setattr("pilotage.demo.training.learn_forest", lambda learning: pytest.fail("learned twice"))
    assert train(slice_of_year, tmp_path, months=MONTHS) == learned
    assert [path.suffix for path in tmp_path.iterdir()] == [".json"]


def test_other_flights_are_learned_from_anew(slice_of_year, tmp_path):
    """One changed outcome is another digest, hence another desk."""
    train(slice_of_year, tmp_path, months=MONTHS)
    late = slice_of_year.late.copy()
    late[0] = not late[0]
    train(msgspec.structs.replace(slice_of_year, late=late), tmp_path, months=MONTHS)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_damaged_file_is_learned_again_and_replaced(slice_of_year, tmp_path):
    """A file cut short by a crash is neither used nor in the way."""
    learned = train(slice_of_year, tmp_path, months=MONTHS)
    (kept,) = tmp_path.iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(whole[: len(whole) // 2])
    assert train(slice_of_year, tmp_path, months=MONTHS) == learned
    assert kept.read_bytes() == whole


def test_nothing_after_the_learning_months_is_learned(timetable, weather, slice_of_year, tmp_path):
    """Change every outcome and all weather from March on: what January and February teach stays the same."""
    units = np.isin(timetable.flight, np.unique(timetable.flight)[::8])
    sliced = msgspec.structs.replace(
        timetable, **{name: getattr(timetable, name)[units] for name in timetable.__struct_fields__}
    )
    march = sliced.departs_at[(sliced.month == 3) & (sliced.day == 1)].min() // 1440 * 1440 + 300
    _, label_at = label(sliced)
    changed = msgspec.structs.replace(
        sliced, arrival_delay=np.where(label_at >= march, sliced.arrival_delay + 300, sliced.arrival_delay)
    )
    spoiled = msgspec.structs.replace(
        weather, values=np.where((weather.known_at >= march)[:, None], 0.0, weather.values)
    )
    before = train(assemble(sliced, weather), tmp_path / "before", months=MONTHS)
    assert train(assemble(changed, spoiled), tmp_path / "after", months=MONTHS) == before


def test_the_candidate_s_risk_is_the_fitted_model_s(slice_of_year):
    """On the rows it learned from, each risk that a single call computes equals scikit-learn's to 1e-9."""
    rows, late = learning_rows(slice_of_year.select(slice_of_year.month <= 2))
    classifier = fit(rows, late)
    forest, expected = forest_of(classifier), classifier.predict_proba(rows)[:, 1]
    gaps = [[None if np.isnan(value) else value for value in row] for row in rows[:4000].tolist()]
    assert np.abs([forest.probability(two_copies(row)) for row in gaps] - expected[:4000]).max() < 1e-9


def test_a_flight_s_own_outcome_is_not_in_its_features(slice_of_year):
    """Turning one week's outcomes round changes no history feature of that week's flights."""
    learning = slice_of_year.select(slice_of_year.month <= 2)
    history = [at for at, name in enumerate(FEATURES) if name.startswith("late_") and not name.endswith("_now")]
    week = (learning.departs_at // (7 * 1440)) == learning.departs_at[len(learning) // 2] // (7 * 1440)
    turned = msgspec.structs.replace(learning, late=np.where(week, ~learning.late, learning.late))
    before, after = learning_rows(learning)[0], learning_rows(turned)[0]
    assert np.array_equal(before[week][:, history], after[week][:, history])
    assert not np.array_equal(before[~week][:, history], after[~week][:, history])


def test_no_flights_teach_nothing(slice_of_year, tmp_path):
    """Months without flights, and a single week, are refused with a sentence instead of an empty table."""
    with pytest.raises(ValueError, match="No flights to learn from"):
        train(slice_of_year.select(slice_of_year.month > 6), tmp_path)
    first_week = slice_of_year.departs_at // (7 * 1440) == slice_of_year.departs_at[0] // (7 * 1440)
    with pytest.raises(ValueError, match="two weeks"):
        train(slice_of_year.select(first_week), tmp_path)
