"""The page of a folder of results, in Markdown: README.md of that folder."""

import re

from reporting import findings, results
from reporting.findings import code

CONTEXT = [
    ("device", "device"),
    ("sm_clock_mhz", "highest SM clock, MHz"),
    ("memory_clock_mhz", "highest memory clock, MHz"),
    ("driver", "driver"),
    ("toolkit", "CUDA runtime"),
    ("compiler", "compilers"),
    ("cpu", "processor"),
    ("commit", "commit"),
    ("profiler", "profiler"),
]
RATIOS = "End to end time of a phase as a ratio to `preallocated`, whose own time is in the first column of figures."


def escaped(value):
    """Any text as text: no markup, and on one line."""
    return re.sub(r"([\\`*_\[\]<>|&#~])", r"\\\1", " ".join(str(value).split()))


def table(heading, lines):
    return ["| " + " | ".join(heading) + " |", "|---" * len(heading) + "|"] + [
        "| " + " | ".join(line) + " |" for line in lines
    ]


def grid(rows, figure, of_case=results.case_of):
    """A table with a line for each case and a column for each allocator; `figure` writes a row that was measured."""
    allocators, cases = results.names(rows), {}
    for row in rows:
        cases.setdefault(of_case(row), {})[row["allocator"]] = (
            figure(row) if row["status"] == "ok" else escaped(row["status"])
        )
    lines = [[case, *(of.get(name, "-") for name in allocators)] for case, of in cases.items()]
    return table(["", *map(code, allocators)], lines)


def writer(column, write):
    return lambda row: "-" if row[column] is None else write(row[column])


def time_or_ratio(row):
    if row["allocator"] == results.REFERENCE:
        time = row["end_to_end_median_ns"]
        return "-" if time is None else f"{results.significant(time / 1000)} us"
    return writer("end_to_end_ratio", "{:.2f}".format)(row)


class Pictures:
    """Links to the pictures of a folder."""

    def __init__(self, folder, digest):
        self.folder = folder / "pictures"
        for path in sorted(self.folder.glob("*.png")):
            if digest.encode() not in path.read_bytes():
                raise results.Refused(
                    f"{path}: shows other figures than {folder} holds now: run scripts/plot.py {folder}, "
                    "and remove pictures that it no longer draws"
                )

    def link(self, name, words):
        return [f"![{words}](pictures/{name}.png)", ""] * (self.folder / f"{name}.png").exists()


# --- sections: lists of lines, empty where there are no figures ---


def section(heading, words, *parts):
    lines = [line for part in parts for line in part]
    return [f"## {heading}", "", *[words, ""] * bool(words), *lines, *[""] * bool(lines and lines[-1])] if lines else []


def context(result):
    known = [(name, words) for name, words in CONTEXT if any(row.get(name) for row in result.rows)]
    lines = [[words, escaped(results.spread(result.rows, name))] for name, words in known]
    days = dict.fromkeys(row["time_utc"][:10] for row in result.rows)
    throttled = sum(int(row.get("throttled_samples") or 0) for row in result.rows)
    lines += [["date", " or ".join(days)]] * bool(days)
    lines += [["samples left out because the GPU was throttled", str(throttled)]] * bool(throttled)
    return table(["", ""], [*lines, ["files", ", ".join(f"[{escaped(name)}]({name})" for name in result.files)]]) + [""]


