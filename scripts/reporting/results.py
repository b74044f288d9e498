"""Reads what daa-bench and daa-alloc-cost have written.

What a file holds is told from its columns and rows, never from its name. Nothing but Python's standard library.
"""

import csv
import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path

SCHEMA_VERSION = 2  # the newest that is known here
TEXT = ["device_kind", "device", "commit", "time_utc", "workload", "sync", "allocator", "status", "message"]
NUMBERS = ["elements", "iters", "repetitions", "end_to_end_median_ns", "end_to_end_ratio", "host_enqueue_median_ns"]
NUMBERS += ["device_median_ns", "runtime_calls_per_phase", "peak_phase_bytes", "reserved_bytes"]
# Not in every version. Empty stands for what was not measured, and is None here.
LATER_NUMBERS = [
    "end_to_end_ratio_low",
    "end_to_end_ratio_high",
    "threads",
    "streams",
    "allocs_per_phase",
    "warmup",
    "operations",
]
LATER_NUMBERS += [
    "break_even_allocs",
    "graph_memory_nodes",
    "allocation_ns",
    "slowest_allocation_ns",
    "overlap_score",
    "seed",
]
LATER_NUMBERS += ["operation_median_ns", "operation_p99_ns", "operation_ratio", "held_over_live", "reserved_over_live"]
LATER_NUMBERS += ["min_fit_over_live", "peak_live_bytes"]
LATER_TEXT = {"state": "steady", "graph": "false", "flush_l2": "false", "trace": ""}

FLOOR = "preallocated"
AGAIN = "preallocated:2"
# In this order everywhere; others come behind them.
ALLOCATORS = [
    "std-pmr-monotonic",
    FLOOR,
    "arena",
    "arena-recycle",
    "arena-individual",
    "arena-release",
    "arena-each",
    "arena-pool",
]
ALLOCATORS += ["torch-caching", "rmm-pool", "rmm-async", "rmm-arena", "cub-caching", "thrust-pool"]
ALLOCATORS += ["cuda-malloc-async-tuned-pool-each", "cuda-malloc-async-tuned", "cuda-malloc-async", "cuda-malloc"]


class Refused(Exception):
    """A file that is not what it should be: its name, and why."""


@dataclass
class Result:
    rows: list  # of daa-bench: a dict each, of the columns above, `file`, `kind` and `way`
    costs: list  # of daa-alloc-cost: a dict each, of kind (cost, trace, threads), allocator and figures
    files: list
    notes: list  # of files that were left alone
    digest: str  # of all their bytes: a picture says by it which figures it shows

    def of_kind(self, kind):
        return [row for row in self.rows if row["kind"] == kind]

    def ways(self):
        """The rows of workloads by the way that they were run: phase and end first."""
        found = dict.fromkeys(["phase", "end", *sorted({row["way"] for row in self.of_kind("workload")})])
        by_way = {way: [row for row in self.of_kind("workload") if row["way"] == way] for way in found}
        return {way: rows for way, rows in by_way.items() if rows}


def allocator_key(name):
    base, _, again = name.partition(":")
    return (ALLOCATORS.index(base) if base in ALLOCATORS else len(ALLOCATORS), base, again)


def ordered(names):
    return sorted(set(names), key=allocator_key)


def power(elements):
    exponent = int(elements).bit_length() - 1
    return f"2^{exponent}" if elements and int(elements) == 1 << exponent else str(int(elements))


def case_of(row):
    """What a row is of, beside the allocator, in words; of workloads not in which way, for these are not mixed."""
    words = row["trace"] or f"{row['workload']} {power(row['elements'])}"
    if row["kind"] == "sweep":
        words += f" in {row['allocs_per_phase']:.0f}"
    if row["kind"] in ("threads", "streams"):
        lanes = int(row[row["kind"]] or 1)
        words += f", {lanes} {row['kind'] if lanes > 1 else row['kind'][:-1]}"
    return words if row["way"] == "end" or row["kind"] == "workload" else f"{words}, {way_words(row['way'])}"


WAYS = {
    "phase": "synchronised after each phase",
    "end": "synchronised once a block of phases",
    "cold": "first phases, each of a fresh allocator",
    "graph": "captured once and replayed",
    "flush-l2": "with the L2 cache emptied before each sample",
}


def way_words(way):
    return ", ".join(WAYS[part] for part in way.split("+"))


def way_of(row):
    parts = ["cold" if row["state"] == "cold" else row["sync"]]
    parts += ["graph"] * (row["graph"] == "true") + ["flush-l2"] * (row["flush_l2"] == "true")
    return "+".join(parts)


def number(path, line, column, text):
    if text == "":
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise Refused(f"{path}:{line}: {column} is {text!r}, which is no number")
    return value


