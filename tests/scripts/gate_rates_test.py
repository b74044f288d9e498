#!/usr/bin/env python3
"""gate_rates_test.py PROGRAM BASELINE: scripts/gate_rates.py finds the delays of processes that are made up here.

Their ratios have 1 % of noise; their other figures are those of cases in BASELINE.
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

COMPARISONS = 10
ALLOCATORS = ["preallocated", "arena", "arena-individual"]
# What a delay does to the ratios of phases, and to the times of operations and of allocations alone.
FACTORS = {
    **dict.fromkeys(gate_rates.PLAIN, (1, 1)),
    "arena:0.03": (1.03, 10),
    "arena:0.05": (1.05, 10),
    "arena:device:0.05": (1.05, 1),
    "arena-individual:0.05": (1.05, 10),
    "arena:calls:0.2": (1, 1.2),
    "arena:calls:1": (1, 2),
}


def write_rounds(baseline, folder):
    noise = random.Random(1)
    with open(baseline, newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["allocator"] in ALLOCATORS]
    cases = sorted({(row["workload"], row["elements"]) for row in rows})[:8]
    rows = [row | {"device_kind": "cuda"} for row in rows if (row["workload"], row["elements"]) in cases]
    replays = [rows[i] | {"kind": "replay", "workload": "replay", "trace": "a", "elements": "0"} for i in range(3)]
    for row, allocator in zip(replays, ALLOCATORS):
        row |= {"allocator": allocator}
    sweeps = [row | {"kind": "sweep", "workload": "allocs", "trace": "", "allocs_per_phase": "64"} for row in replays]
    for number in range(1, gate_rates.ROUNDS + 3):
        (folder / str(number)).mkdir(parents=True)
        for condition, factors in FACTORS.items():
            records = [dict(row) for row in rows + replays + sweeps]
            for record in records:
                is_slower = record["allocator"] == condition.partition(":")[0]
                of_a_phase, of_one_call = factors if is_slower else (1, 1)
                for clock in ("end_to_end_ratio", "host_enqueue_ratio"):
                    record[clock] = str(noise.lognormvariate(0, 0.01) * of_a_phase)
                for clock in ("operation_ratio", "operation_median_ns", "allocation_ratio", "allocation_ns"):
                    record[clock] = str(noise.lognormvariate(0, 0.01) * of_one_call)
            with open(folder / str(number) / f"{condition}.csv", "w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, rows[0].keys())
                writer.writeheader()
                writer.writerows(records)


def main():
    program, baseline = sys.argv[1:]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_rounds(baseline, folder / "runs")
        command = [ROOT / "scripts" / "gate_rates.py", program, folder / "runs", folder / "rates.csv", str(COMPARISONS)]
        subprocess.run([sys.executable, "-B", *command], check=True)
        with open(folder / "rates.csv", newline="", encoding="utf-8") as file:
            rates = {row["slowed"]: row for row in csv.DictReader(file)}
    assert list(rates) == [slowed.name for slowed in gate_rates.SLOWED], list(rates)
    for name, row in rates.items():
        is_slower = not name.startswith("nothing")
        assert int(row["flagged"]) == COMPARISONS * is_slower, row
        assert int(row["wrong"]) == 0, row
        assert int(row["inconclusive"]) == 0, row

    # As scipy.stats.binomtest(k, n).proportion_ci(0.95, "exact") has them.
    for k, n, low, high in [(0, 1000, 0, 0.0036821), (5, 10, 0.1870860, 0.8129140), (20, 20, 0.8315665, 1)]:
        found = gate_rates.interval(k, n)
        assert abs(found[0] - low) < 1e-6 and abs(found[1] - high) < 1e-6, (k, n, found)


if __name__ == "__main__":
    main()
