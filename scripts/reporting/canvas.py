"""What all pictures share: the look of an allocator, the layout of panels, axes.

Needs matplotlib: that of python3, or the one in build/tools that scripts/measure.sh installs.
"""

import sys
import textwrap
from pathlib import Path

from reporting import results

try:
    import matplotlib
except ImportError:
    sys.path += map(str, sorted((Path(__file__).resolve().parents[2] / "build" / "tools").glob("matplotlib-*")))
    try:
        import matplotlib
    except ImportError as error:
        sys.exit(
            f"plot.py: needs matplotlib ({error}): "
            "apt-get install python3-matplotlib, or python3 -m pip install matplotlib; "
            "scripts/report.py works without pictures"
        )

matplotlib.use("Agg")
import numpy  # noqa: E402
from matplotlib import pyplot, ticker  # noqa: E402
from matplotlib.lines import Line2D  # noqa: E402

ARENA_RED, GREY = "#c8102e", "#666666"
# Okabe and Ito's palette, which colour-blind readers can tell apart; red is the arena's alone.
COLOURS = ["#0072b2", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#8a6d00", "#5e3c99"]
MARKERS = ["D", "^", "v", "P", "X", "h", "p", "<", ">", "8", "d", "H"]
ARENA_MARKERS = ["o", *MARKERS]

matplotlib.rcParams.update(
    {
        "svg.hashsalt": "daa",
        "font.family": "DejaVu Sans",
        "font.size": 9,
        "axes.titlesize": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": "#e4e4e4",
        "grid.linewidth": 0.7,
        "axes.axisbelow": True,
        "figure.dpi": 100,
        "savefig.dpi": 130,
        "savefig.facecolor": "white",
        "legend.frameon": False,
        "svg.fonttype": "none",
    }
)


class Styles:
    """The look of each allocator, the same in all pictures of a result: the arena's are red and filled, others hollow."""

    def __init__(self, allocators):
        self.order = list(allocators)
        bases = dict.fromkeys(name.partition(":")[0] for name in self.order)
        arenas = [name for name in bases if results.is_arena(name)]
        others = [name for name in bases if results.is_other(name)]
        self.looks = {results.REFERENCE: ("black", "s")}
        self.looks |= {name: (ARENA_RED, ARENA_MARKERS[i % len(ARENA_MARKERS)]) for i, name in enumerate(arenas)}
        for i, name in enumerate(others):
            self.looks[name] = (COLOURS[i % len(COLOURS)], MARKERS[(i % len(COLOURS) + i // len(COLOURS)) % len(MARKERS)])

    def ordered(self, names):
        return sorted(set(names), key=self.order.index)

    def of(self, name):
        base, _, again = name.partition(":")
        colour, marker = self.looks[base]
        filled = results.is_arena(base) or (base == results.REFERENCE and not again)
        return {
            "color": colour,
            "marker": marker,
            "markerfacecolor": colour if filled else "white",
            "markeredgecolor": colour,
            "markeredgewidth": 1.3,
            "markersize": 7 if results.is_arena(base) else 6,
            "linewidth": 1.8 if filled else 1.1,
            "linestyle": "--" if again else "-",
            "zorder": 4 if filled else 3,
        }

    def legend(self, figure, names, has_lines=True, **where):
        plain = {} if has_lines else {"linestyle": ""}
        handles = [Line2D([], [], **self.of(name) | plain, label=name) for name in self.ordered(names)]
        for text in figure.legend(handles=handles, **where).get_texts():
            emphasise(text)


def emphasise(text):
    if results.is_arena(text.get_text()):
        text.set(color=ARENA_RED, fontweight="bold")


class Canvas:
    """A figure with a grid of panels, laid out in inches: title above, names at the sides, notes below."""

    def __init__(self, result, title, subtitle, titles, size, columns, left, right, notes, gap=0.25):
        self.panels = []
        columns = min(columns, len(titles))
        rows = -(-len(titles) // columns)
        width = max(left + columns * (size[0] + gap) - gap + right, 7.5, 0.3 + 0.115 * len(title))
        head = [line for text in subtitle for line in textwrap.wrap(text, int(width * 13))] + [about(result)]
        foot = [line for note in notes[:6] for line in textwrap.wrap(note, int(width * 14), max_lines=2, placeholder=" ...")]
        foot += [f"and {len(notes) - 6} more: see the status of each row"] * (len(notes) > 6)
        top, between, bottom = 0.75 + 0.18 * len(head), 0.85, 0.65 + 0.17 * len(foot)
        height = top + rows * size[1] + (rows - 1) * between + bottom
        self.figure = pyplot.figure(figsize=(width, height))
        self.write(title, head, foot, width, height)
        for i, name in enumerate(titles):
            x, y = left + (i % columns) * (size[0] + gap), height - top - (i // columns) * (size[1] + between) - size[1]
            panel = self.figure.add_axes([x / width, y / height, size[0] / width, size[1] / height])
            panel.set_title(name, loc="left", fontweight="bold")
            self.panels.append(panel)
        self.is_first = [i % columns == 0 for i in range(len(titles))]
        self.is_last = [i + columns >= len(titles) for i in range(len(titles))]
        self.beside = {
            "loc": "upper left",
            "bbox_to_anchor": ((left + columns * (size[0] + gap) - gap + 0.15) / width, 1 - (top - 0.1) / height),
        }

    def write(self, title, head, foot, width, height):
        self.figure.text(0.1 / width, 1 - 0.12 / height, title, fontsize=12, fontweight="bold", va="top")
        for i, text in enumerate(head):
            self.figure.text(0.1 / width, 1 - (0.4 + 0.18 * i) / height, text, color=GREY, va="top")
        for i, text in enumerate(reversed(foot)):
            self.figure.text(0.1 / width, (0.08 + 0.17 * i) / height, text, color=GREY, fontsize=8)


def about(result):
    if not result.rows:
        return "daa-alloc-cost"
    first = result.rows[0]
    words = f"{first['device']}, driver {first['driver']}, {first['time_utc'][:10]}, commit {first['commit'][:7]}"
    return words + ": times are a simulator's" * (first["device_kind"] == "host")


def stretched(ratio):
    return numpy.arcsinh((ratio - 1) / 0.1)


def ratio_axis(axis, values):
    """Linear around 1, logarithmic away from it."""
    is_x = axis.axis_name == "x"
    functions = stretched, lambda y: 1 + 0.1 * numpy.sinh(y)
    (axis.axes.set_xscale if is_x else axis.axes.set_yscale)("function", functions=functions)
    low, high = min(*values, 0.95), max(*values, 1.1)
    low, high = 1 - (1 - low) * 1.15, 1 + (high - 1) * 1.25
    (axis.axes.set_xlim if is_x else axis.axes.set_ylim)(low, high)
    axis.set_major_locator(ticker.FixedLocator(ratio_ticks(low, high)))
    axis.set_major_formatter(ticker.FuncFormatter(lambda tick, _: f"{tick:g}"))
    axis.set_minor_locator(ticker.NullLocator())


def ratio_ticks(low, high):
    """Round numbers, outwards from 1, none too close to another."""
    least = 0.095 * (stretched(high) - stretched(low))
    ticks = [1]
    for tick in [1.1, 1.2, 1.5, 2, 3, 5, 10, 20, 50, 100, 300, 1000, 10000, 0.9, 0.8, 0.5, 0, -1]:
        if low <= tick <= high and all(abs(stretched(tick) - stretched(other)) > least for other in ticks):
            ticks.append(tick)
    return sorted(ticks)


def short(number):
    scaled = [
        (number / factor, unit)
        for factor, unit in [(1e9, " G"), (1e6, " M"), (1e3, " k")]
        if number >= 10 * factor or number == factor
    ]
    value, unit = scaled[0] if scaled else (number, "")
    return f"{value:g}{unit}"


def log_axis(axis, base=10):
    (axis.axes.set_xscale if axis.axis_name == "x" else axis.axes.set_yscale)("log", base=base)
    axis.set_major_formatter(ticker.FuncFormatter(lambda tick, _: short(tick)))
    if base == 10:
        low, high = axis.get_view_interval()
        few = high / low < 30  # else only the powers have a number
        axis.set_minor_formatter(
            ticker.FuncFormatter(lambda tick, _: short(tick) if few and f"{tick:e}"[0] in "235" else "")
        )
    else:
        axis.set_minor_locator(ticker.NullLocator())


def missing_of(rows, column, mark=""):
    """Notes on the rows that a picture cannot show: a line for each allocator and reason."""
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
