"""report_test.py <daa-bench-host>: scripts/report.py's page tells all and stands alone; README holds the newest."""

import csv
import re
import shlex
import shutil
import subprocess
import unittest
from html.parser import HTMLParser

from result_fixture import BENCH, SCRIPTS, ResultTest

from reporting import findings, results

VOID = {"meta", "img", "br", "hr", "link", "input"}


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.cells, self.text = [], [], [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "td":
            self.cells.append("")

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> within {self.open}"
        self.open.pop()

    def handle_data(self, data):
        self.text += data
        if "td" in self.open:
            self.cells[-1] += data

    def count(self, tag):
        return sum(each == tag for each, _ in self.elements)


class Report(ResultTest):
    def report(self):
        done = self.run_script("report.py", self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        text = (self.folder / "report.html").read_text(encoding="utf-8")
        page = Page(text)
        self.assertEqual(page.open, [])
        return text, page

    def draw(self, digest):
        """A picture, as far as this is concerned."""
        (self.folder / "pictures").mkdir()
        (self.folder / "pictures" / "ratio-end.svg").write_text(f"<svg><!-- {digest} --></svg>")

    def test_the_page_needs_nothing_from_elsewhere(self):
        self.draw(results.load([self.folder]).digest)
        text, page = self.report()
        self.assertNotRegex(text, r"https?:|@import|url\(")
        self.assertEqual(page.count("link"), 0)
        self.assertEqual(page.count("img"), 1)
        for tag, attributes in page.elements:
            self.assertNotIn("href", attributes)
            if "src" in attributes:
                self.assertEqual(tag, "img")
                self.assertTrue(attributes["src"].startswith("data:image/svg+xml;base64,"))
                self.assertIn("noise", attributes["alt"])

    def test_what_a_file_says_is_text_and_no_markup(self):
        planted = '<script>alert("x")</script> & </td>'

        def plant(rows):
            rows[1] |= {"status": "failed", "message": planted, "end_to_end_ratio": ""}
            for row in rows:
                row["cpu"] = row["compiler"] = "<img src=x onerror=alert(1)>"

        self.edit("workloads", plant)
        text, page = self.report()
        self.assertNotIn(planted, text)
        self.assertEqual((page.count("script"), page.count("img")), (1, 0))
        self.assertIn(planted, page.cells)
        self.assertIn("<img src=x onerror=alert(1)>", page.text)

    def section(self, text, heading):
        """From this heading to the next; empty where there is none."""
        return text.partition(f"<h2>{heading}</h2>")[2].partition("<h2>")[0]

    def test_what_is_unsupported_is_told_apart_from_what_failed(self):
        text, _ = self.report()
        self.assertIn("Nothing: every row that is supported was measured", self.section(text, "What failed"))
        self.assertIn("cannot be captured into a graph: cudaMalloc", self.section(text, "What is unsupported"))
        self.assertNotIn("<tr class=failed>", text)

        def change(rows):
            rows[1] |= {"status": "out_of_memory", "message": "no room", "end_to_end_ratio": ""}

        self.edit("workloads", change)
        text, _ = self.report()
        self.assertIn("no room", self.section(text, "What failed"))
        self.assertNotIn("cannot be captured", self.section(text, "What failed"))
        self.assertNotIn("no room", self.section(text, "What is unsupported"))
        self.assertIn("<tr class=failed>", text)
        (self.folder / "graphs.csv").unlink()
        text, _ = self.report()
        self.assertNotIn("unsupported</h2>", text)

    def test_every_row_and_every_failure_is_in_it(self):
        _, page = self.report()
        rows = [row for path in self.folder.glob("*.csv") for row in csv.DictReader(path.read_text().splitlines())]
        self.assertIn(f"1 of {len(rows)} rows.", page.text)
        self.assertTrue(any("cannot be captured into a graph: cudaMalloc" in cell for cell in page.cells))
        values = {attributes["data-v"] for tag, attributes in page.elements if "data-v" in attributes}
        for row in rows:
            if row["end_to_end_ratio"] and not row["trace"]:
                self.assertIn(repr(float(row["end_to_end_ratio"])), values)
        for path in self.folder.iterdir():
            self.assertIn(path.name, page.text + "report.html")

    def test_the_context_is_told_and_that_times_are_a_simulators(self):
        _, page = self.report()
        with open(self.folder / "workloads.csv", newline="", encoding="utf-8") as file:
            row = next(csv.DictReader(file))
        for column in ("device", "driver", "toolkit", "compiler", "cpu", "commit", "time_utc"):
            self.assertIn(row[column], page.text)
        self.assertIn("Times are those of a simulator", page.text)

    def test_the_commands_repeat_the_rows(self):
        _, page = self.report()
        commands = [line for line in page.text.splitlines() if line.startswith("daa-bench --")]
        files = {path.name for path in self.folder.glob("*.csv")}
        self.assertEqual({line.rpartition("# ")[2] for line in commands}, files)
        columns = [
            "workload",
            "elements",
            "sync",
            "allocator",
            "status",
            "iters",
            "warmup",
            "repetitions",
            "state",
            "graph",
            "threads",
            "streams",
            "allocs_per_phase",
            "seed",
            "trace",
            "operations",
        ]

        def rows_of(path):
            with open(path, newline="", encoding="utf-8") as file:
                return sorted(
                    [row[column] for column in columns] + [row["min_fit_bytes"] != ""] for row in csv.DictReader(file)
                )

        for line in commands:
            program, *arguments = shlex.split(line, comments=True)
            arguments = [
                argument.replace("--trace=small", f"--trace={self.made.parent / 'small.csv'}") for argument in arguments
            ]
            subprocess.run([BENCH, *arguments, f"--csv={self.root / 'again.csv'}"], capture_output=True, check=False)
            self.assertEqual(rows_of(self.root / "again.csv"), rows_of(self.folder / line.rpartition("# ")[2]), line)

    def test_the_same_results_give_the_same_page(self):
        first, _ = self.report()
        self.assertEqual(self.report()[0], first)

    def test_pictures_of_other_figures_are_refused(self):
        self.draw("of other figures")
        done = self.run_script("report.py", self.folder)
        self.assertEqual(done.returncode, 2)
        self.assertIn("ratio-end.svg: shows other figures", done.stderr)
        self.assertFalse((self.folder / "report.html").exists())

    def test_what_is_no_result_is_refused_and_an_older_page_stays(self):
        first, _ = self.report()
        self.expect_refused(lambda: self.run_script("report.py", self.folder))
        self.assertEqual((self.folder / "report.html").read_text(encoding="utf-8"), first)

    def test_bad_usage_is_told_and_help_is_not(self):
        done = self.run_script("report.py", "--help")
        self.assertEqual(done.returncode, 0)
        self.assertIn("scripts/report.py FOLDER", done.stdout)
        for arguments, why in [
            ([self.root / "none"], "none: does not exist"),
            ([self.folder / "cold.csv"], "cold.csv: is a file"),
            (["--chek"], "not --chek"),
            ([self.folder, self.folder], "takes one folder"),
        ]:
            done = self.run_script("report.py", *arguments)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(why, done.stderr)
            self.assertNotIn("Traceback", done.stderr)

    def test_any_part_of_the_results_will_do(self):
        for path in list(self.folder.iterdir()):
            with self.subTest(path.name):
                alone = self.root / path.stem
                alone.mkdir()
                shutil.copy(path, alone)
                done = self.run_script("report.py", alone)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(Page((alone / "report.html").read_text(encoding="utf-8")).open, [])


class Findings(ResultTest):
    """Of ratios and traces that are given here."""

    def against(self, name, figures):
        """Sentences for a result in which an allocator's columns are these; other allocators are left out."""
        self.edit(name, lambda rows: [row | figures[row["allocator"]] for row in rows if row["allocator"] in figures])
        return list(findings.against_arena(results.load([self.folder / f"{name}.csv"])))

    def ratios(self, **of):
        names = {
            "arena": "arena",
            "other": "cuda-malloc-async-tuned",
            "again": "preallocated:2",
            "floor": "preallocated",
        }
        return self.against(
            "workloads",
            {
                names[name]: {
                    "end_to_end_ratio": str(value),
                    "end_to_end_ratio_low": str(value - 0.01),
                    "end_to_end_ratio_high": str(value + 0.01),
                }
                for name, value in of.items()
            },
        )

    def test_an_arena_that_gains_has_nothing_against_it(self):
        self.assertEqual(self.ratios(floor=1, again=1, arena=1, other=1.5), [])

    def test_an_arena_that_gains_nothing_is_told(self):
        said = self.ratios(floor=1, again=1, arena=1, other=1.015)
        self.assertEqual(len(said), 2)
        self.assertRegex(
            said[0], "Synchronised after each phase: in 4 of 4 rows nothing is gained.*scan 2\\^8, .*sort 1000"
        )

    def test_an_arena_that_loses_is_told(self):
        said = " ".join(self.ratios(floor=1, again=1, arena=1.2, other=1.1))
        self.assertIn(
            "in 4 of 4 rows the best of the others is faster than `arena`: "
            "scan 2^8 (`cuda-malloc-async-tuned` 1.10, `arena` 1.20)",
            said,
        )
        self.assertIn("`arena` is slower than preallocated memory by more than the noise: scan 2^8 (1.20)", said)

    def test_what_is_within_the_noise_is_not_called_slower(self):
        self.assertEqual(self.ratios(floor=1, again=1.04, arena=1.03, other=1.5), [])

    def test_memory_on_traces_is_told(self):
        figures = {"arena": ["3", "5", "3"], "arena-recycle": ["1.2", "9", "1.2"], "cuda-malloc": ["1.1", "900", "1.1"]}
        columns = ["held_over_live", "operation_median_ns", "min_fit_over_live"]
        said = " ".join(self.against("traces", {name: dict(zip(columns, values)) for name, values in figures.items()}))
        self.assertIn("`arena`, which frees nothing before the end of a phase, holds 3.00 times", said)
        self.assertIn(
            "On 1 of 1 traces another allocator holds less memory than `arena-recycle`: "
            "small (`cuda-malloc` 1.1, `arena-recycle` 1.2)",
            said,
        )
        self.assertNotIn("is faster than `arena-recycle`", said)

    def test_threads_with_a_cheaper_allocation_are_told(self):
        said = self.against("lanes", {"arena": {"allocation_ns": "9"}, "cuda-malloc": {"allocation_ns": "8"}})
        self.assertEqual(len(said), 1)
        self.assertIn("scan 2^8, 2 threads (`cuda-malloc` 8 ns, `arena` 9 ns)", said[0])

    def test_an_arena_that_failed_is_told(self):
        self.assertEqual(
            self.against("cold", {"arena": {"status": "failed", "message": "no"}}), ["`arena` failed in 1 rows."]
        )

    def test_an_arena_that_is_unsupported_has_not_failed(self):
        self.assertEqual(self.against("cold", {"arena": {"status": "unsupported", "message": "no"}}), [])


class Readme(ResultTest):
    """In a copy of the repository's layout."""

    def setUp(self):
        super().setUp()
        self.scripts, self.published = self.root / "scripts", self.root / "results" / "h200"
        shutil.copytree(SCRIPTS, self.scripts)
        self.readme = self.root / "README.md"
        self.readme.write_text(
            "Before\n<!-- results -->\n<!-- /results -->\nBetween\n<!-- gate -->\n<!-- /gate -->\nAfter\n"
        )

    def publish(self, name, commit):
        self.edit("workloads", lambda rows: [row | {"commit": commit} for row in rows])
        shutil.copytree(self.folder, self.published / name, dirs_exist_ok=True)

    def write(self):
        done = self.run_script("report.py", scripts=self.scripts)
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.readme.read_text()

    def check(self):
        return self.run_script("report.py", "--check", scripts=self.scripts)

    def test_it_holds_the_newest_dated_folder_or_the_one_of_all(self):
        self.publish(".", "flat123")
        self.assertIn("`flat123`", self.write())
        self.publish("2029-12-31", "older12")
        self.publish("2030-01-02", "newer12")
        text = self.write()
        self.assertIn("`newer12`", text)
        self.assertIn("(results/h200/2030-01-02)", text)
        self.assertRegex(text, "^Before\n")
        self.assertRegex(text, "Between\n(.|\n)*After\n$")

    def test_its_tables_have_a_row_an_allocator_and_the_noise_first(self):
        self.publish("2030-01-02", "newer12")
        names = re.findall(r"^\| `([a-z:0-9-]+)`", self.write(), re.MULTILINE)
        self.assertEqual(names[0], "preallocated:2")
        self.assertEqual(len(names), 8 + 9)  # ratios to preallocated, and traces

    def test_it_names_report_and_picture_where_they_are(self):
        self.publish("2030-01-02", "newer12")
        self.assertNotIn("report.html", self.write())
        pictures = self.published / "2030-01-02" / "pictures"
        pictures.mkdir()
        (pictures / "ratio-phase.png").touch()
        (self.published / "2030-01-02" / "report.html").touch()
        text = self.write()
        self.assertIn("](results/h200/2030-01-02/report.html)", text)
        self.assertIn("](results/h200/2030-01-02/pictures/ratio-phase.png)", text)

    def test_a_check_fails_where_readme_or_report_is_not_what_it_should_be(self):
        self.publish("2030-01-02", "newer12")
        self.assertEqual(self.check().returncode, 1)
        self.write()
        self.assertEqual(self.check().returncode, 0)
        report = self.published / "2030-01-02" / "report.html"
        report.write_text("old")
        self.write()
        self.assertIn("report.html is not what", self.check().stderr)
        self.run_script("report.py", self.published / "2030-01-02", scripts=self.scripts)
        self.assertEqual(self.check().returncode, 0)
        self.readme.write_text(self.readme.read_text().replace("newer12", "older12", 1))
        self.assertIn("README.md does not hold", self.check().stderr)


if __name__ == "__main__":
    unittest.main()
