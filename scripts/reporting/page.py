"""The page of a result: context, pictures, every row; it needs no other file."""

import base64
import re
from html import escape

from reporting import findings, results
from reporting.html import SCRIPT, STYLE, details, html_table, marked, plain_table, scrolling

# By the beginning of a picture's name, in the order of the report: what is measured, and how to read it.
CAPTIONS = {
    "ratio-": (
        "End to end time of a phase, as a ratio to preallocated memory, the floor that nobody can beat: left is "
        "better. A point is one size, with its 95 % interval where the results have one. The row preallocated:2, and "
        "the grey band, is preallocated memory measured a second time: a difference no greater than that is noise. A "
        "cross is a row without a ratio: those that failed or are unsupported are listed below."
    ),
    "cost": (
        "Host time of a single allocation in one thread, giving back included: left is better. The axis is "
        "logarithmic. Where there are two figures, the second is of phases that are synchronised each. preallocated:2 "
        "is preallocated memory measured again: the noise."
    ),
    "memory": (
        "Most memory taken from the device, over what the trace has live at most, against the host time of an "
        "operation: down and left is better. preallocated has a plan of the whole phase, made beforehand. "
        "preallocated:2 is the same measured again: how far the two are apart is the noise."
    ),
    "threads": (
        "Host time of an allocation while so many threads allocate at once, each on its own stream: a level line "
        "means that nobody waits for anybody. The axis is logarithmic. The dashed line, preallocated measured again, "
        "shows the noise."
    ),
    "streams": (
        "Host time of an allocation in one thread that goes round so many streams: a level line is good. The dashed "
        "line, preallocated measured again, shows the noise."
    ),
    "overlap-": (
        "How well the work of several streams overlaps: 1 as with preallocated memory, 0 as if one stream ran after "
        "the other. The dashed line, preallocated measured again, shows the noise. Where streams do not gain enough "
        "by overlapping there is no score."
    ),
    "sweep": (
        "End to end time of a phase, as a ratio to preallocated memory, when the same memory is cut into more and "
        "more temporaries: down is better. The dashed line, preallocated measured again, shows the noise."
    ),
}

# Heading, and column or function of a row; a number after a column: by what it is divided.
US = 1000
WHAT = [("workload", "workload"), ("elements", "elements"), ("allocator", "allocator")]
RATIO = [
    ("end to end ratio", "end_to_end_ratio"),
    ("95 % from", "end_to_end_ratio_low"),
    ("to", "end_to_end_ratio_high"),
]
STATE = [("status", "status")]
FIGURES = [
    *WHAT,
    *RATIO,
    ("end to end, us", "end_to_end_median_ns", US),
    ("host enqueue, us", "host_enqueue_median_ns", US),
    ("device, us", "device_median_ns", US),
    ("CUDA calls a phase", "runtime_calls_per_phase"),
    ("peak of a phase, bytes", "peak_phase_bytes"),
    ("reserved, bytes", "reserved_bytes"),
    *STATE,
]
TRACE = [
    ("trace", "trace"),
    ("allocator", "allocator"),
    ("ns an operation", "operation_median_ns"),
    ("99th percentile, ns", "operation_p99_ns"),
    ("ratio to preallocated", "operation_ratio"),
    ("held over live", "held_over_live"),
    ("reserved over live", "reserved_over_live"),
    ("fits in, over live", "min_fit_over_live"),
    ("live at most, bytes", "peak_live_bytes"),
    *STATE,
]
LANES = [
    *WHAT,
    ("threads", "threads"),
    ("streams", "streams"),
    ("ns an allocation", "allocation_ns"),
    ("slowest thread, ns", "slowest_allocation_ns"),
    ("overlap score", "overlap_score"),
    *RATIO,
    *STATE,
]
SWEEP = [*WHAT, ("temporaries a phase", "allocs_per_phase"), *RATIO, ("break-even at", "break_even_allocs"), *STATE]
WITHOUT_FIGURES = [
    ("file", "file"),
    ("of", results.case_of),
    ("way", lambda row: results.way_words(row["way"])),
    *WHAT[2:],
    *STATE,
    ("message", "message"),
]
COST = [
    ("what", "kind"),
    ("trace", "trace"),
    ("threads", "threads"),
    ("allocator", "allocator"),
    ("synchronised each phase", lambda cost: {True: "yes", False: "no"}.get(cost.get("sync"), "")),
    ("ns", "ns"),
    ("reserved over live", "reserved_over_live"),
]

