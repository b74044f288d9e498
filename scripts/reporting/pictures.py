"""The pictures themselves, one function each. Needs matplotlib, as canvas.py says."""

import io

from reporting import results
from reporting.canvas import (
    Canvas,
    Styles,
    ends_of,
    has_intervals,
    log_axis,
    mark_missing,
    missing_of,
    name_rows,
    pyplot,
    ratio_axis,
    width_of,
)

# By the beginning of a picture's name: the figures without which there is none.
NEEDS = {
    "ratio-phase": "ratios to preallocated of workloads that are synchronised after each phase (--sync=phase)",
    "ratio-end": "ratios to preallocated of workloads that are synchronised once a block of phases (--sync=end)",
    "ratio-": "ratios to preallocated of workloads",
    "cost": "a file of daa-alloc-cost, or results of --threads",
    "memory": "results of --workload=replay, or traces in a file of daa-alloc-cost",
    "threads": "host times of an allocation at two numbers of threads or more, such as --threads=1,2,4",
    "streams": "host times of an allocation at two numbers of streams or more, such as --streams=1,2,4",
    "overlap-threads": "overlap scores at two numbers of threads or more, and streams that gain by overlapping",
    "overlap-streams": "overlap scores at two numbers of streams or more, and streams that gain by overlapping",
    "sweep": "ratios at two numbers of temporaries or more, such as --workload=allocs --allocs-per-phase=1,4",
}


def needs(name):
    return next(words for begin, words in NEEDS.items() if name.startswith(begin))


def ratios(result, styles, way, rows):
    """A panel a workload, a row an allocator, in it a point with its interval for each size."""
    shown = results.measured(rows, "end_to_end_ratio")
    names = [name for name in results.ordered(row["allocator"] for row in rows) if name != results.FLOOR]
    if not shown or not names:
        return None
    names.sort(key=lambda name: name != results.AGAIN)
    workloads = list(dict.fromkeys(row["workload"] for row in rows))
    sizes = sorted({row["elements"] for row in rows})
    points = "Points: the ratio of times, the median over the repetitions"
    points += ", with its 95 % interval. " if has_intervals(shown) else ". "
    points += "From top to bottom in each row: " if len(sizes) > 1 else "At "
    subtitle = [
        points + f"{', '.join(map(results.power, sizes))} elements.",
        "Grey band: preallocated memory measured a second time, which is the noise. "
        "The axis is linear near 1, logarithmic beyond.",
    ]
    canvas = Canvas(
        result,
        f"Time of a phase, {results.way_words(way)}",
        subtitle,
        workloads,
        (2.5, 0.4 * len(names)),
        5,
        width_of(names),
        0.15,
        missing_of(rows, "end_to_end_ratio", " (x)"),
    )
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
            panel.plot(
                [ratio], [y], **style | {"markersize": 3.2 + 2 * j / len(sizes), "markeredgewidth": 1, "linestyle": ""}
            )
        ratio_axis(panel.xaxis, ends)
        if is_last:
            panel.set_xlabel("end to end time, ratio to preallocated")
    name_rows(canvas, names)
    return canvas.figure


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
            panels.setdefault(f"allocations of {results.case_of(row)}", {}).setdefault(row["allocator"], []).append(
                row["allocation_ns"]
            )
    if not panels:
        return None
    names = results.ordered(name for points in panels.values() for name in points)
    subtitle = ["Giving back included, nothing else done meanwhile, no kernel launched: what the host pays."]
    canvas = Canvas(
        result,
        "Host time of one allocation",
        subtitle,
        list(panels),
        (3.7, 0.27 * len(names)),
        3,
        width_of(names),
        0.3,
        missing_of(single, "allocation_ns"),
    )
    everything = [ns for points in panels.values() for values in points.values() for ns in values]
    for panel, points, is_last in zip(canvas.panels, panels.values(), canvas.is_last):
        panel.set_xlim(min(everything) / 1.6, max(everything) * 4 * (max(everything) / min(everything)) ** 0.3)
        log_axis(panel.xaxis)
        for name, values in points.items():
            y = names.index(name)
            panel.plot(values, [y] * len(values), **styles.of(name))
            panel.annotate(
                " / ".join(map(results.significant, values)),
                (max(values), y),
                (7, -3),
                textcoords="offset points",
                fontsize=8,
            )
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
        points = [
            (cost["trace"], cost["allocator"], cost["ns"], cost["reserved_over_live"])
            for cost in result.costs
            if cost["kind"] == "trace"
        ]
        what = "reserved"
    if not points:
        return None
    traces = list(dict.fromkeys(trace for trace, *_ in points))
    names = results.ordered(name for _, name, *_ in points)
    subtitle = ["A point an allocator; down and left is better. No kernel is launched while the time is taken."]
    canvas = Canvas(
        result,
        "Memory against time, on allocation traces of real programs",
        subtitle,
        traces,
        (3.4, 2.9),
        3,
        0.7,
        2.6,
        missing_of(rows, "operation_median_ns"),
        gap=0.5,
    )
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
    """A panel for what is alike but for x, a line an allocator. `more`: points (panel, allocator, x, y, low, high)."""
    points = [*more]
    for row in results.measured(rows, y):
        panel = results.case_of(row | {"kind": "none"}).removesuffix(", synchronised after each phase")
        panel += ", synchronised after each phase" * (row["way"] != "end")
        points.append(
            (
                panel,
                row["allocator"],
                row[x] or 1,
                row[y],
                *(ends_of(row) if y == "end_to_end_ratio" else (row[y], row[y])),
            )
        )
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
                panel.vlines(
                    xs,
                    [point[2] for point in line],
                    [point[3] for point in line],
                    color=styles.of(name)["color"],
                    linewidth=1,
                )
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
    of_costs = [
        ("16 of 1 KiB to 2 MiB a phase", cost["allocator"], cost["threads"], cost["ns"], cost["ns"], cost["ns"])
        for cost in result.costs
        if cost["kind"] == "threads"
    ]
    for kind, label in [("threads", "threads at once, each with its stream"), ("streams", "streams of one thread")]:
        rows = result.of_kind(kind)
        yield (
            kind,
            curves(
                result,
                styles,
                rows,
                kind,
                "allocation_ns",
                f"Host time of an allocation, by {kind}",
                "Mean over the threads, while all of them do nothing else. Level is good: nobody waits for anybody.",
                (label, "ns an allocation (logarithmic)"),
                of_costs if kind == "threads" else (),
            ),
        )
        scored = [row for row in rows if row["status"] != "ok" or row["overlap_score"] is not None]
        yield (
            f"overlap-{kind}",
            curves(
                result,
                styles,
                scored,
                kind,
                "overlap_score",
                f"How streams overlap, by {kind}",
                "1: as with preallocated memory; 0: as if one after the other. None where too close to noise.",
                (label, "overlap score"),
            ),
        )
    yield (
        "sweep",
        curves(
            result,
            styles,
            result.of_kind("sweep"),
            "allocs_per_phase",
            "end_to_end_ratio",
            "Time of a phase, by how many temporaries its memory is cut into",
            "With the 95 % interval.",
            ("temporaries a phase", "end to end, ratio to preallocated"),
        ),
    )


def image(figure, kind, digest):
    data = io.BytesIO()
    metadata = {"Software": None} if kind == "png" else {"Date": None, "Creator": None, "Identifier": digest}
    figure.savefig(data, format=kind, metadata=metadata)
    return data.getvalue()


def images(figure, name, digest):
    """The bytes of each file of a picture."""
    files = {f"{name}.{kind}": image(figure, kind, digest) for kind in ("png", "svg")}
    pyplot.close(figure)
    return files
