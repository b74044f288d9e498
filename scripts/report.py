#!/usr/bin/env python3
"""Writes results of daa-bench and daa-alloc-cost as Markdown.

  scripts/report.py FOLDER     writes FOLDER/README.md: context, commands, tables, links to the pictures that scripts/plot.py
                               has drawn
  scripts/report.py            writes the newest results of results/<gpu>/<date>/ into README.md between its `results` marks,
                               and the newest rates of the regression gate into scripts/README.md between its `gate` marks
  scripts/report.py --check    compares these two and the README.md of the newest results with what it would write

Exit code 0: done, or up to date; 1: something is out of date; 2: bad usage, or a file was refused and nothing was written.
Needs Python's standard library only.
"""

import csv
import os
import re
import sys
from pathlib import Path

from reporting import findings, results
from reporting.page import page, table

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
SCRIPTS_README = ROOT / "scripts" / "README.md"


def newest(name=""):
    """The newest folder results/<gpu>/<date> that holds this file, or None."""
    dated = [folder for folder in ROOT.glob("results/*/*") if re.fullmatch(r"\d{4}-\d{2}-\d{2}", folder.name)]
    return max((folder for folder in dated if (folder / name).exists()), key=lambda folder: folder.name, default=None)


# --- the section of README.md ---


def summary(folder, result):
    """A table of the noise, the arena and the best of the other allocators, a picture, and where they come from."""
    steady = [row for rows in result.configurations("steady").values() for row in rows]
    if not steady:
        raise results.Refused(f"{folder}: has no results of workloads, which README.md shows")
    best = findings.best_other(steady)
    heading, lines = findings.headline(result, [name for name in (results.NOISE, results.ARENA, best) if name])
    if best:
        lines[-1][0] += ", the best other one measured"
    path = folder.relative_to(ROOT)
    picture = [f"![Time of a phase by workload, size and allocator]({path}/pictures/ratio-phase.png)", ""]
    device = results.spread(steady, "device").replace("NVIDIA ", "")
    return "\n".join(
        [
            "## What it gains",
            "",
            "End-to-end time of a phase divided by that with one preallocated buffer: minimum to maximum over "
            f"{len({results.case_of(row) for row in steady})} workloads and sizes.",
            *["Last column: host time of one allocation and its release."] * bool(result.costs),
            "",
            *table(heading, lines),
            "",
            *picture * (folder / "pictures" / "ratio-phase.png").exists(),
            f"Measured on one {device} with driver {results.spread(steady, 'driver')} on {steady[0]['time_utc'][:10]},",
            f"commit `{steady[0]['commit'][:7]}`: [all results, and where the arena is no better]({path}/README.md).",
            "",
        ]
    )


# --- the section of scripts/README.md ---


def percent(share):
    return f"{100 * float(share):.1f} %"


def gate_rates():
    """What scripts/calibrate_gate.sh has measured."""
    folder = newest("gate_calibration.csv")
    if folder is None:
        return "Not measured yet with this suite: the default thresholds are those of a simulation.\n"
    with open(folder / "gate_calibration.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    first = rows[0]
    outcomes = ("flagged", "wrong", "inconclusive")
    lines = [[row["slowed"], *(share(row, outcome) for outcome in outcomes)] for row in rows]
    words = (
        f"Measured on one {first['device'].removeprefix('NVIDIA ')} with driver {first['driver']}, "
        f"commit `{first['commit'][:7]}`: {first['comparisons']} comparisons a line,\n"
        f"each of {first['rounds']} processes a side out of {first['rounds_measured']} rounds; in brackets 95 % intervals.\n"
    )
    heading = ["what is slower", "called a regression", "something else called one", "inconclusive"]
    return words + "\n" + "\n".join(table(heading, lines)) + "\n"


def share(row, outcome):
    low, high = (percent(row[f"{outcome}_{end}"]) for end in ("low", "high"))
    return f"{percent(int(row[outcome]) / int(row['comparisons']))} ({low} to {high})"


# --- files ---


def replaced(path, mark, content):
    """The text of a file with this content between its marks."""
    text, begin, end = path.read_text(encoding="utf-8"), f"<!-- {mark} -->\n", f"<!-- /{mark} -->\n"
    if text.count(begin) != 1 or text.count(end) != 1:
        raise results.Refused(f"{path}: needs the lines {begin.strip()} and {end.strip()} once each")
    return text.partition(begin)[0] + begin + content + end + text.partition(end)[2]


def write(path, text):
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)


def page_of(folder):
    page_file = folder / "README.md"
    if page_file.exists() and "Generated by `scripts/report.py`" not in page_file.read_text(encoding="utf-8"):
        raise results.Refused(f"{page_file}: was not generated by report.py; move it away")
    return {folder / "README.md": page(folder, results.load([folder]))}


def sections():
    folder = newest()
    if folder is None:
        raise results.Refused(f"{ROOT / 'results'}: has no folder <gpu>/<date>")
    return {
        README: replaced(README, "results", summary(folder, results.load([folder]))),
        SCRIPTS_README: replaced(SCRIPTS_README, "gate", gate_rates()),
    }


def folder_of(argument):
    if argument.startswith("-"):
        raise results.Refused(f"unknown flag {argument}; there are --check and --help")
    folder = Path(argument)
    if not folder.is_dir():
        raise results.Refused(f"{folder}: " + ("is a file; name its folder" if folder.exists() else "does not exist"))
    return folder


def main(arguments):
    if len(arguments) > 1:
        raise results.Refused(f"takes one argument at most, not {' '.join(arguments)}")
    if arguments in (["--help"], ["-h"]):
        print(__doc__.strip())
    elif arguments == ["--check"]:
        stale = [path for path, text in (sections() | page_of(newest())).items() if not is_text_of(path, text)]
        if stale:
            sys.exit("out of date: " + ", ".join(map(str, stale)) + "; run scripts/report.py, or scripts/report.py FOLDER")
    else:
        for path, text in (page_of(folder_of(arguments[0])) if arguments else sections()).items():
            write(path, text)
            print(path)


def is_text_of(path, text):
    return path.exists() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except results.Refused as refusal:
        print(f"report.py: {refusal}; nothing was written", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        print(f"report.py: {error.filename}: {error.strerror}", file=sys.stderr)
        sys.exit(2)
