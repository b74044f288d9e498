"""Results to draw and to report, of schema 4 and with figures made up here. No program is needed."""

import csv
import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

# The program to test with, if the command names one.
BENCH = Path(sys.argv.pop(1)).resolve() if sys.argv[1:] and Path(sys.argv[1]).exists() else None
SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
sys.path.insert(0, str(SCRIPTS))

# Ratio to preallocated, ns of an allocation, memory held over live. Their order is that of the files.
ALLOCATORS = {
    "preallocated": (1.0, 1.1, 1.0),
    "preallocated:2": (1.002, 1.1, 1.0),
    "zz-caching": (1.3, 300, 1.4),  # not in the order of the alphabet
    "cuda-malloc": (5.0, 2500, 1.05),
    "arena": (1.001, 1.4, 1.2),
    "arena-individual": (1.2, 900, 1.02),
}
TIMES = ["end_to_end_median_ns", "end_to_end_ratio", "end_to_end_ratio_low", "end_to_end_ratio_high"]
FIGURES = [*TIMES, "allocation_ns", "overlap_score", "operation_median_ns", "operation_ratio", "held_over_live"]
FIGURES += ["first_phase_ns", "worst_phase_ns"]
CONTEXT = {
    "schema_version": "4",
    "commit": "0123456789ab",
    "time_utc": "2030-01-02T03:04:05Z",
    "device_kind": "cuda",
    "device": "NVIDIA Imaginary",
    "driver": "600.1",
    "toolkit": "13.0",
    "compiler": "g++ 13, nvcc 13",
    "cpu": "A processor",
}
CASE = {"kind": "steady", "workload": "scan", "elements": "256", "sync": "end", "state": "steady", "graph": "false"}
CASE |= {"flush_l2": "false", "threads": "1", "streams": "1", "allocs_per_phase": "", "trace": "", "vary": "none"}
CASE |= {"seed": "1", "iters": "4", "warmup": "1", "repetitions": "3"}
HEADER = [*CONTEXT, *CASE, "allocator", "status", "message", *FIGURES]


def rows(**case):
    """A row for each allocator."""
    for allocator, (ratio, allocation_ns, held) in ALLOCATORS.items():
        row = dict.fromkeys(HEADER, "") | CONTEXT | CASE | case | {"allocator": allocator, "status": "ok"}
        row |= {"end_to_end_median_ns": 10_000 * ratio}
        row |= {"end_to_end_ratio": ratio, "end_to_end_ratio_low": ratio - 0.001, "end_to_end_ratio_high": ratio + 0.001}
        if row["kind"] in ("threads", "streams"):
            row |= {"allocation_ns": allocation_ns, "overlap_score": 1.5 - ratio / 2}
        if row["kind"] == "replay":
            row |= dict.fromkeys(TIMES, "")
            row |= {"operation_median_ns": 2 * allocation_ns, "operation_ratio": ratio, "held_over_live": held}
            row |= {"first_phase_ns": 30 * allocation_ns, "worst_phase_ns": 4 * allocation_ns}
        yield row


def refused_by_capture(row):
    if row["allocator"] != "cuda-malloc":
        return row
    return row | dict.fromkeys(FIGURES, "") | {"status": "unsupported", "message": "cannot be captured into a graph"}


def files():
    """name -> rows, a file for each kind."""
    made = {"workloads": [], "threads": [], "streams": [], "sweep": []}
    for workload in ("scan", "sort"):
        for elements in ("256", "1000"):
            for sync in ("end", "phase"):
                made["workloads"] += rows(workload=workload, elements=elements, sync=sync)
    for count in ("1", "2"):
        made["threads"] += rows(kind="threads", threads=count)
        made["streams"] += rows(kind="streams", streams=count)
    for count in ("1", "4", "16"):
        made["sweep"] += rows(kind="sweep", workload="allocs", elements="1024", allocs_per_phase=count)
    made["overhead"] = rows(workload="none")
    made["cold"] = rows(kind="cold", state="cold", sync="phase")
    made["graphs"] = map(refused_by_capture, rows(kind="graph", graph="true"))
    replay = {"kind": "replay", "workload": "replay", "elements": "0", "trace": "small"}
    made["replays"] = rows(**replay)
    made["replays_vary"] = [row for vary in ("scale", "drop") for row in rows(**replay, vary=vary)]
    return made


