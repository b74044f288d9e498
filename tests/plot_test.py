"""plot_test.py <daa-bench-host>: scripts/plot.py draws every picture that there are figures for, and hides nothing.

Exit code 77 where there is no matplotlib.
"""

import re
import sys
import unittest

from result_fixture import ResultTest

from reporting import results

try:
    from reporting.canvas import Styles
except SystemExit as missing:
    print(missing)
    sys.exit(77)
from matplotlib import image

PICTURES = {
    "ratio-phase",
    "ratio-end",
    "ratio-cold",
    "ratio-end-graph",
    "cost",
    "memory",
    "threads",
    "streams",
    "sweep",
}


class Plot(ResultTest):
    def plot(self, *arguments):
        done = self.run_script("plot.py", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stderr

    def svg(self, name):
        return (self.folder / "pictures" / f"{name}.svg").read_text(encoding="utf-8")

    def test_every_picture_is_written_and_none_is_blank(self):
        self.plot(self.folder)
        written = {path.name for path in (self.folder / "pictures").iterdir()}
        wanted = {f"{name}.{kind}" for name in PICTURES for kind in ("png", "svg")}
        self.assertLessEqual(wanted, written)
        self.assertLessEqual(
            {name.partition(".")[0] for name in written - wanted}, {"overlap-threads", "overlap-streams"}
        )  # as noise has it
        for name in PICTURES:
            pixels = image.imread(self.folder / "pictures" / f"{name}.png")[..., :3]
            red = (pixels[..., 0] > 0.7) & (pixels[..., 1] < 0.2)
            self.assertGreater(red.mean(), 0.0002, f"{name}: nothing of an arena in it")
            self.assertGreater((pixels.min(axis=2) < 0.5).mean(), 0.003, f"{name}: next to nothing in it")

    def test_every_allocator_is_named_and_axes_have_units(self):
        self.plot(self.folder)
        for name in PICTURES - {"cost"}:
            for allocator in ("arena", "preallocated:2", "cuda-malloc-async-tuned", "cuda-malloc"):
                self.assertIn(f">{allocator}</text>", self.svg(name), name)
        for name, label in {
            "ratio-end": "ratio to preallocated",
            "cost": ", ns",
            "memory": ", ns",
            "threads": "ns an",
            "sweep": "ratio",
        }.items():
            self.assertRegex(self.svg(name), f"[^<]*{label}[^<]*</text>")

    def test_the_same_figures_give_the_same_bytes(self):
        self.plot(self.folder, "--out", self.root / "one")
        self.plot(self.folder, "--out", self.root / "two")
        for path in (self.root / "one").iterdir():
            self.assertEqual(path.read_bytes(), (self.root / "two" / path.name).read_bytes(), path.name)

    def test_a_failed_row_is_noted_with_its_reason(self):
        self.assertIn(
            "cuda-malloc on scan 2^8: unsupported: cannot be captured into a graph",
            re.sub(", sync[^:]*", "", self.plot(self.folder)),
        )
        self.assertIn("Missing (x): cuda-malloc: unsupported on scan 2^8", self.svg("ratio-end-graph"))
        self.assertNotIn("Missing", self.svg("ratio-end"))

    def test_rows_that_fail_everywhere_are_noted_in_every_picture(self):
        def fail(rows):
            for row in rows:
                if row["allocator"] == "arena-release":
                    row |= {
                        column: "" for column in row if column.endswith(("_ns", "_ratio", "_live", "_low", "_high"))
                    }
                    row |= {"status": "out_of_memory", "message": "no room"}

        for name in ("workloads", "lanes", "streams", "sweep", "traces"):
            self.edit(name, fail)
        self.plot(self.folder)
        for name in PICTURES - {"ratio-cold", "ratio-end-graph"}:
            self.assertRegex(self.svg(name), r"Missing( \(x\))?: arena-release: out_of_memory on ", name)

    def test_what_a_result_lacks_gives_no_picture_and_is_said(self):
        said = self.plot(self.folder / "sweep.csv", "--out", self.root / "out")
        self.assertEqual({path.name for path in (self.root / "out").iterdir()}, {"sweep.png", "sweep.svg"})
        for name in PICTURES - {"sweep", "ratio-cold", "ratio-end-graph"}:
            self.assertIn(f"no picture {name}, which needs ", said)

    def test_no_picture_at_all_is_no_success_and_what_is_missing_is_said(self):
        self.edit("streams", lambda rows: [row for row in rows if row["streams"] == "2"])
        done = self.run_script("plot.py", self.folder / "streams.csv", "--out", self.root / "out")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, "no picture streams, which needs .* two numbers of streams or more")
        self.assertIn("no picture at all", done.stderr)
        self.assertFalse((self.root / "out").exists())

    def test_a_folder_that_cannot_be_written_is_told_in_a_line(self):
        (self.root / "file").touch()
        done = self.run_script("plot.py", self.folder / "sweep.csv", "--out", self.root / "file" / "out")
        self.assertEqual(done.returncode, 2)
        self.assertIn("cannot be written", done.stderr)
        self.assertNotIn("Traceback", done.stderr)

    def test_what_is_no_result_is_refused_and_nothing_is_written(self):
        self.expect_refused(lambda: self.run_script("plot.py", self.folder), "no.csv", "number.csv", "cut.json")

    def test_what_a_file_holds_is_told_from_its_rows_and_not_its_name(self):
        (self.folder / "lanes.csv").rename(self.folder / "x.csv")
        self.plot(self.folder / "x.csv", "--out", self.root / "out")
        self.assertTrue((self.root / "out" / "threads.svg").exists())
        self.assertFalse((self.root / "out" / "ratio-end.svg").exists())

    def test_no_two_allocators_look_the_same(self):
        names = [*results.ALLOCATORS, "preallocated:2", "somebody-elses", "another-one"]
        styles = Styles(names)
        looks = {tuple(styles.of(name)[part] for part in ("color", "marker", "markerfacecolor")) for name in names}
        self.assertEqual(len(looks), len(names))
        self.assertEqual(styles.of("arena"), Styles(["arena"]).of("arena"))


if __name__ == "__main__":
    unittest.main()
