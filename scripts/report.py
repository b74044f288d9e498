#!/usr/bin/env python3
"""Writes what was measured for people to read.

  scripts/report.py            the newest results of results/h200/ into README.md, between its result marks, and the gate's
                               rates between its gate marks
  scripts/report.py --check    exits with 1 if README.md, or the report.html beside those results, is not what it would write
  scripts/report.py FOLDER     FOLDER/report.html, one file that needs no other: context, pictures, every row

The pictures are those that scripts/plot.py has put into FOLDER/pictures. Exit code 2: a file was refused, and nothing was
written. Nothing but Python's standard library.
"""

import base64
import csv
import os
import re
import sys
from html import escape
from pathlib import Path

import results

ROOT = Path(__file__).resolve().parent.parent
PUBLISHED = ROOT / "results" / "h200"
README = ROOT / "README.md"
BEGIN, END = "<!-- results -->\n", "<!-- /results -->\n"
GATE_BEGIN, GATE_END = "<!-- gate -->\n", "<!-- /gate -->\n"

# By the beginning of a picture's name, in the order of the report: what is measured, and how to read it.
CAPTIONS = {
    "ratio-": "End to end time of a phase, as a ratio to preallocated memory, the floor that nobody can beat: left is better. A point is "
    "one size, with its 95 % interval where the results have one. The row preallocated:2, and the grey band, is preallocated memory "
    "measured a second time: a difference no greater than that is noise. A cross is a row that failed.",
    "cost": "Host time of a single allocation in one thread, giving back included: left is better. The axis is logarithmic. Where there "
    "are two figures, the second is of phases that are synchronised each. preallocated:2 is preallocated memory measured again: the noise.",
    "memory": "Most memory taken from the device, over what the trace has live at most, against the host time of an operation: down and "
    "left is better. preallocated has a plan of the whole phase, made beforehand. preallocated:2 is the same measured again: how far the "
    "two are apart is the noise.",
    "threads": "Host time of an allocation while so many threads allocate at once, each on its own stream: a level line means that nobody "
    "waits for anybody. The axis is logarithmic. The dashed line, preallocated measured again, shows the noise.",
    "streams": "The same for one thread that goes round so many streams. The dashed line, preallocated measured again, shows the noise.",
    "overlap-": "How well the work of several streams overlaps: 1 as with preallocated memory, 0 as if one stream ran after the other. The "
    "dashed line, preallocated measured again, shows the noise. Where streams do not gain enough by overlapping there is no score.",
    "sweep": "End to end time of a phase, as a ratio to preallocated memory, when the same memory is cut into more and more temporaries: "
    "down is better. The dashed line, preallocated measured again, shows the noise.",
}


def name_of(allocator):
    return f"`{allocator}`" + " (noise)" * (allocator == results.AGAIN)


def names_in(rows):
    """The allocators, noise first; the floor, whose ratio is 1, left out."""
    return sorted(results.ordered(row["allocator"] for row in rows if row["allocator"] != results.FLOOR), key=lambda name: name != results.AGAIN)


def over(rows, column, write="{:.2f}".format):
    """From the least to the greatest of a column, and how many rows have none."""
    values = [row[column] for row in results.measured(rows, column)]
    bad = len(results.failed(rows))
    return (results.extent(values, write) if values else "-") + f", {bad} failed" * (bad > 0)


def nanoseconds(ns):
    return "-" if ns is None else f"{results.significant(ns)} ns"


def headline(result):
    """Heading and rows: ratios by way of synchronising, and where they are worst."""
    ways = {way: rows for way, rows in result.ways().items() if way in ("phase", "end")}
    once = {cost["allocator"]: cost["ns"] for cost in result.costs if cost["kind"] == "cost" and not cost["sync"]}
    heading = ["allocator"] + [cell for way in ways for cell in (results.way_words(way), "greatest at")] + ["an allocation"] * bool(once)
    lines = []
    for name in names_in([row for rows in ways.values() for row in rows]):
        line = [name_of(name)]
        for rows in ways.values():
            own = [row for row in rows if row["allocator"] == name]
            worst = max(results.measured(own, "end_to_end_ratio"), key=lambda row: row["end_to_end_ratio"], default=None)
            line += [over(own, "end_to_end_ratio"), results.case_of(worst) if worst else "-"]
        lines.append(line + [nanoseconds(once.get(name))] * bool(once))
    return heading, lines


