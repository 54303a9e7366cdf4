"""watchword-job, the static client: one file that runs where there is nothing else, in distroless images and Alpine's."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest

from support.case import CertifiedHttps, GateCase
from support.gate import BINARY, BUILD, SANITIZED, policy_for

CLIENT = os.path.abspath(os.path.join(BUILD, "watchword-job"))
SOURCES = os.path.join(os.path.dirname(__file__), "../../src")
RELEASE = os.path.basename(os.path.abspath(BUILD)) == "release"
MOST_BYTES = 10_000_000  # of the release build; docs/performance.md says what it is
BUSYBOX = "/bin/busybox"  # Debian's busybox-static


def source(path):
    with open(os.path.join(SOURCES, path)) as file:
        return file.read()


@unittest.skipIf(SANITIZED, "not built with sanitizers")
class ClientFile(unittest.TestCase):
    def elf(self, *what):
        return subprocess.run(["readelf", "-W", *what, CLIENT], check=True, capture_output=True, text=True).stdout

    def test_it_needs_no_loader_and_no_library(self):
        self.assertNotIn("INTERP", self.elf("--program-headers"))
        self.assertNotRegex(self.elf("--dynamic"), r"\((NEEDED|RPATH|RUNPATH)\)")

    def test_it_loads_no_code_of_the_machine(self):
        """No modules of glibc's name service: they would have to be of the very glibc that is linked in."""
        with open(CLIENT, "rb") as file:
            self.assertNotIn(b"libnss_", file.read())

    def test_it_is_position_independent_and_its_memory_guarded(self):
        self.assertRegex(self.elf("--file-header"), r"Type:\s+DYN ")
        headers = self.elf("--program-headers")
        self.assertIn("GNU_RELRO", headers)
        self.assertNotRegex(headers, r" RWE ")

    @unittest.skipUnless(RELEASE, "of the release build only")
    def test_it_is_small(self):
        self.assertLess(os.path.getsize(CLIENT), MOST_BYTES)

    def test_it_has_each_command_of_a_job_as_the_whole_program_does(self):
        declared = re.findall(r"^void (add_\w+)\(CommandTree& tree\)", source("job/commands.h"), re.MULTILINE)
        self.assertIn("add_token", declared)
        for command in declared:
            self.assertIn("job::" + command, source("main_job.cc"))
            if command != "add_doctor":  # the whole program has a doctor of its own
                self.assertIn("job::" + command, source("cli/cli.cc"))
        version = lambda program: subprocess.run([program, "version"], check=True, capture_output=True, text=True).stdout
        self.assertEqual(version(CLIENT), version(BINARY))


@unittest.skipIf(SANITIZED, "not built with sanitizers")
@unittest.skipUnless(os.geteuid() == 0, "chroot needs root")
class ClientImages(CertifiedHttps, GateCase):
    """Against a gate whose authority is the image's own, found without being named."""

    @classmethod
    def policy(cls):
        """The resource is where the gate is: its name needs no DNS."""
        policy = policy_for(cls.upstream.url)
        policy["resources"]["billing-api"]["http"] = {"upstream": cls.upstream.url, "prefix": "/billing"}
        return policy

    def image(self, **files):
        """The root of an image: the client, what each container runtime gives, and `files` (as path=file to copy)."""
        root = tempfile.mkdtemp(prefix="ww-image-")
        self.addCleanup(shutil.rmtree, root)
        for path, original in {"/etc/resolv.conf": "/etc/resolv.conf", "/usr/local/bin/watchword": CLIENT, **files}.items():
            os.makedirs(os.path.dirname(root + path), exist_ok=True)
            shutil.copy(original, root + path)
        with open(root + "/etc/hosts", "w") as hosts:
            hosts.write("127.0.0.1 localhost\n")
        return root

    def inside(self, root, *command, **environment):
        return subprocess.run(["/usr/sbin/chroot", root, *command], capture_output=True, text=True, timeout=60, env=environment)

    def job(self):
        """The environment of a job."""
        return {"WATCHWORD_URL": self.gate.url, "WATCHWORD_ID_TOKEN": self.issuer.mint()}

    def test_it_exchanges_in_an_image_that_holds_nothing_else(self):
        root = self.image(**{"/etc/ssl/certs/ca-certificates.crt": self.gate.tls})
        done = self.inside(root, "/usr/local/bin/watchword", "token", "exchange", "--token-only", **self.job())
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(self.gate.request("GET", "/billing/v1/x", done.stdout.strip(), host="localhost").status, 200)
        self.assertNotIn("proc", os.listdir(root))

    def test_an_image_without_authorities_trusts_no_gate(self):
        done = self.inside(self.image(), "/usr/local/bin/watchword", "token", "exchange", **self.job())
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("gate_untrusted", done.stderr)

    def test_a_refusal_is_told_in_full_without_locales_and_time_zones(self):
        root = self.image(**{"/etc/ssl/certs/ca-certificates.crt": self.gate.tls})
        token = self.issuer.mint(project_path="acme/other")
        done = self.inside(root, "/usr/local/bin/watchword", "token", "exchange", LANG="de_DE.UTF-8", TZ="Europe/Berlin",
                           **self.job() | {"WATCHWORD_ID_TOKEN": token})
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("no_binding", done.stdout + done.stderr)

    def test_it_runs_from_the_shell_of_busybox(self):
        """As in Alpine: no glibc, a shell of its own."""
        root = self.image(**{BUSYBOX: BUSYBOX, "/etc/ssl/certs/ca-certificates.crt": self.gate.tls})
        ask = 'busybox wget -qO- "$BILLING_API_URL/v1/x"; echo " ${WATCHWORD_ID_TOKEN-none}"; exit 7'
        script = f"watchword version; exec watchword exec billing-api/read -- busybox sh -c '{ask}'"
        done = self.inside(root, BUSYBOX, "sh", "-c", script, PATH="/bin:/usr/local/bin", **self.job())
        self.assertEqual((done.returncode, done.stderr), (7, ""), done.stdout)
        self.assertRegex(done.stdout, r"^watchword \d.*\nok none\n$")
