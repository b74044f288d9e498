"""report_test.py [daa-bench-host]: the pages of scripts/report.py hold what was measured, and README.md the newest of it.

With a program also that what it writes can be read, and that the commands of a page repeat it.
"""

import csv
import re
import shlex
import shutil
import subprocess
import unittest

from result_fixture import ALLOCATORS, BENCH, FIGURES, ResultTest, copied_scripts, files, read_csv

from reporting import findings, results

TRACE = """Thread,Time,Action,Pointer,Size,Stream
0,0,allocate,0x1000,1000,0
0,1,allocate,0x2000,70001,0
0,2,free,0x1000,1000,0
0,3,free,0x2000,70001,0
"""


def tables(text):
    """Each table of a Markdown text: its lines as lists of cells, the heading first."""
    found = re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE)
    lines = [[re.split(r"(?<!\\)\|", line.strip("|")) for line in table.splitlines()] for table in found]
    return [[[cell.strip() for cell in line] for line in [table[0], *table[2:]]] for table in lines]


class Report(ResultTest):
    def report(self):
        done = self.run_script("report.py", self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        return (self.folder / "README.md").read_text(encoding="utf-8")

    def section(self, text, heading):
        """The text of the section whose heading begins so; empty if there is none."""
        return next((part for part in text.split("\n## ") if part.startswith(heading)), "")

    def grid(self, heading, number=0):
        """(case, allocator) -> cell of a table of that section."""
        names, *lines = tables(self.section(self.report(), heading))[number]
        return {(line[0], name.strip("`")): cell for line in lines for name, cell in zip(names[1:], line[1:])}

    def draw(self, name, digest):
        (self.folder / "pictures").mkdir(exist_ok=True)
        (self.folder / "pictures" / f"{name}.png").write_bytes(b"\x89PNG" + digest.encode())

    def test_ratios_are_in_a_line_for_each_case_and_a_column_for_each_allocator(self):
        grid = self.grid("Time of a phase: synchronised after each phase")
        self.assertEqual({case for case, _ in grid}, {"scan 2^8", "scan 1000", "sort 2^8", "sort 1000"})
        self.assertEqual(list(dict.fromkeys(name for _, name in grid)), list(ALLOCATORS))
        self.assertEqual(grid["sort 1000", "arena-individual"], "1.20")
        self.assertEqual(grid["sort 1000", "preallocated"], "10.0 us")

    def test_each_kind_of_row_has_its_section(self):
        self.assertEqual(self.grid("Replays")["small", "zz-caching"], "600")
        self.assertEqual(self.grid("Replays")["small, vary=drop", "zz-caching"], "600")
        self.assertEqual(self.grid("Replays", 1)["small", "zz-caching"], "9,000")
        self.assertEqual(self.grid("Replays", 2)["small, vary=scale", "zz-caching"], "1,200")
        self.assertEqual(self.grid("Replays", 3)["small", "zz-caching"], "1.40")
        self.assertEqual(self.grid("Threads")["scan 2^8, 2 threads", "cuda-malloc"], "2,500")
        self.assertEqual(self.grid("Streams")["scan 2^8, 1 stream", "cuda-malloc"], "2,500")
        self.assertEqual(self.grid("Time of a phase: first phases")["scan 2^8", "cuda-malloc"], "5.00")
        self.assertEqual(self.grid("Time of a phase: captured")["scan 2^8", "cuda-malloc"], "unsupported")
        self.assertEqual(self.grid("Allocations a phase", 1)["allocs 2^10, 4 allocations", "arena"], "1.00")
        self.assertEqual(len(self.grid("Overhead")), len(ALLOCATORS))
        self.assertIn(["`arena`", "1.50 ns", "1.80 ns"], tables(self.section(self.report(), "An allocation"))[0])

    def test_replays_of_before_schema_4_have_no_tables_of_single_phases(self):
        self.edit("replays", lambda rows: [{key: row[key] for key in row if "_phase_ns" not in key} for row in rows])
        (self.folder / "replays_vary.csv").unlink()
        self.assertEqual(self.grid("Replays", 1)["small", "zz-caching"], "1.40")

    def test_the_overhead_is_not_among_the_workloads(self):
        self.assertNotIn("none", self.section(self.report(), "Time of a phase: synchronised once"))

    def test_the_context_is_in_it(self):
        text = self.report()
        for words in ("NVIDIA Imaginary", "600.1", "g++ 13, nvcc 13", "A processor", "0123456789ab", "2030-01-02"):
            self.assertIn(words, text)
        for path in self.folder.glob("*.csv"):
            self.assertIn(f"]({path.name})", text)

    def test_times_of_the_host_runtime_are_marked(self):
        self.assertNotIn("simulator", self.report())
        for path in self.folder.glob("*.csv"):
            self.edit(path.stem, lambda rows: [row | {"device_kind": "host"} for row in rows])
        self.assertIn("simulator", self.report())

    def test_what_a_file_says_is_text_and_not_markup(self):
        planted = "<script>alert(1)</script> | [x](y) `z` # *w*\nnew line"
        self.spoil("workloads", "arena", message=planted)
        bad = tables(self.section(self.report(), "What failed"))[0]
        self.assertEqual({len(line) for line in bad}, {5})
        unescaped = re.sub(r"\\(.)", r"\1", bad[1][4])
        self.assertEqual(unescaped, " ".join(planted.split()))
        self.assertFalse(re.search(r"(?<!\\)[<>\[\]`*]", bad[1][4]))

    def test_what_is_unsupported_is_not_among_the_failures(self):
        text = self.report()
        self.assertNotIn("|", self.section(text, "What failed"))
        self.assertIn("cannot be captured", self.section(text, "What is unsupported"))
        self.spoil("workloads", "arena")
        text = self.report()
        self.assertIn("no room", self.section(text, "What failed"))
        self.assertNotIn("cannot be captured", self.section(text, "What failed"))
        (self.folder / "graphs.csv").unlink()
        self.assertEqual(self.section(self.report(), "What is unsupported"), "")

    def test_pictures_are_linked_where_they_are(self):
        self.assertNotIn("](pictures/", self.report())
        self.draw("ratio-end", results.load([self.folder]).digest)
        self.assertIn("](pictures/ratio-end.png)", self.section(self.report(), "Time of a phase: synchronised once"))

    def test_pictures_of_other_figures_are_refused(self):
        self.draw("ratio-end", "of other figures")
        done = self.run_script("report.py", self.folder)
        self.assertEqual(done.returncode, 2)
        self.assertIn("ratio-end.png", done.stderr)
        self.assertFalse((self.folder / "README.md").exists())

    def test_what_is_not_a_result_is_refused_and_an_older_page_stays(self):
        first = self.report()
        self.expect_refused(lambda: self.run_script("report.py", self.folder))
        self.assertEqual((self.folder / "README.md").read_text(encoding="utf-8"), first)

    def test_bad_usage_is_refused_and_help_is_not(self):
        self.assertEqual(self.run_script("report.py", "--help").returncode, 0)
        for arguments in ([self.root / "none"], [self.folder / "cold.csv"], ["--chek"], [self.folder, self.folder]):
            done = self.run_script("report.py", *arguments)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(str(arguments[0]), done.stderr)
            self.assertNotIn("Traceback", done.stderr)

    def test_any_file_of_the_results_will_do(self):
        for path in list(self.folder.iterdir()):
            with self.subTest(path.name):
                alone = self.root / path.stem
                alone.mkdir()
                shutil.copy(path, alone)
                done = self.run_script("report.py", alone)
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_rows_of_before_schema_3_get_their_kind_from_other_columns(self):
        def kinds():
            return sorted((row["file"], row["kind"], row["configuration"]) for row in results.load([self.folder]).rows)

        # A stream alone was not told apart from a thread alone then.
        self.edit("streams", lambda rows: [row for row in rows if row["streams"] != "1"])
        with_column = kinds()
        for path in self.folder.glob("*.csv"):
            old = [
                {key: value for key, value in row.items() if key != "kind"} | {"schema_version": "2"}
                for row in read_csv(path)
            ]
            self.edit(path.stem, lambda _, old=old: old)
        self.assertEqual(kinds(), with_column)

    @unittest.skipUnless(BENCH, "no program given")
    def test_the_commands_of_a_page_repeat_what_the_program_wrote(self):
        runs = {
            "workloads": ["--workload=scan,sort", "--elements=2^8,1000", "--sync=both"],
            "graphs": ["--workload=scan", "--elements=2^8", "--graph"],
            "cold": ["--workload=scan", "--elements=2^8", "--state=cold"],
            "threads": ["--workload=scan", "--elements=2^8", "--threads=1,2"],
            "sweep": ["--workload=allocs", "--elements=2^10", "--allocs-per-phase=1,4"],
            "replays": ["--workload=replay", f"--trace={self.root / 'small.csv'}"],
            "replays_vary": ["--workload=replay", f"--trace={self.root / 'small.csv'}", "--vary=scale,drop"],
        }
        runs = {name: [*arguments, "--allocator=preallocated,cuda-malloc,arena"] for name, arguments in runs.items()}
        for path in self.folder.iterdir():
            path.unlink()
        (self.root / "small.csv").write_text(TRACE)
        for name, arguments in runs.items():
            self.run_bench(self.folder / f"{name}.csv", "--iters=2", "--repetitions=2", "--warmup=1", "--seed=1", *arguments)
        commands = re.findall(r"^daa-bench (.*)  # (.*)$", self.report(), re.MULTILINE)
        self.assertEqual({file for _, file in commands}, {f"{name}.csv" for name in runs})
        columns = ["workload", "elements", "sync", "allocator", "status", "iters", "warmup", "repetitions", "state", "graph"]
        columns += ["threads", "streams", "allocs_per_phase", "seed", "trace", "vary"]
        for command, file in commands:
            self.run_bench(self.root / "again.csv", *shlex.split(command.replace("=small", f"={self.root / 'small.csv'}")))
            found, wanted = (
                sorted([row[column] for column in columns] for row in read_csv(path))
                for path in (self.root / "again.csv", self.folder / file)
            )
            self.assertEqual(found, wanted, command)

    def run_bench(self, path, *arguments):
        done = subprocess.run([BENCH, *arguments, f"--csv={path}"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)


class Findings(ResultTest):
    """Of figures that are given here."""

    def against(self, name, figures):
        """Where the arena is no better if these allocators have these figures, and no others are there."""
        self.edit(name, lambda rows: [row | figures[row["allocator"]] for row in rows if row["allocator"] in figures])
        return findings.against_arena(results.load([self.folder / f"{name}.csv"]))

    def ratios(self, **of):
        names = {"arena": "arena", "other": "zz-caching", "again": "preallocated:2", "reference": "preallocated"}
        columns = dict(zip(FIGURES[1:4], (0, -0.01, 0.01)))
        figures = {names[key]: {name: value + more for name, more in columns.items()} for key, value in of.items()}
        return self.against("workloads", figures)

    def test_an_arena_that_gains_has_nothing_against_it(self):
        self.assertEqual(self.ratios(reference=1, again=1, arena=1, other=1.5), [])

    def test_an_arena_that_gains_nothing_is_reported(self):
        said = self.ratios(reference=1, again=1, arena=1, other=1.015)
        self.assertEqual(len(said), 2)  # one for each way to synchronise
        self.assertRegex(said[0], "in 4 of 4 cases .*scan 2\\^8, .*sort 1000")

    def test_an_arena_that_loses_is_reported(self):
        said = " ".join(self.ratios(reference=1, again=1, arena=1.2, other=1.1))
        self.assertIn("scan 2^8 (`zz-caching` 1.10, `arena` 1.20)", said)
        self.assertIn("slower than preallocated", said)

    def test_what_is_within_the_noise_is_not_called_slower(self):
        self.assertEqual(self.ratios(reference=1, again=1.04, arena=1.03, other=1.5), [])

    def test_memory_of_replays_is_reported(self):
        figures = {"arena": ("1.2", "9"), "cuda-malloc": ("1.1", "900")}
        columns = ["held_over_live", "operation_median_ns"]
        said = self.against("replays", {name: dict(zip(columns, values)) for name, values in figures.items()})
        self.assertEqual(len(said), 1)
        self.assertIn("(`cuda-malloc` 1.10, `arena` 1.20)", said[0])

    def test_threads_with_a_cheaper_allocation_are_reported(self):
        said = self.against("threads", {"arena": {"allocation_ns": "9"}, "cuda-malloc": {"allocation_ns": "8"}})
        self.assertEqual(len(said), 1)
        self.assertIn("scan 2^8, 2 threads (`cuda-malloc` 8.00 ns, `arena` 9.00 ns)", said[0])

    def test_an_arena_that_failed_is_reported(self):
        self.assertEqual(len(self.against("cold", {"arena": {"status": "failed", "message": "no"}})), 1)

    def test_an_arena_that_is_unsupported_has_not_failed(self):
        self.assertEqual(self.against("cold", {"arena": {"status": "unsupported", "message": "no"}}), [])

    def test_the_best_of_the_others_is_neither_an_arena_nor_incomplete(self):
        rows = results.load([self.folder / "workloads.csv"]).rows
        self.assertEqual(findings.best_other(rows), "zz-caching")
        next(row for row in rows if row["allocator"] == "zz-caching")["status"] = "failed"
        self.assertEqual(findings.best_other(rows), "cuda-malloc")
        self.assertIsNone(findings.best_other([row for row in rows if row["allocator"].startswith("arena")]))

    def break_even(self, *points):
        """Of (number of allocations, lower end of the interval) in any order; None: failed."""
        columns = {"end_to_end_ratio": 2, "end_to_end_ratio_high": 3}
        rows = [columns | {"allocs_per_phase": n, "end_to_end_ratio_low": low} for n, low in points]
        return findings.break_even([row | {"status": "ok" if row["end_to_end_ratio_low"] else "failed"} for row in rows])

    def test_the_break_even_point_is_the_last_before_the_first_that_is_slower(self):
        self.assertEqual(self.break_even((16, 1.3), (1, 1.0), (4, 1.01)), 4)
        self.assertEqual(self.break_even((1, 1.0), (4, 1.02), (16, 1.0)), 1)
        self.assertEqual(self.break_even((1, 1.0), (4, 1.0)), 4)
        self.assertEqual(self.break_even((1, 1.02)), 0)
        self.assertEqual(self.break_even((1, 1.0), (4, None), (16, 1.0)), 1)


class Readme(ResultTest):
    """In a copy of the repository's layout."""

    def setUp(self):
        super().setUp()
        self.scripts = copied_scripts(self.root)
        self.published = self.root / "results" / "a-gpu"
        self.readme, self.scripts_readme = self.root / "README.md", self.scripts / "README.md"
        self.readme.write_text("Before\n<!-- results -->\n<!-- /results -->\nAfter\n")
        self.scripts_readme.write_text("Before\n<!-- gate -->\n<!-- /gate -->\nAfter\n")

    def publish(self, gpu, date, commit):
        for name in files():
            self.edit(name, lambda rows: [row | {"commit": commit} for row in rows])
        shutil.copytree(self.folder, self.root / "results" / gpu / date)

    def write(self):
        done = self.run_script("report.py", scripts=self.scripts)
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.readme.read_text()

    def check(self):
        return self.run_script("report.py", "--check", scripts=self.scripts)

    def test_it_holds_the_newest_results_of_any_gpu(self):
        self.publish("b-gpu", "2029-12-31", "older12")
        self.publish("a-gpu", "2030-01-02", "newer12")
        (self.root / "results" / "host").mkdir()
        text = self.write()
        self.assertIn("`newer12`", text)
        self.assertIn("(results/a-gpu/2030-01-02/README.md)", text)
        self.assertRegex(text, "^Before\n(.|\n)*After\n$")

    def test_its_table_has_five_figures_of_the_arena_the_best_pool_and_cuda(self):
        self.publish("a-gpu", "2030-01-02", "newer12")
        ((heading, *lines),) = tables(self.write())
        self.assertEqual(heading, ["", "`arena`", "best of all others", "`cuda-malloc-async-tuned`", "`cuda-malloc`"])
        self.assertEqual(
            [line[1:] for line in lines],
            [
                ["1.50 ns", "-", "-", "2,500 ns"],
                ["1.40 ns", "300 ns (`zz-caching`)", "-", "2,500 ns"],
                ["2.80 ns", "600 ns (`zz-caching`)", "-", "5,000 ns"],
                ["1.00 x", "1.30 x (`zz-caching`)", "-", "5.00 x"],
                ["1.20 x", "1.40 x (`zz-caching`)", "-", "1.05 x"],
            ],
        )

    def test_its_figures_are_the_worst_of_all_cases(self):
        def change(rows):
            slow = {"workload": "sort", "elements": "1000", "sync": "phase", "allocator": "arena"}
            return [row | {"end_to_end_ratio": "1.7"} if slow.items() <= row.items() else row for row in rows]

        self.edit("workloads", change)
        self.publish("a-gpu", "2030-01-02", "newer12")
        self.assertIn("| 1.70 x |", self.write())

    def test_it_says_where_the_arena_gains_nothing(self):
        self.edit("replays", lambda rows: [row | {"held_over_live": "9"} if row["allocator"] == "arena" else row for row in rows])
        self.publish("a-gpu", "2030-01-02", "newer12")
        text = self.write()
        self.assertIn("holds less memory (small: `zz-caching` 1.40 x, `arena` 9.00 x)", text)

    def test_replays_of_before_schema_3_have_the_names_of_today(self):
        def older(rows):
            recycle = [row | {"allocator": "arena-recycle", "held_over_live": "1.25"} for row in rows if row["allocator"] == "arena"]
            return [row | {"schema_version": "2", "kind": ""} for row in [*rows, *recycle]]

        self.edit("replays", older)
        self.publish("a-gpu", "2030-01-02", "newer12")
        text = self.write()
        self.assertIn("| 1.25 x |", text)

    def test_it_says_what_an_arena_takes_that_is_never_told_of_frees(self):
        def change(rows):
            return [row | {"peak_phase_bytes": "600", "peak_live_bytes": str(300 if row["trace"] == "small" else 100)} for row in rows]

        self.edit("replays", change)
        self.publish("a-gpu", "2030-01-02", "newer12")
        self.assertRegex(self.write(), r"takes all that the phase asks for: on the traces 2\.00 (to 6\.00 )?times what is live")

    def test_its_figures_are_of_traces_as_they_are(self):
        self.edit("replays_vary", lambda rows: [row | {"held_over_live": "7"} for row in rows])
        self.publish("a-gpu", "2030-01-02", "newer12")
        text = self.write()
        self.assertIn("worst of 1 traces | 1.20 x |", text)
        self.assertNotIn("7.00", text)

    def test_its_picture_is_there_if_it_was_drawn(self):
        self.publish("a-gpu", "2030-01-02", "newer12")
        self.assertNotIn("![", self.write())
        pictures = self.published / "2030-01-02" / "pictures"
        pictures.mkdir()
        (pictures / "headline.png").touch()
        self.assertIn("](results/a-gpu/2030-01-02/pictures/headline.png)", self.write())

    def test_a_check_fails_where_a_page_is_not_what_would_be_written(self):
        self.publish("a-gpu", "2030-01-02", "newer12")
        page = self.published / "2030-01-02" / "README.md"
        self.assertEqual(self.check().returncode, 1)
        self.write()
        self.run_script("report.py", page.parent, scripts=self.scripts)
        self.assertEqual(self.check().returncode, 0)
        for path in (self.readme, self.scripts_readme, page):
            text = path.read_text()
            path.write_text(re.sub("(?m)^(.*newer12.*|<!-- gate -->)$", "\\1\nplanted", text, count=1))
            done = self.check()
            self.assertEqual(done.returncode, 1, path)
            self.assertIn(str(path), done.stderr)
            path.write_text(text)

    def test_rates_of_the_gate_are_those_of_its_calibration(self):
        self.publish("a-gpu", "2030-01-02", "newer12")
        self.write()
        without = self.scripts_readme.read_text()
        row = {"device": "NVIDIA Imaginary", "driver": "600.1", "commit": "abcdef123", "slowed": "arena, 3 %"}
        row |= {"comparisons": 1000, "rounds": 16, "rounds_measured": 20}
        row |= {"flagged": 250, "flagged_low": 0.2, "flagged_high": 0.3}
        row |= {"wrong": 2, "wrong_low": 0.001, "wrong_high": 0.004}
        row |= {"inconclusive": 0, "inconclusive_low": 0, "inconclusive_high": 0.003}
        with open(self.published / "2030-01-02" / "gate_calibration.csv", "w", newline="") as file:
            writer = csv.DictWriter(file, row)
            writer.writeheader()
            writer.writerow(row)
        self.write()
        self.assertNotEqual(self.scripts_readme.read_text(), without)
        self.assertEqual(
            tables(self.scripts_readme.read_text())[0][1],
            ["arena, 3 %", "25.0 % (20.0 % to 30.0 %)", "0.2 % (0.1 % to 0.4 %)", "0.0 % (0.0 % to 0.3 %)"],
        )

    def test_a_readme_without_marks_is_refused(self):
        self.publish("a-gpu", "2030-01-02", "newer12")
        self.readme.write_text("Nothing\n")
        self.assertEqual(self.run_script("report.py", scripts=self.scripts).returncode, 2)
        self.assertEqual(self.readme.read_text(), "Nothing\n")


if __name__ == "__main__":
    unittest.main()
