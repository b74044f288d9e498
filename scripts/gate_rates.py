#!/usr/bin/env python3
"""How often `daa-bench compare` calls what a regression, from the processes that scripts/calibrate_gate.sh has run.

  scripts/gate_rates.py PROGRAM RUNS FILE [COMPARISONS]

RUNS has a folder a round, with the results of a process of each condition in it. A comparison draws 12 rounds, and in each
of them deals the two processes as they are, `plain` and `again`, out to BASE and HEAD by lot. For a condition with a delay,
one case of HEAD, drawn by lot as well, is that of the delayed processes: the gate must find one slow case
among all. `flagged` counts comparisons that call any case a regression, or, with a delay, that case in the delayed clock.

Comparisons share processes, so they are no independent trials: the interval (Clopper-Pearson, 95 %) is that of the lots
alone. The rates are those of the session that measured them: of its machine, its hour and its moods.
"""

import csv
import os
import random
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from math import exp, lgamma, log
from pathlib import Path

ROUNDS = 12  # as scripts/gate.sh has them
KEY = ["workload", "elements", "sync", "allocator"]
# Name in the file, condition, clock that it delays.
CONDITIONS = [
    ("none", None, None),
    ("0.03", "delay-0.03", "end_to_end"),
    ("0.05", "delay-0.05", "end_to_end"),
    ("host:0.05", "host-0.05", "host_enqueue"),
]
CLOCKS = ["end_to_end", "host_enqueue"]
# Beside the defaults, to choose them by: thresholds and alphas, over fewer comparisons.
OTHER_SETTINGS = [(threshold, alpha) for threshold in (0.02, 0.025, 0.03) for alpha in (0.01, 0.05, 0.2)]
OTHERS_SHARE = 5


def key_of(row):
    return tuple(row[column] for column in KEY)


def read(path):
    """The header, and the line of each case."""
    with open(path, newline="", encoding="utf-8") as file:
        header, *lines = file.read().splitlines(keepends=True)
    names, *rows = csv.reader([header, *lines])
    return header, {key_of(dict(zip(names, row))): line for row, line in zip(rows, lines)}


def at_most(k, n, p):
    """The probability of k or fewer of n, each with probability p."""
    if p <= 0 or p >= 1:
        return 1.0 if p <= 0 or k >= n else 0.0
    ways = (lgamma(n + 1) - lgamma(i + 1) - lgamma(n - i + 1) for i in range(k + 1))
    return min(1.0, sum(exp(way + i * log(p) + (n - i) * log(1 - p)) for i, way in enumerate(ways)))


def bisected(is_below):
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if is_below(middle) else (low, middle)
    return (low + high) / 2


def interval(k, n):
    """Clopper-Pearson, 95 %."""
    low = 0.0 if k == 0 else bisected(lambda p: 1 - at_most(k - 1, n, p) < 0.025)
    high = 1.0 if k == n else bisected(lambda p: at_most(k, n, p) > 0.025)
    return low, high