def trace_headline(result):
    rows = [row for row in result.of_kind("trace") if row["allocator"]]
    lines = []
    for name in names_in(rows) + [results.FLOOR] * any(row["allocator"] == results.FLOOR for row in rows):
        own = [row for row in rows if row["allocator"] == name]
        lines.append([name_of(name), over(own, "operation_median_ns", results.significant), over(own, "held_over_live"), over(own, "min_fit_over_live")])
    return ["allocator", "ns an operation", "memory held, over live at most", "memory it fits in, over live at most"], lines


def table(heading, rows):
    lines = ["| " + " | ".join(heading) + " |", "|---" * len(heading) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def newest():
    """The newest dated folder, or the folder of all where there is none."""
    dated = [folder for folder in PUBLISHED.iterdir() if re.fullmatch(r"\d{4}-\d{2}-\d{2}", folder.name)]
    return max(dated, default=PUBLISHED)


def spread(rows, column):
    return " or ".join(dict.fromkeys(str(row.get(column) or "unknown") for row in rows))


def interval_words(rows):
    """A sentence on the 95 % intervals of the ratios; nothing for results from before there were any."""
    halves = sorted((row["end_to_end_ratio_high"] - row["end_to_end_ratio_low"]) / 2 / row["end_to_end_ratio"]
                    for row in results.measured(rows, "end_to_end_ratio_low") if row["allocator"] != results.FLOOR)
    if not halves:
        return ""
    return f"Half a 95 % confidence interval is {halves[len(halves) // 2]:.1%} of its ratio in the middle and {halves[-1]:.1%} at most.\n"


def measured_words(folder, result):
    """The section of README."""
    if not result.rows:
        raise results.Refused(f"{folder}: has no result of daa-bench, which README is to show")
    path, rows = folder.relative_to(ROOT), result.rows
    days = [{"day": row["time_utc"][:10]} for row in sorted(rows, key=lambda row: row["time_utc"])]
    commits = " or ".join(f"`{commit}`" for commit in dict.fromkeys(row["commit"][:7] for row in rows))
    text = f"""## Measured

On one {rows[0]['device'].removeprefix('NVIDIA ')} with driver {spread(rows, 'driver')}, CUDA runtime {spread(rows, 'toolkit')},
{spread(rows, 'compiler')}, on {spread(days, 'day')}, of commit {commits}, by `scripts/measure.sh {path}`.
"""
    if (folder / "report.html").exists():
        text += f"Every row and picture: [`report.html`]({path}/report.html), one file to open in a browser. Raw: [`{path}/`]({path}).\n"
    else:
        text += f"Raw: [`{path}/`]({path}).\n"
    cases = [row for rows in result.ways().values() for row in rows if row["way"] in ("phase", "end")]
    text += f"""
End to end, a ratio to `preallocated`: the least and the greatest over {len(results.by_case(cases))} workloads and sizes, the median of
{spread_of_numbers(cases, 'repetitions')} repetitions of {spread_of_numbers(cases, 'iters')} phases each. `{results.AGAIN}` is preallocated memory measured again: what
differs there is noise.
{interval_words(cases)}
"""
    heading, lines = headline(result)
    text += table(heading, lines)
    once = [cost for cost in result.costs if cost["kind"] == "cost" and not cost["sync"]]
    if once:
        of_std = [cost["ns"] for cost in once if cost["allocator"] == "std-pmr-monotonic"]
        text += "\n*An allocation* is the host's time for one, giving back included, at 1,000 of 4 KiB a phase"
        text += "".join(f"; of\n`std::pmr::monotonic_buffer_resource`, over host memory, {nanoseconds(ns)}" for ns in of_std) + ".\n"
    if (folder / "pictures" / "ratio-phase.png").exists():
        text += f"\n![Time of a phase by workload, size and allocator]({path}/pictures/ratio-phase.png)\n"
    if result.of_kind("trace"):
        traces = len({row["trace"] for row in result.of_kind("trace")})
        text += f"\nOn [traces of real models](bench/traces/README.md), from the least to the greatest of {traces}:\n\n" + table(*trace_headline(result))
    unfavourable = list(results.against_arena(result))
    if unfavourable:
        text += "\nNot in the arena's favour, as computed from these results:\n\n" + "".join(f"- {sentence}\n" for sentence in unfavourable)
    return text


def spread_of_numbers(rows, column):
    return " or ".join(f"{value:.0f}" for value in sorted({row[column] for row in rows if row[column] is not None}))


# --- the report ---

STYLE = """
:root { color-scheme: light dark; --text: #1b1b1b; --soft: #5a5a5a; --paper: #ffffff; --line: #d8d8d8; --band: #f3f3f3; --red: #b00d26; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e8e8e8; --soft: #a8a8a8; --paper: #161616; --line: #3a3a3a; --band: #222222; --red: #ff8595; }
}
body { margin: 0 auto; padding: 1rem; max-width: 82rem; font: 1rem/1.5 system-ui, sans-serif; color: var(--text); background: var(--paper); }
h1 { line-height: 1.2; } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
code, pre { font-size: 0.9em; } pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--band); padding: 0.7rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.15rem 1rem; } dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
figure { margin: 2rem 0; } figcaption { color: var(--soft); max-width: 60rem; }
.wide { overflow-x: auto; } .wide:focus-visible, button:focus-visible { outline: 2px solid var(--red); }
figure img { display: block; background: #fff; min-width: 42rem; width: 100%; height: auto; max-width: max-content; border-radius: 4px; }
@media (prefers-color-scheme: dark) { figure img { filter: invert(0.91) hue-rotate(180deg); } }
table { border-collapse: collapse; font-size: 0.875rem; font-variant-numeric: tabular-nums; } caption { text-align: left; color: var(--soft); }
th, td { padding: 0.2rem 0.6rem; text-align: left; vertical-align: top; } td.n { text-align: right; white-space: nowrap; }
thead th { border-bottom: 2px solid var(--line); } tbody tr:nth-child(even) { background: var(--band); }
tr.failed td, td.arena { color: var(--red); } td:first-child, td.arena { white-space: nowrap; }
th button { all: unset; cursor: pointer; font-weight: 600; } th button::after { content: " \\2195"; color: var(--soft); }
th[aria-sort=ascending] button::after { content: " \\2191"; } th[aria-sort=descending] button::after { content: " \\2193"; }
summary { cursor: pointer; margin: 1rem 0 0.5rem; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; } dt { margin-top: 0.4rem; } }
"""

# Numbers before words, what is missing last; equal ones stay in their order.
SCRIPT = """
const none = (text) => text === "" || text === "-";
const number = (text) => parseFloat(text.replaceAll(",", ""));
for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => {
    const head = button.parentElement, body = head.closest("table").tBodies[0];
    const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    const value = (row) => row.cells[head.cellIndex].dataset.v ?? row.cells[head.cellIndex].textContent;
    const compare = (a, b) => {
      const [x, y] = [value(a), value(b)];
      if (none(x) || none(y)) return none(x) - none(y);
      const [m, n] = [number(x), number(y)];
      if (isNaN(m) || isNaN(n)) return sign * (isNaN(m) - isNaN(n) || x.localeCompare(y));
      return sign * (m - n);
    };
    body.append(...[...body.rows].sort(compare));
    for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
  });
}
"""

# Heading, and column or function of a row; a number after a column: by what it is divided.
US = 1000
WHAT = [("workload", "workload"), ("elements", "elements"), ("allocator", "allocator")]
RATIO = [("end to end ratio", "end_to_end_ratio"), ("95 % from", "end_to_end_ratio_low"), ("to", "end_to_end_ratio_high")]
STATE = [("status", "status")]
FIGURES = [*WHAT, *RATIO, ("end to end, us", "end_to_end_median_ns", US), ("host enqueue, us", "host_enqueue_median_ns", US),
           ("device, us", "device_median_ns", US), ("CUDA calls a phase", "runtime_calls_per_phase"),
           ("peak of a phase, bytes", "peak_phase_bytes"), ("reserved, bytes", "reserved_bytes"), *STATE]
TRACE = [("trace", "trace"), ("allocator", "allocator"), ("ns an operation", "operation_median_ns"), ("99th percentile, ns", "operation_p99_ns"),
         ("ratio to preallocated", "operation_ratio"), ("held over live", "held_over_live"), ("reserved over live", "reserved_over_live"),
         ("fits in, over live", "min_fit_over_live"), ("live at most, bytes", "peak_live_bytes"), *STATE]
LANES = [*WHAT, ("threads", "threads"), ("streams", "streams"), ("ns an allocation", "allocation_ns"),
         ("slowest thread, ns", "slowest_allocation_ns"), ("overlap score", "overlap_score"), *RATIO, *STATE]
SWEEP = [*WHAT, ("temporaries a phase", "allocs_per_phase"), *RATIO, ("break-even at", "break_even_allocs"), *STATE]
FAILED = [("file", "file"), ("of", results.case_of), ("way", lambda row: results.way_words(row["way"])), *WHAT[2:], *STATE, ("message", "message")]
COST = [("what", "kind"), ("trace", "trace"), ("threads", "threads"), ("allocator", "allocator"),
        ("synchronised each phase", lambda cost: {True: "yes", False: "no"}.get(cost.get("sync"), "")), ("ns", "ns"), ("reserved over live", "reserved_over_live")]


def marked(sentence):
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(sentence))


