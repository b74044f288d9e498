"""Reads the CSV files of daa-bench and the JSON files of daa-alloc-cost. Python's standard library only.

The columns and rows of a file say what it holds; its name does not matter. Allocators and workloads keep the order of the
file.
"""

import csv
import hashlib
import json
import math
from dataclasses import dataclass, field
from pathlib import Path

SCHEMA_VERSION = 4  # the newest that this code reads
TEXT = ["device_kind", "device", "driver", "commit", "time_utc", "workload", "sync", "allocator", "status", "message"]
NUMBERS = ["elements", "iters", "repetitions", "end_to_end_median_ns", "end_to_end_ratio"]
# Absent from older versions. An empty number was not measured and is None here.
OPTIONAL_TEXT = {"trace": "", "state": "steady", "graph": "false", "flush_l2": "false", "kind": "", "seed": "", "vary": "none", "rank": ""}
OPTIONAL_NUMBERS = ["warmup", "end_to_end_ratio_low", "end_to_end_ratio_high", "threads", "streams", "allocs_per_phase"]
OPTIONAL_NUMBERS += ["allocation_ns", "overlap_score", "operation_median_ns", "operation_ratio", "held_over_live", "peak_phase_bytes"]
OPTIONAL_NUMBERS += ["peak_live_bytes", "first_phase_ns", "worst_phase_ns", "ranks", "rank_imbalance"]
OPTIONAL_NUMBERS += ["weak_efficiency", "weak_efficiency_low", "weak_efficiency_high", "runtime_calls_per_phase"]

REFERENCE = "preallocated"  # the lower bound: all ratios refer to it
NOISE = "preallocated:2"  # the reference, measured again
ARENA = "arena"  # the subject; arena-NAME are its variants
UNFREED = "arena-without-recycle"  # what `arena` was in replays of before schema 3, which then ignored frees
OVERHEAD = "none"  # the workload that allocates and launches nothing

CONFIGURATIONS = {
    "phase": "synchronised after each phase",
    "end": "synchronised once a batch of phases",
    "cold": "first phases of fresh allocators",
    "graph": "captured once and replayed",
    "flush-l2": "L2 cache emptied before each sample",
}


class Refused(Exception):
    """A file that cannot be used; the text names it and the reason."""


@dataclass
class Result:
    """What a set of files holds."""

    rows: list = field(default_factory=list)  # of daa-bench: a dict each, with `file`, `kind` and `configuration`
    costs: dict = field(default_factory=dict)  # of daa-alloc-cost: allocator -> ns of an allocation
    costs_synchronised: dict = field(default_factory=dict)  # the same where each phase is synchronised
    files: list = field(default_factory=list)
    notes: list = field(default_factory=list)  # about ignored files
    digest: str = ""  # of the bytes of all files; a picture holds it

    def of_kind(self, kind):
        return [row for row in self.rows if row["kind"] == kind and row["workload"] != OVERHEAD]

    def replays(self):
        """Of traces as they are."""
        return [row for row in self.of_kind("replay") if row["vary"] == "none"]

    def configurations(self, *kinds):
        """Rows of these kinds by configuration."""
        rows = [row for kind in kinds for row in self.of_kind(kind)]
        names = sorted({row["configuration"] for row in rows}, key=configuration_key)
        return {name: [row for row in rows if row["configuration"] == name] for name in names}

    def overhead(self):
        return [row for row in self.rows if row["workload"] == OVERHEAD]

    def allocators(self):
        return list(dict.fromkeys([*names(self.rows), *self.costs, *self.costs_synchronised]))


# --- one row ---


def present_name(row):
    """The allocator as it is called since schema 3; None for what is no longer measured. Before, `arena` ignored the frees
    of a trace, arena-recycle honoured them, and arena-release gave its memory back in each phase."""
    if row["schema_version"] >= 3 or not is_arena(row["allocator"]):
        return row["allocator"]
    in_replays = {"arena": UNFREED, "arena-recycle": ARENA, "arena-release": None}
    elsewhere = {"arena-recycle": None, "arena-release": None}
    return (in_replays if row["kind"] == "replay" else elsewhere).get(row["allocator"], row["allocator"])


