"""The release binary is built as toolchain.cmake promises: hardened, and without traces of where it was built."""

import os
import subprocess
import unittest

from support.gate import BINARY, BUILD

RELEASE = os.path.basename(os.path.abspath(BUILD)) == "release"


@unittest.skipUnless(RELEASE, "of the release build only")
class ReleaseBinary(unittest.TestCase):
    def elf(self, *what):
        return subprocess.run(["readelf", "-W", *what, BINARY], check=True, capture_output=True, text=True).stdout

    def test_it_is_position_independent(self):
        self.assertRegex(self.elf("--file-header"), r"Type:\s+DYN ")
        self.assertRegex(self.elf("--dynamic"), r"\(FLAGS_1\).* PIE\b")

    def test_what_is_relocated_is_read_only_before_main(self):
        self.assertIn("GNU_RELRO", self.elf("--program-headers"))
        self.assertRegex(self.elf("--dynamic"), r"\(FLAGS_1\).* NOW\b")

    def test_no_memory_is_writable_and_executable(self):
        segments = [line for line in self.elf("--program-headers").splitlines() if line.split()[:1] in (["LOAD"], ["GNU_STACK"])]
        self.assertGreater(len(segments), 2)
        for line in segments:
            self.assertNotRegex(line, r" RWE ")

    def test_the_stack_and_the_buffers_are_guarded(self):
        symbols = self.elf("--dyn-syms")
        self.assertIn("__stack_chk_fail", symbols)
        self.assertRegex(symbols, r"__\w+_chk@GLIBC", "_FORTIFY_SOURCE")

    def test_indirect_branches_land_on_marks(self):
        """The linker keeps the note only where every object has it; the code of ours has the marks in any case."""
        code = subprocess.run(["objdump", "-d", "--no-show-raw-insn", "--disassemble=main", BINARY], check=True, capture_output=True, text=True)
        if os.uname().machine != "x86_64":
            self.skipTest("of x86-64 only")
        self.assertIn("endbr64", code.stdout)

    def test_it_finds_its_libraries_where_the_system_keeps_them(self):
        self.assertNotRegex(self.elf("--dynamic"), r"\((RPATH|RUNPATH)\)")
