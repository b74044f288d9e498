"""The pictures of a result, a function each. Needs matplotlib, as canvas.py says."""

import io

from reporting import findings, results
from reporting.canvas import Canvas, Styles, log_axis, mark_missing, missing_of, name_rows, pyplot, ratio_axis, width_of

MOST_SERIES = 9
# Of more series these are left out, in this order: what is drawn otherwise, then what others stand for.
DISPENSABLE = [results.NOISE, "rmm-async", "arena-individual", "cuda-malloc-async", "cub-caching"]

# By the beginning of a picture's name: the figures that it needs.
NEEDS = {
    "headline": "host times of an allocation with --threads, and ratios to preallocated",
    "ratio-": "ratios to preallocated",
    "cost": "a file of daa-alloc-cost",
    "memory": "results of --workload=replay",
    "threads": "host times of an allocation at two numbers of threads or more, such as --threads=1,2,4",
    "streams": "host times of an allocation at two numbers of streams or more, such as --streams=1,2,4",
    "overlap-threads": "overlap scores at two numbers of threads or more",
    "overlap-streams": "overlap scores at two numbers of streams or more",
    "ranks": "weak efficiencies at two numbers of ranks or more, by mpirun -n 2 and -n 4",
    "sweep": "ratios at two numbers of allocations or more, such as --workload=allocs --allocs-per-phase=1,4",
}


def drawn(styles, rows):
    """The names of at most nine allocators to draw, and a sentence about the others."""
    names = styles.ordered(results.names(rows))
    left_out = []
    for name in DISPENSABLE:
        if len(names) > MOST_SERIES and name in names:
            names.remove(name)
            left_out.append(name)
    return names, [f"Not drawn, but in the tables: {', '.join(left_out)}."] * bool(left_out)


def needs(name):
    return next(words for begin, words in NEEDS.items() if name.startswith(begin))


# --- the picture of README.md: what an allocation and what a phase costs, a row for each allocator ---


