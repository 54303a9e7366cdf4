"""What a job's commands do towards its gate: tokens for tools, proofs for tunnels, patience with a gate that gives no answer."""

import os
import re
import signal
import socket
import subprocess
import threading

from support.case import GateCase
from support.echo import start_echo
from support.gate import BINARY, policy_for, run
from support.net import SLOW, eventually, free_port

FAILED, USAGE, DENIED = 1, 2, 4


class JobToken(GateCase):
    @classmethod
    def setUpClass(cls):
        _, cls.echo_port = start_echo(cls)
        super().setUpClass()

    @classmethod
    def policy(cls):
        policy = policy_for(cls.upstream.url)
        policy["resources"]["billing-api"]["http"] = {"upstream": cls.upstream.url, "prefix": "/billing"}
        policy["resources"]["ledger-db"] = {"tcp": {"upstream": f"127.0.0.1:{cls.echo_port}"}}
        policy["roles"]["deploy"]["allow"].append("ledger-db/connect")
        proving = {"job": {"issuer": "gitlab", "project_path": "acme/proving"}}
        policy["roles"]["proving"] = {"granted_to": [proving], "allow": ["billing-api/read", "ledger-db/connect"], "session": {"proof": "dpop", "ttl": "15m"}}
        return policy

    def job(self, *arguments, environment=None, gate=None, token=None, **claims):
        """As in a job: what it needs is in its environment."""
        variables = {"WATCHWORD_URL": gate or self.gate.url, "WATCHWORD_ID_TOKEN": token or self.issuer.mint(**claims), "WATCHWORD_RETRY_FOR": "0s"}
        return run(*arguments, environment=variables | (environment or {}))

    def test_a_token_for_a_tool_is_all_that_standard_output_has(self):
        for job, environment, hint in (("9000", {}, "a credential"), ("9001", {"GITLAB_CI": "true"}, "GitLab masks only variables")):
            got = self.job("token", "get", "--resource", "billing-api", "--action", "read", job_id=job, environment=environment)
            self.assertEqual(got.returncode, 0, got.stderr)
            token = got.stdout.removesuffix("\n")
            self.assertRegex(token, r"^[\w-]+\.[\w-]+\.[\w-]+$")
            at_gateway = f"127.0.0.1:{self.gate.gateway}"
            self.assertEqual(self.gate.request("GET", "/billing/v1/x", token, host=at_gateway).status, 200)
            self.assert_refused(self.gate.request("POST", "/billing/v1/x", token, host=at_gateway), 403, "scope_not_in_token")
            self.assertIn(hint, got.stderr)
            self.assertNotIn(token, got.stderr)

    def test_a_word_that_is_no_name_asks_for_nothing_else(self):
        for words in (["--resource", "billing-api secret-api"], ["--resource", "billing-api", "--action", "read secret-api/any"], ["--resource", ""]):
            self.assertEqual(self.job("token", "get", *words).returncode, USAGE, words)

    def test_all_runs_of_a_job_prove_one_key_and_nobody_else_does(self):
        token, ours = self.issuer.mint(job_id="9002"), {"CI_JOB_TOKEN": "glcbt-9002"}
        for arguments in (["token", "get", "--resource", "billing-api"], ["token", "exchange", "--scope", "billing-api/read"],
                          ["token", "exchange", "--audience", "billing-api", "--token-only"]):
            done = self.job(*arguments, token=token, environment=ours)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        thief = self.job("token", "get", "--resource", "billing-api", token=token, environment={"CI_JOB_TOKEN": "another"})
        self.assertEqual((thief.returncode, thief.stdout), (DENIED, ""))
        self.assertIn("dpop_key_mismatch", thief.stderr)
        self.assertIn("the same ID token and CI_JOB_TOKEN", thief.stderr)

    def test_a_role_that_demands_proof_gives_no_bearer(self):
        refused = self.job("token", "get", "--resource", "billing-api", job_id="9003", project_path="acme/proving")
        self.assertEqual((refused.returncode, refused.stdout), (DENIED, ""))
        self.assertIn("dpop_required", refused.stderr)
        self.assertIn("watchword exec", refused.stderr)

    def test_a_denial_folds_in_gitlabs_log_and_is_plain_elsewhere(self):
        ask = ["token", "get", "--resource", "billing-api"]
        plain = self.job(*ask, project_path="acme/other").stderr
        self.assertRegex(plain, r"\Adenied: billing-api  \(record \w{26}\)\n  reason    no_binding: ")
        self.assertIn("\n  you are   gitlab acme/other job ", plain)
        self.assertIn("\n  fix       ", plain)
        self.assertNotIn("\x1b", plain)
        folded = self.job(*ask, project_path="acme/other", environment={"GITLAB_CI": "true"}).stderr
        self.assertRegex(folded, r"\A\x1b\[0Ksection_start:\d+:watchword_refusal_\w{26}[\r\n]\x1b\[0K\x1b\[31mdenied\x1b\[0m: billing-api")
        self.assertRegex(folded, r"\n\x1b\[0Ksection_end:\d+:watchword_refusal_\w{26}[\r\n]\x1b\[0K\n\Z")
        grey = self.job(*ask, project_path="acme/other", environment={"GITLAB_CI": "true", "NO_COLOR": "1"}).stderr
        self.assertNotIn("\x1b[31m", grey)

    def test_a_refusal_stays_out_of_what_a_script_takes_for_the_token(self):
        refused = self.job("token", "exchange", "--token-only", project_path="acme/other")
        self.assertEqual((refused.returncode, refused.stdout), (DENIED, ""))
        self.assertIn("no_binding", refused.stderr)

    def test_a_gate_that_comes_up_late_is_waited_for_aloud(self):
        port = free_port()
        gate = f"http://127.0.0.1:{port}"
        environment = os.environ | {"WATCHWORD_URL": gate, "WATCHWORD_ID_TOKEN": self.issuer.mint(), "WATCHWORD_RETRY_FOR": "60s"}
        process = subprocess.Popen([BINARY, "token", "exchange", "--token-only"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        first = process.stderr.readline()
        self.late_gate(port)
        out, err = process.communicate(timeout=60 * SLOW)
        self.assertEqual((process.returncode, out), (0, "a.b.c\n"), err)
        self.assertRegex(first, rf"\Agate: no answer from {gate} \(Connection refused\), try 2 of 5 in \d\.\d s\n")

    def late_gate(self, port):
        listener = socket.create_server(("127.0.0.1", port))
        self.addCleanup(listener.close)

        def serve():
            connection, _ = listener.accept()
            body = b'{"access_token":"a.b.c","token_type":"Bearer","expires_in":60}'
            head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ndpop-nonce: first\r\ncontent-length: %d\r\n\r\n" % len(body)
            with connection:
                while connection.recv(65536):  # for the nonce, then for the token
                    connection.sendall(head + body)

        threading.Thread(target=serve, daemon=True).start()

    def test_what_stands_between_the_job_and_its_gate_is_named(self):
        cases = [("http://127.0.0.1:1", "gate_unreachable", "refused", "check the port"),
                 ("https://no-such-gate.invalid", "gate_unreachable", "no-such-gate.invalid", "name service"),
                 (f"https://localhost:{self.gate.api}", "gate_untrusted", f"localhost:{self.gate.api}", "speaks TLS"),
                 ("gate.example.com", "usage_invalid", "gate.example.com", "WATCHWORD_URL"),
                 ("http://gate.example.com", "usage_invalid", "http://gate.example.com", "fix")]
        for url, reason, found, fix in cases:
            for command in (["token", "get", "--resource", "billing-api"], ["token", "exchange"], ["tunnel", "ledger-db", "--listen", "127.0.0.1:0"]):
                with self.subTest(url, command=command[0]):
                    done = self.job(*command, gate=url)
                    self.assertEqual(done.returncode, USAGE if reason == "usage_invalid" else FAILED, done.stderr)
                    for part in (reason, found, fix):
                        self.assertIn(part, done.stderr)

    def test_a_gate_that_stalls_does_not_hold_the_job(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        done = self.job("token", "exchange", gate=f"http://127.0.0.1:{listener.getsockname()[1]}")
        self.assertEqual(done.returncode, FAILED, done.stderr)
        self.assertIn("no whole answer within 10s", done.stderr)

    def tunnel(self, listen, resource="ledger-db", **claims):
        environment = os.environ | {"WATCHWORD_URL": self.gate.url, "WATCHWORD_ID_TOKEN": self.issuer.mint(**claims)}
        process = subprocess.Popen([BINARY, "tunnel", resource, "--listen", listen, "--gateway", f"http://127.0.0.1:{self.gate.gateway}"],
                                   env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def test_a_tunnel_of_a_role_that_demands_proof_carries_one(self):
        local = free_port()
        process = self.tunnel(f"127.0.0.1:{local}", job_id="9004", project_path="acme/proving")
        self.assertIn(f"tunnel to ledger-db:{self.echo_port} on", process.stdout.readline())
        for _ in range(2):
            with socket.create_connection(("127.0.0.1", local), timeout=20 * SLOW) as tool:
                tool.sendall(b"select 1")
                self.assertEqual(tool.recv(100), b"select 1")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(20 * SLOW), 0)
        revoked = lambda: [e for e in self.gate.entries() if e["event"] == "revocation" and e["who"].get("job") == "9004"]
        eventually(revoked, "the token was given back with a proof")

    def test_a_tunnel_needs_a_resource_of_its_kind(self):
        wrong = self.job("tunnel", "billing-api", "--listen", "127.0.0.1:0")
        self.assertEqual(wrong.returncode, DENIED, wrong.stdout + wrong.stderr)
        self.assertTrue(re.search("action_unknown|not_permitted|scope_invalid", wrong.stdout), wrong.stdout)
