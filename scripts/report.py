#!/usr/bin/env python3
"""Writes the tables of results/h200/ into README.md, between its result marks, and the gate's rates between its gate marks.

  scripts/report.py            writes them
  scripts/report.py --check    exits with 1 if README.md does not hold exactly what it would write

Nothing but Python's standard library.
"""

import csv
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "results" / "h200"
README = ROOT / "README.md"
BEGIN, END = "<!-- results -->\n", "<!-- /results -->\n"
GATE_BEGIN, GATE_END = "<!-- gate -->\n", "<!-- /gate -->\n"

# Column heading, allocator.
ALLOCATORS = [
    ("again", "preallocated:2"),
    ("`arena`", "arena"),
    ("`arena-individual`", "arena-individual"),
    ("`cuda-malloc-async-tuned`", "cuda-malloc-async-tuned"),
    ("`cuda-malloc-async`", "cuda-malloc-async"),
    ("`cuda-malloc`", "cuda-malloc"),
]
SYNC = {
    "phase": "synchronised after each phase",
    "end": "synchronised once a block of 20 phases",
}
COSTS = ["std_pmr_monotonic", "arena", "arena_individual", "cuda_malloc_async_tuned", "cuda_malloc_async", "cuda_malloc"]


GROUPS = ["trace", "threads"]


