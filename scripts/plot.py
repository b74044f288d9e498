#!/usr/bin/env python3
"""Draws results of daa-bench and daa-alloc-cost: a PNG for each picture that they have the figures for.

  scripts/plot.py RESULT.csv|alloc_cost.json|FOLDER... [--out FOLDER] [--svg]

Writes into `pictures` in the folder given first, or beside the file given first. Equal figures give equal bytes. Lists on
stderr the pictures without figures and the rows without a picture. Exit code 0: there are pictures; 1: there is none, or
no matplotlib; 2: bad usage, a file was refused, or the folder cannot be written.
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


def arguments():
    parser = argparse.ArgumentParser(prog="plot.py", description="Draws results of daa-bench and daa-alloc-cost.")
    what = "a CSV of daa-bench, a JSON of daa-alloc-cost, or a folder of them"
    parser.add_argument("results", nargs="+", type=Path, metavar="RESULT", help=what)
    parser.add_argument(
        "--out", type=Path, help="folder for the pictures (default: pictures, in or beside the first RESULT)"
    )
    parser.add_argument("--svg", action="store_true", help="writes SVG files in place of PNG files")
    return parser.parse_args()


def main():
    given = arguments()
    first = given.results[0]
    try:
        result = results.load(given.results)
    except results.Refused as refusal:
        stop(2, f"{refusal}; nothing was written")
    from reporting import pictures  # not before: --help and bad input need no matplotlib

    kind, images, notes = "svg" if given.svg else "png", {}, result.notes
    for name, figure in pictures.draw(result):
        if figure is None:
            notes.append(f"no picture {name}, which needs {pictures.needs(name)}")
        else:
            images[f"{name}.{kind}"] = pictures.image(figure, kind, result.digest)
    bad = [row for row in result.rows if row["status"] != "ok"]
    notes += [f"{row['allocator']} on {results.case_of(row)}: {row['status']}: {row['message']}" for row in bad]
    for note in notes:
        print(f"plot.py: {note}", file=sys.stderr)
    if not images:
        stop(1, "no picture at all: these results lack the figures of each, as said above; nothing was written")
    out = given.out or (first if first.is_dir() else first.parent) / "pictures"
    write(out, images)
    print(f"{out}: {len(images)} files")


if __name__ == "__main__":
    main()
