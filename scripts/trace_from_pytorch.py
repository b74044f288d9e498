#!/usr/bin/env python3
"""Makes a trace for `daa-bench --workload=replay` of a memory snapshot of PyTorch's.

    torch.cuda.memory._record_memory_history()
    ...                                             # what is to be replayed
    torch.cuda.memory._dump_snapshot("snapshot.pickle")

    scripts/trace_from_pytorch.py snapshot.pickle my_trace.csv

A pickle may hold instructions to import and call anything. Nothing of this kind is in a snapshot, and nothing of it is
carried out: a pickle that names a class or a function is refused.

Of the snapshot's device_traces, in their order (sizes as requested, each block on the stream it was allocated for):
  alloc            the allocation
  free_completed   its free: from here on its memory may serve again, all streams that use it having done so
  oom              a failed allocation, which the replay leaves out
  free_requested   only checked: the program has let go of the block, and some stream may still use it
  segment_*        not used: the memory that the caching allocator itself takes and gives back
  snapshot, user_defined, workspace_snapshot   not used
A free of a block from before the recording has no allocation, and a block that is never freed outlives the trace: both are
left out, and counted on stderr. A history that was cut (max_entries) loses its beginning in this way.
"""

import argparse
import os
import pickle
import sys

HEADER = "Thread,Time,Action,Pointer,Size,Stream\n"
UNUSED = ("segment_alloc", "segment_free", "segment_map", "segment_unmap", "snapshot", "user_defined",
          "workspace_snapshot")


class Refused(Exception):
    """What is wrong with the snapshot, and what to do."""


class PlainUnpickler(pickle.Unpickler):
    """Reads numbers, strings, lists, tuples, sets and dictionaries, and no object of any class."""

    def find_class(self, module, name):
        raise Refused(f"names the class or function {module}.{name}, which no snapshot does; "
                      "use the file that torch.cuda.memory._dump_snapshot() wrote")

    def persistent_load(self, pid):
        raise Refused("refers to objects outside the file, which no snapshot does; "
                      "use the file that torch.cuda.memory._dump_snapshot() wrote")


def load(path):
    try:
        with open(path, "rb") as file:
            return PlainUnpickler(file).load()
    except OSError as error:
        raise Refused(f"cannot be read: {error.strerror}") from error
    except Refused:
        raise
    except Exception as error:  # the unpickler raises almost anything where the bytes are not a pickle
        raise Refused(f"is not a whole pickle ({type(error).__name__}: {error}); dump the snapshot again") from error


def traces_of(snapshot):
    """The device traces, a list of entries for each device."""
    traces = snapshot.get("device_traces") if isinstance(snapshot, dict) else None
    if not isinstance(traces, list) or not all(isinstance(trace, list) for trace in traces):
        raise Refused("has no device_traces; use a file of torch.cuda.memory._dump_snapshot()")
    return traces


def choose_device(traces, asked):
    recorded = [device for device, trace in enumerate(traces) if trace]
    if not recorded:
        raise Refused("has no allocation history; call torch.cuda.memory._record_memory_history() before the work")
    if asked is None and len(recorded) > 1:
        raise Refused(f"has the history of the devices {', '.join(map(str, recorded))}; choose one with --device")
    device = recorded[0] if asked is None else asked
    if device not in recorded:
        raise Refused(f"has no history of the device {device}; there is one of {', '.join(map(str, recorded))}")
    return device


class Entry:
    """One entry of a trace, each field checked when it is asked for."""

    def __init__(self, entry, place):
        self.place = place
        if not isinstance(entry, dict):
            raise Refused(f"{place}: is no dictionary; use a newer PyTorch")
        self.fields = entry

    def number(self, field, default=None):
        value = self.fields.get(field, default)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 64:
            raise Refused(f"{self.place}: {field} is {value!r:.50}, not a whole number from 0 to 2^64 - 1; "
                          "dump the snapshot again")
        return value

    def action(self):
        value = self.fields.get("action")
        if not isinstance(value, str):
            raise Refused(f"{self.place}: has no action; dump the snapshot again")
        return value


def rows_of(trace, device):
    """Lines of the CSV, and how many frees and allocations were left out."""
    rows = []   # [time, action, address, size, stream], or None where it turned out to be left out
    live = {}   # address: number of the allocation's row
    unmatched_frees = 0
    for number, raw in enumerate(trace):
        entry = Entry(raw, f"device_traces[{device}][{number}]")
        action = entry.action()
        if action in UNUSED:
            continue
        if action not in ("alloc", "free_requested", "free_completed", "oom"):
            raise Refused(f"{entry.place}: unknown action {action!r:.50}; known: alloc, free_requested, "
                          f"free_completed, oom, {', '.join(UNUSED)}")
        size, stream, time = entry.number("size"), entry.number("stream"), entry.number("time_us", number)
        if action == "oom":
            rows.append([time, "allocate failure", 0, size, stream])
            continue
        address = entry.number("addr")
        if action == "alloc":
            if address in live:
                raise Refused(f"{entry.place}: {address:#x} is allocated and is live already; dump the snapshot again")
            live[address] = len(rows)
            rows.append([time, "allocate", address, size, stream])
        elif address not in live:
            unmatched_frees += action == "free_completed"
        else:
            allocated = rows[live[address]]
            if size != allocated[3]:
                raise Refused(f"{entry.place}: {address:#x} is freed with size {size} and was allocated with "
                              f"{allocated[3]}; dump the snapshot again")
            if action == "free_completed":
                rows.append([time, "free", address, size, allocated[4]])
                del live[address]
    for row in live.values():
        rows[row] = None
    kept = [row for row in rows if row is not None]
    if not any(row[1] == "allocate" for row in kept):
        raise Refused("has no block that is both allocated and freed; record more of the program")
    start = kept[0][0]
    lines = [f"0,{max(time - start, 0)},{action},{address:#x},{size},{stream}\n"
             for time, action, address, size, stream in kept]
    return lines, unmatched_frees, len(live)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("snapshot", help="the pickle")
    parser.add_argument("trace", help="the CSV to write; - is standard output")
    parser.add_argument("--device", type=int, metavar="N", help="whose history; needed where there are several")
    options = parser.parse_args()
    exist = os.path.exists(options.snapshot) and os.path.exists(options.trace)
    if exist and os.path.samefile(options.snapshot, options.trace):
        sys.exit(f"trace_from_pytorch.py: {options.trace}: is the snapshot itself; name another file for the trace")
    try:
        traces = traces_of(load(options.snapshot))
        device = choose_device(traces, options.device)
        lines, unmatched_frees, unfreed = rows_of(traces[device], device)
    except Refused as refused:
        sys.exit(f"trace_from_pytorch.py: {options.snapshot}: {refused}")
    text = HEADER + "".join(lines)
    if options.trace == "-":
        sys.stdout.write(text)
    else:
        try:
            with open(options.trace, "w", encoding="ascii") as file:
                file.write(text)
        except OSError as error:
            sys.exit(f"trace_from_pytorch.py: {options.trace}: cannot be written: {error.strerror}")
    if unmatched_frees or unfreed:
        print(f"trace_from_pytorch.py: left out {unmatched_frees} frees of blocks from before the recording and "
              f"{unfreed} blocks that are never freed", file=sys.stderr)


if __name__ == "__main__":
    main()
