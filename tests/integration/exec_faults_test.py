"""What a job does wrong, and what fails around it: `watchword exec` says what, gives nothing away and leaves nothing behind."""

import os
import resource
import signal
import socket
import threading
from subprocess import PIPE

from support.authority import Authority
from support.case import CertifiedHttps
from support.exec import DENIED, FAILED, USAGE, ExecCase, alive, end
from support.gate import BINARY
from support.net import SLOW, eventually, free_port
from support.upstream import Upstream

AT_ONCE = {"WATCHWORD_RETRY_FOR": "0s"}


class Tokens(ExecCase):
    def assert_denied(self, reason, fix, words=("billing-api",), **options):
        code, out, err = self.exec(*words, "--", "echo", "never", **options)
        self.assertEqual((code, out), (DENIED, ""), err)
        self.assertIn(reason + ": ", err)
        self.assertIn(fix, err.split("  fix ")[1], err)

    def test_no_token(self):
        fix = "id_tokens: { WATCHWORD_ID_TOKEN"
        self.assert_denied("token_missing", fix, variables={"WATCHWORD_ID_TOKEN": None})
        self.assert_denied("token_missing", fix, variables={"WATCHWORD_ID_TOKEN": ""})
        self.assert_denied("token_missing", "id_tokens: { MINE", ("billing-api", "--id-token-env", "MINE"))

    def test_a_run_inside_a_run(self):
        code, out, err = self.exec("billing-api", "--", BINARY, "exec", "orders.api", "--", "echo", "never")
        self.assertEqual((code, out), (DENIED, ""), err)
        self.assertIn("the command of another 'watchword exec'", err)

    def test_a_token_in_a_file_or_under_another_name(self):
        file = self.gate.path("id-token")
        with open(file, "w") as text:
            text.write(self.issuer.mint() + "\n")
        for words, variables in ((["--id-token-file", file], {}), (["--id-token-env", "MINE"], {"MINE": self.issuer.mint()})):
            code, out, err = self.exec("billing-api", *words, "--", "sh", "-c", 'curl -sS "$BILLING_API_URL/v1/x"; env',
                                       variables={"WATCHWORD_ID_TOKEN": None} | variables)
            self.assertEqual((code, err), (0, ""), out)
            self.assertTrue(out.startswith("ok"), out)
            self.assertNotIn("eyJ", out)

    def test_a_token_for_another_audience(self):
        self.assert_denied("audience_mismatch", "'aud' under id_tokens", token=self.issuer.mint(aud="https://elsewhere.example.com"))

    def test_a_token_that_is_over(self):
        self.assert_denied("token_expired", "exchange it earlier in the job", token=self.issuer.mint(shift=-7200))

    def test_a_token_that_is_none(self):
        self.assert_denied("token_malformed", "", token="glpat-not-a-jwt")

    def test_a_token_that_was_used_with_another_key(self):
        job = self.issuer.mint()
        code, _, err = self.exec("billing-api", "--", "true", token=job, variables={"CI_JOB_TOKEN": "glcbt-1"})
        self.assertEqual(code, 0, err)
        self.assert_denied("dpop_key_mismatch", "CI_JOB_TOKEN", token=job, variables={"CI_JOB_TOKEN": "glcbt-2"})

    def test_a_token_that_is_used_without_the_key_afterwards(self):
        job = self.issuer.mint()
        code, _, err = self.exec("billing-api", "--", "true", token=job)
        self.assertEqual(code, 0, err)
        self.assert_refused(self.gate.exchange(job), 400, "dpop_key_mismatch")

    def test_a_token_that_was_used_without_a_key(self):
        job = self.issuer.mint()
        self.assertEqual(self.gate.exchange(job).status, 200)
        self.assert_denied("dpop_key_mismatch", "every run in this job", token=job)

    def test_a_job_token_that_the_gate_has_no_use_for_is_not_offered(self):
        code, _, err = self.exec("billing-api", "--", "true", variables={"CI_JOB_TOKEN": "glcbt-1"})
        self.assertEqual(code, 0, err)
        code, _, err = self.exec("billing-api", "--job-token-env", "CI_JOB_TOKEN", "--", "true", variables={"CI_JOB_TOKEN": "glcbt-1"})
        self.assertIn("request_invalid", err)
        self.assertEqual(code, 123)


