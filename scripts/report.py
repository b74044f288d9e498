#!/usr/bin/env python3
"""Writes what was measured for people to read.

  scripts/report.py            the newest results of results/h200/ into README.md, between its result marks, and the
                               gate's rates between its gate marks
  scripts/report.py --check    exits with 1 if README.md, or the report.html beside those results, is not what it would
                               write
  scripts/report.py FOLDER     FOLDER/report.html, one file that needs no other: context, pictures, every row

The pictures are those that scripts/plot.py has put into FOLDER/pictures. Exit code 2: bad usage, or a file was refused,
and nothing was written. Nothing but Python's standard library.
"""

import csv
import os
import re
import sys
from pathlib import Path

from reporting import findings, results
from reporting.page import page

ROOT = Path(__file__).resolve().parent.parent
PUBLISHED = ROOT / "results" / "h200"
README = ROOT / "README.md"
BEGIN, END = "<!-- results -->\n", "<!-- /results -->\n"
GATE_BEGIN, GATE_END = "<!-- gate -->\n", "<!-- /gate -->\n"


def table(heading, rows):
    lines = ["| " + " | ".join(heading) + " |", "|---" * len(heading) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def newest():
    """The newest dated folder, or the folder of all where there is none."""
    dated = [folder for folder in PUBLISHED.iterdir() if re.fullmatch(r"\d{4}-\d{2}-\d{2}", folder.name)]
    return max(dated, default=PUBLISHED)


def interval_words(rows):
    """A sentence on the 95 % intervals of the ratios; nothing for results from before there were any."""
    halves = sorted(
        (row["end_to_end_ratio_high"] - row["end_to_end_ratio_low"]) / 2 / row["end_to_end_ratio"]
        for row in results.measured(rows, "end_to_end_ratio_low")
        if row["allocator"] != results.FLOOR
    )
    if not halves:
        return ""
    middle = halves[len(halves) // 2]
    return f"Half a 95 % confidence interval is {middle:.1%} of its ratio in the middle and {halves[-1]:.1%} at most.\n"


def measured_words(folder, result):
    """The section of README."""
    if not result.rows:
        raise results.Refused(f"{folder}: has no result of daa-bench, which README is to show")
    path = folder.relative_to(ROOT)
    text = f"## Measured\n\n{context_words(path, result.rows)}"
    if (folder / "report.html").exists():
        text += f"Every row and picture: [`report.html`]({path}/report.html), one file to open in a browser. "
    text += f"Raw: [`{path}/`]({path}).\n\n{ratio_words(result)}"
    if (folder / "pictures" / "ratio-phase.png").exists():
        text += f"\n![Time of a phase by workload, size and allocator]({path}/pictures/ratio-phase.png)\n"
    traces = len({row["trace"] for row in result.of_kind("trace")})
    if traces:
        text += f"\nOn [traces of real models](bench/traces/README.md), from the least to the greatest of {traces}:\n\n"
        text += table(*findings.trace_headline(result))
    unfavourable = "".join(f"- {sentence}\n" for sentence in findings.against_arena(result))
    if unfavourable:
        text += f"\nNot in the arena's favour, as computed from these results:\n\n{unfavourable}"
    return text


def context_words(path, rows):
    device = rows[0]["device"].removeprefix("NVIDIA ")
    driver, toolkit = results.spread(rows, "driver"), results.spread(rows, "toolkit")
    days = " or ".join(sorted({row["time_utc"][:10] for row in rows}))
    commits = " or ".join(f"`{commit}`" for commit in dict.fromkeys(row["commit"][:7] for row in rows))
    return f"""On one {device} with driver {driver}, CUDA runtime {toolkit},
{results.spread(rows, "compiler")}, on {days}, of commit {commits}, by `scripts/measure.sh {path}`.
"""


def ratio_words(result):
    rows = [row for row in result.of_kind("workload") if row["way"] in ("phase", "end")]
    if not rows:
        return ""
    cases = len(results.by_case(rows))
    repetitions, iters = spread_of_numbers(rows, "repetitions"), spread_of_numbers(rows, "iters")
    text = f"""End to end, a ratio to `preallocated`: the least and the greatest over {cases} workloads and sizes, each
the median of {repetitions} repetitions of {iters} phases. `{results.AGAIN}` is preallocated memory measured again:
what differs there is noise.
{interval_words(rows)}
"""
    text += table(*findings.headline(result))
    once = {cost["allocator"]: cost["ns"] for cost in result.costs if cost["kind"] == "cost" and not cost["sync"]}
    if once:
        text += "\n*An allocation* is the host's time for one, giving back included, at 1,000 of 4 KiB a phase"
    if "std-pmr-monotonic" in once:
        own = findings.nanoseconds(once["std-pmr-monotonic"])
        text += f"; of\n`std::pmr::monotonic_buffer_resource`, over host memory, {own}"
    return text + ".\n" * bool(once)


def spread_of_numbers(rows, column):
    return " or ".join(f"{value:.0f}" for value in sorted({row[column] for row in rows if row[column] is not None}))


def shown(folder):
    folder = folder.resolve()
    return folder.relative_to(ROOT) if folder.is_relative_to(ROOT) else Path(folder.name)


# --- the regression gate ---


def percent(share):
    return f"{100 * float(share):.1f} %"


def gate_rate(row):
    return f"{percent(row['rate'])} ({percent(row['rate_low'])} to {percent(row['rate_high'])})"


def gate():
    """What scripts/calibrate_gate.sh has measured."""
    path = PUBLISHED / "gate_calibration.csv"
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


def write(path, text):
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)


def main():
    arguments = sys.argv[1:]
    if arguments in (["--help"], ["-h"]):
        print(__doc__.strip())
        return
    if len(arguments) > 1 or (arguments and arguments[0] != "--check" and arguments[0].startswith("-")):
        raise results.Refused(f"takes one folder of results, --check, --help or nothing; not {' '.join(arguments)}")
    if arguments and arguments[0] != "--check":
        folder = Path(arguments[0])
        if not folder.is_dir():
            what = "is a file; name the folder that it is in" if folder.exists() else "does not exist"
            raise results.Refused(f"{folder}: {what}")
        write(folder / "report.html", page(folder, results.load([folder]), shown(folder)))
        print(folder / "report.html")
        return
    folder = newest()
    result = results.load([folder])
    readme = README.read_text(encoding="utf-8")
    wanted = replaced(replaced(readme, BEGIN, END, measured_words(folder, result)), GATE_BEGIN, GATE_END, gate())
    if not arguments:
        write(README, wanted)
        return
    if readme != wanted:
        sys.exit("README.md does not hold what scripts/report.py writes: run it")
    report = folder / "report.html"
    if report.exists() and report.read_text(encoding="utf-8") != page(folder, result, shown(folder)):
        sys.exit(f"{report} is not what scripts/report.py {shown(folder)} writes: run that")


if __name__ == "__main__":
    try:
        main()
    except results.Refused as refusal:
        print(f"report.py: {refusal}; nothing was written", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        print(f"report.py: {error.filename}: {error.strerror}", file=sys.stderr)
        sys.exit(2)
