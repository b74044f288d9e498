"""What the figures of a result say in short, computed from its rows."""

from collections import Counter
from math import exp, log

from reporting import results

BREAK_EVEN_RATIO = 1.01


def code(name):
    return f"`{name}`"


def ratios(rows):
    return [row["end_to_end_ratio"] for row in results.measured(rows, "end_to_end_ratio")]


def best_other(rows):
    """The allocator that is neither the arena's nor the reference, with the least geometric mean of its ratios.

    It must have been measured in as many rows as any other. None where there is none.
    """
    of = {name: ratios([row for row in rows if row["allocator"] == name]) for name in results.names(rows)}
    of = {name: values for name, values in of.items() if results.is_other(name) and values and min(values) > 0}
    most = max(map(len, of.values()), default=0)
    means = {name: exp(sum(map(log, values)) / most) for name, values in of.items() if len(values) == most}
    return min(means, key=means.get, default=None)


def ratio_range(rows, with_case=False):
    """The least and the greatest ratio, and how many rows have none."""
    found = results.measured(rows, "end_to_end_ratio")
    text = results.extent(ratios(rows)) if found else "-"
    if found and with_case:
        text += f" ({results.case_of(max(found, key=lambda row: row['end_to_end_ratio']))})"
    bad, beyond = len(results.failed(rows)), len(results.unsupported(rows))
    return text + f", {bad} failed" * (bad > 0) + f", {beyond} unsupported" * (beyond > 0)


def mean_by_allocator(rows, column, **where):
    """allocator -> geometric mean over its rows in which each column of `where` has that value."""
    found = {}
    for row in results.measured(rows, column):
        if all(row[name] == value for name, value in where.items()):
            found.setdefault(row["allocator"], []).append(log(row[column]))
    return {name: exp(sum(logs) / len(logs)) for name, logs in found.items()}


def nanoseconds(ns):
    return "-" if ns is None else f"{results.significant(ns)} ns"


def headline(result, allocators=None, with_case=False):
    """Heading and lines: the range of ratios for each way to synchronise, and the cost of an allocation."""
    configurations = {name: rows for name, rows in result.configurations("steady").items() if "+" not in name}
    heading = ["allocator", *map(results.configuration_words, configurations)] + ["an allocation"] * bool(result.costs)
    if allocators is None:
        every = results.names([row for rows in configurations.values() for row in rows])
        allocators = [name for name in every if name != results.REFERENCE]
    lines = []
    for name in allocators:
        own = [[row for row in rows if row["allocator"] == name] for rows in configurations.values()]
        line = [code(name) + " (noise)" * (name == results.NOISE), *(ratio_range(rows, with_case) for rows in own)]
        lines.append(line + [nanoseconds(result.costs.get(name))] * bool(result.costs))
    return heading, lines


# --- README.md: five figures, and what does not speak for the arena ---

KNOWN = ["cuda-malloc-async-tuned", "cuda-malloc"]  # columns of their own, beside the arena and the best of all others


def worst_by_allocator(rows, column):
    """allocator -> greatest figure, of those that have as many as the arena."""
    of = {}
    for row in results.measured(rows, column):
        of.setdefault(row["allocator"], []).append(row[column])
    count = len(of.get(results.ARENA, []))
    return {name: max(figures) for name, figures in of.items() if len(figures) == count}


