from __future__ import annotations

import subprocess
import sys

HEAVY = {"numpy", "scipy", "duckdb", "sqlalchemy", "pyarrow"}


def test_the_evidence_loads_no_numerical_library_before_it_integrates():
    """Commands that never look at a bound do not pay for numpy and scipy."""
    modules = "answer, assess, baseline, betting, compare, coverage, guardrails, reach, values"
    program = f"import sys\nfrom pilotage.evidence import {modules}\nprint(*(m for m in sys.modules if '.' not in m))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "msgspec" in done.stdout.split()
    assert not HEAVY & set(done.stdout.split())
