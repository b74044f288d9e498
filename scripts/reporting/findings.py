"""What results say in short: least and greatest by allocator, and what does not speak for the arena."""

from collections import Counter

from reporting import results


def name_of(allocator):
    return f"`{allocator}`" + " (noise)" * (allocator == results.AGAIN)


def names_in(rows):
    """The allocators, noise first; the floor, whose ratio is 1, left out."""
    return sorted(
        results.ordered(row["allocator"] for row in rows if row["allocator"] != results.FLOOR),
        key=lambda name: name != results.AGAIN,
    )


def over(rows, column, write="{:.2f}".format):
    """From the least to the greatest of a column, and how many rows failed or are unsupported."""
    values = [row[column] for row in results.measured(rows, column)]
    bad, beyond = len(results.failed(rows)), len(results.unsupported(rows))
    text = results.extent(values, write) if values else "-"
    return text + f", {bad} failed" * (bad > 0) + f", {beyond} unsupported" * (beyond > 0)


def nanoseconds(ns):
    return "-" if ns is None else f"{results.significant(ns)} ns"


def headline(result):
    """Heading and rows: ratios by way of synchronising, and where they are worst."""
    ways = {way: rows for way, rows in result.ways().items() if way in ("phase", "end")}
    once = {cost["allocator"]: cost["ns"] for cost in result.costs if cost["kind"] == "cost" and not cost["sync"]}
    heading = (
        ["allocator"]
        + [cell for way in ways for cell in (results.way_words(way), "greatest at")]
        + ["an allocation"] * bool(once)
    )
    lines = []
    for name in names_in([row for rows in ways.values() for row in rows]):
        line = [name_of(name)]
        for rows in ways.values():
            own = [row for row in rows if row["allocator"] == name]
            worst = max(
                results.measured(own, "end_to_end_ratio"), key=lambda row: row["end_to_end_ratio"], default=None
            )
            line += [over(own, "end_to_end_ratio"), results.case_of(worst) if worst else "-"]
        lines.append(line + [nanoseconds(once.get(name))] * bool(once))
    return heading, lines


def trace_headline(result):
    rows = [row for row in result.of_kind("trace") if row["allocator"]]
    lines = []
    for name in names_in(rows) + [results.FLOOR] * any(row["allocator"] == results.FLOOR for row in rows):
        own = [row for row in rows if row["allocator"] == name]
        lines.append(
            [
                name_of(name),
                over(own, "operation_median_ns", results.significant),
                over(own, "held_over_live"),
                over(own, "min_fit_over_live"),
            ]
        )
    return [
        "allocator",
        "ns an operation",
        "memory held, over live at most",
        "memory it fits in, over live at most",
    ], lines


def against_arena(result):
    """What the figures do not show in the arena's favour, computed: a sentence each, allocators in backquotes."""
    return [
        *against_in_time(result),
        *against_on_traces(result),
        *against_in_threads(result),
        *failures_of_arenas(result),
    ]


def against_in_time(result):
    for way, rows in result.ways().items():
        rows = results.measured(rows, "end_to_end_ratio")
        again = [row["end_to_end_ratio"] for row in rows if row["allocator"] == results.AGAIN]
        noise = max((abs(ratio - 1) for ratio in again), default=0.01)
        level, slower, behind, total = [], [], [], 0
        for case, of in results.by_case(rows).items():
            others = [row for name, row in of.items() if results.is_other(name)]
            if "arena" not in of or not others:
                continue
            total += 1
            best = min(others, key=lambda row: row["end_to_end_ratio"])
            (low, high), (best_low, best_high) = results.interval(of["arena"], noise), results.interval(best, noise)
            ratio = of["arena"]["end_to_end_ratio"]
            if best_high < low:
                behind.append(f"{case} (`{best['allocator']}` {best['end_to_end_ratio']:.2f}, `arena` {ratio:.2f})")
            elif best_low <= high:
                level.append(case)
            if low > max(1, results.interval(of[results.AGAIN], noise)[1] if results.AGAIN in of else 1):
                slower.append(f"{case} ({ratio:.2f})")
        for what, cases in [
            ("nothing is gained: the best of the others is as fast as `arena`, as far as this can tell", level),
            ("the best of the others is faster than `arena`", behind),
            ("`arena` is slower than preallocated memory by more than the noise", slower),
        ]:
            if cases:
                where = f"{results.way_words(way).capitalize()}: in {len(cases)} of {total} rows"
                yield f"{where} {what}: {', '.join(cases)}."


def against_on_traces(result):
    traces = results.by_case(results.measured(result.of_kind("trace"), "operation_median_ns"))
    for arena, words in [
        ("arena", "`arena`, which frees nothing before the end of a phase, holds"),
        ("arena-release", "`arena-release` holds"),
    ]:
        held = [of[arena]["held_over_live"] for of in traces.values() if arena in of]
        held = [ratio for ratio in held if ratio is not None]
        if held and max(held) >= 1.05:
            yield f"On the traces {words} {results.extent(held)} times the memory that is live at most."
    for column, what in [
        ("held_over_live", "holds less memory"),
        ("min_fit_over_live", "fits into less memory"),
        ("operation_median_ns", "is faster"),
    ]:
        better = []
        for trace, of in traces.items():
            found = [row for name, row in of.items() if results.is_other(name) and row[column] is not None]
            own = of.get("arena-recycle", {}).get(column)
            best = min(found, key=lambda row: row[column], default=None)
            if best and own is not None and best[column] < own:
                better.append(f"{trace} (`{best['allocator']}` {best[column]:.3g}, `arena-recycle` {own:.3g})")
        if better:
            where = f"On {len(better)} of {len(traces)} traces"
            yield f"{where} another allocator {what} than `arena-recycle`: {', '.join(better)}."
    ratios = [of["arena-recycle"]["operation_ratio"] for of in traces.values() if "arena-recycle" in of]
    ratios = [ratio for ratio in ratios if ratio is not None]
    if ratios and max(ratios) >= 1.05:
        times = results.extent(ratios, results.significant)
        yield f"An operation of `arena-recycle` takes {times} times that of the floor, whose plan is made beforehand."


def against_in_threads(result):
    for kind in ("threads", "streams"):
        better = []
        for case, of in results.by_case(results.measured(result.of_kind(kind), "allocation_ns")).items():
            found = [row for name, row in of.items() if results.is_other(name)]
            best = min(found, key=lambda row: row["allocation_ns"], default=None)
            if best and "arena" in of and best["allocation_ns"] < of["arena"]["allocation_ns"]:
                ns = [f"{row['allocation_ns']:.3g} ns" for row in (best, of["arena"])]
                better.append(f"{case} (`{best['allocator']}` {ns[0]}, `arena` {ns[1]})")
        if better:
            what = "an allocation of another allocator is cheaper than one of `arena`"
            yield f"{'On threads' if kind == 'threads' else 'On streams of one thread'}, {what}: {', '.join(better)}."


def failures_of_arenas(result):
    counts = Counter(row["allocator"] for row in results.failed(result.rows) if row["allocator"].startswith("arena"))
    for name in results.ordered(counts):
        yield f"`{name}` failed in {counts[name]} rows."