def headline(result, styles):
    threads = results.measured(result.of_kind("threads"), "allocation_ns")
    phases = results.measured(result.of_kind("steady"), "end_to_end_ratio")
    counts = sorted({row["threads"] for row in threads})
    if len(counts) < 2 or not phases:
        return None
    at_once = {results.series_of(row) for row in threads if row["threads"] == counts[-1]}
    threads = [row for row in threads if results.series_of(row) in at_once]
    ends = {count: findings.mean_by_allocator(threads, "allocation_ns", threads=count) for count in (counts[0], counts[-1])}
    both = [row for row in phases if all(row["allocator"] in of for of in ends.values())]
    names, left_out = drawn(styles, [row for row in both if not row["allocator"].startswith(results.REFERENCE)])
    names.sort(key=lambda name: (not results.is_arena(name), ends[counts[-1]][name]))
    subtitle = [f"Left: hollow one thread, filled {counts[-1]:.0f} threads at once, each with its stream."]
    subtitle += ["Right: the least, the median and the greatest of all workloads, sizes and ways to synchronise."]
    subtitle += ["The axis is linear near 1, logarithmic beyond.", *left_out]
    titles = ["Host time of an allocation, ns", "Time of a phase, over preallocated"]
    notes = missing_of(result.of_kind("threads"), "allocation_ns") + missing_of(result.of_kind("steady"), "end_to_end_ratio", " (x)")
    size = (2.9, 0.25 * len(names))
    canvas = Canvas(result, "What scratch memory costs", subtitle, titles, size, 2, width_of(names), 0.15, notes)
    left, right = canvas.panels
    left.set_xlim(min(map(min, (of.values() for of in ends.values()))) / 2, max(ends[counts[-1]].values()) * 2)
    log_axis(left.xaxis)
    for y, name in enumerate(names):
        style = styles.of(name) | {"marker": "o", "linestyle": ""}
        few, many = (ends[count][name] for count in (counts[0], counts[-1]))
        left.plot([few, many], [y, y], color=style["color"], linewidth=1.2)
        left.plot([few], [y], **style | {"markerfacecolor": "white"})
        left.plot([many], [y], **style | {"markerfacecolor": style["color"]})
        ratios_of = sorted(row["end_to_end_ratio"] for row in both if row["allocator"] == name)
        right.plot([ratios_of[0], ratios_of[-1]], [y, y], color=style["color"], linewidth=2)
        right.plot([ratios_of[len(ratios_of) // 2]], [y], **style | {"markerfacecolor": style["color"]})
    right.axvline(1, color="black", linewidth=0.8)
    ratio_axis(right.xaxis, [row["end_to_end_ratio"] for row in both if row["allocator"] in names])
    name_rows(canvas, names)
    return canvas.figure


# --- ratios: a panel for each workload, a row for each allocator, a point for each size ---


def ratios(result, styles, configuration, rows):
    shown = results.measured(rows, "end_to_end_ratio")
    names, left_out = drawn(styles, [row for row in rows if row["allocator"] != results.REFERENCE])
    if not shown or not names:
        return None
    names.sort(key=lambda name: name != results.NOISE)
    shown = [row for row in shown if row["allocator"] in (*names, results.NOISE)]
    workloads = list(dict.fromkeys(row["workload"] for row in rows))
    sizes = sorted({row["elements"] for row in rows})
    subtitle = [
        "Points: median ratio of times, with its 95 % interval where there is one. "
        + ("From top to bottom in each row: " if len(sizes) > 1 else "At ")
        + f"{', '.join(map(results.power, sizes))} elements.",
        "Grey band: preallocated memory measured a second time, which is the noise. "
        "The axis is linear near 1, logarithmic beyond.",
        *left_out,
    ]
    title = f"Time of a phase, {results.configuration_words(configuration)}"
    notes = missing_of(rows, "end_to_end_ratio", " (x)")
    canvas = Canvas(result, title, subtitle, workloads, (2.5, 0.4 * len(names)), 5, width_of(names), 0.15, notes)
    for panel, workload, is_last in zip(canvas.panels, workloads, canvas.is_last):
        draw_ratios(panel, [row for row in rows if row["workload"] == workload], styles, names, sizes)
        ratio_axis(panel.xaxis, [end for row in shown for end in results.interval(row)])
        if is_last:
            panel.set_xlabel("end to end time, ratio to preallocated")
    name_rows(canvas, names)
    return canvas.figure


def draw_ratios(panel, rows, styles, names, sizes):
    noise = [row for row in results.measured(rows, "end_to_end_ratio") if row["allocator"] == results.NOISE]
    band = [end for row in noise for end in results.interval(row)]
    if band:
        panel.axvspan(min(band), max(band), color="#000000", alpha=0.09, linewidth=0)
    panel.axvline(1, color="black", linewidth=0.8)
    for row in rows:
        if row["allocator"] not in names:
            continue
        j = sizes.index(row["elements"])
        y = names.index(row["allocator"]) + 0.78 * ((j + 0.5) / len(sizes) - 0.5)
        if row["status"] != "ok" or row["end_to_end_ratio"] is None:
            mark_missing(panel, y)
            continue
        style = styles.of(row["allocator"])
        panel.plot(results.interval(row), [y, y], color=style["color"], linewidth=1)
        small = {"markersize": 3.2 + 2 * j / len(sizes), "markeredgewidth": 1, "linestyle": ""}
        panel.plot([row["end_to_end_ratio"]], [y], **style | small)


# --- the cost of an allocation: a row for each allocator ---


def costs(result, styles):
    names = [name for name in styles.order if name in result.costs or name in result.costs_synchronised]
    if not names:
        return None
    of = [[cost[name] for cost in (result.costs, result.costs_synchronised) if name in cost] for name in names]
    least, most = min(map(min, of)), max(map(max, of))
    subtitle = ["Allocation and release, no kernels. Two figures: phases synchronised once a batch / each."]
    size = (5.5, 0.27 * len(names))
    canvas = Canvas(
        result, "Host time of one allocation", subtitle, ["1,000 of 4 KiB a phase"], size, 1, width_of(names), 0.3, []
    )
    panel = canvas.panels[0]
    panel.set_xlim(least / 1.6, most * 4 * (most / least) ** 0.3)
    log_axis(panel.xaxis)
    for y, (name, values) in enumerate(zip(names, of)):
        panel.plot(values, [y] * len(values), **styles.of(name))
        words = " / ".join(map(results.significant, values))
        panel.annotate(words, (max(values), y), (7, -3), textcoords="offset points", fontsize=8)
    panel.set_xlabel("host time of an allocation, ns (logarithmic)")
    name_rows(canvas, names)
    return canvas.figure


# --- memory of replays: a panel for each way to vary phases, a row for each trace, a point for each allocator ---

VARIATIONS = {
    "none": "Phases as in the trace",
    "scale": "Sizes of each phase scaled by 0.7 to 1.3",
    "drop": "A tenth of the blocks of each phase left out",
}


def memory(result, styles):
    rows = result.of_kind("replay")
    shown = results.measured(rows, "held_over_live")
    if not shown:
        return None
    names, left_out = drawn(styles, shown)
    shown = [row for row in shown if row["allocator"] in names]
    traces = list(dict.fromkeys(row["trace"] for row in shown))
    variations = [name for name in VARIATIONS if any(row["vary"] == name for row in shown)]
    subtitle = ["Greatest memory held, over the greatest that is live; further left is better, and 1 is the least."]
    subtitle += ["The axis is linear near 1, logarithmic beyond.", *left_out]
    titles, size = [VARIATIONS[name] for name in variations], (4.6, 0.075 * len(names) * len(traces))
    notes = missing_of(rows, "held_over_live")
    title = "Memory held on allocation traces of real programs"
    canvas = Canvas(result, title, subtitle, titles, size, 1, width_of(traces), 2.3, notes)
    for panel, variation, is_last in zip(canvas.panels, variations, canvas.is_last):
        for row in shown:
            if row["vary"] == variation:
                y = traces.index(row["trace"]) + 0.8 * ((names.index(row["allocator"]) + 0.5) / len(names) - 0.5)
                panel.plot([row["held_over_live"]], [y], **styles.of(row["allocator"]) | {"linestyle": ""})
        panel.axvline(1, color="black", linewidth=0.8)
        ratio_axis(panel.xaxis, [row["held_over_live"] for row in shown])
        panel.set_xlabel("memory held over live" if is_last else "")
    name_rows(canvas, traces)
    styles.legend(canvas.figure, names, has_lines=False, **canvas.beside)
    return canvas.figure


# --- curves: a panel for what differs in x alone, a line for each allocator ---


def curves(result, styles, rows, x, y, title, subtitle, labels):
    counts_of = {}
    for row in results.measured(rows, y):
        counts_of.setdefault(results.series_of(row), set()).add(row[x] or 1)
    shown = [row for row in results.measured(rows, y) if len(counts_of[results.series_of(row)]) > 1]
    counts = sorted({row[x] or 1 for row in shown})
    if not counts:
        return None
    names, left_out = drawn(styles, shown)
    shown = [row for row in shown if row["allocator"] in names]
    series = list(dict.fromkeys(results.series_of(row) for row in shown))
    canvas = Canvas(result, title, [subtitle, *left_out], series, (3.9, 3.6), 3, 0.9, 2.9, missing_of(rows, y), gap=0.75)
    intervals = {"end_to_end_ratio": results.interval, "weak_efficiency": results.efficiency_interval}
    ends = {id(row): intervals.get(y, lambda row: (row[y], row[y]))(row) for row in shown}
    for panel, where, is_first, is_last in zip(canvas.panels, series, canvas.is_first, canvas.is_last):
        for j, name in enumerate(names):
            line = [row for row in shown if results.series_of(row) == where and row["allocator"] == name]
            apart = 2 ** (0.26 * ((j + 0.5) / len(names) - 0.5))  # points of equal height, side by side
            draw_line(panel, sorted(((row[x] or 1) * apart, row[y], *ends[id(row)]) for row in line), styles.of(name))
        panel.set_xlim(counts[0] / 1.25, counts[-1] * 1.25)
        log_axis(panel.xaxis, base=2)
        panel.set_xticks(counts)
        value_axis(panel, y, [end for both in ends.values() for end in both])
        panel.set_xlabel(labels[0] if is_last else "")
        panel.set_ylabel(labels[1] if is_first else "")
    styles.legend(canvas.figure, names, **canvas.beside)
    return canvas.figure


def draw_line(panel, points, style):
    if points:
        xs, ys, lows, highs = zip(*points)
        panel.plot(xs, ys, **style)
        panel.vlines(xs, lows, highs, color=style["color"], linewidth=1)


def value_axis(panel, column, values):
    if column == "end_to_end_ratio":
        ratio_axis(panel.yaxis, values)
    elif column == "allocation_ns":
        panel.set_ylim(min(values) / 1.6, max(values) * 1.6)
        log_axis(panel.yaxis)


# --- all of them ---


def draw(result):
    """Name and figure of each picture; None for the figure where the result lacks what it needs."""
    styles = Styles(result.allocators())
    yield "headline", headline(result, styles)
    configurations = result.configurations("steady", "cold", "graph")
    for name in dict.fromkeys(["phase", "end", *configurations]):
        yield "ratio-" + name.replace("+", "-"), ratios(result, styles, name, configurations.get(name, []))
    yield "cost", costs(result, styles)
    yield "memory", memory(result, styles)
    yield from concurrent(result, styles, "threads", "threads at once, each with its stream")
    yield from concurrent(result, styles, "streams", "streams of one thread")
    title, subtitle = "Weak efficiency, by ranks", "The time of one rank alone over that of all together: 1 if they do not slow each other down."
    labels = "ranks, a GPU each", "weak efficiency"
    yield "ranks", curves(result, styles, result.of_kind("ranks"), "ranks", "weak_efficiency", title, subtitle, labels)
    title, labels = "Time of a phase, by number of allocations", ("allocations a phase", "end to end, ratio to preallocated")
    rows = result.of_kind("sweep")
    yield (
        "sweep",
        curves(result, styles, rows, "allocs_per_phase", "end_to_end_ratio", title, "With the 95 % interval.", labels),
    )


def concurrent(result, styles, kind, label):
    rows = result.of_kind(kind)
    title, subtitle = f"Host time of an allocation, by {kind}", "A level line: no allocation waits for another."
    labels = label, "ns an allocation (logarithmic)"
    yield kind, curves(result, styles, rows, kind, "allocation_ns", title, subtitle, labels)
    rows = [row for row in rows if row["status"] != "ok" or row["overlap_score"] is not None]
    title = f"Overlap of streams, by {kind}"
    subtitle = "1: as with preallocated memory; 0: as if one after the other. None where too close to noise."
    yield f"overlap-{kind}", curves(result, styles, rows, kind, "overlap_score", title, subtitle, (label, "overlap score"))


def image(figure, kind, digest):
    """The bytes of a file; equal figures give equal bytes, and the digest is in them."""
    data = io.BytesIO()
    png, svg = {"Software": None, "Source": digest}, {"Date": None, "Creator": None, "Identifier": digest}
    figure.savefig(data, format=kind, metadata=png if kind == "png" else svg)
    pyplot.close(figure)
    return data.getvalue()
