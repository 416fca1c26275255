#!/usr/bin/env python3
"""Measures how long people wait for `./rediform synth` and `check`, and how much memory it takes.

    python3 bench/synth.py [RUNS]      default: 5 runs of each; the best counts

All in one run, taking turns, so that the figures can be compared:
  synth production          as everybody runs it
  synth, eager index        the same constructs, but Node loads all of the AWS package at start
  synth, 1,000 replicas     production-symmetric with 1,000 replicas in place of two
  check                     every environment file, without Node

Wall time is that of the whole command, launcher included. Memory is measured in runs of its own,
because looking costs time: the peak of the sum over the JVM and every Node process (PSS: shared
pages are counted once), looked at every 10 ms; in brackets the largest single process, as
/usr/bin/time would say.
"""
import os
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LARGE = """platform: aws
replicas: {count: %d}
network: {cidr: 10.64.0.0/16}
aws: {region: eu-central-1}
"""


def descendants(pid):
    try:
        tasks = os.listdir("/proc/%d/task" % pid)
    except OSError:
        return []
    children = []
    for task in tasks:
        try:
            with open("/proc/%d/task/%s/children" % (pid, task)) as file:
                children += [int(child) for child in file.read().split()]
        except OSError:
            pass
    return children + [pid for child in children for pid in descendants(child)]


def memory(pid):
    """PSS and RSS in MiB; nothing for a process that has just ended."""
    found = {"Pss": 0, "Rss": 0}
    try:
        with open("/proc/%d/smaps_rollup" % pid) as file:
            for line in file:
                name = line.split(":")[0]
                if name in found:
                    found[name] = int(line.split()[1]) / 1024
    except OSError:
        pass
    return found["Pss"], found["Rss"]


def run(words, environment, watch=lambda pid: None):
    """Seconds that the command took. `watch` is called all the while."""
    with tempfile.TemporaryDirectory() as out:
        started = time.monotonic()
        process = subprocess.Popen(
            ["./rediform", *words], cwd=ROOT, env={**os.environ, **environment, "CDKTF_OUTDIR": out},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None:
            watch(process.pid)
            time.sleep(0.01)
        if process.returncode != 0:
            sys.exit("./rediform %s ended with code %d" % (" ".join(words), process.returncode))
        return time.monotonic() - started


def peak_memory(words, environment):
    """(peak of the sum of PSS, largest RSS of one process), in MiB."""
    peaks = [0, 0]

    def watch(pid):
        sizes = [memory(each) for each in [pid, *descendants(pid)]]
        peaks[0] = max(peaks[0], sum(pss for pss, _ in sizes))
        peaks[1] = max(peaks[1], max((rss for _, rss in sizes), default=0))

    run(words, environment, watch)
    return peaks


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as folder:
        large, small = os.path.join(folder, "large.yaml"), os.path.join(folder, "small.yaml")
        for path, count in ((large, 1000), (small, 2)):
            with open(path, "w") as file:
                file.write(LARGE % count)
        cases = {
            "synth production": (["synth", "production"], {}),
            "synth, eager index": (["synth", "production"], {"REDIFORM_NODE_OPTIONS": ""}),
            "synth, 2 replicas": (["synth", small], {}),
            "synth, 1,000 replicas": (["synth", large], {}),
            "check": (["check"], {}),
        }
        for case in cases.values():
            run(*case)  # warm: built, packages unpacked
        seconds = {name: [] for name in cases}
        for _ in range(runs):
            for name, case in cases.items():
                seconds[name].append(run(*case))
        peaks = {name: [peak_memory(*case) for _ in range(2)] for name, case in cases.items()}
    best = {name: min(measured) for name, measured in seconds.items()}
    print("%-24s %8s %10s %12s" % ("", "wall", "memory", "(largest)"))
    for name in cases:
        print("%-24s %6.2f s %7.0f MB %9.0f MB" % (name, best[name], *max(peaks[name])))
    print("eager index / ours:      %.1f x" % (best["synth, eager index"] / best["synth production"]))
    print("1,000 replicas / two:    %.2f x" % (best["synth, 1,000 replicas"] / best["synth, 2 replicas"]))


if __name__ == "__main__":
    main()