class Ways(ExecCase):
    """What stands between the job and its gate. The gate of this class is only there to be asked after all."""

    def assert_failed(self, url, reason, *said, variables=None, words=()):
        code, out, err = self.exec("billing-api", *words, "--gate", url, "--", "echo", "never", variables=AT_ONCE | (variables or {}))
        self.assertEqual((code, out), (FAILED, ""), err)
        for text in (reason + ": ", *said):
            self.assertIn(text, err)

    def test_no_gate_named(self):
        code, _, err = self.exec("billing-api", "--", "true", variables={"WATCHWORD_URL": None})
        self.assertEqual(code, USAGE, err)
        self.assertIn("set WATCHWORD_URL", err)

    def test_a_gate_that_is_down(self):
        self.assert_failed(f"http://127.0.0.1:{free_port()}", "gate_unreachable", "refused", "that the gate runs")

    def test_a_gate_that_is_down_is_asked_again(self):
        code, _, err = self.exec("billing-api", "--gate", f"http://127.0.0.1:{free_port()}", "--retry-for", "2s", "--", "true")
        self.assertEqual(code, FAILED, err)
        self.assertIn("try 2 of", err)
        self.assertIn("fix  ", err)

    def test_a_gate_that_comes_up_meanwhile(self):
        self.gate.stop()
        process = self.start("billing-api", "--", "sh", "-c", 'curl -sS "$BILLING_API_URL/v1/x"')
        told = process.stderr.readline()
        self.gate.start()
        out, err = process.communicate(timeout=60 * SLOW)
        self.assertEqual((process.returncode, out), (0, b"ok"), told + err)
        self.assertIn(b"try 2 of", told)

    def test_what_is_no_gate(self):
        self.assert_failed(self.upstream.url, "gate_unreachable", "no access token", "what stands in front of the gate")

    def test_a_certificate_of_an_unknown_authority(self):
        authority = Authority(self.gate.folder, "unknown")
        server = Upstream(certificate=authority.issue("unknown-server"))
        self.addCleanup(server.stop)
        url = server.url.replace("127.0.0.1", "localhost")
        self.assert_failed(url, "gate_untrusted", "WATCHWORD_CA")
        self.assert_failed(url, "gate_unreachable", "no access token", words=("--ca", authority.certificate))

    def test_a_certificate_for_another_name(self):
        authority = Authority(self.gate.folder, "other")
        server = Upstream(certificate=authority.issue("other-server", names="DNS:elsewhere.example.com"))
        self.addCleanup(server.stop)
        self.assert_failed(server.url.replace("127.0.0.1", "localhost"), "gate_untrusted", "have it issued for localhost",
                           variables={"WATCHWORD_CA": authority.certificate})

    def test_a_name_that_leads_nowhere(self):
        self.assert_failed("https://gate.invalid", "gate_unreachable", "DNS")

    def test_a_gate_that_stalls(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            self.assert_failed(f"http://127.0.0.1:{silent.getsockname()[1]}", "gate_unreachable", "no whole answer within 10s", "firewall")

    def test_a_cancelled_job_does_not_wait_for_a_gate_that_stalls(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            process = self.start("billing-api", "--gate", f"http://127.0.0.1:{silent.getsockname()[1]}", "--", "echo", "never")
            connection, _ = silent.accept()
            with connection:
                connection.recv(1)
                process.terminate()
                out, err = process.communicate(timeout=5 * SLOW)
        self.assertEqual((process.returncode, out), (128 + signal.SIGTERM, b""), err)


class PrivateAuthority(CertifiedHttps, ExecCase):
    def test_it_is_taken_from_its_variable(self):
        code, out, err = self.shell('curl -sS "$BILLING_API_URL/v1/x"', variables={"WATCHWORD_CA": self.gate.tls})
        self.assertEqual((code, out, err), (0, "ok", ""))


class Commands(ExecCase):
    def test_a_command_that_is_not_there(self):
        job = self.issuer.mint(job_id="9101")
        code, out, err = self.exec("billing-api", "--", "no-such-command", token=job)
        self.assertEqual((code, out), (127, ""), err)
        self.assertIn("command_not_started: ", err)
        self.assertIn("no-such-command", err)
        self.assert_given_back("9101")

    def test_a_command_that_is_no_program(self):
        code, _, err = self.exec("billing-api", "--", self.gate.config_file)
        self.assertEqual(code, 126, err)
        self.assertIn("chmod +x", err)

    def test_a_command_that_is_killed(self):
        job = self.issuer.mint(job_id="9102")
        self.assertEqual(self.shell("kill -SEGV $$", token=job)[0], 128 + signal.SIGSEGV)
        self.assert_given_back("9102")

    def test_a_backend_that_fails_again_and_again_leaves_no_token_behind(self):
        job = self.issuer.mint(job_id="9103")
        process = self.start("billing-api", "--", "sh", "-c", 'while read line; do curl -s -o /dev/null "$BILLING_API_URL/v1/cut" || :; done', token=job,
                             stdin=PIPE)
        for count in (1, 2, 3):  # each answer that is cut makes exec ask the gate whether its session still lives
            eventually(lambda: len(self.exchanges("9103")) == count, f"{count} exchanges", 30)
            process.stdin.write(b"\n")
            process.stdin.flush()
        _, err = process.communicate(timeout=30 * SLOW)
        self.assertEqual(process.returncode, 0, err)
        self.assert_given_back("9103", 3)

    def test_ten_thousand_variables(self):
        many = {f"VARIABLE_{number}": "x" * 50 for number in range(10_000)}
        code, out, err = self.shell("env | grep -c VARIABLE_; curl -sS $BILLING_API_URL/v1/x", variables=many)
        self.assertEqual((code, out, err), (0, "10000\nok", ""))

    def test_no_home_and_nothing_that_can_be_written(self):
        nothing = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        code, out, err = self.shell('curl -sS "$BILLING_API_URL/v1/x"', preexec_fn=nothing, cwd="/proc",
                                    variables={"HOME": None, "TMPDIR": "/nonexistent"})
        self.assertEqual((code, out, err), (0, "ok", ""))

    def test_closed_standard_streams(self):
        for closed in ("0<&-", "0<&- 1>&-", "0<&- 1>&- 2>&-"):
            with self.subTest(closed):
                file = self.gate.path("streams")
                line = f'exec "$@" {closed}'
                code, _, err = self.exec("billing-api", "--", "sh", "-c", f'ls -l /proc/$$/fd > {file}; curl -sS -o /dev/null "$BILLING_API_URL/v1/x"',
                                         wrapper=("sh", "-c", line, "sh"))
                self.assertEqual(code, 0, err)
                with open(file) as text:
                    self.assertNotIn("socket", text.read())
                self.assertEqual(self.upstream.last().path, "/v1/x")


NAMES = ("SIGUSR1", "SIGUSR2", "SIGWINCH", "SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM")
LISTENER = f"""
import os, signal, sys
for name in {NAMES}:
    signal.signal(getattr(signal, name), lambda number, _: os.write(1, signal.Signals(number).name.encode() + b"\\n"))
os.write(1, b"%d\\n" % os.getpid())
sys.stdin.read()
sys.exit(4)
"""


SLOW_READER = """
curl -sS --limit-rate 2M -o /dev/null "$BILLING_API_URL/v1/bytes/100000000" &
read line
curl -sS "$BILLING_API_URL/v1/x"
kill $!
exit 2
"""


class Signals(ExecCase):
    """Each command tells its process id, and then what it hears."""

    def mark(self, job):
        return f"{self.gate.folder}/{job}"

    def running(self, job, *command, **options):
        process = self.start("billing-api", "--", *command, self.mark(job), token=self.issuer.mint(job_id=job), **options)
        told = [int(word) for word in process.stdout.readline().split()]
        for pid in told[:2]:
            self.addCleanup(end, pid)
        return process, told

    def script(self, job, text, **options):
        return self.running(job, "sh", "-c", text, "sh", **options)

    def test_signals_are_passed_on_once(self):
        process, _ = self.running("9201", "python3", "-c", LISTENER, stdin=PIPE)
        for name in NAMES:
            process.send_signal(getattr(signal, name))
            self.assertEqual(process.stdout.readline().decode(), name + "\n")
        out, err = process.communicate(timeout=20 * SLOW)
        self.assertEqual((process.returncode, out), (4, b""), err)

    def test_a_signal_to_the_group_of_the_job_reaches_the_command_once(self):
        process, _ = self.running("9202", "python3", "-c", LISTENER, stdin=PIPE, start_new_session=True)
        os.killpg(process.pid, signal.SIGTERM)
        self.assertEqual(process.stdout.readline(), b"SIGTERM\n")
        out, err = process.communicate(timeout=20 * SLOW)
        self.assertEqual((process.returncode, out), (4, b""), err)

    def test_a_cancelled_command_ends_with_all_that_it_started(self):
        process, pids = self.script("9203", "sleep 1000 > /dev/null 2>&1 & echo $$ $!; wait")
        process.terminate()
        _, err = process.communicate(timeout=20 * SLOW)
        self.assertEqual(process.returncode, 128 + signal.SIGTERM, err)
        for pid in pids:
            eventually(lambda: not alive(pid), f"{pid} has ended")
        self.assert_given_back("9203")

    def test_after_sigkill_nothing_is_left(self):
        process, pids = self.script("9204", "trap '' TERM; sleep 1000 & echo $$ $! $BILLING_API_PORT; wait; wait; sleep 1000")
        port = pids.pop()
        process.terminate()
        process.kill()
        process.communicate(timeout=20 * SLOW)
        for pid in pids:
            eventually(lambda: not alive(pid), f"{pid} has ended")
        self.assert_given_back("9204")
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        eventually(lambda: not self.keepers(self.mark("9204")), "its keeper has ended", 20)

    @staticmethod
    def keepers(mark):
        """Process ids of those that keep a run whose command line holds `mark`."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/comm") as comm, open(f"/proc/{pid}/cmdline") as line:
                    if comm.read() == "ww-keeper\n" and mark in line.read():
                        found.append(int(pid))
            except OSError:
                pass  # it has ended meanwhile
        return found

    def test_the_group_of_the_job_is_killed_as_a_runner_does_it(self):
        process, pids = self.script("9205", "sleep 1000 & echo $$ $!; wait", start_new_session=True)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=20 * SLOW)
        for pid in pids:
            eventually(lambda: not alive(pid), f"{pid} has ended")
        self.assert_given_back("9205")

    def test_the_end_of_its_parent_ends_a_run(self):
        process, pids = self.script("9206", "echo $$; exec sleep 1000", wrapper=("sh", "-c", '"$@"; true', "sh"))
        process.kill()  # the shell that started it
        for pid in pids:
            eventually(lambda: not alive(pid), f"{pid} has ended")
        self.assert_given_back("9206")

    def test_the_end_of_a_thread_that_started_it_is_no_end(self):
        started = []
        thread = threading.Thread(target=lambda: started.append(self.script("9209", "echo $$; read line; exit 8", stdin=PIPE)))
        thread.start()
        thread.join()
        process, _ = started[0]
        _, err = process.communicate(b"\n", timeout=20 * SLOW)
        self.assertEqual((process.returncode, err), (8, b""))

    def test_a_command_that_does_not_end_with_its_parent_is_killed(self):
        process, pids = self.script("9207", "trap '' TERM; echo $$; while :; do sleep 1; done", wrapper=("sh", "-c", '"$@"; true', "sh"))
        process.kill()
        for pid in pids:
            eventually(lambda: not alive(pid), f"{pid} has ended", 30)
        self.assert_given_back("9207")

    def test_the_gate_may_be_gone_at_the_end(self):
        process, _ = self.script("9208", "echo $$; read line; exit 6", stdin=PIPE)
        self.gate.stop()
        _, err = process.communicate(b"\n", timeout=30 * SLOW)
        self.gate.start()
        self.assertEqual(process.returncode, 6, err)

    def test_a_gate_that_restarts_is_found_again(self):
        process = self.start("billing-api", "--", "sh", "-c", SLOW_READER, stdin=PIPE)
        eventually(lambda: self.upstream.streamed > 0, "the answer streams")
        self.gate.kill()
        told = self.read_until(process, b"could not be renewed, trying again: ")
        self.assertIn(b"gate_unreachable", told)
        self.gate.start()
        self.read_until(process, b"the access to billing-api is renewed again")
        out, err = process.communicate(b"\n", timeout=30 * SLOW)
        self.assertEqual((process.returncode, out), (2, b"ok"), err)

    @staticmethod
    def read_until(process, text):
        told = b""
        while text not in told:
            line = process.stderr.readline()
            if not line:
                raise AssertionError(f"not told: {text!r}, but {told!r}")
            told += line
        return told
