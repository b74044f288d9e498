"""Snapshots of PyTorch's memory as traces: what is taken of them, and that no pickle is trusted.

    trace_from_pytorch_test.py <trace_from_pytorch.py> <daa-bench-host>
"""

import csv
import os
import pickle
import subprocess
import sys
import tempfile
import unittest

SCRIPT, BENCH = sys.argv.pop(1), sys.argv.pop(1)


def entry(action, addr=0, size=0, stream=0, **more):
    return {"action": action, "addr": addr, "size": size, "stream": stream, "frames": [], **more}


class Planted:
    """Unpickled, it would leave a file behind."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


class TraceFromPytorch(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.snapshot = os.path.join(self.folder.name, "snapshot.pickle")
        self.trace = os.path.join(self.folder.name, "made.csv")

    def tearDown(self):
        self.folder.cleanup()

    def write(self, data):
        with open(self.snapshot, "wb") as file:
            file.write(data)

    def dump(self, *device_traces):
        self.write(pickle.dumps({"segments": [], "device_traces": list(device_traces)}))

    def convert(self, *args):
        return subprocess.run([sys.executable, SCRIPT, self.snapshot, self.trace, *args], capture_output=True, text=True,
                              check=False)

    def converted(self, *args):
        result = self.convert(*args)
        self.assertEqual(result.returncode, 0, result.stderr)
        with open(self.trace, encoding="ascii") as file:
            lines = file.read().splitlines()
        self.assertEqual(lines[0], "Thread,Time,Action,Pointer,Size,Stream")
        return lines[1:], result.stderr

    def expect_refused(self, why, *args):
        result = self.convert(*args)
        self.assertEqual(result.returncode, 1)
        self.assertIn("trace_from_pytorch.py: ", result.stderr)
        self.assertIn(why, result.stderr)
        self.assertNotIn("Traceback", result.stderr)
        self.assertFalse(os.path.exists(self.trace))

    def test_allocations_and_completed_frees_become_lines(self):
        self.dump([
            entry("segment_alloc", 0x1000, 1 << 21),
            entry("alloc", 0x1000, 512, 7, time_us=100),
            entry("alloc", 0x2000, 70001, 0, time_us=130),
            entry("free_requested", 0x1000, 512, 7, time_us=140),
            entry("oom", 0, 1 << 40, 0, time_us=145, device_free=1),
            entry("free_completed", 0x1000, 512, 7, time_us=150),
            entry("snapshot"),
            entry("free_requested", 0x2000, 70001),
            entry("free_completed", 0x2000, 70001, time_us=160),
            entry("segment_free", 0x1000, 1 << 21),
        ])
        lines, said = self.converted()
        self.assertEqual(lines, [
            "0,0,allocate,0x1000,512,7",
            "0,30,allocate,0x2000,70001,0",
            "0,45,allocate failure,0x0,1099511627776,0",
            "0,50,free,0x1000,512,7",
            "0,60,free,0x2000,70001,0",
        ])
        self.assertEqual(said, "")

    def test_what_it_writes_can_be_replayed(self):
        self.dump([
            entry("alloc", 0x1000, 512, 7), entry("alloc", 0x2000, 70001), entry("free_completed", 0x1000, 512, 7),
            entry("oom", 0, 1 << 40), entry("free_completed", 0x2000, 70001), entry("alloc", 0x3000, 5),
            entry("free_completed", 0x4000, 5)
        ])
        _, said = self.converted()
        self.assertIn("left out 1 frees of blocks from before the recording and 1 blocks that are never freed", said)
        result = subprocess.run([BENCH, "--workload=replay", f"--trace={self.trace}", "--allocator=preallocated", "--iters=1",
                                 "--warmup=0", "--repetitions=1", "--csv=-"], capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        rows = list(csv.DictReader(result.stdout.splitlines()))
        self.assertEqual([(row["trace"], row["status"], row["operations"]) for row in rows], [("made", "ok", "4")])

    def test_a_block_whose_free_was_only_requested_outlives_the_trace(self):
        self.dump([entry("alloc", 0x1000, 512), entry("free_requested", 0x1000, 512), entry("alloc", 0x2000, 1),
                   entry("free_completed", 0x2000, 1)])
        lines, said = self.converted()
        self.assertEqual([line.split(",")[3] for line in lines], ["0x2000", "0x2000"])
        self.assertIn("1 blocks that are never freed", said)

    def test_one_device_is_chosen(self):
        one, other = ([entry("alloc", 0x1000, size), entry("free_completed", 0x1000, size)] for size in (1, 2))
        self.dump([], one, [], other)
        self.expect_refused("devices 1, 3; choose one with --device")
        self.expect_refused("no history of the device 2", "--device", "2")
        self.assertIn(",2,", self.converted("--device", "3")[0][0])
        self.dump([], one)
        self.assertIn(",1,", self.converted()[0][0])

    def test_a_pickle_with_a_class_in_it_is_refused_and_does_nothing(self):
        planted = os.path.join(self.folder.name, "planted")
        trace = [entry("alloc", 0x1000, 1, more=Planted(planted)), entry("free_completed", 0x1000, 1)]
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            self.write(pickle.dumps({"device_traces": [trace]}, protocol=protocol))
            self.expect_refused("names the class or function ")
            self.assertFalse(os.path.exists(planted))

    def test_even_a_harmless_class_is_refused(self):
        self.write(pickle.dumps({"device_traces": [[]], "when": __import__("datetime").date(2030, 1, 2)}))
        self.expect_refused("names the class or function datetime.date")

    def test_a_truncated_pickle_is_refused_wherever_it_ends(self):
        whole = pickle.dumps({"device_traces": [[entry("alloc", 0x1000, 1), entry("free_completed", 0x1000, 1)]]})
        for length in range(0, len(whole), 7):
            self.write(whole[:length])
            self.expect_refused("is not a whole pickle")

    def test_the_snapshot_is_not_overwritten(self):
        self.dump([entry("alloc", 0x1000, 1), entry("free_completed", 0x1000, 1)])
        with open(self.snapshot, "rb") as file:
            before = file.read()
        other_name = os.path.join(self.folder.name, "linked")
        os.symlink(self.snapshot, other_name)
        for self.trace in (self.snapshot, other_name):
            result = self.convert()
            self.assertEqual(result.returncode, 1)
            self.assertIn("is the snapshot itself", result.stderr)
            with open(self.snapshot, "rb") as file:
                self.assertEqual(file.read(), before)

    def test_what_is_no_snapshot_is_refused(self):
        for data in ([], {"segments": []}, {"device_traces": {}}, {"device_traces": [1]}):
            self.write(pickle.dumps(data))
            self.expect_refused("has no device_traces")
        self.dump([])
        self.expect_refused("_record_memory_history()")
        os.remove(self.snapshot)
        self.expect_refused("cannot be read: No such file")

    def test_an_entry_that_makes_no_sense_is_refused_with_its_place(self):
        free = entry("free_completed", 0x1000, 1)
        for bad, why in (
            (entry("allocate", 1, 1), "[0][1]: unknown action 'allocate'"),
            (entry("alloc", 0x1000, 1), "[0][1]: 0x1000 is allocated and is live already"),
            (entry("free_completed", 0x1000, 2), "[0][1]: 0x1000 is freed with size 2 and was allocated with 1"),
            (entry("alloc", -1, 1), "[0][1]: addr is -1"),
            (entry("alloc", 1, 1 << 64), "[0][1]: size is 18446744073709551616"),
            (entry("alloc", 1, 1.5), "[0][1]: size is 1.5"),
            (entry("alloc", 1, 1, "0"), "[0][1]: stream is '0'"),
            ({"addr": 1}, "[0][1]: has no action"),
            (17, "[0][1]: is not a dictionary"),
        ):
            self.dump([entry("alloc", 0x1000, 1), bad, free])
            self.expect_refused(why)


if __name__ == "__main__":
    unittest.main()
