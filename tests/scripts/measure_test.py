"""scripts/measure.sh keeps whole files, goes on where it was, and names what went wrong. Programs and set-up are made up here."""

import subprocess
import unittest

from result_fixture import ResultTest, copied_scripts

SETUP = """
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
[[ ${1:-} != --no-install ]] || shift
say() { echo "$*" >&2; }
die() { say "$@"; exit 1; }
show_header() { :; }
require_gpu() { gpu="Imaginary"; }
results_folder() { echo "$root/results/imaginary/2030-01-02"; }
prepare() { :; }
build() { :; }
"""
# Notes its arguments, writes half of its result, and the rest unless told otherwise.
PROGRAM = """#!/bin/bash
echo "$*" >>"$(dirname "$0")/log"
for argument; do case $argument in --csv=* | --benchmark_out=*) out=${argument#*=} ;; esac; done
echo half >"$out"
[[ $(cat "$(dirname "$0")/stop" 2>/dev/null) != "${out##*/}" ]] || exit 7
echo whole >>"$out"
exit "$(cat "$(dirname "$0")/status" 2>/dev/null || echo 0)"
"""
FILES = {"workloads.csv", "workloads_large.csv", "traces.csv", "traces_vary.csv", "threads.csv", "streams.csv", "cold.csv", "graphs.csv", "sweep.csv"}
FILES |= {"alloc_cost.json"}


class Measure(ResultTest):
    def setUp(self):
        super().setUp()
        self.scripts = copied_scripts(self.root)
        (self.scripts / "setup.sh").write_text(SETUP)
        for name in ("plot.py", "report.py"):
            (self.scripts / name).write_text("#!/bin/bash\nexit 0\n")
        self.bin = self.root / "build" / "release" / "bin"
        self.bin.mkdir(parents=True)
        for name in ("daa-bench", "daa-alloc-cost"):
            (self.bin / name).write_text(PROGRAM)
            (self.bin / name).chmod(0o755)
        self.out = self.root / "out"

    def measure(self, *arguments):
        command = [self.scripts / "measure.sh", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def runs(self):
        log = self.bin / "log"
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines

    def written(self):
        return {path.name for path in self.out.iterdir() if not path.name.startswith(".")}

    def test_every_file_is_written_once_and_whole(self):
        self.assertEqual(self.measure(self.out).returncode, 0)
        self.assertEqual(self.written(), FILES)
        self.assertEqual(len(self.runs()), len(FILES))
        for path in self.out.iterdir():
            self.assertEqual(path.read_text(), "half\nwhole\n", path)

    def test_a_second_run_measures_what_is_missing_and_named_steps(self):
        self.measure(self.out)
        self.runs()
        self.assertEqual(self.measure(self.out).returncode, 0)
        self.assertEqual(self.runs(), [])
        (self.out / "cold.csv").unlink()
        self.measure(self.out)
        self.assertEqual(len(self.runs()), 1)
        self.measure(self.out, "threads", "sweep")
        self.assertEqual(len(self.runs()), 2)

    def test_a_run_that_breaks_off_leaves_no_half_file_and_goes_on_later(self):
        (self.bin / "stop").write_text(".streams.csv.partial")
        done = self.measure(self.out)
        self.assertEqual(done.returncode, 1)
        self.assertIn("trouble with: streams (exit status 7)", done.stderr)
        self.assertEqual(self.written(), FILES - {"streams.csv"})
        (self.bin / "stop").unlink()
        self.runs()
        self.assertEqual(self.measure(self.out).returncode, 0)
        self.assertEqual(len(self.runs()), 1)
        self.assertEqual(self.written(), FILES)

    def test_bad_rows_are_kept_and_told(self):
        (self.bin / "status").write_text("4")
        done = self.measure(self.out, "cold")
        self.assertEqual(done.returncode, 1)
        self.assertIn("cold (bad rows)", done.stderr)
        self.assertEqual(self.written(), {"cold.csv"})

    def test_quick_measures_less(self):
        self.assertEqual(self.measure("--quick", self.out).returncode, 0)
        self.assertEqual(self.written(), FILES - {"workloads_large.csv"})
        for line in self.runs():
            self.assertRegex(line, "repetitions=3( |$)")

    def test_refuses_what_it_does_not_know(self):
        for arguments in (["--fast"], [self.out, "everything"]):
            done = self.measure(*arguments)
            self.assertEqual(done.returncode, 1)
            self.assertIn("unknown", done.stderr)


if __name__ == "__main__":
    unittest.main()
