"""scripts/plot.py draws each picture that there are figures for, and hides nothing.

Exit code 77 without matplotlib.
"""

import sys
import unittest

from result_fixture import ALLOCATORS, ResultTest, files

try:
    from reporting.canvas import Styles
except SystemExit as missing:
    print(missing)
    sys.exit(77)
from matplotlib import image

PICTURES = {"ratio-phase", "ratio-end", "ratio-cold", "ratio-graph-end", "cost", "memory", "threads", "streams", "sweep"}
PICTURES |= {"overlap-threads", "overlap-streams", "headline"}
WITHOUT_ALL_ALLOCATORS = {"cost", "headline"}


class Plot(ResultTest):
    def plot(self, *arguments):
        done = self.run_script("plot.py", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stderr

    def svgs(self, *given):
        """name -> text of the pictures, and what was said."""
        said = self.plot(*(given or [self.folder]), "--svg", "--out", self.root / "out")
        return {path.stem: path.read_text(encoding="utf-8") for path in (self.root / "out").glob("*.svg")}, said

    def test_every_picture_is_written_and_none_is_blank(self):
        self.plot(self.folder)
        written = list((self.folder / "pictures").iterdir())
        self.assertEqual({path.name for path in written}, {f"{name}.png" for name in PICTURES})
        for path in written:
            pixels = image.imread(path)[..., :3]
            red = (pixels[..., 0] > 0.7) & (pixels[..., 1] < 0.2)
            self.assertGreater(red.mean(), 0.0002, f"{path}: nothing of an arena in it")
            self.assertGreater((pixels.min(axis=2) < 0.5).mean(), 0.003, f"{path}: next to nothing in it")

    def test_every_allocator_is_named_and_axes_have_units(self):
        svgs, _ = self.svgs()
        for name in PICTURES - WITHOUT_ALL_ALLOCATORS:
            for allocator in set(ALLOCATORS) - {"preallocated"}:
                self.assertIn(f">{allocator}</text>", svgs[name], name)
        units = {"ratio-end": "ratio", "cost": ", ns", "memory": "over live", "threads": "ns an", "sweep": "ratio"}
        for name, unit in units.items():
            self.assertRegex(svgs[name], f"[^<]*{unit}[^<]*</text>")

    def test_no_picture_has_more_than_nine_series_and_what_is_not_drawn_is_named(self):
        many = ["cuda-malloc-async", "cuda-malloc-async-tuned", "cub-caching", "thrust-pool", "rmm-pool", "rmm-async"]
        for name in files():
            self.edit(name, lambda rows: [*rows, *(rows[2] | {"allocator": other} for other in many)] if len(rows) < 7 else rows)
        svgs, _ = self.svgs(self.folder / "replays.csv")
        text = svgs["memory"]
        drawn = [name for name in [*ALLOCATORS, *many] if f">{name}</text>" in text]
        self.assertEqual(len(drawn), 9)
        self.assertIn("arena", drawn)
        self.assertIn("Not drawn, but in the tables: preallocated:2, rmm-async, arena-individual.", text)

    def test_memory_has_a_panel_for_each_way_in_which_phases_are_varied(self):
        panels = "Phases as in the trace", "scaled", "left out"
        for file, shown in [("replays", (True, False, False)), ("replays_vary", (False, True, True)), ("", (True, True, True))]:
            text = self.svgs(self.folder / f"{file}.csv" if file else self.folder)[0]["memory"]
            self.assertEqual(tuple(words in text for words in panels), shown, file)
            self.assertIn(">small</text>", text)

    def test_allocators_are_in_the_order_of_the_file(self):
        svgs, _ = self.svgs(self.folder / "workloads.csv")
        places = [svgs["ratio-end"].index(f">{name}</text>") for name in ALLOCATORS if name != "preallocated"]
        self.assertEqual(places, sorted(places))

    def test_equal_figures_give_equal_bytes(self):
        for name in ("one", "two"):
            self.plot(self.folder / "workloads.csv", self.folder / "sweep.csv", "--out", self.root / name)
        for path in (self.root / "one").iterdir():
            self.assertEqual(path.read_bytes(), (self.root / "two" / path.name).read_bytes(), path.name)

    def test_a_row_without_figures_is_noted_with_its_reason(self):
        svgs, said = self.svgs(self.folder / "graphs.csv", self.folder / "workloads.csv")
        self.assertRegex(said, "cuda-malloc on scan 2\\^8.*: unsupported: cannot be captured into a graph")
        self.assertIn("Missing (x): cuda-malloc: unsupported on scan 2^8", svgs["ratio-graph-end"])
        self.assertNotIn("Missing", svgs["ratio-end"])

    def test_rows_that_fail_everywhere_are_noted_in_every_picture(self):
        for name in ("workloads", "threads", "streams", "sweep", "replays", "cold", "graphs"):
            self.spoil(name, "zz-caching")
        svgs, _ = self.svgs()
        for name in PICTURES - {"cost"}:
            self.assertRegex(svgs[name], r"Missing( \(x\))?: zz-caching: out_of_memory on ", name)

    def test_a_picture_without_figures_is_not_drawn_but_named(self):
        svgs, said = self.svgs(self.folder / "sweep.csv")
        self.assertEqual(set(svgs), {"sweep"})
        for name in PICTURES - {"sweep", "ratio-cold", "ratio-graph-end"}:
            self.assertIn(f"no picture {name}", said)

    def test_no_picture_at_all_is_a_failure(self):
        self.edit("streams", lambda rows: [row for row in rows if row["streams"] == "2"])
        done = self.run_script("plot.py", self.folder / "streams.csv", "--out", self.root / "out")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no picture streams", done.stderr)
        self.assertFalse((self.root / "out").exists())

    def test_a_folder_that_cannot_be_written_is_reported(self):
        (self.root / "file").touch()
        done = self.run_script("plot.py", self.folder / "sweep.csv", "--out", self.root / "file" / "out")
        self.assertEqual(done.returncode, 2)
        self.assertIn(str(self.root / "file"), done.stderr)
        self.assertNotIn("Traceback", done.stderr)

    def test_what_is_not_a_result_is_refused_and_nothing_is_written(self):
        self.expect_refused(lambda: self.run_script("plot.py", self.folder))

    def test_the_kind_of_a_row_and_not_the_name_of_its_file_decides(self):
        (self.folder / "threads.csv").rename(self.folder / "x.csv")
        svgs, _ = self.svgs(self.folder / "x.csv")
        self.assertEqual(set(svgs), {"threads", "overlap-threads"})

    def test_no_two_allocators_look_alike(self):
        names = [*ALLOCATORS, *(f"other-{i}" for i in range(20)), *(f"arena-{i}" for i in range(8))]
        styles = Styles(names)
        looks = {tuple(styles.of(name)[part] for part in ("color", "marker", "markerfacecolor")) for name in names}
        self.assertEqual(len(looks), len(names))

    def test_a_picture_tells_by_its_bytes_which_results_it_shows(self):
        def picture():
            self.plot(self.folder / "sweep.csv", self.folder / "threads.csv")
            return (self.folder / "pictures" / "sweep.png").read_bytes()

        before = picture()
        self.edit("threads", lambda rows: [row | {"iters": "5"} for row in rows])
        self.assertNotEqual(picture(), before)


if __name__ == "__main__":
    unittest.main()