class Comparison:
    """One draw: BASE and HEAD, and the case and clock to be found in HEAD, if any."""

    def __init__(self, rounds, condition, clock, number):
        lots = random.Random(f"{condition} {number}")
        drawn = lots.sample(rounds, ROUNDS)
        cases = sorted(drawn[0]["plain"])
        self.clock = clock
        self.case = lots.choice(cases) if condition else None
        self.base, self.head = [], []
        for processes in drawn:
            base, head = lots.sample(["plain", "again"], 2)
            self.base += processes[base].values()
            for case, line in processes[head].items():
                self.head.append(processes[condition][case] if case == self.case else line)

    def judge(self, program, header, settings):
        """For each of the settings: whether what was looked for was called a regression, exit code, inconclusive times by clock."""
        with tempfile.TemporaryDirectory() as folder:
            sides = [os.path.join(folder, name) for name in ("base.csv", "head.csv")]
            for path, lines in zip(sides, (self.base, self.head)):
                with open(path, "w", newline="", encoding="utf-8") as file:
                    file.writelines([header, *lines])
            return [
                self.judge_files([program, "compare", *sides, f"--threshold={threshold}", f"--alpha={alpha}"])
                for threshold, alpha in settings
            ]

    def judge_files(self, command):
        done = subprocess.run([*command, "--verdicts=-"], capture_output=True, text=True, check=False)
        if done.returncode not in (0, 1, 3):
            sys.exit(f"{' '.join(command)}: {done.stderr}")
        lines = done.stdout.splitlines()
        inconclusive = [sum(f",{clock},inconclusive," in line for line in lines) for clock in CLOCKS]
        looked_for = None
        if self.case:
            workload, elements, sync, allocator = self.case
            looked_for = ",".join([workload, elements, sync, "", allocator, self.clock, "regression,"])
        found = any(line.startswith(looked_for) for line in lines) if looked_for else done.returncode == 1
        return found, done.returncode, inconclusive


def main():
    program, runs, out, *rest = sys.argv[1:]
    comparisons = int(rest[0]) if rest else 1000
    names = ["plain", "again", *(condition for _, condition, _ in CONDITIONS if condition)]
    folders = sorted((folder for folder in Path(runs).iterdir()), key=lambda folder: int(folder.name))
    rounds, header = [], None
    for folder in folders:
        processes = {}
        for name in names:
            header, processes[name] = read(folder / f"{name}.csv")
        rounds.append(processes)
    if len(rounds) < ROUNDS:
        sys.exit(f"{runs}: {len(rounds)} rounds, but a comparison takes {ROUNDS}")
    help_page = subprocess.run([program, "compare", "--help"], capture_output=True, text=True, check=True).stdout
    flags = ["threshold", "absolute-ns", "alpha"]
    default = {flag: float(re.search(rf"--{flag} \S+ \(default: (\S+)\)", help_page)[1]) for flag in flags}
    usual = (default["threshold"], default["alpha"])
    settings = [usual, *(other for other in OTHER_SETTINGS if other != usual)]
    about = next(csv.DictReader([header, next(iter(rounds[0]["plain"].values()))]))

    rows = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for delay, condition, clock in CONDITIONS:
            draws = [Comparison(rounds, condition, clock, number) for number in range(comparisons)]
            wanted = [settings if number % OTHERS_SHARE == 0 else settings[:1] for number in range(comparisons)]
            judged = list(pool.map(lambda draw, which: draw.judge(program, header, which), draws, wanted))
            for i, (threshold, alpha) in enumerate(settings):
                outcomes = [of_draw[i] for of_draw in judged if i < len(of_draw)]
                flagged = sum(found for found, _, _ in outcomes)
                low, high = interval(flagged, len(outcomes))
                row = {name: about[name] for name in ("device", "driver", "commit", "time_utc")}
                row |= {"planted_delay": delay, "clock": clock or "", "threshold": threshold}
                row |= {"absolute_ns": default["absolute-ns"], "alpha": alpha, "is_default": int((threshold, alpha) == usual)}
                row |= {"cases": len(rounds[0]["plain"]), "rounds": ROUNDS, "rounds_measured": len(rounds)}
                row |= {"comparisons": len(outcomes), "flagged": flagged, "rate": flagged / len(outcomes)}
                row |= {"rate_low": round(low, 5), "rate_high": round(high, 5)}
                row |= {"inconclusive": sum(code == 3 for _, code, _ in outcomes)}
                for clock_number, name in enumerate(CLOCKS):
                    row[f"inconclusive_{name}"] = sum(times[clock_number] for _, _, times in outcomes) / len(outcomes)
                rows.append(row)
                print(f"delay {delay}, threshold {threshold}, alpha {alpha}: {flagged} of {len(outcomes)}", file=sys.stderr)
    with open(out, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
