#!/usr/bin/env python3
"""Makes a trace for `daa-bench --workload=replay` of a memory snapshot of PyTorch.

    torch.cuda.memory._record_memory_history()
    ...                                             # the work to replay
    torch.cuda.memory._dump_snapshot("snapshot.pickle")

    scripts/trace_from_pytorch.py snapshot.pickle my_trace.csv

A pickle can import and call anything. A snapshot needs none of that: a pickle that names a class or a function is refused,
and nothing of it is executed.

What becomes of the entries of the snapshot's device_traces, in their order:
  alloc            an allocation: the size as requested, on the stream it was allocated for
  free_completed   its free: from here on its memory can be reused, since all streams that use it have finished with it
  oom              a failed allocation, which the replay ignores
  free_requested   only checked: the program has released the block, but a stream may still use it
  segment_*        ignored: the memory that the caching allocator itself takes and gives back
  snapshot, user_defined, workspace_snapshot   ignored
Frees of blocks from before the recording and blocks that are never freed are left out and counted on stderr. A history that
was cut (max_entries) loses its beginning in this way.
"""

import argparse
import os
import pickle
import sys

HEADER = "Thread,Time,Action,Pointer,Size,Stream\n"
USED = ("alloc", "free_requested", "free_completed", "oom")
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
            raise Refused(f"{place}: is not a dictionary; use a newer PyTorch")
        self.fields = entry

    def number(self, field, default=None):
        value = self.fields.get(field, default)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 64:
            raise Refused(f"{self.place}: {field} is {value!r:.50}, not an integer from 0 to 2^64 - 1; "
                          "dump the snapshot again")
        return value

    def action(self):
        value = self.fields.get("action")
        if not isinstance(value, str):
            raise Refused(f"{self.place}: has no action; dump the snapshot again")
        return value


class Recording:
    """Collects the lines of the CSV."""

    def __init__(self):
        self.rows = []  # [time, action, address, size, stream]
        self.live = {}  # address: index of the allocation's row
        self.unmatched_frees = 0

    def add(self, action, time, entry):
        size, stream = entry.number("size"), entry.number("stream")
        if action == "oom":
            self.rows.append([time, "allocate failure", 0, size, stream])
        elif action == "alloc":
            self.allocate(time, entry, entry.number("addr"), size, stream)
        else:
            self.free(action, time, entry, entry.number("addr"), size)

    def allocate(self, time, entry, address, size, stream):
        if address in self.live:
            raise Refused(f"{entry.place}: {address:#x} is allocated and is live already; dump the snapshot again")
        self.live[address] = len(self.rows)
        self.rows.append([time, "allocate", address, size, stream])

    def free(self, action, time, entry, address, size):
        if address not in self.live:
            self.unmatched_frees += action == "free_completed"
            return
        _, _, _, allocated, stream = self.rows[self.live[address]]
        if size != allocated:
            raise Refused(f"{entry.place}: {address:#x} is freed with size {size} and was allocated with {allocated}; "
                          "dump the snapshot again")
        if action == "free_completed":
            self.rows.append([time, "free", address, size, stream])
            del self.live[address]

    def lines(self):
        """Of all but the blocks that are still live."""
        left_out = set(self.live.values())
        kept = [row for index, row in enumerate(self.rows) if index not in left_out]
        if not any(row[1] == "allocate" for row in kept):
            raise Refused("has no block that is both allocated and freed; record more of the program")
        start = kept[0][0]
        return [f"0,{max(time - start, 0)},{action},{address:#x},{size},{stream}\n"
                for time, action, address, size, stream in kept]


def record(trace, device):
    recording = Recording()
    for number, raw in enumerate(trace):
        entry = Entry(raw, f"device_traces[{device}][{number}]")
        action = entry.action()
        if action in UNUSED:
            continue
        if action not in USED:
            raise Refused(f"{entry.place}: unknown action {action!r:.50}; known: {', '.join(USED + UNUSED)}")
        recording.add(action, entry.number("time_us", number), entry)
    return recording


def write(path, text):
    if path == "-":
        sys.stdout.write(text)
        return
    try:
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
    except OSError as error:
        sys.exit(f"trace_from_pytorch.py: {path}: cannot be written: {error.strerror}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("snapshot", help="the pickle")
    parser.add_argument("trace", help="the CSV to write; - is standard output")
    parser.add_argument("--device", type=int, metavar="N", help="the device, if several have a history")
    options = parser.parse_args()
    exist = os.path.exists(options.snapshot) and os.path.exists(options.trace)
    if exist and os.path.samefile(options.snapshot, options.trace):
        sys.exit(f"trace_from_pytorch.py: {options.trace}: is the snapshot itself; name another file for the trace")
    try:
        traces = traces_of(load(options.snapshot))
        device = choose_device(traces, options.device)
        recording = record(traces[device], device)
        lines = recording.lines()
    except Refused as refused:
        sys.exit(f"trace_from_pytorch.py: {options.snapshot}: {refused}")
    write(options.trace, HEADER + "".join(lines))
    if recording.unmatched_frees or recording.live:
        print(f"trace_from_pytorch.py: left out {recording.unmatched_frees} frees of blocks from before the recording and "
              f"{len(recording.live)} blocks that are never freed", file=sys.stderr)


if __name__ == "__main__":
    main()
