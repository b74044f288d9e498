#!/usr/bin/env python3
"""How often `daa-bench compare` reports a regression, from the processes that scripts/calibrate_gate.sh has run.

  scripts/gate_rates.py PROGRAM RUNS FILE [COMPARISONS]

RUNS has a folder for each round, with a CSV of a process each in it: three without a delay, PLAIN, and one for each
delay of SLOWED. A comparison draws 16 rounds, or all but one where fewer were measured, and deals two of the plain processes of
each to BASE and HEAD by lot. In HEAD the rows that are to be slower, with their ratios, are those of the delayed process. A
comparison is flagged if it calls a time of what is slower a regression, by a clock that the delay is meant for (any time, if
nothing is), and wrong if it calls a time of anything else one.

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
from dataclasses import dataclass
from math import exp, lgamma, log
from pathlib import Path

ROUNDS = 16  # as in scripts/gate.sh
FEWEST_ROUNDS = 10  # with fewer a side, no single case can be significant
KEY = ["kind", "workload", "trace", "elements", "sync", "allocator"]
PLAIN = ["plain1", "plain2", "plain3"]  # plain3 by another build of the same commit
OF_A_PHASE, OF_ONE_CALL = ("end_to_end", "host_enqueue"), ("operation", "allocation")  # clocks


@dataclass(frozen=True)
class Slowed:
    """What is slower in HEAD: the rows of `delays`' allocators, or as much of them as `part` says, drawn by lot."""

    name: str
    delays: tuple = ()  # of DAA_PLANT_DELAY
    part: str = ""  # the column of which one value is slower; "case": a single case
    kind: str = "steady"  # of the rows that are slower
    clocks: tuple = OF_A_PHASE
    is_other_build: bool = False  # HEAD's processes are all of the other build

    def draw(self, cases, lots):
        """The cases that are slower, each with its delay."""
        delay_of = {delay.partition(":")[0]: delay for delay in self.delays}
        chosen = [case for case in cases if case[-1] in delay_of and case[0] == self.kind]
        if not chosen:
            return {}
        if self.part == "case":
            chosen = [lots.choice(chosen)]
        elif self.part:
            column = KEY.index(self.part)
            value = lots.choice(sorted({case[column] for case in chosen}))
            chosen = [case for case in chosen if case[column] == value]
        return {case: delay_of[case[-1]] for case in chosen}


SLOWED = [
    Slowed("nothing"),
    Slowed("nothing, but another build", is_other_build=True),
    Slowed("arena, 3 % of a phase", ("arena:0.03",)),
    Slowed("arena, 5 % of a phase", ("arena:0.05",)),
    Slowed("arena, 5 % of a phase on the device", ("arena:device:0.05",)),
    Slowed("arena-individual, 5 % of a phase", ("arena-individual:0.05",)),
    Slowed("one workload of arena, 5 %", ("arena:0.05",), part="workload"),
    Slowed("one case of arena, 5 %", ("arena:0.05",), part="case"),
    Slowed("both, 5 %", ("arena:0.05", "arena-individual:0.05")),
    Slowed("an operation of arena, 20 %", ("arena:calls:0.2",), kind="replay", clocks=OF_ONE_CALL),
    Slowed("an operation of arena, doubled", ("arena:calls:1",), kind="replay", clocks=OF_ONE_CALL),
    Slowed("an allocation of arena, 20 %", ("arena:calls:0.2",), kind="sweep", clocks=OF_ONE_CALL),
    Slowed("an allocation of arena, doubled", ("arena:calls:1",), kind="sweep", clocks=OF_ONE_CALL),
]


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


class Process:
    """A CSV: its path, its header, and the line of each case."""

    def __init__(self, path):
        self.path = path
        with open(path, newline="", encoding="utf-8") as file:
            self.header, *lines = file.read().splitlines(keepends=True)
        rows = csv.DictReader([self.header, *lines])
        self.lines = {tuple(row[column] for column in KEY): line for row, line in zip(rows, lines)}


def read_rounds(runs):
    folders = sorted(Path(runs).iterdir(), key=lambda folder: int(folder.name))
    if len(folders) < FEWEST_ROUNDS:
        sys.exit(f"{runs}: {len(folders)} rounds, but at least {FEWEST_ROUNDS} are needed")
    names = [*PLAIN, *{delay: None for slowed in SLOWED for delay in slowed.delays}]
    return [{name: Process(folder.resolve() / f"{name}.csv") for name in names} for folder in folders]


def drawn_of(rounds):
    """How many of the rounds a comparison draws."""
    return min(ROUNDS, len(rounds) - 1)


def compare(program, rounds, slowed, number):
    """The verdicts of one comparison: whether it is flagged, wrong, inconclusive."""
    lots = random.Random(f"{slowed.name} {number}")
    slower = slowed.draw(sorted(rounds[0][PLAIN[0]].lines), lots)
    if slowed.delays and not slower:
        sys.exit(f"{rounds[0][PLAIN[0]].path}: has no row for: {slowed.name}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for side in ("base", "head"):
            (folder / side).mkdir()
        for i, processes in enumerate(lots.sample(rounds, drawn_of(rounds))):
            base, head = (lots.choice(PLAIN[:2]), PLAIN[2]) if slowed.is_other_build else lots.sample(PLAIN, 2)
            (folder / "base" / f"{i}.csv").symlink_to(processes[base].path)
            head_csv = folder / "head" / f"{i}.csv"
            if not slower:
                head_csv.symlink_to(processes[head].path)
                continue
            lines = processes[head].lines | {case: processes[delay].lines[case] for case, delay in slower.items()}
            with open(head_csv, "w", newline="", encoding="utf-8") as file:
                file.writelines([processes[head].header, *lines.values()])
        command = [program, "compare", folder / "base", folder / "head", "--verdicts=-"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1, 3):
        sys.exit(f"{' '.join(map(str, command))}: {done.stderr}")
    verdicts = csv.DictReader(done.stdout.splitlines())
    found = [row for row in verdicts if row["verdict"] == "regression" and row["p"]]  # which counters do not have
    own = [row for row in found if not slower or is_of(slower, row)]
    flagged = any(not slower or row["what"] in slowed.clocks for row in own)
    return flagged, len(own) < len(found), done.returncode == 3


def is_of(slower, row):
    """Whether a finding is about a case that is slower, or over a suite that has one."""
    key = tuple(row[column] for column in KEY)
    return key in slower or (not row["elements"] and any((key[0], key[-1]) == (case[0], case[-1]) for case in slower))


def measure(program, rounds, comparisons):
    """A row for each of SLOWED."""
    first = rounds[0][PLAIN[0]]
    context = next(csv.DictReader([first.header, next(iter(first.lines.values()))]))
    for slowed in SLOWED:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            outcomes = list(pool.map(lambda number, what=slowed: compare(program, rounds, what, number), range(comparisons)))
        row = {name: context[name] for name in ("device", "driver", "commit", "time_utc")}
        row |= {"slowed": slowed.name, "cases": len(first.lines), "rounds": drawn_of(rounds), "rounds_measured": len(rounds)}
        row["comparisons"] = comparisons
        for i, name in enumerate(("flagged", "wrong", "inconclusive")):
            count = sum(outcome[i] for outcome in outcomes)
            low, high = interval(count, comparisons)
            row |= {name: count, f"{name}_low": round(low, 5), f"{name}_high": round(high, 5)}
        yield row


def main():
    program, runs, out, *rest = sys.argv[1:]
    rows = list(measure(program, read_rounds(runs), int(rest[0]) if rest else 1000))
    with open(out, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
