"""The runner behind tests/run.sh: run.py BUILD_DIR [FILTER]. Each test class in a process of its own, a few at a time; told in order."""

import ast
import concurrent.futures
import glob
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time

SUPPORT = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(os.path.dirname(SUPPORT))
NONE_CHOSEN = 5  # exit code
CLASS_SECONDS = 240  # that one class may take, before the sanitizers' factor
MORE_SECONDS = {"Same": 720, "Many": 480}  # for those whose work is long on a slow machine: 10,000 requests twice, 5,000 routes
# These work long, or wait for minutes' worth of timeouts: begun first, they are over when the others are.
LONGEST = ("Same", "Many", "OwnTokens", "SlowClients", "Stop", "HostileIssuers", "OpenApi", "CommandLine", "KillNine", "Reload")

# Whose gate is asked one thing at a time: nothing for the thread sanitizer.
ONE_AT_A_TIME = ("cli", "credentials", "docs", "doctor", "examples", "github", "misconfigurations", "policy_analysis", "tools")


def tests_of(file):
    """Class.method of a file's tests, read without importing it: what it imports may not be installed. The tests of a class without a
    base are those of each class of the file that takes it as one."""
    with open(file) as text:
        tree = ast.parse(text.read())
    classes = {item.name: item for item in tree.body if isinstance(item, ast.ClassDef)}
    for name, item in classes.items():
        if item.bases:
            bases = [classes[base.id] for base in item.bases if isinstance(base, ast.Name) and base.id in classes]
            for owner in [*(base for base in bases if not base.bases), item]:
                for member in owner.body:
                    if isinstance(member, ast.FunctionDef) and member.name.startswith("test_"):
                        yield f"{name}.{member.name}"


def class_of(test):
    return test.split(".")[0]


def begin_rank(one):
    name = class_of(one[2][0])
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)


def choose(filter_text, without=()):
    """[(kind, file, [test])] that the filter leaves, class by class; none of the files `without`."""
    chosen = []
    for kind in ("integration", "e2e"):
        for file in sorted(glob.glob(os.path.join(TESTS, kind, "*_test.py"))):
            name = os.path.basename(file).removesuffix("_test.py")
            if name in without:
                continue
            prefix = kind + "/" + name + "."
            wanted = [test for test in tests_of(file) if filter_text in prefix + test]
            for _, tests in itertools.groupby(wanted, class_of):
                chosen.append((kind, file, list(tests)))
    return chosen


class Run:
    def __init__(self, build, slow):
        self.parts = os.path.join(os.path.dirname(build), "parts")
        self.logs = os.path.join(build, "test-logs")
        self.slow = slow
        self.environment = os.environ | {
            "WATCHWORD_BUILD": build, "WATCHWORD_PARTS": self.parts, "WATCHWORD_TEST_SLOW": str(slow), "PYTHONDONTWRITEBYTECODE": "1"}
        self.count = {"passed": 0, "failed": 0, "skipped": 0}

    def report(self, kind, line):
        self.count[line["state"]] += 1
        name = line["test"].replace("_test.", ".", 1)
        note = f"  ({line['text']})" if line["state"] == "skipped" else ""
        print(f"{line['state']:7} {line['seconds']:6.2f} s  {kind}/{name}{note}", flush=True)
        if line["state"] == "failed":
            print("    " + line["text"].rstrip().replace("\n", "\n    "), flush=True)
            self.show_logs(line["test"])

    def show_logs(self, test):
        for file in sorted(glob.glob(os.path.join(self.logs, ".".join(test.split(".")[:2]) + "*.log"))):
            with open(file, errors="replace") as text:
                tail = text.read()[-3000:]
            print(f"    --- {file}\n    " + tail.rstrip().replace("\n", "\n    "), flush=True)

    def one_class(self, kind, file, wanted):
        """The lines that its process told, and one more where it told too few."""
        python = os.path.join(self.parts, "venv/bin/python") if kind == "e2e" else sys.executable
        command = [python, os.path.join(SUPPORT, "child.py"), file, *wanted]
        child = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment, start_new_session=True)
        limit = threading.Timer(MORE_SECONDS.get(class_of(wanted[0]), CLASS_SECONDS) * self.slow, child.kill)
        limit.start()
        errors = []
        reader = threading.Thread(target=lambda: errors.append(child.stderr.read()), daemon=True)
        reader.start()
        try:
            lines = [json.loads(text) for text in child.stdout]
            code = child.wait()
        finally:
            limit.cancel()
            try:
                os.killpg(child.pid, signal.SIGKILL)  # servers that a test left behind
            except ProcessLookupError:
                pass
        reader.join(5)
        told = {line["test"].split(" ")[0] for line in lines}
        if code != 0 or len(told) < len(wanted):
            name = os.path.basename(file).removesuffix(".py") + "." + class_of(wanted[0])
            text = f"the test process ended with {code} after {len(told)} of {len(wanted)} tests\n" + "".join(errors)[-4000:]
            lines.append({"test": name, "state": "failed", "seconds": 0, "text": text})
        return lines

    def all(self, chosen):
        """Runs a few at a time and tells them in the order of `chosen`."""
        workers = (os.cpu_count() or 1) * 2  # many tests wait more than they work
        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            running = {id(one): pool.submit(self.one_class, *one) for one in sorted(chosen, key=begin_rank)}
            for one in chosen:
                for line in running[id(one)].result():
                    self.report(one[0], line)


def main():
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):  # a background job begins with them ignored, as do all of its children
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    build = os.path.abspath(sys.argv[1])
    slow = 6 if os.path.basename(build) in ("asan", "tsan") else 1
    filter_text = sys.argv[2] if len(sys.argv) > 2 else ""
    without = ONE_AT_A_TIME if os.path.basename(build) == "tsan" else ()
    chosen = choose("integration/" if filter_text == "integration" else filter_text, without)
    if not chosen:
        print(f"no integration or end-to-end test's name holds '{filter_text}'", file=sys.stderr)
        return NONE_CHOSEN
    run = Run(build, slow)
    if any(kind == "e2e" for kind, _, _ in chosen):
        subprocess.run(["bash", os.path.join(TESTS, "parts/install.sh"), run.parts], check=True)
    began = time.monotonic()
    run.all(chosen)
    if run.count["skipped"]:
        print(f"{run.count['skipped']} skipped")
    print(f"{run.count['passed']} passed, {run.count['failed']} failed in {time.monotonic() - began:.0f} s")
    return 1 if run.count["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
