"""Runs the tests of one file and tells each result as a line of JSON. Called by run.py: child.py FILE TEST..."""

import importlib.util
import json
import os
import sys
import time
import unittest

# In the place of this folder, whose envoy.py is not the package envoy.
sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Teller(unittest.TestResult):
    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()

    def tell(self, test, state, text=""):
        seconds = time.monotonic() - getattr(self, "began", time.monotonic())
        line = {"test": test.id(), "state": state, "seconds": round(seconds, 2), "text": text}
        print(json.dumps(line), flush=True)

    def addSuccess(self, test):
        self.tell(test, "passed")

    def addSkip(self, test, reason):
        self.tell(test, "skipped", reason)

    def addFailure(self, test, err):
        self.tell(test, "failed", self._exc_info_to_string(err, test))

    addError = addFailure

    def addSubTest(self, test, subtest, err):
        if err:
            self.failed_parts = getattr(self, "failed_parts", []) + [subtest]
            self.tell(subtest, "failed", self._exc_info_to_string(err, test))


def main():
    file, wanted = sys.argv[1], sys.argv[2:]
    sys.path.insert(0, os.path.dirname(os.path.abspath(file)))
    name = os.path.basename(file).removesuffix(".py")
    spec = importlib.util.spec_from_file_location(name, file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    suite = unittest.defaultTestLoader.loadTestsFromNames(wanted, module)
    suite.run(Teller())


main()
