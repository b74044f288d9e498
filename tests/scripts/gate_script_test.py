"""gate_script_test.py PROGRAM BASELINE: scripts/gate.sh alternates both programs and ends as `compare` does."""

import stat
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BASELINE = sys.argv.pop()
PROGRAM = sys.argv.pop()

# In place of a build of daa-bench on a GPU: notes its name, and writes BASELINE.
FAKE = """#!/bin/bash
[[ $1 != compare ]] || exec {program} "$@"
echo "${{0##*/}}" >>{log}
[[ "$*" == *gate.toml* ]] || exit 9
for argument; do
  [[ $argument != --csv=* ]] || sed "s/Z,/.$(wc -l <{log})Z,/" {baseline} >"${{argument#--csv=}}"  # no two alike
done
exit {status}
"""


class GateScript(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="a gate ")
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def fake(self, name, baseline=BASELINE, status=0):
        path = self.folder / name
        quoted = {"program": f"'{PROGRAM}'", "log": f"'{self.folder}/log'", "baseline": f"'{baseline}'"}
        path.write_text(FAKE.format(**quoted, status=status))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    def gate(self, *args):
        return subprocess.run([ROOT / "scripts" / "gate.sh", *args], capture_output=True, text=True, check=False)

    def test_alternates_sixteen_processes_of_each(self):
        done = self.gate(self.fake("old"), self.fake("new"), self.folder / "out")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("in 16 processes", done.stdout)
        ran = (self.folder / "log").read_text().split()
        self.assertEqual((ran.count("old"), ran.count("new")), (16, 16))
        for i in range(0, 32, 2):
            self.assertEqual({*ran[i : i + 2]}, {"old", "new"})
        self.assertEqual(ran[:4], ["old", "new", "new", "old"])

    def test_ends_with_the_exit_status_of_compare(self):
        less = self.folder / "less.csv"
        less.write_text(Path(BASELINE).read_text().replace(",arena,", ",another,"))
        done = self.gate(self.fake("old"), self.fake("new", less), self.folder / "out")
        self.assertEqual(done.returncode, 1, done.stderr)

    def test_ends_with_the_exit_status_of_a_run_that_fails_and_leaves_nothing(self):
        done = self.gate(self.fake("old", baseline="/dev/null", status=4), self.fake("new"), self.folder / "out")
        self.assertEqual(done.returncode, 4)
        self.assertFalse((self.folder / "out" / "head").exists())

    def test_refuses_bad_usage(self):
        old = self.fake("old")
        (self.folder / "there" / "base").mkdir(parents=True)
        bad = {
            (): "BASE",
            (old, "daa-bench", self.folder / "out"): "daa-bench is not",
            (old, old, self.folder / "there"): "exists already",
        }
        for args, said in bad.items():
            done = self.gate(*args)
            self.assertEqual(done.returncode, 100)
            self.assertIn(said, done.stderr)


if __name__ == "__main__":
    unittest.main()
