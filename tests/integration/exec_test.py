"""A command inside `watchword exec` reaches its resources by plain HTTP on loopback, and never holds a credential."""

import json
import os
import re
import socket
from subprocess import PIPE

from support.exec import DENIED, USAGE, ExecCase
from support.net import SLOW


class Exec(ExecCase):
    def test_a_tool_that_knows_no_gate_reaches_the_resource(self):
        job = self.issuer.mint(job_id="9001")
        code, out, err = self.shell('curl -sS "$BILLING_API_URL/v1/echo"; curl -sS "$BILLING_API_URL/v1/x?a=1"', token=job)
        self.assertEqual((code, err), (0, ""), out)
        self.assertTrue(out.endswith("]ok"), out)
        self.assertIn(["accept", "*/*"], json.loads(out.removesuffix("ok")))
        seen = self.upstream.last()
        self.assertEqual(seen.path, "/v1/x?a=1")
        for name in ("authorization", "dpop", "watchword-run"):
            self.assertIsNone(seen.header(name), name)
        self.assert_given_back("9001")
        self.assertEqual(len(self.exchanges("9001")), 1)

    def test_no_credential_is_in_the_commands_reach(self):
        job = self.issuer.mint()
        script = 'env; echo; cat /proc/$PPID/environ /proc/$PPID/cmdline 2> /dev/null | tr "\\0" "\\n"'
        code, out, err = self.shell(script, token=job, variables={"COPY": f"bearer {job}", "MINE": "is kept"})
        self.assertEqual((code, err), (0, ""), out)
        self.assertIn("MINE=is kept", out)
        if os.geteuid() == 0:  # others may not even read that of exec
            self.assertIn("COPY=\n", out)
        self.assertNotIn("eyJ", out)
        env = out.split("\n\n")[0]
        for name in ("WATCHWORD_ID_TOKEN", "COPY"):
            self.assertNotIn(name + "=", env)

    def test_output_input_and_status_are_the_commands_own(self):
        script = "printf 'out\\000\\377'; printf 'err\\033[31m' >&2; cat; exit 7"
        process = self.start("billing-api", "--", "sh", "-c", script, stdin=PIPE)
        out, err = process.communicate(b"in\0put", timeout=30 * SLOW)
        self.assertEqual((process.returncode, out, err), (7, b"out\0\xffin\0put", b"err\x1b[31m"))
        self.assertEqual(self.shell("kill -KILL $$")[0], 128 + 9)

    def test_the_commands_options_are_its_own(self):
        code, out, _ = self.exec("billing-api", "--", "printf", "%s|", "-v", "--gate", "--", "--json", "x y", "")
        self.assertEqual((code, out), (0, "-v|--gate|--|--json|x y||"))

    def test_the_variables_say_where_everything_is(self):
        code, out, err = self.shell("env", "billing-api", "orders.api/any", "ledger-db", "--env", "ORDERS=orders.api")
        self.assertEqual((code, err), (0, ""))
        env = dict(line.split("=", 1) for line in out.splitlines())
        self.assertEqual(env["BILLING_API_HOST"], "127.0.0.1")
        self.assertRegex(env["BILLING_API_URL"], rf"^http://127\.0\.0\.1:{env['BILLING_API_PORT']}/[\w-]{{20,}}$")
        self.assertRegex(env["ORDERS"], rf"^http://127\.0\.0\.1:{env['ORDERS_PORT']}/")
        self.assertEqual(env["LEDGER_DB_URL"], f"tcp://127.0.0.1:{env['LEDGER_DB_PORT']}")
        self.assertNotIn("ORDERS_API_URL", env)
        self.assertGreater(len(env["WATCHWORD_RUN"]), 20)

    def test_a_proxy_is_not_asked_for_what_is_here(self):
        proxies = {"http_proxy": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1", "NO_PROXY": ".example.com"}
        code, out, err = self.shell('curl -sS "$BILLING_API_URL/v1/x"; echo; echo $NO_PROXY $no_proxy', variables=proxies)
        self.assertEqual((code, out, err), (0, "ok\n.example.com,127.0.0.1 .example.com,127.0.0.1\n", ""))

    def test_a_header_does_for_the_secret_in_the_path(self):
        script = 'curl -sS -o /dev/null -w "%{http_code} " -H "Watchword-Run: $WATCHWORD_RUN" "http://$BILLING_API_HOST:$BILLING_API_PORT/v1/x"; ' \
                 'curl -sS "http://$BILLING_API_HOST:$BILLING_API_PORT/v1/x"'
        code, out, err = self.shell(script)
        self.assertEqual(code, 0, err)
        self.assertTrue(out.startswith("200 "), out)
        self.assertIn("local_caller_refused", out)

    def test_sockets_in_the_place_of_ports(self):
        script = 'curl -sS --unix-socket "$BILLING_API_SOCKET" "http://localhost/$(basename "$BILLING_API_URL")/v1/x"; env; ls -ld "$(dirname "$BILLING_API_SOCKET")"'
        code, out, err = self.shell(script, "billing-api", "--unix-sockets")
        self.assertEqual((code, err), (0, ""), out)
        self.assertTrue(out.startswith("ok"), out)
        self.assertNotIn("BILLING_API_PORT", out)
        self.assertIn("\ndrwx------", out)
        path = re.search(r"BILLING_API_SOCKET=(.*)", out).group(1)
        self.assertFalse(os.path.exists(path), "it is gone with the run")

    def test_a_tcp_resource_is_a_local_port(self):
        script = "import os, socket; s = socket.create_connection((os.environ['LEDGER_DB_HOST'], int(os.environ['LEDGER_DB_PORT']))); " \
                 "s.sendall(b'select 1'); print(s.recv(100).decode())"
        code, out, err = self.exec("ledger-db", "--", "python3", "-c", script)
        self.assertEqual((code, out, err), (0, "select 1\n", ""))

    def test_runs_side_by_side_and_after_each_other_are_one_session(self):
        job = self.issuer.mint(job_id="9002")
        script = 'echo ready; read line; curl -sS "$BILLING_API_URL/v1/x"'
        runs = [self.start("billing-api", "--", "sh", "-c", script, token=job, stdin=PIPE, variables={"CI_JOB_TOKEN": "glcbt-1"})
                for _ in range(2)]
        for run in runs:
            self.assertEqual(run.stdout.readline(), b"ready\n")
        out, err = runs[0].communicate(b"\n", timeout=30 * SLOW)
        self.assertEqual((runs[0].returncode, out, err), (0, b"ok", b""))
        out, err = runs[1].communicate(b"\n", timeout=30 * SLOW)
        self.assertEqual((runs[1].returncode, out, err), (0, b"ok", b""), "the end of the other run took nothing from this one")
        code, out, err = self.shell('curl -sS "$BILLING_API_URL/v1/x"', token=job, variables={"CI_JOB_TOKEN": "glcbt-1"})
        self.assertEqual((code, out, err), (0, "ok", ""))
        self.assert_given_back("9002", 3)
        self.assertEqual(len({e["session"] for e in self.exchanges("9002")}), 1)

    def test_the_command_inherits_no_file_of_exec(self):
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        code, out, _ = self.shell("ls /proc/$$/fd", pass_fds=[writer])
        os.close(writer)
        self.assertEqual((code, sorted(map(int, out.split()))), (0, [0, 1, 2, writer]))

    def test_nothing_answers_after_the_end(self):
        code, out, err = self.shell('echo $BILLING_API_PORT; sleep 60 > /dev/null 2>&1 & echo $!')
        self.assertEqual(code, 0, err)
        port, orphan = map(int, out.split())
        self.addCleanup(os.kill, orphan, 9)
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))

    def test_a_denial_says_why_and_what_to_do(self):
        code, out, err = self.exec("secret-api/any", "--", "touch", self.gate.path("never"), token=self.issuer.mint(job_id="9003"))
        self.assertEqual((code, out), (DENIED, ""), err)
        for line in ("denied: secret-api/any  (record ", "  reason    not_permitted: ", "  fix       "):
            self.assertIn(line, err)
        self.assertNotIn("\x1b", err)
        self.assertFalse(os.path.exists(self.gate.path("never")))

    def test_a_denial_in_gitlab_is_a_section_in_colour(self):
        _, _, err = self.exec("secret-api/any", "--", "true", variables={"GITLAB_CI": "true"})
        self.assertIn("\x1b[31mdenied\x1b[0m", err)
        self.assertRegex(err, "section_start:[0-9]+:watchword_refusal_\\w+\r\x1b\\[0K")

    def test_with_json_a_denial_is_an_object(self):
        code, _, err = self.exec("secret-api/any", "--json", "--", "true")
        self.assertEqual((code, json.loads(err)["reason"]), (DENIED, "not_permitted"))

    def test_a_refusal_while_the_command_runs_is_told_once(self):
        script = 'for i in 1 2 3; do curl -sS -X POST -o /dev/null -w "%{http_code}\n" "$BILLING_API_URL/v1/x"; done'
        code, out, err = self.shell(script, token=self.issuer.mint(ref="feature/x"))
        self.assertEqual((code, out.split()), (0, ["403"] * 3), err)
        self.assertEqual(err.count("denied"), 1, err)
        self.assertIn("fix  ", err)

    def test_explain_tells_what_the_gate_evaluated(self):
        code, out, err = self.exec("billing-api", "--explain", "--", "echo", "hello", token=self.issuer.mint(ref="feature/x"))
        self.assertEqual((code, out), (0, "hello\n"), err)
        self.assertRegex(err, r"billing-api/read +allow")
        self.assertRegex(err, r"billing-api/write +deny")

    def test_the_end_of_the_session_is_told_and_the_command_goes_on(self):
        process = self.start("billing-api", "--", "sh", "-c",
                             'echo ready; read line; curl -sS "$BILLING_API_URL/v1/x"; echo; read line; exit 5',
                             token=self.issuer.mint(job_id="9004"), stdin=PIPE)
        self.assertEqual(process.stdout.readline(), b"ready\n")
        ended = self.gate.cli("sessions", "end", "--job", "9004", "--why", "over")
        self.assertEqual(ended.returncode, 0, ended.stderr)
        process.stdin.write(b"\n")
        process.stdin.flush()
        self.assertIn(b"session_ended", process.stdout.readline())
        told = b""
        while b"the access to billing-api is over" not in told:
            told += process.stderr.readline()
        out, err = process.communicate(b"\n", timeout=30 * SLOW)
        self.assertEqual(process.returncode, 5)
        self.assertIn(b"fix  ", told + err)
        self.assertEqual((told + err).count(b"denied"), 1, told + err)

    def test_wrong_lines_are_explained(self):
        cases = [([], "no command"), (["billing-api"], "no command"), (["billing-api", "--"], "no command"), (["--", "true"], "no resource"),
                 (["billing-api", "-x", "--", "true"], "-x"), (["a/b/c", "--", "true"], "a/b/c"),
                 (["billing-api", "--env", "1=billing-api", "--", "true"], "--env 1=billing-api"),
                 (["billing-api", "billing.api", "--", "true"], "BILLING_API_URL for both"), (["ci-job", "--", "true"], "CI_JOB_URL")]
        for words, found in cases:
            with self.subTest(words):
                code, out, err = self.exec(*words)
                self.assertEqual((code, out), (USAGE, ""), err)
                self.assertIn(found, err)
                self.assertIn("fix  ", err)


class ShortSession(ExecCase):
    session = {"ttl": "4s"}

    def test_the_end_of_its_time_is_told_and_the_command_goes_on(self):
        process = self.start("billing-api", "--", "sh", "-c", 'read line; curl -sS "$BILLING_API_URL/v1/x"; exit 3', stdin=PIPE,
                             token=self.issuer.mint(job_id="9005"))
        told = b""
        while b"is over: session_expired" not in told:
            told += process.stderr.readline()
        out, err = process.communicate(b"\n", timeout=30 * SLOW)
        self.assertEqual(process.returncode, 3)
        self.assertIn(b'"reason":"', out)
        self.assertIn(b"session.ttl", told + err, "the fix")
        self.assertLessEqual(len(self.exchanges("9005")), 3, "what ends with its session is not asked for again and again")
