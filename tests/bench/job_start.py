"""How long a process of the static client takes, from fork to its end, beside one that does nothing."""

import os
import statistics
import time

from figures import note
from rig import SERVER_CORE, BenchError

PROCESSES, ROUNDS = 300, 5
PEER = "/bin/true"


def children_ms():
    spent = os.times()
    return (spent.children_user + spent.children_system) * 1e3


def milliseconds(command):
    """(wall clock, CPU) of one process, one after the other on one core."""
    started, spent = time.perf_counter(), children_ms()
    for _ in range(PROCESSES):
        pid = os.posix_spawn(command[0], command, {}, file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
        _, status = os.waitpid(pid, 0)
        if status != 0:
            raise BenchError(f"{command} ended with {status}")
    return (time.perf_counter() - started) * 1e3 / PROCESSES, (children_ms() - spent) / PROCESSES


def run(rig, report):
    note("job_start")
    client, whole = str(rig.build / "watchword-job"), str(rig.build / "watchword")
    commands = {"job_start": [client, "version"], "job_start_whole": [whole, "version"], "peer": [PEER]}
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {int(SERVER_CORE)})
    try:
        rounds = [{name: milliseconds(command) for name, command in commands.items()} for _ in range(ROUNDS)]
    finally:
        os.sched_setaffinity(0, allowed)
    for name in ("job_start", "job_start_whole"):
        for kind, suffix in enumerate(("", "_cpu")):
            times = [one[name][kind] for one in rounds]
            peer = statistics.median(one["peer"][kind] for one in rounds)
            report.add(name + suffix, statistics.median(times), "ms", PEER, peer, times)
    report.add("job_size", os.path.getsize(client) / 1e6, "MB", "watchword, without its libraries", os.path.getsize(whole) / 1e6)