def table(heading, rows):
    lines = ["| " + " | ".join(heading) + " |", "|---" * len(heading) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def power(elements):
    exponent = int(elements).bit_length() - 1
    return f"2^{exponent}" if int(elements) == 1 << exponent else elements


def ratio(row):
    if row is None:
        return "-"
    return f"{float(row['end_to_end_ratio']):.2f}" if row["status"] == "ok" else row["status"]


def workload_table(rows, sync):
    cells = {(r["workload"], r["elements"], r["allocator"]): r for r in rows if r["sync"] == sync}
    workloads = list(dict.fromkeys(workload for workload, _, _ in cells))
    problems = sorted({cell[:2] for cell in cells}, key=lambda problem: (workloads.index(problem[0]), int(problem[1])))
    lines = []
    for workload, elements in problems:
        floor = cells[workload, elements, "preallocated"]
        others = [ratio(cells.get((workload, elements, name))) for _, name in ALLOCATORS]
        microseconds = float(floor["end_to_end_median_ns"]) / 1000
        lines.append([workload, power(elements), f"{microseconds:.1f} us"] + others)
    return table(["workload", "elements", "`preallocated`"] + [heading for heading, _ in ALLOCATORS], lines)


def cost(nanoseconds):
    return f"{nanoseconds:.2f} ns" if nanoseconds < 100 else f"{nanoseconds:.0f} ns"


def medians(benchmarks, group=None):
    """The median rows whose name begins with the group, by the name without it; or all others, without a group."""
    for benchmark in benchmarks:
        first, *rest = benchmark["run_name"].split("/")
        if benchmark.get("aggregate_name") == "median" and (first if first in GROUPS else None) == group:
            yield (rest if group else [first, *rest]), benchmark


def cost_table(benchmarks):
    found = {}
    for (name, sync, *_), benchmark in medians(benchmarks):
        found[name, sync] = cost(benchmark["per_allocation"] * 1e9)
    rows = [[f"`{name}`", found[name, "sync:0"], found.get((name, "sync:1"), "-")] for name in COSTS]
    return table(["", "an allocation", "the same, synchronised after each phase"], rows)


def trace_table(benchmarks):
    found = {}
    for (trace, name, *_), benchmark in medians(benchmarks, "trace"):
        found.setdefault(trace, {})[name] = f"{cost(benchmark['per_operation'] * 1e9)}, {benchmark['reserved_over_live']:.2f}"
    if not found:
        return ""
    names = list(dict.fromkeys(name for each in found.values() for name in each))
    rows = [[f"`{trace}`", *(found[trace].get(name, "-") for name in names)] for trace in found]
    words = "\nHost time of an operation on [traces of real models](bench/traces/README.md), every free honoured, and memory\n"
    words += "reserved over what is live at most:\n\n"
    return words + table(["trace", *(f"`{name}`" for name in names)], rows)


def thread_table(benchmarks):
    found = {}
    for (name, _, threads), benchmark in medians(benchmarks, "threads"):
        found.setdefault(name, {})[int(threads.removeprefix("threads:"))] = cost(benchmark["per_allocation"] * 1e9)
    if not found:
        return ""
    counts = sorted({count for each in found.values() for count in each})
    rows = [[f"`{name}`", *(found[name].get(count, "-") for count in counts)] for name in found]
    words = "\nHost time of an allocation in each of several threads, each on its own stream, 16 of 1 KiB to 2 MiB a phase:\n\n"
    return words + table(["", *(f"{count} threads" for count in counts)], rows)


def extent(rows, allocator):
    phases = [r for r in rows if r["workload"] != "none"]
    ratios = [float(r["end_to_end_ratio"]) for r in phases if r["allocator"] == allocator and r["status"] == "ok"]
    return f"{min(ratios):.2f} to {max(ratios):.2f}"


def widest_interval(rows):
    """A sentence on the 95 % intervals of the ratios; nothing for results from before there were any."""
    halves = [
        (float(row["end_to_end_ratio_high"]) - float(row["end_to_end_ratio_low"])) / 2 / float(row["end_to_end_ratio"])
        for row in rows
        if row["status"] == "ok" and row.get("end_to_end_ratio_low")
    ]
    if not halves:
        return ""
    middle = sorted(halves)[len(halves) // 2]
    return f"Half a 95 % confidence interval is {middle:.1%} of its ratio in the middle and {max(halves):.1%} at most.\n"


def spread(rows, column):
    return " or ".join(dict.fromkeys(row[column] for row in rows))


def report():
    with open(RESULTS / "workloads.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with open(RESULTS / "alloc_cost.json", encoding="utf-8") as file:
        costs = json.load(file)["benchmarks"]
    first = rows[0]
    text = f"""## Measured

On one {first['device'].removeprefix('NVIDIA ')} with driver {first['driver']}, CUDA runtime {first['toolkit']},
{first['compiler']}, on {first['time_utc'][:10]}, of commit `{first['commit'][:7]}`, by `scripts/measure.sh results/h200`.
Raw: [`results/h200/`](results/h200).

End to end, a ratio to `preallocated` for every other allocator: the median of {spread(rows, 'repetitions')} repetitions of
{spread(rows, 'iters')} phases. *Again* is preallocated memory measured a second time: what differs there is noise.
Over all rows: again {extent(rows, 'preallocated:2')}, arena {extent(rows, 'arena')}.
{widest_interval(rows)}
"""
    for sync, words in SYNC.items():
        text += f"{words.capitalize()}:\n\n{workload_table(rows, sync)}\n"
    text += "Host time of one allocation, giving back included, at 1,000 of 4 KiB a phase (`std_pmr_monotonic` is the\n"
    text += "standard library's arena over host memory):\n\n"
    return text + cost_table(costs) + trace_table(costs) + thread_table(costs)


def percent(share):
    return f"{100 * float(share):.1f} %"


def gate_rate(row):
    return f"{percent(row['rate'])} ({percent(row['rate_low'])} to {percent(row['rate_high'])})"


def gate():
    """What scripts/calibrate_gate.sh has measured."""
    path = RESULTS / "gate_calibration.csv"
    if not path.exists():
        return (
            "\nHow often it raises a false alarm, and how often it misses, `scripts/calibrate_gate.sh` measures on a GPU.\n"
            "That has not been done yet: the defaults of its thresholds are estimates.\n"
        )
    with open(path, newline="", encoding="utf-8") as file:
        rows = {row["planted_delay"]: row for row in csv.DictReader(file) if row["is_default"] == "1"}
    none = rows["none"]
    inconclusive = int(none["inconclusive"]) / int(none["comparisons"])
    lines = [
        ["nothing: a false alarm", gate_rate(none)],
        ["one case, end to end, by 3 %", gate_rate(rows["0.03"])],
        ["one case, end to end, by 5 %", gate_rate(rows["0.05"])],
        ["one case, host enqueue, by 5 %", gate_rate(rows["host:0.05"])],
    ]
    return (
        f"\nMeasured on one {none['device'].removeprefix('NVIDIA ')} with driver {none['driver']}, of commit\n"
        f"`{none['commit'][:7]}`, by `scripts/calibrate_gate.sh`: {none['comparisons']} comparisons of {none['rounds']} processes with"
        f" {none['rounds']}, drawn from\n{none['rounds_measured']} rounds of them, each of the whole suite of {none['cases']} cases."
        " The intervals (95 %) are those of the drawing.\n"
        f"Of the comparisons of a build with itself, {percent(inconclusive)} were inconclusive.\n\n"
        + table(["what was slowed down", "called a regression"], lines)
    )


def replaced(text, begin, end, content):
    before, rest = text.split(begin)
    return before + begin + content + end + rest.split(end)[1]


def main():
    readme = README.read_text(encoding="utf-8")
    wanted = replaced(replaced(readme, BEGIN, END, report()), GATE_BEGIN, GATE_END, gate())
    if "--check" in sys.argv[1:]:
        if readme != wanted:
            sys.exit("README.md does not hold what scripts/report.py writes: run it")
        return
    README.write_text(wanted, encoding="utf-8")


if __name__ == "__main__":
    main()