def kind_of(row):
    """The column `kind`; for results of before schema 3, what it would be."""
    if row["kind"]:
        return row["kind"]
    if row["trace"]:
        return "replay"
    if row["state"] == "cold":
        return "cold"
    if row["graph"] == "true":
        return "graph"
    if row["allocs_per_phase"] is not None:
        return "sweep"
    if (row["threads"] or 1) == 1 and (row["streams"] or 1) > 1:
        return "streams"
    return "steady" if row["allocation_ns"] is None and (row["threads"] or 1) == 1 else "threads"


def configuration_of(row):
    parts = ["cold"] if row["kind"] == "cold" else ["graph"] * (row["kind"] == "graph") + [row["sync"]]
    return "+".join(parts + ["flush-l2"] * (row["flush_l2"] == "true"))


def configuration_key(configuration):
    names = list(CONFIGURATIONS)
    return [names.index(part) if part in names else len(names) for part in configuration.split("+")]


def configuration_words(configuration):
    return ", ".join(CONFIGURATIONS.get(part, part) for part in configuration.split("+"))


def power(elements):
    exponent = int(elements).bit_length() - 1
    return f"2^{exponent}" if elements and int(elements) == 1 << exponent else str(int(elements))


def series_of(row):
    """What a row measures, without the allocator and the number of threads, streams, ranks or allocations."""
    words = row["trace"] or f"{row['workload']} {power(row['elements'])}"
    words += f", vary={row['vary']}" * (row["vary"] != "none")
    in_heading = row["kind"] in ("steady", "cold", "graph") or row["configuration"] == "end"
    return words if in_heading else f"{words}, {configuration_words(row['configuration'])}"


def case_of(row):
    """What a row measures, without the allocator. Unique among rows of one kind and configuration."""
    counts = {
        "sweep": ("allocs_per_phase", "allocation"),
        "threads": ("threads", "thread"),
        "streams": ("streams", "stream"),
        "ranks": ("ranks", "rank"),
    }
    if row["kind"] not in counts:
        return series_of(row)
    column, word = counts[row["kind"]]
    count = int(row[column] or 1)
    return f"{series_of(row)}, {count} {word}{'s' * (count > 1)}"


def interval(row, otherwise=0.0):
    """The 95 % interval of the end-to-end ratio; `otherwise` is half its width where the file has none."""
    ratio = row["end_to_end_ratio"]
    low, high = row["end_to_end_ratio_low"], row["end_to_end_ratio_high"]
    return (ratio - otherwise, ratio + otherwise) if low is None or high is None else (low, high)


def efficiency_interval(row):
    """The 95 % interval of the weak efficiency."""
    ends = row["weak_efficiency_low"], row["weak_efficiency_high"]
    return (row["weak_efficiency"],) * 2 if None in ends else ends


# --- several rows ---


def measured(rows, column):
    return [row for row in rows if row["status"] == "ok" and row[column] is not None]


def failed(rows):
    return [row for row in rows if row["status"] not in ("ok", "unsupported")]


def unsupported(rows):
    """Rows of allocators that cannot do what was asked for, such as be captured into a graph: not a failure."""
    return [row for row in rows if row["status"] == "unsupported"]


def names(rows):
    return list(dict.fromkeys(row["allocator"] for row in rows))


def by_case(rows):
    """case -> allocator -> row."""
    cases = {}
    for row in rows:
        cases.setdefault(case_of(row), {})[row["allocator"]] = row
    return cases


def is_arena(allocator):
    return allocator.partition(":")[0].partition("-")[0] == ARENA


def is_other(allocator):
    return not is_arena(allocator) and allocator.partition(":")[0] != REFERENCE


# --- numbers as text ---


def significant(number):
    """Three digits, or all of those before the point."""
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:#.3g}".rstrip(".")


def extent(values, write="{:.2f}".format):
    low, high = write(min(values)), write(max(values))
    return low if low == high else f"{low} to {high}"


def spread(rows, column):
    return " or ".join(dict.fromkeys(str(row.get(column) or "unknown") for row in rows))


# --- files ---


def number(place, column, text):
    if text == "":
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise Refused(f"{place}: {column} is {text!r}, which is not a number")
    return value