def median(name, **figures):
    return {"name": f"{name}_median", "run_name": name, "aggregate_name": "median", **figures}


ALLOC_COST = {
    "context": {},
    "benchmarks": [
        {"name": "arena/sync:0", "run_name": "arena/sync:0/real_time", "per_allocation": 9.0},  # a repetition, no median
        median("arena/sync:0/real_time", per_allocation=1.5e-9),
        median("arena/sync:1/real_time", per_allocation=1.8e-9),
        median("cuda_malloc/sync:0/real_time", per_allocation=2.5e-6),
        median("std_pmr_monotonic/sync:0/real_time", per_allocation=1.2e-9),
        median("sequence/nested/real_time", per_operation=4e-9),
    ],
}


def write_csv(path, records):
    records = list(records)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(records[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)


def read_csv(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class ResultTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.folder = self.root / "2030-01-02"
        self.folder.mkdir()
        for name, records in files().items():
            write_csv(self.folder / f"{name}.csv", records)
        (self.folder / "alloc_cost.json").write_text(json.dumps(ALLOC_COST))

    def run_script(self, name, *arguments, scripts=SCRIPTS):
        command = [sys.executable, "-B", scripts / name, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def edit(self, name, change):
        """Changes the rows of a CSV, a dict each, in place."""
        path = self.folder / f"{name}.csv"
        records = read_csv(path)
        write_csv(path, change(records) or records)

    def spoil(self, name, allocator, status="out_of_memory", message="no room"):
        bad = dict.fromkeys(FIGURES, "") | {"status": status, "message": message}
        self.edit(name, lambda records: [row | bad if row["allocator"] == allocator else row for row in records])

    def expect_refused(self, script):
        """`script` runs on the folder, refuses each file of this table by name, and writes nothing."""
        header, first, *rest = (self.folder / "workloads.csv").read_text().splitlines()
        fast = first.replace(",10000.0,1.0,", ",10000.0,fast,")
        cases = {
            "no.csv": ("a,b\n1,2\n", "schema_version"),
            "empty.csv": ("", "not a result"),
            "header.csv": (f"{header}\n", "no results"),
            "short.csv": (f"{header}\n{first.rsplit(',', 1)[0]}\n", "short.csv:2: "),
            "cut.csv": (f'{header}\n{first}\n"{rest[0]}\n', "CSV"),
            "number.csv": (f"{header}\n{fast}\n", "number.csv:2: end_to_end_ratio is 'fast'"),
            "newer.csv": (f"{header}\n5{first[1:]}\n", "newer.csv:2: schema_version is '5'"),
            "binary.csv": (b"\xff\xfe\x00", "CSV"),
            "cut.json": ('{"benchmarks": [{"name"', "JSON"),
            "other.json": ("[1]", "JSON"),
            "again.csv": ((self.folder / "workloads.csv").read_bytes(), "preallocated on scan 2^8"),
            "device.csv": (f"{header}\n{first.replace('Imaginary', 'Other')}\n", "different devices"),
        }
        for name, (content, why) in cases.items():
            with self.subTest(name):
                path = self.folder / name
                path.write_bytes(content if isinstance(content, bytes) else content.encode())
                before = sorted(self.root.rglob("*"))
                done = script()
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(why, done.stderr)
                self.assertIn(name, done.stderr)
                self.assertNotIn("Traceback", done.stderr)
                self.assertEqual(sorted(self.root.rglob("*")), before)
                path.unlink()


def copied_scripts(root):
    """The scripts in a repository of their own, so that they write its files."""
    shutil.copytree(SCRIPTS, root / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    return root / "scripts"