def interval_words(rows):
    """How wide the 95 % intervals of the ratios are."""
    rows = [row for row in results.measured(rows, "end_to_end_ratio_low") if row["allocator"] != results.REFERENCE]
    widths = sorted(
        (row["end_to_end_ratio_high"] - row["end_to_end_ratio_low"]) / 2 / row["end_to_end_ratio"] for row in rows
    )
    if not widths:
        return ""
    median, most = widths[len(widths) // 2], widths[-1]
    return f" Half of a ratio's 95 % interval is {100 * median:.1f} % of it in the median and {100 * most:.1f} % at most."


def summary(result):
    heading, lines = findings.headline(result, with_case=True)
    words = (
        "End to end time of a phase as a ratio to `preallocated`: the least and the greatest, and the case of the greatest."
    )
    return section("Summary", words, table(heading, lines) if lines else [])


def unfavourable(result):
    return section("Where the arena is no better", "", [f"- {words}" for words in findings.against_arena(result)])


def phases(result, pictures):
    lines = []
    for name, rows in result.configurations("steady", "cold", "graph").items():
        words = results.configuration_words(name)
        picture = pictures.link("ratio-" + name.replace("+", "-"), f"Ratios by workload, size and allocator: {words}")
        lines += section(f"Time of a phase: {words}", RATIOS + interval_words(rows), picture, grid(rows, time_or_ratio))
    return lines


def costs(result, pictures):
    once, each = result.costs, result.costs_synchronised
    allocators = [name for name in result.allocators() if name in once or name in each]
    lines = [[code(name), *(findings.nanoseconds(of.get(name)) for of in (once, each))] for name in allocators]
    words = "Host time of an allocation and its release in one thread: 1,000 of 4 KiB a phase, no kernels."
    heading = ["allocator", *(results.CONFIGURATIONS[name] for name in ("end", "phase"))]
    picture = pictures.link("cost", "Host time of an allocation")
    return section("An allocation", words, picture, table(heading, lines) if lines else [])


def replays(result, pictures):
    rows = result.of_kind("replay")
    if not rows:
        return []
    words = "Host time of an allocation or a free, in ns, without kernels:"
    parts = [grid(rows, writer("operation_median_ns", results.significant))]
    for column, write, what in [
        ("first_phase_ns", results.significant, "The same in the first phase of a fresh allocator:"),
        ("worst_phase_ns", results.significant, "The same in the slowest phase after it:"),
        ("held_over_live", "{:.2f}".format, "Greatest memory held, as a ratio to the greatest that is live:"),
    ]:
        if results.measured(rows, column):
            parts += [["", what, ""], grid(rows, writer(column, write))]
    return section("Replays of traces", words, *parts, ["", *pictures.link("memory", "Memory held over memory live, by trace")])


def concurrent(result, pictures):
    threads = concurrent_of(result, "threads", "Threads, each with its own stream", pictures)
    return threads + concurrent_of(result, "streams", "Streams of one thread", pictures)


def concurrent_of(result, kind, heading, pictures):
    rows = result.of_kind(kind)
    if not rows:
        return []
    picture = pictures.link(kind, f"Host time of an allocation by {kind}")
    parts = [picture, grid(rows, writer("allocation_ns", results.significant))]
    if results.measured(rows, "overlap_score"):
        parts += [["", "Overlap score: 1 if streams overlap as with `preallocated`, 0 if they run one after the other.", ""]]
        parts += [pictures.link(f"overlap-{kind}", f"Overlap of streams by {kind}")]
        parts += [grid(rows, writer("overlap_score", "{:.2f}".format))]
    return section(heading, "Host time of an allocation, in ns.", *parts)


def ranks(result, pictures):
    rows = result.of_kind("ranks")
    if not rows:
        return []
    parts = [pictures.link("ranks", "Weak efficiency by ranks"), grid(rows, writer("weak_efficiency", "{:.3f}".format))]
    for column, write, what in [
        ("end_to_end_ratio", "{:.2f}".format, "End to end time of a phase as a ratio to `preallocated` at as many ranks:"),
        ("allocation_ns", results.significant, "Host time of an allocation, in ns, mean of the ranks:"),
        ("runtime_calls_per_phase", "{:g}".format, "CUDA calls for memory in a phase, of the rank with the most:"),
        ("rank_imbalance", "{:.2f}".format, "Time of the slowest rank over the mean of all:"),
    ]:
        if results.measured(rows, column):
            parts += [["", what, ""], grid(rows, writer(column, write))]
    words = (
        "Weak efficiency: the end to end time of one rank alone, in the same job and with as many elements, over that of "
        "all ranks together."
    )
    return section("Several GPUs, a rank each", words, *parts)


def sweep(result, pictures):
    rows = result.of_kind("sweep")
    if not rows:
        return []
    series = {}
    for row in rows:
        series.setdefault((results.series_of(row), row["allocator"]), []).append(row)
    reached = [own[0] | {"status": "ok", "reached": findings.break_even(own)} for own in series.values()]
    words = (
        "Break-even point: the greatest number of allocations a phase at which, and at all smaller ones, the lower end "
        f"of the 95 % interval of the end-to-end ratio is at most {findings.BREAK_EVEN_RATIO}."
    )
    points = grid(reached, writer("reached", str), results.series_of)
    picture = pictures.link("sweep", "Ratios by number of allocations a phase")
    return section("Allocations a phase", words, picture, points, ["", RATIOS, ""], grid(rows, time_or_ratio))


def overhead(result):
    rows = result.overhead()
    time = writer("end_to_end_median_ns", lambda ns: results.significant(ns / 1000))
    words = "A phase that allocates and launches nothing, in us."
    return section("Overhead of measuring", words, grid(rows, time, full_case) if rows else [])


def full_case(row):
    configuration = f", {results.configuration_words(row['configuration'])}"
    return results.case_of(row) + configuration * (row["kind"] in ("steady", "cold", "graph"))


def without_figures(heading, rows, words):
    lines = [
        [escaped(full_case(row)), row["kind"], code(row["allocator"]), escaped(row["status"]), escaped(row["message"])]
        for row in rows
    ]
    return section(heading, words, table(["case", "kind", "allocator", "status", "message"], lines) if lines else [])


# --- the commands ---


def repeating(result):
    runs = {}
    for row in result.rows:
        runs.setdefault((row["file"], row["seed"]), []).append(row)
    commands = [" ".join(arguments(rows)) + f"  # {file}" for (file, _), rows in runs.items()]
    words = "`scripts/measure.sh` measures everything anew, into a new folder. The run of each file, as its rows tell it:"
    return section("Repeat it", words, ["```sh", *commands, "```"] if commands else [])


def arguments(rows):
    """The command line of the run that wrote these rows."""

    def flag(name, column, write=str):
        found = dict.fromkeys(write(row[column]) for row in rows if row[column] not in (None, ""))
        return [f"--{name}={','.join(found)}"] * bool(found)

    kinds = {row["kind"] for row in rows}
    syncs = {row["sync"] for row in rows if row["kind"] != "cold"}
    if "ranks" in kinds:
        yield f"mpirun -n {max(row['ranks'] for row in rows):.0f}"
    yield "daa-bench" + " --device=host" * (rows[0]["device_kind"] == "host")
    yield from flag("workload", "workload")
    yield from flag("vary", "vary") if any(row["vary"] != "none" for row in rows) else []
    yield from flag("trace", "trace") if "replay" in kinds else flag("elements", "elements", results.power)
    yield from ["--sync=both"] if len(syncs) > 1 else [f"--sync={sync}" for sync in syncs]
    yield from ["--state=both" if kinds - {"cold"} else "--state=cold"] * ("cold" in kinds)
    yield from ["--graph"] * ("graph" in kinds) + ["--flush-l2"] * any(row["flush_l2"] == "true" for row in rows)
    for kind, column in [("threads", "threads"), ("streams", "streams"), ("sweep", "allocs_per_phase")]:
        yield from flag(column.replace("_", "-"), column, "{:.0f}".format) if kind in kinds else []
    yield "--allocator=" + ",".join(name for name in results.names(rows) if ":" not in name and name != results.UNFREED)
    for column in ("iters", "warmup", "repetitions"):
        given = [row[column] for row in rows if row[column] is not None]
        yield from [f"--{column}={max(given):.0f}"] * bool(given)
    yield from flag("seed", "seed")


def page(folder, result):
    pictures = Pictures(folder, result.digest)
    first = result.rows[0] if result.rows else None
    lines = [f"# {escaped(first['device'])}, {first['time_utc'][:10]}" if first else f"# {escaped(folder.name)}", ""]
    lines += ["Generated by `scripts/report.py` from the files in this folder.", ""]
    if first and first["device_kind"] == "host":
        lines += ["**Times are those of a simulator in host memory. Only counts of calls and bytes have a meaning.**", ""]
    lines += [
        "`preallocated` is one buffer allocated in advance: the lower bound. `preallocated:2` is the same, measured again:",
        "differences no larger than its own are noise. Times are medians, and ratios are taken repetition by repetition.",
        "",
    ]
    lines += context(result) + repeating(result) + summary(result) + unfavourable(result)
    lines += phases(result, pictures) + costs(result, pictures)
    lines += replays(result, pictures) + concurrent(result, pictures) + ranks(result, pictures)
    lines += sweep(result, pictures) + overhead(result)
    bad = results.failed(result.rows)
    failures = without_figures("What failed", bad, f"{len(bad)} of {len(result.rows)} rows.")
    lines += failures or ["## What failed", "", "Nothing.", ""]
    lines += without_figures(
        "What is unsupported", results.unsupported(result.rows), "Combinations that an allocator cannot do."
    )
    return "\n".join(lines).rstrip("\n") + "\n"
