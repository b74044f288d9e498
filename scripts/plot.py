#!/usr/bin/env python3
"""Draws results of daa-bench and daa-alloc-cost: a PNG and an SVG of each picture that they have the figures for.

  scripts/plot.py RESULT.csv|alloc_cost.json|FOLDER... [--out FOLDER]

Without --out into `pictures` in the folder given first, or beside the file given first. The same figures give the same
bytes. Says on stderr which pictures there are no figures for, and which rows failed. Exit code 2: a file was refused,
and nothing was written.

Needs matplotlib: of python3, or in build/tools, where scripts/test.sh puts it.
"""

import argparse
import io
import os
import sys
import textwrap
from pathlib import Path

import results

try:
    import matplotlib
except ImportError:
    sys.path += map(str, sorted((Path(__file__).resolve().parent.parent / "build" / "tools").glob("matplotlib-*")))
    try:
        import matplotlib
    except ImportError as error:
        sys.exit(f"plot.py: needs matplotlib ({error}): apt-get install python3-matplotlib, or python3 -m pip install matplotlib")

matplotlib.use("Agg")
import numpy  # noqa: E402
from matplotlib import pyplot, ticker  # noqa: E402
from matplotlib.lines import Line2D  # noqa: E402

ARENA_RED, GREY = "#c8102e", "#666666"
# Colour and marker of each, the same in all pictures. Of Okabe and Ito's palette, which the colour-blind can tell apart;
# within a colour, markers differ. The arena's are red and filled, the others hollow.
STYLES = {
    results.FLOOR: ("#000000", "s"), "std-pmr-monotonic": ("#8a6d00", "8"),
    "arena": (ARENA_RED, "o"), "arena-recycle": (ARENA_RED, "D"), "arena-individual": (ARENA_RED, "^"),
    "arena-release": (ARENA_RED, "v"), "arena-each": (ARENA_RED, "P"), "arena-pool": (ARENA_RED, "X"),
    "torch-caching": ("#d55e00", "p"),
    "rmm-pool": ("#009e73", "o"), "rmm-async": ("#009e73", "^"), "rmm-arena": ("#009e73", "D"),
    "cub-caching": ("#cc79a7", "h"), "thrust-pool": ("#cc79a7", "v"),
    "cuda-malloc-async-tuned": ("#0072b2", "s"), "cuda-malloc-async": ("#0072b2", "D"), "cuda-malloc": ("#0072b2", "v"),
    "cuda-malloc-async-tuned-pool-each": ("#56b4e9", "P"),
}
OTHER_COLOURS, OTHER_MARKERS = ["#e69f00", "#56b4e9", "#8a6d00", "#5e3c99"], ["<", ">", "8", "d", "H"]

matplotlib.rcParams.update({
    "svg.hashsalt": "daa", "font.family": "DejaVu Sans", "font.size": 9, "axes.titlesize": 10, "axes.spines.top": False,
    "axes.spines.right": False, "axes.grid": True, "grid.color": "#e4e4e4", "grid.linewidth": 0.7, "axes.axisbelow": True,
    "figure.dpi": 100, "savefig.dpi": 130, "savefig.facecolor": "white", "legend.frameon": False, "svg.fonttype": "none",
})


class Styles:
    def __init__(self, names):
        """Of all names of a result, so that one it alone knows looks the same in all of its pictures."""
        unknown = [name for name in results.ordered(name.partition(":")[0] for name in names) if name not in STYLES]
        more = {name: (OTHER_COLOURS[i % len(OTHER_COLOURS)], OTHER_MARKERS[i % len(OTHER_MARKERS)]) for i, name in enumerate(unknown)}
        self.known = STYLES | more

    def of(self, name):
        base, _, again = name.partition(":")
        colour, marker = self.known[base]
        filled = base.startswith("arena") or (base == results.FLOOR and not again)
        return {"color": colour, "marker": marker, "markerfacecolor": colour if filled else "white", "markeredgecolor": colour,
                "markeredgewidth": 1.3, "markersize": 7 if base.startswith("arena") else 6, "linewidth": 1.8 if filled else 1.1,
                "linestyle": "--" if again else "-", "zorder": 4 if filled else 3}

    def legend(self, figure, names, has_lines=True, **where):
        plain = {} if has_lines else {"linestyle": ""}
        handles = [Line2D([], [], **self.of(name) | plain, label=name) for name in results.ordered(names)]
        legend = figure.legend(handles=handles, **where)
        for text in legend.get_texts():
            emphasise(text)


def emphasise(text):
    if text.get_text().startswith("arena"):
        text.set(color=ARENA_RED, fontweight="bold")