def read_lines(path):
    """The header, and (line number, cells) of each record."""
    try:
        with open(path, newline="", encoding="utf-8") as file:
            reader = csv.reader(file, strict=True)
            return next(reader, []), [(reader.line_num, cells) for cells in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Refused(f"{path}: cannot be read as CSV: {error}") from error


def read_row(place, header, cells):
    if len(cells) != len(header):
        raise Refused(f"{place}: has {len(cells)} fields where the header has {len(header)}")
    cells = dict(zip(header, cells))
    version = number(place, "schema_version", cells["schema_version"])
    if version is None or version > SCHEMA_VERSION:
        found = repr(cells["schema_version"])
        raise Refused(f"{place}: schema_version is {found}, and the newest known is {SCHEMA_VERSION}")
    row = OPTIONAL_TEXT | cells
    row |= {column: number(place, column, cells.get(column, "")) for column in NUMBERS + OPTIONAL_NUMBERS}
    if row["elements"] is None or not row["workload"] or not row["allocator"]:
        raise Refused(f"{place}: has no workload, elements or allocator")
    row["schema_version"] = version
    row["kind"] = kind_of(row)
    row["allocator"] = present_name(row)
    row["configuration"] = configuration_of(row)
    if (row["ranks"] or 1) > 1:
        row["kind"] = "ranks"
    return row


def read_csv(path):
    """The rows of a result of daa-bench, without those of single ranks; none of a CSV of scripts/gate_rates.py."""
    header, lines = read_lines(path)
    if "slowed" in header and "schema_version" not in header:
        return []
    missing = [column for column in ["schema_version", *TEXT, *NUMBERS] if column not in header]
    if missing:
        raise Refused(f"{path}: is not a result of daa-bench: it has no column {missing[0]}")
    if not lines:
        raise Refused(f"{path}: holds no results, only a header")
    rows = [read_row(f"{path}:{line}", header, cells) | {"file": path.name} for line, cells in lines]
    return [row for row in rows if row["allocator"] and row["rank"] == ""]


def read_costs(path):
    """Medians of single allocations, in ns: those of phases synchronised once a batch, and after each phase."""
    costs = {}, {}
    try:
        for each in json.loads(path.read_text(encoding="utf-8"))["benchmarks"]:
            name, _, parameters = each["run_name"].partition("/")
            if each.get("aggregate_name") == "median" and parameters.startswith("sync:") and "per_allocation" in each:
                costs["sync:1" in parameters][name.replace("_", "-")] = each["per_allocation"] * 1e9
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(f"{path}: cannot be read as JSON of Google Benchmark: {error}") from error
    return costs


def files_of(path):
    if not path.is_dir():
        return [path]
    files = sorted(each for each in path.iterdir() if each.suffix in (".csv", ".json"))
    if not files:
        raise Refused(f"{path}: has neither a CSV of daa-bench nor a JSON of daa-alloc-cost in it")
    return files


def load(paths):
    """Reads these files, and those in these folders without their subfolders: of one device, each case once."""
    result, digest = Result(), hashlib.sha256()
    files = [file for path in paths for file in files_of(Path(path))]
    for file in files:
        if file.suffix == ".json":
            costs, synchronised = read_costs(file)
            result.costs |= costs
            result.costs_synchronised |= synchronised
            holds_results = bool(costs or synchronised)
        else:
            rows = read_csv(file)
            result.rows += rows
            holds_results = bool(rows)
        if holds_results:
            result.files.append(file.name)
            digest.update(file.read_bytes())
        else:
            result.notes.append(f"{file}: ignored, it holds no result of daa-bench or daa-alloc-cost")
    if not result.files:
        raise Refused(f"{files[0]}: holds no result of daa-bench or daa-alloc-cost")
    refuse_different_devices(result.rows)
    refuse_repeated_cases(result.rows)
    result.digest = digest.hexdigest()
    return result


def refuse_different_devices(rows):
    devices = {f"{row['device']} ({row['device_kind']})": row["file"] for row in rows}
    if len(devices) > 1:
        found = ", ".join(f"{file} of {device}" for device, file in devices.items())
        raise Refused(f"results of different devices: {found}")


def refuse_repeated_cases(rows):
    seen = {}
    for row in rows:
        case = row["kind"], row["configuration"], case_of(row), row["allocator"]
        if case in seen:
            raise Refused(
                f"{row['file']}: measures {row['allocator']} on {case_of(row)} "
                f"({configuration_words(row['configuration'])}) again, which {seen[case]} does already: keep one of them"
            )
        seen[case] = row["file"]
