#!/usr/bin/env python3
"""gate_rates_test.py PROGRAM BASELINE: scripts/gate_rates.py finds what was planted, and nothing else.

Of ten cases of BASELINE it makes rounds of processes with times of its own, 1 % of noise in them.
"""

import csv
import random
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
import gate_rates  # noqa: E402

CONDITIONS = {"plain": {}, "again": {}, "delay-0.03": {"end_to_end": 1.03}, "delay-0.05": {"end_to_end": 1.05}, "host-0.05": {"host_enqueue": 1.05}}


def write_rounds(baseline, folder):
    noise = random.Random(1)
    with open(baseline, newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    for number in range(1, 15):
        (folder / str(number)).mkdir(parents=True)
        for condition, factors in CONDITIONS.items():
            records = [dict(zip(header, row)) | {"device_kind": "cuda", "repetitions": "1"} for row in rows[:10]]
            for record in records:
                for clock in ("end_to_end", "host_enqueue", "device"):
                    record[f"{clock}_repetitions_ns"] = str(50_000 * factors.get(clock, 1) * noise.lognormvariate(0, 0.01))
            with open(folder / str(number) / f"{condition}.csv", "w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows([header, *(record.values() for record in records)])


def main():
    program, baseline = sys.argv[1:]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_rounds(baseline, folder / "runs")
        command = [ROOT / "scripts" / "gate_rates.py", program, folder / "runs", folder / "rates.csv", "20"]
        subprocess.run([sys.executable, *command], check=True, capture_output=True)
        with open(folder / "rates.csv", newline="", encoding="utf-8") as file:
            rates = {row["planted_delay"]: row for row in csv.DictReader(file) if row["is_default"] == "1"}
    flagged = {delay: int(row["flagged"]) for delay, row in rates.items()}
    assert flagged["none"] == 0, flagged
    assert flagged["0.05"] == flagged["host:0.05"] == 20, flagged
    assert flagged["0.03"] < 20, flagged
    assert int(rates["none"]["inconclusive"]) == 0, rates["none"]

    # As scipy.stats.binomtest(k, n).proportion_ci(0.95, "exact") has them.
    for k, n, low, high in [(0, 1000, 0, 0.0036821), (5, 10, 0.1870860, 0.8129140), (20, 20, 0.8315665, 1)]:
        found = gate_rates.interval(k, n)
        assert abs(found[0] - low) < 1e-6 and abs(found[1] - high) < 1e-6, (k, n, found)


if __name__ == "__main__":
    main()