def read_csv(path):
    """The rows of a result of daa-bench; none of a CSV that is known to be something else."""
    try:
        with open(path, newline="", encoding="utf-8") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            lines = [(reader.line_num, line) for line in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Refused(f"{path}: cannot be read as CSV: {error}") from error
    if "planted_delay" in header and "schema_version" not in header:
        return []  # rates of scripts/gate_rates.py
    lacking = [column for column in ["schema_version", *TEXT, *NUMBERS] if column not in header]
    if lacking:
        raise Refused(f"{path}: is no result of daa-bench: it has no column {lacking[0]}")
    rows = []
    for line, cells in lines:
        if len(cells) != len(header):
            raise Refused(f"{path}:{line}: has {len(cells)} fields where the header has {len(header)}")
        cells = dict(zip(header, cells))
        version = number(path, line, "schema_version", cells["schema_version"])
        if version is None or version > SCHEMA_VERSION:
            raise Refused(
                f"{path}:{line}: schema_version is {cells['schema_version']!r}, "
                f"and the newest known is {SCHEMA_VERSION}"
            )
        row = {**LATER_TEXT, **cells, "file": path.name}
        row |= {column: number(path, line, column, cells.get(column, "")) for column in NUMBERS + LATER_NUMBERS}
        if row["elements"] is None or not row["workload"] or not row["allocator"]:
            raise Refused(f"{path}:{line}: has no workload, elements or allocator")
        row["seed"] = cells.get("seed", "")  # has more digits than a float
        row["way"] = way_of(row)
        rows.append(row)
    if not rows:
        raise Refused(f"{path}: holds no results, only a header")
    several = next(
        (lanes for lanes in ("threads", "streams") if any((row[lanes] or 1) > 1 and not row["trace"] for row in rows)),
        None,
    )
    if any(row["allocation_ns"] is not None for row in rows):
        several = several or "threads"
    for row in rows:
        row["kind"] = "trace" if row["trace"] else "none" if row["workload"] == "none" else several or "workload"
        if row["allocs_per_phase"] is not None and not several:
            row["kind"] = "sweep"
    return rows


def read_costs(path):
    """The medians of daa-alloc-cost; none of another program's JSON by Google Benchmark."""
    try:
        benchmarks = json.loads(path.read_text(encoding="utf-8"))["benchmarks"]
        medians = [(each["run_name"].split("/"), each) for each in benchmarks if each.get("aggregate_name") == "median"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(f"{path}: cannot be read as JSON of Google Benchmark: {error}") from error
    costs = []
    for (first, *rest), figures in medians:
        if first == "trace" and "per_operation" in figures:
            costs.append(
                {
                    "kind": "trace",
                    "trace": rest[0],
                    "allocator": rest[1].replace("_", "-"),
                    "ns": figures["per_operation"] * 1e9,
                    "reserved_over_live": figures["reserved_over_live"],
                }
            )
        elif first == "threads" and "per_allocation" in figures:
            costs.append(
                {
                    "kind": "threads",
                    "allocator": rest[0].replace("_", "-"),
                    "threads": figures["threads"],
                    "ns": figures["per_allocation"] * 1e9,
                }
            )
        elif "per_allocation" in figures:
            costs.append(
                {
                    "kind": "cost",
                    "allocator": first.replace("_", "-"),
                    "sync": "sync:1" in rest,
                    "ns": figures["per_allocation"] * 1e9,
                }
            )
    return sorted(
        costs,
        key=lambda cost: (
            cost["kind"],
            cost.get("trace", ""),
            allocator_key(cost["allocator"]),
            cost.get("threads", cost.get("sync")),
        ),
    )


def load(paths):
    """What these files hold, and all in these folders (not in folders within): of one device, and each case once."""
    files = []
    for path in map(Path, paths):
        found = sorted(each for each in path.iterdir() if each.suffix in (".csv", ".json")) if path.is_dir() else [path]
        if not found:
            raise Refused(f"{path}: has neither a CSV of daa-bench nor a JSON of daa-alloc-cost in it")
        files += found
    result = Result([], [], [], [], "")
    digest = hashlib.sha256()
    for file in files:
        found = read_costs(file) if file.suffix == ".json" else read_csv(file)
        if found:
            digest.update(file.read_bytes())
        (result.costs if file.suffix == ".json" else result.rows).extend(found)
        (result.files if found else result.notes).append(
            file.name if found else f"{file}: left alone, it holds no result of these programs"
        )
    if not result.files:
        raise Refused(f"{files[0]}: holds no result of daa-bench or daa-alloc-cost")
    devices = {f"{row['device']} ({row['device_kind']})": row["file"] for row in result.rows}
    if len(devices) > 1:
        raise Refused(
            "results of different devices: " + ", ".join(f"{file} of {device}" for device, file in devices.items())
        )
    seen = {}
    for row in result.rows:
        case = (row["kind"], row["way"], case_of(row), row["allocator"])
        if case in seen:
            raise Refused(
                f"{row['file']}: measures {case[3]} on {case[2]} ({way_words(case[1])}) again, "
                f"which {seen[case]} does already: take one"
            )
        seen[case] = row["file"]
    result.digest = digest.hexdigest()
    return result


def is_failed(row):
    return row["status"] not in ("ok", "unsupported")


def failed(rows):
    return [row for row in rows if is_failed(row)]


def unsupported(rows):
    """What an allocator cannot do, such as to be captured into a graph: not measured, and no failure."""
    return [row for row in rows if row["status"] == "unsupported"]


def measured(rows, column):
    return [row for row in rows if row["status"] == "ok" and row[column] is not None]


def interval(row, noise):
    """The ratio's, or where the file has none, its ratio and what preallocated:2 strays at most."""
    if row["end_to_end_ratio_low"] is not None and row["end_to_end_ratio_high"] is not None:
        return row["end_to_end_ratio_low"], row["end_to_end_ratio_high"]
    return row["end_to_end_ratio"] - noise, row["end_to_end_ratio"] + noise


def by_case(rows):
    cases = {}
    for row in rows:
        cases.setdefault(case_of(row), {})[row["allocator"]] = row
    return cases


def is_other(allocator):
    return not allocator.startswith((FLOOR, "arena"))


def significant(number):
    """With three digits or more, as people write it."""
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.3g}"


def extent(values, write="{:.2f}".format):
    low, high = write(min(values)), write(max(values))
    return low if low == high else f"{low} to {high}"


def spread(rows, column):
    return " or ".join(dict.fromkeys(str(row.get(column) or "unknown") for row in rows))
