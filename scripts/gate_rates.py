#!/usr/bin/env python3
"""How often `daa-bench compare` reports a regression, from the processes that scripts/calibrate_gate.sh has run.

  scripts/gate_rates.py PROGRAM RUNS FILE [COMPARISONS]

RUNS has a folder for each round, with a CSV of a process for each condition in it: `plain` and `again` without a delay, and
`arena:FRACTION` with that delay of the arena. A comparison draws 12 rounds and deals `plain` and `again` of each out to BASE
and HEAD by lot. For a delay, one case of the arena, drawn by lot, is that of the delayed processes in HEAD. A comparison is
flagged if it reports any regression, or, with a delay, one of that case.

Comparisons share processes, so they are not independent: the interval (Clopper-Pearson, 95 %) is that of the drawing alone.
The rates are those of the session that measured them.
"""

import csv
import os
import random
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from math import exp, lgamma, log
from pathlib import Path

ROUNDS = 12  # as in scripts/gate.sh
KEY = ["workload", "elements", "sync", "allocator"]
DELAYS = ["none", "arena:0.03", "arena:0.05"]
# Flags of `compare`: the defaults, and others to choose the defaults by, over fewer comparisons.
SETTINGS = [""] + [f"--threshold={t} --alpha={a}" for t in (0.02, 0.025, 0.03) for a in (0.01, 0.05, 0.2)]
OTHERS_SHARE = 5


# --- statistics ---


def at_most(k, n, p):
    """The probability of k or fewer of n, each with probability p."""
    if p <= 0 or p >= 1:
        return 1.0 if p <= 0 or k >= n else 0.0
    terms = (lgamma(n + 1) - lgamma(i + 1) - lgamma(n - i + 1) + i * log(p) + (n - i) * log(1 - p) for i in range(k + 1))
    return min(1.0, sum(map(exp, terms)))


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


# --- comparisons ---


def read(path):
    """The header, and the line of each case."""
    with open(path, newline="", encoding="utf-8") as file:
        header, *lines = file.read().splitlines(keepends=True)
    rows = csv.DictReader([header, *lines])
    return header, {tuple(row[column] for column in KEY): line for row, line in zip(rows, lines)}


def read_rounds(runs):
    folders = sorted(Path(runs).iterdir(), key=lambda folder: int(folder.name))
    if len(folders) < ROUNDS:
        sys.exit(f"{runs}: {len(folders)} rounds, but a comparison takes {ROUNDS}")
    names = ["plain", "again", *DELAYS[1:]]
    rounds = [{name: read(folder / f"{name}.csv") for name in names} for folder in folders]
    header = rounds[0]["plain"][0]
    return header, [{name: lines for name, (_, lines) in processes.items()} for processes in rounds]


class Comparison:
    """One draw: the lines of BASE and HEAD, and the case of HEAD that is delayed, if any."""

    def __init__(self, rounds, delay, number):
        lots = random.Random(f"{delay} {number}")
        drawn = lots.sample(rounds, ROUNDS)
        delayed = [case for case in sorted(drawn[0]["plain"]) if case[-1] == delay.partition(":")[0]]
        self.case = lots.choice(delayed) if delayed else None
        self.base, self.head = [], []
        for processes in drawn:
            base, head = lots.sample(["plain", "again"], 2)
            self.base += processes[base].values()
            self.head += [processes[delay][case] if case == self.case else line for case, line in processes[head].items()]

    def judge(self, program, header, settings):
        """For each of the settings: whether it is flagged, and whether it is inconclusive."""
        with tempfile.TemporaryDirectory() as folder:
            sides = [os.path.join(folder, name) for name in ("base.csv", "head.csv")]
            for path, lines in zip(sides, (self.base, self.head)):
                with open(path, "w", newline="", encoding="utf-8") as file:
                    file.writelines([header, *lines])
            return [self.verdict([program, "compare", *sides, *setting.split()]) for setting in settings]

    def verdict(self, command):
        done = subprocess.run([*command, "--verdicts=-"], capture_output=True, text=True, check=False)
        if done.returncode not in (0, 1, 3):
            sys.exit(f"{' '.join(command)}: {done.stderr}")
        verdicts = csv.DictReader(done.stdout.splitlines())
        own = [row for row in verdicts if self.case in (None, tuple(row[column] for column in KEY))]
        return any(row["verdict"] == "regression" for row in own), done.returncode == 3


def measure(program, header, rounds, comparisons):
    """A row for each delay and setting."""
    context = next(csv.DictReader([header, next(iter(rounds[0]["plain"].values()))]))
    for delay in DELAYS:
        draws = [Comparison(rounds, delay, number) for number in range(comparisons)]
        wanted = [SETTINGS if number % OTHERS_SHARE == 0 else SETTINGS[:1] for number in range(comparisons)]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            judged = list(pool.map(lambda draw, which: draw.judge(program, header, which), draws, wanted))
        for i, setting in enumerate(SETTINGS):
            row = {name: context[name] for name in ("device", "driver", "commit", "time_utc")}
            row |= {"planted_delay": delay, "flags": setting}
            row |= {"cases": len(rounds[0]["plain"]), "rounds": ROUNDS, "rounds_measured": len(rounds)}
            yield row | rates([outcomes[i] for outcomes in judged if i < len(outcomes)])


def rates(outcomes):
    flagged = sum(is_flagged for is_flagged, _ in outcomes)
    low, high = interval(flagged, len(outcomes))
    inconclusive = sum(is_inconclusive for _, is_inconclusive in outcomes)
    row = {"comparisons": len(outcomes), "flagged": flagged, "rate": flagged / len(outcomes)}
    return row | {"rate_low": round(low, 5), "rate_high": round(high, 5), "inconclusive": inconclusive}


def main():
    program, runs, out, *rest = sys.argv[1:]
    header, rounds = read_rounds(runs)
    rows = list(measure(program, header, rounds, int(rest[0]) if rest else 1000))
    with open(out, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
