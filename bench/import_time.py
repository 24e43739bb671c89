"""How long `import pilotage` takes in a fresh process, and what a bare interpreter takes: medians."""

from __future__ import annotations

import platform
import statistics
import subprocess
import sys

REPEATS = 21
LIMIT_MS = 60.0
TIMED = "import time; t = time.perf_counter(); import pilotage; print((time.perf_counter() - t) * 1000)"


def main() -> None:
    """Measure and print."""
    subprocess.run([sys.executable, "-c", "import pilotage"], check=True)
    times_ms = [
        float(subprocess.run([sys.executable, "-c", TIMED], check=True, capture_output=True, text=True).stdout)
        for _ in range(REPEATS)
    ]
    median_ms = statistics.median(times_ms)
    print(f"Python {platform.python_version()}, {REPEATS} fresh processes")
    print(f"import pilotage: median {median_ms:.1f} ms, fastest {min(times_ms):.1f} ms, slowest {max(times_ms):.1f} ms")
    print(f"at most {LIMIT_MS:g} ms: {'reached' if median_ms <= LIMIT_MS else 'missed'}")


if __name__ == "__main__":
    main()
