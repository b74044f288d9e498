#!/usr/bin/env python3
"""gate_rates_test.py PROGRAM BASELINE: scripts/gate_rates.py finds the delays of processes that are made up here.

Their times have 1 % of noise; their other figures are those of ten cases of the arena in BASELINE.
"""

import csv
import random
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
import gate_rates  # noqa: E402

DELAYS = {"plain": 1, "again": 1, "arena:0.03": 1.03, "arena:0.05": 1.05}


def write_rounds(baseline, folder):
    noise = random.Random(1)
    with open(baseline, newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["allocator"] == "arena"][:10]
    for number in range(1, 15):
        (folder / str(number)).mkdir(parents=True)
        for condition, factor in DELAYS.items():
            records = [row | {"device_kind": "cuda", "repetitions": "1"} for row in rows]
            for record in records:
                for clock in ("end_to_end", "host_enqueue", "device"):
                    time = 50_000 * noise.lognormvariate(0, 0.01) * (factor if clock == "host_enqueue" else 1)
                    record[f"{clock}_repetitions_ns"] = str(time)
            with open(folder / str(number) / f"{condition}.csv", "w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, rows[0].keys())
                writer.writeheader()
                writer.writerows(records)


def main():
    program, baseline = sys.argv[1:]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_rounds(baseline, folder / "runs")
        command = [ROOT / "scripts" / "gate_rates.py", program, folder / "runs", folder / "rates.csv", "20"]
        subprocess.run([sys.executable, "-B", *command], check=True)
        with open(folder / "rates.csv", newline="", encoding="utf-8") as file:
            rates = {row["planted_delay"]: row for row in csv.DictReader(file) if not row["flags"]}
    flagged = {delay: int(row["flagged"]) for delay, row in rates.items()}
    assert flagged["none"] == 0, flagged
    assert flagged["arena:0.05"] == 20, flagged
    assert flagged["arena:0.03"] < 20, flagged
    assert int(rates["none"]["inconclusive"]) == 0, rates["none"]

    # As scipy.stats.binomtest(k, n).proportion_ci(0.95, "exact") has them.
    for k, n, low, high in [(0, 1000, 0, 0.0036821), (5, 10, 0.1870860, 0.8129140), (20, 20, 0.8315665, 1)]:
        found = gate_rates.interval(k, n)
        assert abs(found[0] - low) < 1e-6 and abs(found[1] - high) < 1e-6, (k, n, found)


if __name__ == "__main__":
    main()