def at_a_glance(result):
    """Heading and lines of at most five figures; one that was not measured has no line."""
    threads = result.of_kind("threads")
    most = max((row["threads"] for row in threads), default=0)
    steady, replays = result.of_kind("steady"), result.replays()
    traces = len({results.case_of(row) for row in replays})
    cases = len({(results.case_of(row), row["configuration"]) for row in steady})
    known = results.names(result.rows)
    costs = {name: ns for name, ns in result.costs.items() if name in known}  # without std::pmr's, the yardstick
    measures = [
        ("an allocation and its release, one after the other in a loop", costs, nanoseconds),
        (f"an allocation of a workload while {most:.0f} threads allocate", mean_by_allocator(threads, "allocation_ns", threads=most), nanoseconds),
        (f"an allocation or free of a real program, worst of {traces} traces", worst_by_allocator(replays, "operation_median_ns"), nanoseconds),
        (f"time of a phase over that with preallocated memory, worst of {cases} cases", worst_by_allocator(steady, "end_to_end_ratio"), times),
        (f"memory held over memory live, worst of {traces} traces", worst_by_allocator(replays, "held_over_live"), times),
    ]
    lines = []
    for words, of, write in measures:
        if results.ARENA not in of:
            continue
        others = {name: figure for name, figure in of.items() if results.is_other(name) and name not in KNOWN}
        best = min(others, key=others.get, default=None)
        named = f"{write(others[best])} ({code(best)})" if best else "-"
        figures = [write(of[name]) if name in of else "-" for name in KNOWN]
        lines.append([words, write(of[results.ARENA]), named, *figures])
    return ["", "`arena`", "best of all others", *map(code, KNOWN)], lines


def times(ratio):
    return f"{ratio:.2f} x"


def best_cold(rows):
    best = best_other(rows)
    own = ratios([row for row in rows if row["allocator"] == best])
    return f", those of {code(best)} {results.extent(own)} times" if best and best not in KNOWN else ""


def plainly(result):
    """Sentences for README.md: where nothing is gained, or something lost."""
    sentences = []
    cold = result.of_kind("cold")
    of_arena, of_driver = (ratios([row for row in cold if row["allocator"] == name]) for name in (results.ARENA, KNOWN[0]))
    if of_arena and of_driver:
        sentences.append(
            f"First phases take {results.extent(of_arena)} times as long as with preallocated memory, those of "
            f"{code(KNOWN[0])} {results.extent(of_driver)} times{best_cold(cold)}."
        )
    demands = [
        row["peak_phase_bytes"] / row["peak_live_bytes"]
        for row in result.replays()
        if row["allocator"] == results.ARENA and row["peak_phase_bytes"] and row["peak_live_bytes"]
    ]
    if demands:
        sentences.append(
            f"An arena whose user frees nothing within a phase takes all that the phase asks for: on the traces {results.extent(demands)} "
            "times what is live."
        )
    equal = faster = compared = 0
    leaders = Counter()
    for rows in result.configurations("steady").values():
        for of in results.by_case(results.measured(rows, "end_to_end_ratio")).values():
            others = [row for name, row in of.items() if results.is_other(name)]
            if results.ARENA in of and others:
                best = min(others, key=lambda row: row["end_to_end_ratio"])
                compared += 1
                equal += results.interval(best)[0] <= results.interval(of[results.ARENA])[1]
                faster += results.interval(best)[1] < results.interval(of[results.ARENA])[0]
                leaders[best["allocator"]] += 1
    if equal:
        leader, count = leaders.most_common(1)[0]
        unordered = ", which is not stream-ordered" * (leader == "thrust-pool")
        sentences.append(
            f"In {equal} of {compared} cases another allocator is as fast as `arena` within the intervals, in {faster} of them faster; "
            f"most often, in {count}, that is {code(leader)}{unordered}."
        )
    for words, column, write in [("is faster", "operation_median_ns", nanoseconds), ("holds less memory", "held_over_live", times)]:
        cases = results.by_case(results.measured(result.replays(), column))
        better = []
        for case, of in cases.items():
            others = {name: row[column] for name, row in of.items() if results.is_other(name) and name != "cuda-malloc"}
            best = min(others, key=others.get, default=None)
            if best and results.ARENA in of and others[best] < of[results.ARENA][column]:
                better.append(f"{case}: {code(best)} {write(others[best])}, `arena` {write(of[results.ARENA][column])}")
        if better:
            sentences.append(f"On {len(better)} of {len(cases)} traces another allocator than `cuda-malloc` {words} ({'; '.join(better)}).")
    return sentences