def cell(value, name=""):
    if value is None:
        return '<td class="n" data-v="">-</td>'
    if isinstance(value, str):
        return f'<td{" class=arena" * (name == "allocator" and value.startswith("arena"))}>{escape(value)}</td>'
    text = results.power(value) if name == "elements" else f"{value:,.0f}" if value == int(value) or abs(value) >= 1000 else f"{value:.4g}"
    return f'<td class="n" data-v="{value!r}">{text}</td>'


def value_of(row, column, *divisor):
    value = column(row) if callable(column) else row.get(column)
    return value / divisor[0] if divisor and value is not None else value


def scrolling(content, label):
    return f'<div class="wide" tabindex="0" role="region" aria-label="{escape(label)}">{content}</div>'


def html_table(columns, rows, caption):
    """A table that sorts; `columns` as above. Columns that no row has anything for are left out."""
    columns = [column for column in columns if any(value_of(row, *column[1:]) not in (None, "") for row in rows)]
    head = "".join(f'<th scope="col"><button type="button">{escape(name)}</button></th>' for name, *_ in columns)
    body = []
    for row in rows:
        is_failed = row.get("status", "ok") != "ok"
        body.append(f"<tr{' class=failed' * is_failed}>" + "".join(cell(value_of(row, *column), name) for name, *column in columns) + "</tr>")
    caption = f"{caption} A click on a heading sorts."
    return scrolling(f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>", caption)


def plain_table(heading, lines, caption):
    return html_table([(name, i) for i, name in enumerate(heading)], [dict(enumerate(cell.replace("`", "") for cell in line)) for line in lines], caption)


def details(summary, content):
    return f"<details><summary>{escape(summary)}</summary>{content}</details>"


def context(result):
    names = [("device", "Device"), ("sm_clock_mhz", "Greatest processor clock, MHz"), ("memory_clock_mhz", "Greatest memory clock, MHz"),
             ("driver", "Driver"), ("toolkit", "CUDA runtime"), ("compiler", "Compilers"), ("cpu", "Host processor"), ("commit", "Commit"),
             ("daa_version", "Version"), ("profiler", "Profiler")]
    times = sorted({row["time_utc"] for row in result.rows})
    pairs = [(words, spread(result.rows, column)) for column, words in names if any(row.get(column) for row in result.rows)]
    clocks = [float(row["sm_clock_median_mhz"]) for row in result.rows if row.get("sm_clock_median_mhz")]
    pairs += [("Processor clock in the turns, MHz", results.extent(clocks, "{:.0f}".format))] if clocks else []
    pairs += [("Samples left out as throttled", str(sum(int(row.get("throttled_samples") or 0) for row in result.rows)))]
    pairs += [("Begun, UTC", times[0] if len(times) == 1 else f"{times[0]} to {times[-1]}"), ("Files", ", ".join(result.files))]
    return "<dl>" + "".join(f"<dt>{escape(words)}</dt><dd>{escape(value)}</dd>" for words, value in pairs) + "</dl>"


def commands(result):
    """A command for each run that the rows tell of."""
    runs = {}
    for row in result.rows:
        runs.setdefault((row["file"], row["seed"], row["iters"], row["warmup"], row["state"], row["graph"], row["flush_l2"], row["kind"] == "trace"), []).append(row)
    for (file, seed, iters, warmup, state, graph, flush, is_trace), rows in runs.items():
        def each(column, write=lambda value: f"{value:.0f}"):
            return ",".join(dict.fromkeys(write(row[column]) for row in rows if row[column] is not None))

        allocators = list(dict.fromkeys(row["allocator"] for row in rows))
        yield " ".join(filter(None, [
            "daa-bench", f"--workload={each('workload', str)}",
            f"--trace={each('trace', str)}" if is_trace else f"--elements={each('elements', results.power)}",
            "--min-fit" if any(row["min_fit_over_live"] is not None for row in rows) else "",
            "--sync=both" if len({row["sync"] for row in rows}) > 1 else f"--sync={rows[0]['sync']}" if state != "cold" else "",
            "--state=cold" if state == "cold" else "", "--graph" if graph == "true" else "", "--flush-l2" if flush == "true" else "",
            *(f"--{kind}={each(kind)}" for kind in ("threads", "streams") if rows[0]["kind"] == kind),
            f"--allocs-per-phase={each('allocs_per_phase')}" if rows[0]["allocs_per_phase"] is not None else "",
            "--allocator=" + ",".join(name for name in allocators if ":" not in name),
            "--aa=false" if results.FLOOR in allocators and results.AGAIN not in allocators and len(allocators) > 1 else "",
            f"--iters={iters or 0:.0f}", f"--warmup={warmup:.0f}" if warmup is not None else "",
            f"--repetitions={max(row['repetitions'] or 0 for row in rows):.0f}", f"--seed={seed}" if seed else "", f"  # {file}"]))


def pictures(folder, result):
    """The pictures, each within the page. Refuses those of other figures."""
    found = sorted((folder / "pictures").glob("*.svg"))
    order = [next((i for i, begin in enumerate(CAPTIONS) if path.stem.startswith(begin)), None) for path in found]
    first = ["ratio-phase", "ratio-end"]  # the others of their kind in the alphabet's order
    for i, _, path in sorted((i, first.index(path.stem) if path.stem in first else len(first), path) for i, path in zip(order, found) if i is not None):
        data = path.read_bytes()
        if result.digest.encode() not in data:
            raise results.Refused(f"{path}: shows other figures than {folder} holds now: run scripts/plot.py {folder} (and remove pictures that it no longer draws)")
        image = base64.b64encode(data).decode()
        caption = list(CAPTIONS.values())[i]
        title = re.sub("-", " ", path.stem)
        yield f'<figure>{scrolling(f"""<img alt="{escape(f"Picture {title}: {caption}")}" src="data:image/svg+xml;base64,{image}">""", f"picture {title}")}'
        yield f"<figcaption>{escape(caption)}</figcaption></figure>"


def page(folder, result):
    name = f"daa-bench on {result.rows[0]['device']}, {result.rows[0]['time_utc'][:10]}" if result.rows else f"daa-alloc-cost, {folder.name}"
    parts = [f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
             f"<title>{escape(name)}</title><style>{STYLE}</style></head><body><h1>{escape(name)}</h1>"]
    if any(row["device_kind"] == "host" for row in result.rows):
        parts.append("<p><strong>Times are those of a simulator in host memory; only counts of calls and bytes mean anything.</strong></p>")
    parts.append("<p>Each figure is to be held against preallocated memory, the floor, and every difference against <code>preallocated:2</code>: the "
                 "same memory measured a second time (A/A), so what differs there is noise.</p>")
    if result.rows:
        parts += ["<h2>Context</h2>", context(result)]
    heading, lines = headline(result)
    if lines:
        parts += ["<h2>In short</h2>", plain_table(heading, lines, "End to end time of a phase, a ratio to preallocated: least to greatest over workloads and sizes.")]
    if result.of_kind("trace"):
        parts += ["<h3>On traces</h3>", plain_table(*trace_headline(result), "Least to greatest over the traces.")]
    sentences = list(results.against_arena(result))
    parts += ["<h2>Not in the arena's favour</h2>"]
    parts += ["<ul>" + "".join(f"<li>{marked(each)}</li>" for each in sentences) + "</ul>" if sentences else "<p>Nothing of what is looked for is in these results.</p>"]
    drawn = list(pictures(folder, result))
    parts += ["<h2>Pictures</h2>", *drawn] if drawn else []
    bad = results.failed(result.rows)
    parts += ["<h2>What failed</h2>", html_table(FAILED, bad, f"{len(bad)} of {len(result.rows)} rows.") if bad else "<p>Nothing: every row was measured, and its result was right.</p>"]
    parts += ["<h2>Every row</h2>"]
    for way, rows in result.ways().items():
        parts.append(details(f"Workloads, {results.way_words(way)}: {len(rows)} rows", html_table(FIGURES, rows, "Medians; ratios repetition by repetition.")))
    for kind, words, columns in [("trace", "Traces", TRACE), ("threads", "Threads", LANES), ("streams", "Streams", LANES), ("sweep", "Temporaries a phase", SWEEP),
                                 ("none", "Nothing allocated, nothing launched: the overhead of measuring", FIGURES)]:
        rows = result.of_kind(kind)
        parts += [details(f"{words}: {len(rows)} rows", html_table(columns, rows, "Medians; ratios repetition by repetition."))] if rows else []
    if result.costs:
        parts.append(details(f"daa-alloc-cost: {len(result.costs)} medians", html_table(COST, result.costs, "Host time of an allocation (cost, threads) or of an operation (trace).")))
    lines = "\n".join(commands(result))
    parts += ["<h2>To repeat it</h2>", f"<p><code>scripts/measure.sh {escape(str(shown(folder)))}</code> measures everything. Of each file, as its rows tell (which do not know "
              "<code>--max-noise</code>, <code>--timeout</code> and <code>--phase-rows</code>):</p>", f"<pre>{escape(lines)}</pre>"]
    return "".join(part + "\n" for part in parts) + f"<script>{SCRIPT}</script></body></html>\n"


def shown(folder):
    folder = folder.resolve()
    return folder.relative_to(ROOT) if folder.is_relative_to(ROOT) else Path(folder.name)


# --- the regression gate ---

def percent(share):
    return f"{100 * float(share):.1f} %"


def gate_rate(row):
    return f"{percent(row['rate'])} ({percent(row['rate_low'])} to {percent(row['rate_high'])})"


def gate():
    """What scripts/calibrate_gate.sh has measured."""
    path = PUBLISHED / "gate_calibration.csv"
    if not path.exists():
        return (
            "\nHow often it raises a false alarm, and how often it misses, `scripts/calibrate_gate.sh` measures on a GPU.\n"
            "That has not been done yet: the defaults of its thresholds are estimates.\n"
        )
    with open(path, newline="", encoding="utf-8") as file:
        rows = {row["planted_delay"]: row for row in csv.DictReader(file) if row["is_default"] == "1"}
    none = rows["none"]
    inconclusive = int(none["inconclusive"]) / int(none["comparisons"])
    lines = [
        ["nothing: a false alarm", gate_rate(none)],
        ["one case, end to end, by 3 %", gate_rate(rows["0.03"])],
        ["one case, end to end, by 5 %", gate_rate(rows["0.05"])],
        ["one case, host enqueue, by 5 %", gate_rate(rows["host:0.05"])],
    ]
    return (
        f"\nMeasured on one {none['device'].removeprefix('NVIDIA ')} with driver {none['driver']}, of commit\n"
        f"`{none['commit'][:7]}`, by `scripts/calibrate_gate.sh`: {none['comparisons']} comparisons of {none['rounds']} processes with"
        f" {none['rounds']}, drawn from\n{none['rounds_measured']} rounds of them, each of the whole suite of {none['cases']} cases."
        " The intervals (95 %) are those of the drawing.\n"
        f"Of the comparisons of a build with itself, {percent(inconclusive)} were inconclusive.\n\n"
        + table(["what was slowed down", "called a regression"], lines)
    )


def replaced(text, begin, end, content):
    before, rest = text.split(begin)
    return before + begin + content + end + rest.split(end)[1]


def write(path, text):
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)


def main():
    arguments = sys.argv[1:]
    if len(arguments) > 1 or (arguments and arguments[0] != "--check" and not Path(arguments[0]).is_dir()):
        sys.exit(f"report.py: takes one folder of results, --check, or nothing; not {' '.join(arguments)}")
    if arguments and arguments[0] != "--check":
        folder = Path(arguments[0])
        write(folder / "report.html", page(folder, results.load([folder])))
        print(folder / "report.html")
        return
    folder = newest()
    result = results.load([folder])
    readme = README.read_text(encoding="utf-8")
    wanted = replaced(replaced(readme, BEGIN, END, measured_words(folder, result)), GATE_BEGIN, GATE_END, gate())
    if not arguments:
        write(README, wanted)
        return
    if readme != wanted:
        sys.exit("README.md does not hold what scripts/report.py writes: run it")
    report = folder / "report.html"
    if report.exists() and report.read_text(encoding="utf-8") != page(folder, result):
        sys.exit(f"{report} is not what scripts/report.py {shown(folder)} writes: run that")


if __name__ == "__main__":
    try:
        main()
    except results.Refused as refusal:
        print(f"report.py: {refusal}; nothing was written", file=sys.stderr)
        sys.exit(2)