OTHER_KINDS = [
    ("trace", "Traces", TRACE),
    ("threads", "Threads", LANES),
    ("streams", "Streams", LANES),
    ("sweep", "Temporaries a phase", SWEEP),
    ("none", "Nothing allocated, nothing launched: the overhead of measuring", FIGURES),
]
HEAD = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>{style}</style></head><body><h1>{title}</h1>
<p>Each figure is to be held against preallocated memory, the floor, and every difference against
<code>preallocated:2</code>: the same memory measured a second time (A/A), so what differs there is noise.</p>"""
SIMULATED = """<p><strong>Times are those of a simulator in host memory; only counts of calls and bytes mean
anything.</strong></p>"""


def context(result):
    names = [
        ("device", "Device"),
        ("sm_clock_mhz", "Greatest processor clock, MHz"),
        ("memory_clock_mhz", "Greatest memory clock, MHz"),
        ("driver", "Driver"),
        ("toolkit", "CUDA runtime"),
        ("compiler", "Compilers"),
        ("cpu", "Host processor"),
        ("commit", "Commit"),
        ("daa_version", "Version"),
        ("profiler", "Profiler"),
        ("planted_delay", "Slowed down on purpose"),
    ]
    times = sorted({row["time_utc"] for row in result.rows})
    known = [(column, words) for column, words in names if any(row.get(column) for row in result.rows)]
    pairs = [(words, results.spread(result.rows, column)) for column, words in known]
    clocks = [float(row["sm_clock_median_mhz"]) for row in result.rows if row.get("sm_clock_median_mhz")]
    pairs += [("Processor clock in the turns, MHz", results.extent(clocks, "{:.0f}".format))] if clocks else []
    pairs += [
        ("Samples left out as throttled", str(sum(int(row.get("throttled_samples") or 0) for row in result.rows)))
    ]
    pairs += [
        ("Begun, UTC", times[0] if len(times) == 1 else f"{times[0]} to {times[-1]}"),
        ("Files", ", ".join(result.files)),
    ]
    return "<dl>" + "".join(f"<dt>{escape(words)}</dt><dd>{escape(value)}</dd>" for words, value in pairs) + "</dl>"


def commands(result):
    """A command for each run that the rows tell of."""
    runs = {}
    for row in result.rows:
        runs.setdefault(
            (
                row["file"],
                row["seed"],
                row["iters"],
                row["warmup"],
                row["state"],
                row["graph"],
                row["flush_l2"],
                row["kind"] == "trace",
            ),
            [],
        ).append(row)
    for (file, seed, iters, warmup, state, graph, flush, is_trace), rows in runs.items():

        def each(column, write="{:.0f}".format, rows=rows):
            return ",".join(dict.fromkeys(write(row[column]) for row in rows if row[column] is not None))

        allocators = list(dict.fromkeys(row["allocator"] for row in rows))
        yield " ".join(
            filter(
                None,
                [
                    "daa-bench --device=host" if rows[0]["device_kind"] == "host" else "daa-bench",
                    f"--workload={each('workload', str)}",
                    f"--trace={each('trace', str)}" if is_trace else f"--elements={each('elements', results.power)}",
                    "--min-fit" if any(row["min_fit_over_live"] is not None for row in rows) else "",
                    "--sync=both"
                    if len({row["sync"] for row in rows}) > 1
                    else f"--sync={rows[0]['sync']}"
                    if state != "cold"
                    else "",
                    "--state=cold" if state == "cold" else "",
                    "--graph" if graph == "true" else "",
                    "--flush-l2" if flush == "true" else "",
                    *(f"--{kind}={each(kind)}" for kind in ("threads", "streams") if rows[0]["kind"] == kind),
                    f"--allocs-per-phase={each('allocs_per_phase')}" if rows[0]["allocs_per_phase"] is not None else "",
                    "--allocator=" + ",".join(name for name in allocators if ":" not in name),
                    "--aa=false"
                    if results.FLOOR in allocators and results.AGAIN not in allocators and len(allocators) > 1
                    else "",
                    f"--iters={iters or 0:.0f}",
                    f"--warmup={warmup:.0f}" if warmup is not None else "",
                    f"--repetitions={max(row['repetitions'] or 0 for row in rows):.0f}",
                    f"--seed={seed}" if seed else "",
                    f"  # {file}",
                ],
            )
        )


def pictures(folder, result):
    """The pictures, each within the page. Refuses those of other figures."""
    found = sorted((folder / "pictures").glob("*.svg"))
    order = [next((i for i, begin in enumerate(CAPTIONS) if path.stem.startswith(begin)), None) for path in found]
    first = ["ratio-phase", "ratio-end"]  # the others of their kind in the alphabet's order
    for i, _, path in sorted(
        (i, first.index(path.stem) if path.stem in first else len(first), path)
        for i, path in zip(order, found)
        if i is not None
    ):
        data = path.read_bytes()
        if result.digest.encode() not in data:
            raise results.Refused(
                f"{path}: shows other figures than {folder} holds now: "
                f"run scripts/plot.py {folder}, and remove pictures that it no longer draws"
            )
        image = base64.b64encode(data).decode()
        caption = list(CAPTIONS.values())[i]
        width = re.search(rb'<svg [^>]*width="([0-9.]+)pt"', data)  # on a narrow screen it is scrolled, not made tiny
        style = f' style="min-width: {float(width[1]):.0f}px"' if width else ""
        title = f"picture {path.stem.replace('-', ' ')}"
        image = f'<img alt="{escape(f"{title}: {caption}")}"{style} src="data:image/svg+xml;base64,{image}">'
        yield f"<figure>{scrolling(image, title)}<figcaption>{escape(caption)}</figcaption></figure>"


def in_short(result):
    heading, lines = findings.headline(result)
    caption = "End to end time of a phase, a ratio to preallocated: least to greatest over workloads and sizes."
    yield "<h2>In short</h2>"
    yield plain_table(heading, lines, caption) if lines else ""
    if result.of_kind("trace"):
        yield "<h3>On traces</h3>"
        yield plain_table(*findings.trace_headline(result), "Least to greatest over the traces.")
    yield "<h2>Not in the arena's favour</h2>"
    sentences = "".join(f"<li>{marked(sentence)}</li>" for sentence in findings.against_arena(result))
    yield f"<ul>{sentences}</ul>" if sentences else "<p>Nothing of what is looked for is in these results.</p>"


def failures(result):
    bad = results.failed(result.rows)
    yield "<h2>What failed</h2>"
    if bad:
        yield html_table(WITHOUT_FIGURES, bad, f"{len(bad)} of {len(result.rows)} rows.")
    else:
        whose = "row that is supported" if results.unsupported(result.rows) else "row"
        yield f"<p>Nothing: every {whose} was measured, and its result was right.</p>"


def unsupported(result):
    """Nothing where there is nothing of the kind."""
    rows = results.unsupported(result.rows)
    if rows:
        yield "<h2>What is unsupported</h2>"
        caption = "These allocators cannot do what was asked for, so it was not measured."
        yield html_table(WITHOUT_FIGURES, rows, f"{len(rows)} of {len(result.rows)} rows. {caption}")


def every_row(result):
    parts = [(f"Workloads, {results.way_words(way)}", FIGURES, rows) for way, rows in result.ways().items()]
    parts += [(words, columns, result.of_kind(kind)) for kind, words, columns in OTHER_KINDS]
    yield "<h2>Every row</h2>"
    for words, columns, rows in parts:
        if rows:
            table = html_table(columns, rows, "Medians; ratios repetition by repetition.")
            yield details(f"{words}: {len(rows)} rows", table)
    if result.costs:
        caption = "Host time of an allocation (cost, threads) or of an operation (trace)."
        yield details(f"daa-alloc-cost: {len(result.costs)} medians", html_table(COST, result.costs, caption))


def repeating(result, shown):
    yield "<h2>To repeat it</h2>"
    yield f"<p><code>scripts/measure.sh {escape(str(shown))}</code> measures everything. Of each file, as its rows"
    yield "tell, which do not know <code>--max-noise</code>, <code>--timeout</code> and <code>--phase-rows</code>, and of"
    yield "traces that are not bundled only the name:</p>"
    yield "<pre>" + "\n".join(escape(command) for command in commands(result)) + "</pre>"


def page(folder, result, shown):
    """`shown` is the folder as a command is to name it."""
    first = result.rows[0] if result.rows else None
    name = f"daa-bench on {first['device']}, {first['time_utc'][:10]}" if first else f"daa-alloc-cost, {folder.name}"
    parts = [HEAD.format(title=escape(name), style=STYLE)]
    if first and first["device_kind"] == "host":
        parts.append(SIMULATED)
    parts += ["<h2>Context</h2>", context(result)] if first else []
    parts += in_short(result)
    drawn = list(pictures(folder, result))
    parts += ["<h2>Pictures</h2>", *drawn] if drawn else []
    parts += [*failures(result), *unsupported(result), *every_row(result), *repeating(result, shown)]
    return "".join(part + "\n" for part in parts) + f"<script>{SCRIPT}</script></body></html>\n"
