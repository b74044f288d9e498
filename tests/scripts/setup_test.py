"""The shell scripts install nothing unannounced, and test.sh runs the presets that it is asked for.

On a PATH of stand-ins: apt-get, sudo, cmake and ctest only write down how they were called.
"""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOLS = "awk bash cat cksum date dirname env flock grep mkdir nproc rm sed setarch sort tr uname".split()
NVCC = '#!/bin/sh\necho "Cuda compilation tools, release 13.0, V13.0.88"\n'
NOTES = '#!/bin/sh\necho "RAN ${0##*/} $*" >&2\n'
CMAKE = (
    NOTES
    + """[ "$1" != --version ] || echo cmake version 4.0.0
[ "$1" != --fresh ] || { mkdir -p "build/$3" && : >"build/$3/build.ninja"; }
"""
)


class Setup(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        shutil.copytree(ROOT / "scripts", self.root / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "CMakePresets.json", self.root)
        self.bin = self.root / "bin"
        self.bin.mkdir()
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool))
        for name, text in [
            ("nvcc", NVCC),
            ("cmake", CMAKE),
            *((name, NOTES) for name in ("apt-get", "ctest", "g++", "ninja", "git", "mpicxx", "mpirun")),
        ]:
            self.program(name, text)
        self.program("sudo", '#!/bin/sh\nexec "$@"\n')
        for tool in ("cccl-13.3.5.0.6", "rmm-26.10.0", "matplotlib-3.10.8"):
            (self.root / "build" / "tools" / tool).mkdir(parents=True)

    def program(self, name, text):
        path = self.bin / name
        path.write_text(text)
        path.chmod(0o755)

    def run_script(self, name, *arguments, **environment):
        names = {"PATH": str(self.bin), "CUDA_HOME": str(self.root), "HOME": str(self.root)} | environment
        return subprocess.run(
            [self.root / "scripts" / name, *arguments], env=names, capture_output=True, text=True, check=False
        )

    def presets(self, *arguments):
        done = self.run_script("test.sh", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        listed = (self.root / "build" / "tests" / "CTestTestfile.cmake").read_text()
        return [line.rpartition("/")[2].partition("]")[0] for line in listed.splitlines()], done.stderr

    def test_without_presets_release_is_tested(self):
        self.assertEqual(self.presets()[0], ["release"])

    def test_all_are_release_and_the_sanitizers(self):
        self.assertEqual(self.presets("all")[0], ["release", "asan", "tsan"])

    def test_what_follows_the_presets_goes_to_ctest(self):
        presets, said = self.presets("tsan", "asan", "-R", "Contract")
        self.assertEqual(presets, ["tsan", "asan"])
        self.assertRegex(said, "RAN ctest .* -R Contract\n$")

    def test_what_will_be_installed_is_said_before_it_is(self):
        (self.bin / "g++").unlink()
        said = self.run_script("test.sh").stderr
        announced, _, done = said.partition("RAN apt-get")
        self.assertRegex(announced, r"apt-get: .*g\+\+")
        self.assertRegex(done, r"RAN apt-get .*g\+\+")

    def test_no_install_refuses_with_the_list_of_what_is_missing(self):
        (self.bin / "g++").unlink()
        (self.bin / "ninja").unlink()
        for arguments, environment in [(["--no-install"], {}), ([], {"DAA_NO_INSTALL": "1"})]:
            done = self.run_script("bench.sh", *arguments, "--workload=scan", **environment)
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, r"g\+\+.*ninja")
            self.assertNotIn("RAN apt-get", done.stderr)
            self.assertNotIn("RAN cmake --fresh", done.stderr)

    def test_mpi_is_installed_where_it_is_missing(self):
        (self.bin / "mpicxx").unlink()
        self.assertRegex(self.presets()[1], "RAN apt-get .*install.* libopenmpi-dev openmpi-bin\n")

    def test_without_mpi_it_goes_on(self):
        (self.bin / "mpicxx").unlink()
        (self.bin / "apt-get").unlink()
        self.assertRegex(self.presets()[1], "going on without libopenmpi-dev openmpi-bin\n")
        self.program("apt-get", NOTES + "exit 1\n")
        self.assertRegex(self.presets()[1], "going on without libopenmpi-dev openmpi-bin, which")

    @unittest.skipUnless(os.path.exists("/usr/include/fmt/core.h"), "libraries are missing here")
    def test_no_install_goes_on_without_optional_tools(self):
        shutil.rmtree(self.root / "build" / "tools")
        self.assertEqual(self.presets("--no-install")[0], ["release"])


if __name__ == "__main__":
    unittest.main()
