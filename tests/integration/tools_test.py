"""What watches over the project is watched too: the floor check finds what is wrong, the runner counts what it ran."""

import contextlib
import io
import os
import subprocess
import sys
import tempfile
import unittest

from support import run

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
        return path


class Floors(Folder):
    def check(self):
        done = subprocess.run([sys.executable, os.path.join(ROOT, "tests/floors.py"), self.folder], capture_output=True, text=True)
        return done.returncode, done.stdout

    def test_what_uses_only_what_is_below_it_passes(self):
        self.write("src/net/a.h", '#include "base/b.h"\n#include "net/c.h"\n#include <boost/asio.hpp>\n')
        self.write("src/main.cc", '#include "cli/cli.h"\n')
        code, told = self.check()
        self.assertEqual(code, 0, told)

    def test_each_breach_is_named_with_its_line(self):
        self.write("src/base/up.h", '// one line\n#include "net/stream.h"\n')
        self.write("src/http/leak.cc", "#  include <sqlite3.h>\n")
        self.write("src/newcomer/a.h", "")
        code, told = self.check()
        self.assertEqual(code, 1)
        for breach in ("src/base/up.h:2: base/ includes net/stream.h, which is on a higher floor",
                       "src/http/leak.cc:1: sqlite3.h belongs behind store/", "module 'newcomer' has no floor"):
            self.assertIn(breach, told)
        self.assertEqual(len(told.splitlines()), 3, told)


class Runner(Folder):
    def run_file(self, text, *classes):
        """`classes`: the tests of each."""
        runner = run.Run(self.folder, 1)
        shown = io.StringIO()
        file = self.write("some_test.py", text)
        with contextlib.redirect_stdout(shown):
            runner.all([("integration", file, wanted) for wanted in classes])
        return runner.count, shown.getvalue()

    def test_classes_run_at_once_and_are_told_in_order(self):
        text = f"""import os, time, unittest
class First(unittest.TestCase):
    def test_waits_for_the_second(self):
        deadline = time.monotonic() + 30
        while not os.path.exists({self.folder + "/second"!r}):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
class Second(unittest.TestCase):
    def test_is_over_first(self): open({self.folder + "/second"!r}, "w").close()
"""
        count, shown = self.run_file(text, ["First.test_waits_for_the_second"], ["Second.test_is_over_first"])
        self.assertEqual(count["passed"], 2, shown)
        self.assertEqual([line.split(".")[-1] for line in shown.splitlines()], ["test_waits_for_the_second", "test_is_over_first"])

    def test_a_process_that_ends_early_and_says_all_is_well_has_failed(self):
        text = """import os, unittest
class Some(unittest.TestCase):
    def test_a(self): pass
    def test_b(self): os._exit(0)
"""
        count, shown = self.run_file(text, ["Some.test_a", "Some.test_b"])
        self.assertEqual((count["passed"], count["failed"]), (1, 1), shown)
        self.assertIn("after 1 of 2 tests", shown)

    def test_a_process_that_told_all_has_passed(self):
        text = """import unittest
class Some(unittest.TestCase):
    def test_a(self): pass
    @unittest.skip("not here")
    def test_b(self): pass
"""
        count, shown = self.run_file(text, ["Some.test_a", "Some.test_b"])
        self.assertEqual(count, {"passed": 1, "failed": 0, "skipped": 1}, shown)

    def test_a_filter_that_no_test_has_in_its_name_is_told(self):
        runner = os.path.join(ROOT, "tests/integration/support/run.py")
        done = subprocess.run([sys.executable, runner, self.folder, "nonsense/"], capture_output=True, text=True)
        self.assertEqual(done.returncode, run.NONE_CHOSEN, done.stdout)
        self.assertIn("nonsense", done.stderr)