def break_even(rows):
    """The greatest number of allocations a phase at which, and at all smaller ones, the ratio's interval begins at 1.01 or
    below; 0 where there is none. `rows` are of one allocator and series."""
    reached = 0
    for row in sorted(rows, key=lambda row: row["allocs_per_phase"]):
        if row["status"] != "ok" or row["end_to_end_ratio"] is None or results.interval(row)[0] > BREAK_EVEN_RATIO:
            break
        reached = int(row["allocs_per_phase"])
    return reached


# --- where the arena is no better ---


def against_arena(result):
    """A sentence for each finding that is not in the arena's favour."""
    sentences = []
    for configuration, rows in result.configurations("steady", "cold", "graph").items():
        sentences += against_in_time(configuration, results.measured(rows, "end_to_end_ratio"))
    replays = result.of_kind("replay")
    sentences += against_in(replays, "held_over_live", "Replays", "another allocator holds less memory", "{:.2f}".format)
    sentences += against_in(replays, "operation_median_ns", "Replays", "another allocator is faster", nanoseconds)
    for kind in ("threads", "streams"):
        what = "an allocation of another allocator is cheaper"
        sentences += against_in(result.of_kind(kind), "allocation_ns", kind.capitalize(), what, nanoseconds)
    return sentences + against_in_sweep(result) + failures_of_arenas(result)


def against_in_time(configuration, rows):
    noise = max((abs(row["end_to_end_ratio"] - 1) for row in rows if row["allocator"] == results.NOISE), default=0.01)
    equal, behind, above, compared = [], [], [], 0
    for case, of in results.by_case(rows).items():
        others = [row for name, row in of.items() if results.is_other(name)]
        if results.ARENA not in of or not others:
            continue
        compared += 1
        arena, best = of[results.ARENA], min(others, key=lambda row: row["end_to_end_ratio"])
        (low, high), (best_low, best_high) = results.interval(arena, noise), results.interval(best, noise)
        ratio = f"{arena['end_to_end_ratio']:.2f}"
        if best_high < low:
            behind.append(f"{case} ({code(best['allocator'])} {best['end_to_end_ratio']:.2f}, `arena` {ratio})")
        elif best_low <= high:
            equal.append(case)
        if low > max(1, results.interval(of[results.NOISE], noise)[1] if results.NOISE in of else 1):
            above.append(f"{case} ({ratio})")
    where = results.configuration_words(configuration).capitalize()
    return [
        f"{where}: in {len(cases)} of {compared} cases {what}: {', '.join(cases)}."
        for what, cases in [
            ("the best of the other allocators is as fast as `arena`, within the intervals", equal),
            ("another allocator is faster than `arena`", behind),
            ("`arena` is slower than preallocated memory by more than the noise", above),
        ]
        if cases
    ]


def against_in(rows, column, where, what, write):
    """At most one sentence: the cases in which the least figure of the other allocators is below that of the arena."""
    cases = results.by_case(results.measured(rows, column))
    better = []
    for case, of in cases.items():
        best = min((row for name, row in of.items() if results.is_other(name)), key=lambda row: row[column], default=None)
        if best and results.ARENA in of and best[column] < of[results.ARENA][column]:
            figures = write(best[column]), write(of[results.ARENA][column])
            better.append(f"{case} ({code(best['allocator'])} {figures[0]}, `arena` {figures[1]})")
    return [f"{where}: in {len(better)} of {len(cases)} cases {what} than `arena`: {', '.join(better)}."] if better else []


def against_in_sweep(result):
    series = {}
    for row in result.of_kind("sweep"):
        if row["allocator"] == results.ARENA:
            series.setdefault(results.series_of(row), []).append(row)
    found = {name: (break_even(rows), max(row["allocs_per_phase"] for row in rows)) for name, rows in series.items()}
    return [
        f"Sweep of {name}: `arena` breaks even with preallocated memory up to {reached} allocations a phase of {most:.0f}."
        for name, (reached, most) in found.items()
        if reached < most
    ]


def failures_of_arenas(result):
    counts = Counter(row["allocator"] for row in results.failed(result.rows) if results.is_arena(row["allocator"]))
    return [f"{code(name)} failed in {count} rows." for name, count in counts.items()]