def emphasise(text):
    if text.get_text().startswith("arena"):
        text.set(color=ARENA_RED, fontweight="bold")


class Canvas:
    """Panels in a grid, everything placed in inches: a title above, room for names on either side, notes below."""

    def __init__(self, result, title, subtitle, titles, size, columns, left, right, notes, gap=0.25):
        self.panels = []
        columns = min(columns, len(titles))
        rows = -(-len(titles) // columns)
        width = max(left + columns * (size[0] + gap) - gap + right, 7.5, 0.3 + 0.115 * len(title))
        head = [line for text in subtitle for line in textwrap.wrap(text, int(width * 13))] + [about(result)]
        foot = [line for note in notes[:6] for line in textwrap.wrap(note, int(width * 14), max_lines=2, placeholder=" ...")]
        foot += [f"and {len(notes) - 6} more: see the table of failures"] * (len(notes) > 6)
        top, between, bottom = 0.75 + 0.18 * len(head), 0.85, 0.65 + 0.17 * len(foot)
        height = top + rows * size[1] + (rows - 1) * between + bottom
        self.figure = pyplot.figure(figsize=(width, height))
        self.figure.text(0.1 / width, 1 - 0.12 / height, title, fontsize=12, fontweight="bold", va="top")
        for i, text in enumerate(head):
            self.figure.text(0.1 / width, 1 - (0.4 + 0.18 * i) / height, text, color=GREY, va="top")
        for i, text in enumerate(reversed(foot)):
            self.figure.text(0.1 / width, (0.08 + 0.17 * i) / height, text, color=GREY, fontsize=8)
        for i, name in enumerate(titles):
            x, y = left + (i % columns) * (size[0] + gap), height - top - (i // columns) * (size[1] + between) - size[1]
            panel = self.figure.add_axes([x / width, y / height, size[0] / width, size[1] / height])
            panel.set_title(name, loc="left", fontweight="bold")
            self.panels.append(panel)
        self.is_first = [i % columns == 0 for i in range(len(titles))]
        self.is_last = [i + columns >= len(titles) for i in range(len(titles))]
        self.beside = {"loc": "upper left", "bbox_to_anchor": ((left + columns * (size[0] + gap) - gap + 0.15) / width, 1 - (top - 0.1) / height)}


def about(result):
    if not result.rows:
        return "daa-alloc-cost"
    first = result.rows[0]
    words = f"{first['device']}, driver {first['driver']}, {first['time_utc'][:10]}, commit {first['commit'][:7]}"
    return words + ": times are a simulator's" * (first["device_kind"] == "host")


def ratio_axis(axis, values):
    """Linear around 1, where small differences matter, and logarithmic away from it."""
    is_x = axis.axis_name == "x"
    (axis.axes.set_xscale if is_x else axis.axes.set_yscale)(
        "function", functions=(lambda r: numpy.arcsinh((r - 1) / 0.1), lambda y: 1 + 0.1 * numpy.sinh(y)))
    low, high = min(*values, 0.95), max(*values, 1.1)
    low, high = 1 - (1 - low) * 1.15, 1 + (high - 1) * 1.25
    (axis.axes.set_xlim if is_x else axis.axes.set_ylim)(low, high)
    height = numpy.arcsinh((high - 1) / 0.1) - numpy.arcsinh((low - 1) / 0.1)
    ticks = [1]
    for tick in [1.1, 1.2, 1.5, 2, 3, 5, 10, 20, 50, 100, 300, 1000, 10000, 0.9, 0.8, 0.5, 0, -1]:  # outwards from 1
        nearest = min(abs(numpy.arcsinh((tick - 1) / 0.1) - numpy.arcsinh((other - 1) / 0.1)) for other in ticks)
        if low <= tick <= high and nearest > 0.095 * height:
            ticks.append(tick)
    axis.set_major_locator(ticker.FixedLocator(sorted(ticks)))
    axis.set_major_formatter(ticker.FuncFormatter(lambda tick, _: f"{tick:g}"))
    axis.set_minor_locator(ticker.NullLocator())


def short(number):
    scaled = [(number / factor, unit) for factor, unit in [(1e9, " G"), (1e6, " M"), (1e3, " k")] if number >= 10 * factor or number == factor]
    value, unit = scaled[0] if scaled else (number, "")
    return f"{value:g}{unit}"


def log_axis(axis, base=10):
    (axis.axes.set_xscale if axis.axis_name == "x" else axis.axes.set_yscale)("log", base=base)
    axis.set_major_formatter(ticker.FuncFormatter(lambda tick, _: short(tick)))
    if base == 10:
        low, high = axis.get_view_interval()
        few = high / low < 30  # else only the powers have a number
        axis.set_minor_formatter(ticker.FuncFormatter(lambda tick, _: short(tick) if few and f"{tick:e}"[0] in "235" else ""))
    else:
        axis.set_minor_locator(ticker.NullLocator())


def missing_of(rows, column, mark=""):
    """What of these rows a picture cannot show: a line for each allocator and reason."""
    found = {}
    for row in rows:
        if row["status"] != "ok" or row[column] is None:
            why = row["status"] if row["status"] != "ok" else f"no {column}"
            found.setdefault((row["allocator"], why), []).append(results.case_of(row))
    return [f"Missing{mark}: {name}: {why} on {', '.join(cases)}" for (name, why), cases in found.items()]


def name_rows(canvas, names):
    for panel, is_first in zip(canvas.panels, canvas.is_first):
        panel.grid(False, axis="y")
        for i in range(0, len(names), 2):
            panel.axhspan(i - 0.5, i + 0.5, color="#f4f4f4", zorder=0)
        panel.set_ylim(len(names) - 0.5, -0.5)
        panel.set_yticks(range(len(names)), names if is_first else [])
        panel.tick_params(axis="y", length=0)
        for text in panel.get_yticklabels():
            emphasise(text)


def width_of(names):
    return 0.25 + 0.078 * max(map(len, names))


def mark_missing(panel, y):
    panel.plot([0.985], [y], marker="x", color=GREY, markersize=5, transform=panel.get_yaxis_transform(), clip_on=False)


def ratios(result, styles, way, rows):
    """A panel a workload, a row an allocator, in it a point with its interval for each size."""
    shown = results.measured(rows, "end_to_end_ratio")
    names = [name for name in results.ordered(row["allocator"] for row in rows) if name != results.FLOOR]
    if not shown or not names:
        return None
    names.sort(key=lambda name: name != results.AGAIN)
    workloads = list(dict.fromkeys(row["workload"] for row in rows))
    sizes = sorted({row["elements"] for row in rows})
    subtitle = ["Points: the ratio of times, the median over the repetitions" + (", with its 95 % interval." if has_intervals(shown) else ".")]
    subtitle[0] += f" {'From top to bottom in each row:' if len(sizes) > 1 else 'At'} {', '.join(map(results.power, sizes))} elements."
    subtitle += ["Grey band: preallocated memory measured a second time, which is the noise. The axis is linear near 1, logarithmic beyond."]
    canvas = Canvas(result, f"Time of a phase, {results.way_words(way)}", subtitle, workloads, (2.5, 0.4 * len(names)), 5,
                    width_of(names), 0.15, missing_of(rows, "end_to_end_ratio", " (x)"))
    ends = [end for row in shown for end in ends_of(row)]
    for panel, workload, is_last in zip(canvas.panels, workloads, canvas.is_last):
        here = [row for row in rows if row["workload"] == workload]
        band = [end for row in here if row["allocator"] == results.AGAIN and row in shown for end in ends_of(row)]
        if band:
            panel.axvspan(min(band), max(band), color="#000000", alpha=0.09, linewidth=0)
        panel.axvline(1, color="black", linewidth=0.8)
        for row in here:
            if row["allocator"] == results.FLOOR:
                continue
            j = sizes.index(row["elements"])
            y = names.index(row["allocator"]) + 0.78 * ((j + 0.5) / len(sizes) - 0.5)
            if row["status"] != "ok" or row["end_to_end_ratio"] is None:
                mark_missing(panel, y)
                continue
            (low, high), ratio, style = ends_of(row), row["end_to_end_ratio"], styles.of(row["allocator"])
            panel.plot([low, high], [y, y], color=style["color"], linewidth=1)
            panel.plot([ratio], [y], **style | {"markersize": 3.2 + 2 * j / len(sizes), "markeredgewidth": 1, "linestyle": ""})
        ratio_axis(panel.xaxis, ends)
        if is_last:
            panel.set_xlabel("end to end time, ratio to preallocated")
    name_rows(canvas, names)
    return canvas.figure


def has_intervals(rows):
    return any(row["end_to_end_ratio_low"] is not None for row in rows)


def ends_of(row):
    return results.interval(row, 0)


def costs(result, styles):
    """Host time of an allocation in one thread, a row an allocator."""
    panels = {}
    for cost in result.costs:
        if cost["kind"] == "cost":
            points = panels.setdefault("1,000 of 4 KiB a phase / synchronised", {})
            points.setdefault(cost["allocator"], []).append(cost["ns"])
    single = [row for row in result.of_kind("threads") if row["threads"] in (1, None)]
    for row in single:
        if row["status"] == "ok" and row["allocation_ns"]:
            panels.setdefault(f"allocations of {results.case_of(row)}", {}).setdefault(row["allocator"], []).append(row["allocation_ns"])
    if not panels:
        return None
    names = results.ordered(name for points in panels.values() for name in points)
    subtitle = ["Giving back included, nothing else done meanwhile, no kernel launched: what the host pays."]
    canvas = Canvas(result, "Host time of one allocation", subtitle, list(panels), (3.7, 0.27 * len(names)), 3, width_of(names), 0.3,
                    missing_of(single, "allocation_ns"))
    everything = [ns for points in panels.values() for values in points.values() for ns in values]
    for panel, points, is_last in zip(canvas.panels, panels.values(), canvas.is_last):
        panel.set_xlim(min(everything) / 1.6, max(everything) * 4 * (max(everything) / min(everything)) ** 0.3)
        log_axis(panel.xaxis)
        for name, values in points.items():
            y = names.index(name)
            panel.plot(values, [y] * len(values), **styles.of(name))
            panel.annotate(" / ".join(map(results.significant, values)), (max(values), y), (7, -3),
                           textcoords="offset points", fontsize=8)
        if is_last:
            panel.set_xlabel("host time of an allocation, ns (logarithmic)")
    name_rows(canvas, names)
    return canvas.figure


def memory(result, styles):
    """Memory against time, a panel a trace."""
    rows = result.of_kind("trace")
    shown = [row for row in results.measured(rows, "operation_median_ns") if row["held_over_live"] is not None]
    points = [(row["trace"], row["allocator"], row["operation_median_ns"], row["held_over_live"]) for row in shown]
    what = "held"
    if not points:
        points = [(cost["trace"], cost["allocator"], cost["ns"], cost["reserved_over_live"]) for cost in result.costs if cost["kind"] == "trace"]
        what = "reserved"
    if not points:
        return None
    traces = list(dict.fromkeys(trace for trace, *_ in points))
    names = results.ordered(name for _, name, *_ in points)
    subtitle = ["A point an allocator; down and left is better. No kernel is launched while the time is taken."]
    canvas = Canvas(result, "Memory against time, on allocation traces of real programs", subtitle, traces, (3.4, 2.9), 3, 0.7, 2.6,
                    missing_of(rows, "operation_median_ns"), gap=0.5)
    for i, (panel, trace) in enumerate(zip(canvas.panels, traces)):
        for where, name, ns, ratio in points:
            if where == trace:
                panel.plot([ns], [ratio], **styles.of(name) | {"linestyle": ""})
        panel.set_xlim(min(point[2] for point in points) / 1.6, max(point[2] for point in points) * 1.6)
        panel.set_ylim(min(*(point[3] for point in points), 1) * 0.93, max(*(point[3] for point in points), 1.5) * 1.15)
        log_axis(panel.xaxis)
        log_axis(panel.yaxis)
        panel.axhline(1, color="black", linewidth=0.8)
        if canvas.is_last[i]:
            panel.set_xlabel("host time of an operation, ns (logarithmic)")
        if canvas.is_first[i]:
            panel.set_ylabel(f"memory {what} over live at most")
    styles.legend(canvas.figure, names, has_lines=False, **canvas.beside)
    return canvas.figure


def curves(result, styles, rows, x, y, title, subtitle, labels, more=()):
    """A panel for what is alike but for x, a line an allocator. `more` are points as (panel, allocator, x, y, low, high)."""
    points = [*more]
    for row in results.measured(rows, y):
        panel = results.case_of(row | {"kind": "none"}).removesuffix(", synchronised after each phase")
        panel += ", synchronised after each phase" * (row["way"] != "end")
        points.append((panel, row["allocator"], row[x] or 1, row[y], *(ends_of(row) if y == "end_to_end_ratio" else (row[y], row[y]))))
    if not points or len({point[2] for point in points}) < 2:
        return None
    titles = list(dict.fromkeys(point[0] for point in points))
    names = results.ordered(point[1] for point in points)
    canvas = Canvas(result, title, [subtitle], titles, (3.9, 3.6), 3, 0.9, 2.9, missing_of(rows, y), gap=0.75)
    counts = sorted({point[2] for point in points})
    for i, (panel, where) in enumerate(zip(canvas.panels, titles)):
        for j, name in enumerate(names):
            apart = 2 ** (0.26 * ((j + 0.5) / len(names) - 0.5))  # points of equal height, side by side
            line = sorted(point[2:] for point in points if point[:2] == (where, name))
            if line:
                xs = [point[0] * apart for point in line]
                panel.plot(xs, [point[1] for point in line], **styles.of(name))
                panel.vlines(xs, [point[2] for point in line], [point[3] for point in line], color=styles.of(name)["color"], linewidth=1)
        panel.set_xlim(counts[0] / 1.25, counts[-1] * 1.25)
        log_axis(panel.xaxis, base=2)
        panel.set_xticks(counts)
        if y == "end_to_end_ratio":
            ratio_axis(panel.yaxis, [end for point in points for end in point[4:]])
        elif y == "allocation_ns":
            panel.set_ylim(min(point[3] for point in points) / 1.6, max(point[3] for point in points) * 1.6)
            log_axis(panel.yaxis)
        if canvas.is_last[i]:
            panel.set_xlabel(labels[0])
        if canvas.is_first[i]:
            panel.set_ylabel(labels[1])
    styles.legend(canvas.figure, names, **canvas.beside)
    return canvas.figure


def draw(result):
    """Name and figure of each picture; None where the result lacks the figures."""
    styles = Styles([row["allocator"] for row in result.rows] + [cost["allocator"] for cost in result.costs])
    ways = result.ways()
    for way in dict.fromkeys(["phase", "end", *ways]):
        yield "ratio-" + way.replace("+", "-"), ratios(result, styles, way, ways.get(way, []))
    yield "cost", costs(result, styles)
    yield "memory", memory(result, styles)
    of_costs = [("16 of 1 KiB to 2 MiB a phase", cost["allocator"], cost["threads"], cost["ns"], cost["ns"], cost["ns"])
                for cost in result.costs if cost["kind"] == "threads"]
    for kind, label in [("threads", "threads at once, each with its stream"), ("streams", "streams of one thread")]:
        rows = result.of_kind(kind)
        yield kind, curves(result, styles, rows, kind, "allocation_ns", f"Host time of an allocation, by {kind}",
                           "Mean over the threads, while all of them do nothing else. Level is good: nobody waits for anybody.",
                           (label, "ns an allocation (logarithmic)"), of_costs if kind == "threads" else ())
        scored = [row for row in rows if row["status"] != "ok" or row["overlap_score"] is not None]
        yield f"overlap-{kind}", curves(result, styles, scored, kind, "overlap_score", f"How streams overlap, by {kind}",
                                        "1: as with preallocated memory; 0: as if one after the other. None where too close to noise.",
                                        (label, "overlap score"))
    yield "sweep", curves(result, styles, result.of_kind("sweep"), "allocs_per_phase", "end_to_end_ratio",
                          "Time of a phase, by how many temporaries its memory is cut into", "With the 95 % interval.",
                          ("temporaries a phase", "end to end, ratio to preallocated"))


def image(figure, kind, digest):
    data = io.BytesIO()
    metadata = {"Software": None} if kind == "png" else {"Date": None, "Creator": None, "Identifier": digest}
    figure.savefig(data, format=kind, metadata=metadata)
    return data.getvalue()


def main():
    parser = argparse.ArgumentParser(prog="plot.py", description="Draws results of daa-bench and daa-alloc-cost.")
    parser.add_argument("results", nargs="+", type=Path, metavar="RESULT", help="a CSV of daa-bench, a JSON of daa-alloc-cost, or a folder of them")
    parser.add_argument("--out", type=Path, help="folder for the pictures (default: pictures, in or beside the first RESULT)")
    arguments = parser.parse_args()
    first = arguments.results[0]
    out = arguments.out or (first if first.is_dir() else first.parent) / "pictures"
    try:
        result = results.load(arguments.results)
    except results.Refused as refusal:
        print(f"plot.py: {refusal}; nothing was written", file=sys.stderr)
        sys.exit(2)
    images = {}
    for name, figure in draw(result):
        if figure is None:
            print(f"plot.py: no picture {name}: there are no figures for it", file=sys.stderr)
            continue
        images |= {f"{name}.{kind}": image(figure, kind, result.digest) for kind in ("png", "svg")}
        pyplot.close(figure)
    for note in result.notes + [f"{row['allocator']} on {results.case_of(row)}: {row['status']}: {row['message']}" for row in results.failed(result.rows)]:
        print(f"plot.py: {note}", file=sys.stderr)
    out.mkdir(parents=True, exist_ok=True)
    for name, data in images.items():
        partial = out / f".{name}.partial"
        partial.write_bytes(data)
        os.replace(partial, out / name)
    print(f"{out}: {len(images)} files")


if __name__ == "__main__":
    main()
