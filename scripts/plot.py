#!/usr/bin/env python3
"""Draws results of daa-bench and daa-alloc-cost: a PNG and an SVG of each picture that they have the figures for.

  scripts/plot.py RESULT.csv|alloc_cost.json|FOLDER... [--out FOLDER]

Without --out into `pictures` in the folder given first, or beside the file given first. The same figures give the same
bytes. Says on stderr which pictures there are no figures for, and which rows have none. Exit code 1: there is no picture,
or no matplotlib. 2: a file was refused, or the folder cannot be written.

Needs matplotlib: of python3, or in build/tools, where scripts/test.sh puts it.
"""

import argparse
import os
import sys
from pathlib import Path

from reporting import results


def stop(status, why):
    print(f"plot.py: {why}", file=sys.stderr)
    sys.exit(status)


def write(out, images):
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, data in images.items():
            partial = out / f".{name}.partial"
            partial.write_bytes(data)
            os.replace(partial, out / name)
    except OSError as error:
        stop(2, f"{error.filename or out}: cannot be written: {error.strerror}; name another folder with --out")


def main():
    parser = argparse.ArgumentParser(prog="plot.py", description="Draws results of daa-bench and daa-alloc-cost.")
    parser.add_argument(
        "results",
        nargs="+",
        type=Path,
        metavar="RESULT",
        help="a CSV of daa-bench, a JSON of daa-alloc-cost, or a folder of them",
    )
    parser.add_argument(
        "--out", type=Path, help="folder for the pictures (default: pictures, in or beside the first RESULT)"
    )
    arguments = parser.parse_args()
    first = arguments.results[0]
    out = arguments.out or (first if first.is_dir() else first.parent) / "pictures"
    try:
        result = results.load(arguments.results)
    except results.Refused as refusal:
        stop(2, f"{refusal}; nothing was written")
    from reporting import pictures  # not before: --help and bad input need no matplotlib

    images = {}
    for name, figure in pictures.draw(result):
        if figure is None:
            print(f"plot.py: no picture {name}, which needs {pictures.needs(name)}", file=sys.stderr)
        else:
            images |= pictures.images(figure, name, result.digest)
    for note in result.notes + [
        f"{row['allocator']} on {results.case_of(row)}: {row['status']}: {row['message']}"
        for row in result.rows
        if row["status"] != "ok"
    ]:
        print(f"plot.py: {note}", file=sys.stderr)
    if not images:
        stop(1, "no picture at all: these results lack the figures of each, as said above; nothing was written")
    write(out, images)
    print(f"{out}: {len(images)} files")


if __name__ == "__main__":
    main()
