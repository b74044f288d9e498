"""Results to draw and to report: of daa-bench on the host runtime, made once for all tests of a file."""

import csv
import io
import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

BENCH = Path(sys.argv.pop(1)).resolve()
SCRIPTS = Path(__file__).resolve().parent.parent / "scripts"
sys.path.insert(0, str(SCRIPTS))

TRACE = """Thread,Time,Action,Pointer,Size,Stream
0,0,allocate,0x1000,1000,0
0,1,allocate,0x2000,70001,0
0,2,free,0x1000,1000,0
0,3,allocate,0x3000,512,0
0,4,free,0x2000,70001,0
0,5,free,0x3000,512,0
"""
SHORT = ["--iters=4", "--warmup=1", "--repetitions=3", "--seed=1"]
RUNS = {
    "workloads": ["--workload=scan,sort", "--elements=2^8,1000", "--sync=both", *SHORT],
    "graphs": ["--workload=scan", "--elements=2^8", "--graph", *SHORT],  # cuda-malloc cannot: unsupported
    "cold": ["--workload=scan", "--elements=2^8", "--state=cold", *SHORT],
    "lanes": ["--workload=scan", "--elements=2^8", "--threads=1,2", *SHORT],
    "streams": ["--workload=scan", "--elements=2^8", "--streams=1,2", *SHORT],
    "sweep": ["--workload=allocs", "--elements=2^10", "--allocs-per-phase=1,4", *SHORT],
    "traces": ["--workload=replay", "--trace=small.csv", "--min-fit", *SHORT],
}


def median(name, **figures):
    return {"name": f"{name}_median", "run_name": name, "aggregate_name": "median", **figures}


ALLOC_COST = {
    "context": {},
    "benchmarks": [
        {
            "name": "arena/sync:0",
            "run_name": "arena/sync:0/real_time",
            "per_allocation": 9.0,
        },  # a repetition, to be left out
        median("arena/sync:0/real_time", per_allocation=1.5e-9),
        median("arena/sync:1/real_time", per_allocation=1.8e-9),
        median("cuda_malloc/sync:0/real_time", per_allocation=2.5e-6),
        median("threads/arena_pool/real_time/threads:1", threads=1, per_allocation=1.3e-8),
        median("threads/arena_pool/real_time/threads:4", threads=4, per_allocation=1.4e-8),
        median("trace/small/arena_recycle/real_time", per_operation=2.5e-8, reserved_over_live=1.1),
    ],
}


class ResultTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.made = Path(folder.name) / "made"
        cls.made.mkdir()
        (Path(folder.name) / "small.csv").write_text(TRACE)
        for name, arguments in RUNS.items():
            done = subprocess.run(
                [BENCH, *arguments, f"--csv={cls.made / name}.csv"],
                cwd=folder.name,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode != 0:
                raise AssertionError(f"{name}: {done.stderr}")
        (cls.made / "alloc_cost.json").write_text(json.dumps(ALLOC_COST))

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.folder = self.root / "2030-01-02"
        shutil.copytree(self.made, self.folder)

    def run_script(self, name, *arguments, scripts=SCRIPTS):
        return subprocess.run(
            [sys.executable, "-B", scripts / name, *arguments], capture_output=True, text=True, check=False
        )

    def edit(self, name, change):
        """Changes the rows of a CSV, a dict each, in place."""
        path = self.folder / f"{name}.csv"
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        header = list(rows[0])
        rows = change(rows) or rows
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, header)
            writer.writeheader()
            writer.writerows(rows)

    def expect_refused(self, script, *names):
        """Files that are no results are refused by file and reason: those of the table below that are named, or all.

        `script` runs on the folder, and must write nothing.
        """
        header, first, *rest = (self.made / "workloads.csv").read_text().splitlines()
        wrong_number = next(csv.reader([first]))
        wrong_number[header.split(",").index("end_to_end_ratio")] = "fast"
        quoted = io.StringIO()
        csv.writer(quoted, lineterminator="\n").writerow(wrong_number)
        newer = first.split(",")
        newer[0] = "3"
        cases = {
            "no.csv": ("a,b\n1,2\n", "is no result of daa-bench: it has no column schema_version"),
            "empty.csv": ("", "is no result of daa-bench"),
            "header.csv": (f"{header}\n", "holds no results"),
            "short.csv": (f"{header}\n{first.rsplit(',', 1)[0]}\n", "short.csv:2: has "),
            "cut.csv": (f'{header}\n{first}\n"{rest[0]}\n', "cannot be read as CSV"),
            "number.csv": (
                f"{header}\n{quoted.getvalue()}",
                "number.csv:2: end_to_end_ratio is 'fast', which is no number",
            ),
            "newer.csv": (
                "\n".join([header, ",".join(newer)]) + "\n",
                "newer.csv:2: schema_version is '3', and the newest known is 2",
            ),
            "binary.csv": (b"\xff\xfe\x00", "cannot be read as CSV"),
            "cut.json": ('{"benchmarks": [{"name"', "cannot be read as JSON"),
            "other.json": ("[1]", "cannot be read as JSON"),
            "again.csv": (
                (self.made / "workloads.csv").read_bytes(),
                "workloads.csv: measures preallocated on scan 2^8",
            ),
            "device.csv": (
                "\n".join([header, first.replace("host runtime", "another one")]) + "\n",
                "results of different devices",
            ),
        }
        for name in names or cases:
            content, why = cases[name]
            with self.subTest(name):
                path = self.folder / name
                path.write_bytes(content if isinstance(content, bytes) else content.encode())
                before = sorted(self.root.rglob("*"))
                done = script()
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(why, done.stderr)
                self.assertIn(name, done.stderr)
                self.assertIn("nothing was written", done.stderr)
                self.assertNotIn("Traceback", done.stderr)
                self.assertEqual(sorted(self.root.rglob("*")), before)
                path.unlink()
