"""The command line: what it prints, as text and as JSON, and its exit codes (docs/cli.md)."""

import http.server
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading

from support.case import GateCase
from support.gate import SANITIZED, policy_for, run
from support.net import eventually

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OK, FAILED, USAGE, INVALID, DENIED, CORRUPT = range(6)


class CommandLine(GateCase):
    def file(self, content, name="file"):
        path = os.path.join(self.enterContext(tempfile.TemporaryDirectory()), name)
        self.gate.write(path, content)
        return path

    def check(self, code, *arguments, **options):
        """Runs it; with --json, what is printed parses."""
        done = run(*arguments, **options)
        self.assertEqual(done.returncode, code, f"{arguments}: {done.stdout}{done.stderr}")
        self.assertNotIn("\x1b", done.stdout + done.stderr, "no colour where there is no terminal")
        if "--json" in arguments and code != USAGE:
            done.json = json.loads(done.stdout or done.stderr.splitlines()[-1])
        return done

    def test_usage(self):
        for wrong in ([], ["nonsense"], ["serve"], ["token"], ["sessions", "end", "x"], ["policy", "check"], ["serve", "--wrong"]):
            self.assertTrue(self.check(USAGE, *wrong).stderr)
        self.assertRegex(self.check(OK, "version").stdout, r"^watchword \d+\.\d+\.\d+\n$")
        self.assertRegex(self.check(OK, "version", "--json").json["version"], r"^\d+\.\d+\.\d+$")
        self.assertGreater(len(self.check(OK, "reasons", "--json").json), 50)
        self.assertRegex(self.check(OK, "reasons", "audience_mismatch").stdout, r"(?s)means .*causes +1\. .*2\. .*fix .*example +audience_mismatch: ")
        self.assertIn("did you mean 'no_binding'?", self.check(USAGE, "reasons", "no_bindin").stderr)

    def test_every_command_has_help_with_an_example(self):
        def walk(path):
            help_text = self.check(OK, *path, "--help").stdout
            commands = re.search(r"^Subcommands:\n((?:  .*\n?)+)", help_text, re.M)
            if not commands:
                self.assertIn("Example:\n  watchword " + " ".join(path), help_text)
                return 1
            return sum(walk([*path, line.split()[0]]) for line in commands[1].splitlines() if re.match(r"  \w", line))

        self.assertGreater(walk([]), 20)

    def test_completion_scripts_parse(self):
        for shell in ("bash", "zsh", "fish"):
            script = self.check(OK, "completion", shell).stdout
            self.assertIn("sessions", script)
            if shutil.which(shell):
                parsed = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True)
                self.assertEqual((parsed.returncode, parsed.stderr), (0, ""), shell)
        self.assertEqual(self.completed("audit", "ver"), ["verify"])

    def completed(self, *words):
        """What bash offers at the end of these words."""
        script = self.check(OK, "completion", "bash").stdout + f"COMP_WORDS=(watchword {' '.join(words)}); COMP_CWORD={len(words)}; _watchword; echo ${{COMPREPLY[@]}}"
        return subprocess.run(["bash", "-c", script], capture_output=True, text=True).stdout.split()

    def test_completion_knows_groups_of_options_and_steps_over_values(self):
        offered = self.completed("sessions", "end", "--")
        for option in ("--project", "--all", "--why", "--admin", "--config", "--json"):
            self.assertIn(option, offered)
        self.assertIn("--why", self.completed("sessions", "end", "--project", "acme/billing", "--w"))
        self.assertEqual(self.completed("--json", "audit", "ver"), ["verify"])

    def test_a_word_that_is_no_command_brings_the_nearest(self):
        self.assertIn("Did you mean 'watchword sessions'?", self.check(USAGE, "session").stderr)
        self.assertIn("'nope' is no command of 'watchword'", self.check(USAGE, "nope").stderr)
        self.assertIn("Did you mean 'watchword policy explain'?", self.check(USAGE, "policy", "explian", "x").stderr)
        self.assertRegex(self.check(OK, "--version").stdout, r"^watchword \d+\.\d+\.\d+\n$")

    def test_where_the_gate_is(self):
        for command in (["status"], ["sessions", "list"], ["freezes"], ["policy", "reload"]):
            told = self.check(USAGE, *command).stderr
            self.assertIn("--config", told)
            self.assertIn("--admin", told)
        admin, config = "unix:" + self.gate.admin, self.gate.config_file
        self.check(OK, "status", environment={"WATCHWORD_CONFIG": config})
        self.check(OK, "status", environment={"WATCHWORD_ADMIN": admin})
        self.check(OK, "status", "--admin", admin, environment={"WATCHWORD_CONFIG": "/nonexistent"})
        self.check(OK, "status", "--config", config, environment={"WATCHWORD_ADMIN": "unix:/nonexistent"})

    def test_freezes_say_for_whom(self):
        at = ["--config", self.gate.config_file]
        freeze = ["freeze", "quiet", *at, "--why", "test"]
        one = ["--issuer", "gitlab", "--project", "acme/billing"]
        self.assertIn("set by people", self.check(OK, "freezes", *at).stdout)
        for wrong in (["--until", "tomorrow"], []):
            self.check(USAGE, *freeze, *wrong)
        until = ["--until", "2999-01-01T00:00:00Z"]
        self.assertRegex(self.check(OK, *freeze, *until).stdout, "quiet is frozen until 2999-.* everywhere")
        self.assertRegex(self.check(OK, *freeze, *until, *one).stdout, r"quiet is frozen until 2999-.* for acme/billing \(gitlab\)")
        self.assertIn("for acme/billing (gitlab)", self.check(OK, *freeze, "--lift", *one).stdout)
        gone = self.check(DENIED, *freeze, "--lift", *one).stderr
        self.assertIn("quiet for acme/billing (gitlab)", gone)
        self.assertIn("see 'watchword freezes'", gone)
        self.assertIn("everywhere", self.check(OK, *freeze, "--lift").stdout)
        shown = lambda: self.check(OK, "audit", "search", self.gate.log_directory, "--where", "event=freeze_changed").stdout
        eventually(lambda: shown().count("\n") == 4, "all four are in the log")
        self.assertIn("quiet frozen everywhere", shown())
        self.assertIn("quiet lifted for acme/billing (gitlab)", shown())

    def test_keys_are_told_as_keys(self):
        shown = lambda: self.check(OK, "audit", "search", self.gate.log_directory, "--where", "event=key_changed").stdout
        eventually(lambda: os.path.exists(os.path.join(self.gate.log_directory, "checkpoint")), "the log is published")
        eventually(lambda: re.search(r"key_changed +log key \S+ made ", shown()), "the log's key was made")
        self.assertNotIn("everywhere", shown())

    def test_what_is_not_there_is_named(self):
        at = ["--config", self.gate.config_file]
        for command in (["keys", "retire", "nope", *at, "--why", "x"], ["sessions", "show", "nope", *at],
                        ["audit", "show", self.gate.log_directory, "nope"]):
            told = self.check(DENIED, *command).stderr
            self.assertRegex(told, r"found +nope")
            self.assertNotIn("path:", told)
        self.check(USAGE, "sessions", "end", "--project", "acme/none", "--all", *at, "--why", "x")

    def test_token_exchange(self):
        arguments = ["token", "exchange", "--gate", self.gate.url]
        token = self.file(self.issuer.mint())
        reply = self.check(OK, *arguments, "--token-file", token, "--scope", "billing-api/read", "--json").json
        self.assertEqual(reply["scope"], "billing-api/read")
        only = self.check(OK, *arguments, "--token-only", environment={"WATCHWORD_ID_TOKEN": self.issuer.mint()}).stdout
        self.assertEqual(self.gate.request("GET", "/v1/x", only.strip()).status, 200)
        piped = self.check(OK, *arguments, "--token-file", "-", "--token-only", stdin=self.issuer.mint() + "\n")
        self.assertEqual(self.gate.request("GET", "/v1/x", piped.stdout.strip()).status, 200)
        other = self.issuer.mint(project_path="acme/other")
        denied = self.check(DENIED, *arguments, environment={"WATCHWORD_ID_TOKEN": other})
        for part in ("no_binding", "you are", "acme/other", "fix", "record"):
            self.assertIn(part, denied.stdout + denied.stderr)
        self.assertEqual(self.check(DENIED, *arguments, "--json", environment={"WATCHWORD_ID_TOKEN": other}).json["reason"], "no_binding")
        self.assertIn("id_tokens:", self.check(DENIED, *arguments, environment={"WATCHWORD_ID_TOKEN": ""}).stderr)
        nobody = ["token", "exchange", "--gate", "http://127.0.0.1:1", "--retry-for", "0s", "--json"]
        self.assertEqual(self.check(FAILED, *nobody, environment={"WATCHWORD_ID_TOKEN": other}).json["reason"], "gate_unreachable")

    def test_what_is_no_denial_is_not_called_one(self):
        """An outage, a wrong request and an answer that is not the gate's at all."""
        answers = {"/oauth/token": lambda h: self.issuer.send(h, {"error": "temporarily_unavailable", "reason": "store_unavailable"}, 503)}
        front = self.stand_in(answers)
        arguments = ["token", "exchange", "--gate", front.url]
        environment = {"WATCHWORD_ID_TOKEN": self.issuer.mint(), "WATCHWORD_RETRY_FOR": "0s"}
        outage = self.check(FAILED, *arguments, environment=environment).stdout
        self.assertNotIn("denied", outage)
        self.assertIn("no answer", outage)
        self.assertIn("store_unavailable", outage)
        wrong = self.check(INVALID, "token", "exchange", "--gate", self.gate.url, "--scope", "nonsense", environment=environment).stdout
        self.assertNotIn("denied", wrong)
        self.assertIn("scope_invalid", wrong)
        answers["/oauth/token"] = lambda h: self.issuer.send(h, b"<html>Bad Gateway</html>", 502, "text/html")
        foreign = self.check(FAILED, *arguments, environment=environment)
        self.assertIn("HTTP status 502", foreign.stdout + foreign.stderr)
        self.assertEqual(self.check(FAILED, *arguments, "--json", environment=environment).json["reason"], "gate_unreachable")

    def stand_in(self, answers):
        """Something in the gate's place."""

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["content-length"]))
                answers[self.path](self)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server

    def test_sessions_are_listed_page_by_page(self):
        for job in ("5001", "5002", "5003"):
            self.gate.exchange(self.issuer.mint(pipeline_id="5000", job_id=job))
        pages, before = [], []
        for _ in range(3):
            lines = self.gate.cli("sessions", "list", "--pipeline", "5000", "--limit", "1", *before).stdout.splitlines()
            self.assertEqual(len(lines), 3, lines)
            pages.append(lines[1].split()[0])
            self.assertEqual(lines[2], "more: --before " + pages[-1])
            before = lines[2].split()[1:]
        self.assertEqual(len(set(pages)), 3)
        whole = self.gate.cli("sessions", "list", "--pipeline", "5000").stdout
        self.assertNotIn("more:", whole)
        self.assertEqual([line.split()[0] for line in whole.splitlines()[1:]], pages)

    def test_nothing_that_a_job_claims_acts_on_a_terminal(self):
        evil = "\x9b31m\u202egnp.exe\x7f"
        reply = self.gate.exchange(self.issuer.mint(environment=evil, job_id="6666")).json
        self.gate.entry(reply["record"])
        folder = os.path.join(ROOT, "examples/policy")
        claims = self.file(self.issuer.claims(iss="https://gitlab.example.com", ref=evil, ref_protected="false"))
        shown = [self.check(OK, "audit", "show", self.gate.log_directory, reply["record"]).stdout,
                 self.gate.cli("sessions", "show", reply["session"]).stdout,
                 self.gate.cli("sessions", "list", "--job", "6666").stdout,
                 self.check(DENIED, "policy", "explain", folder, "--claims", claims, "--method", "POST", "--url",
                            "https://billing.gate.example.com/v1/x").stdout]
        for text in shown:
            self.assertIn("gnp.exe", text)
            for treacherous in "\x9b\u202e\x7f":
                self.assertNotIn(treacherous, text)
        self.assertEqual(json.loads(shown[0])["who"]["environment"], evil, "still JSON, and the same")

    def test_explain_wants_a_whole_question(self):
        folder = os.path.join(ROOT, "examples/policy")
        claims = ["--claims", self.file(self.issuer.claims())]
        request = ["--method", "GET", "--url", "https://billing.gate.example.com/v1/x"]
        for wrong in (claims, request, [*claims, *request[:2]], [*claims, *request[2:]], [*claims, "--resource", "billing-api"],
                      [*claims, *request, "--resource", "billing-api", "--action", "read"]):
            done = self.check(USAGE, "policy", "explain", folder, *wrong)
            self.assertIn("usage_invalid", done.stderr)
            self.assertNotIn("denied", done.stdout)

    def test_explain_reads_a_request_as_the_gateway_does(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.gate.write(os.path.join(folder, "p.yaml"), policy_for("http://127.0.0.1:1", ambiguous_paths="allow"))
        claims = self.file(self.issuer.claims())
        explain = ["policy", "explain", folder, "--claims", claims, "--url", "https://billing.test/v1/a%2fb", "--json", "--method"]
        self.assertEqual(self.check(OK, *explain, "GET").json["decision"], "allow")
        self.assertEqual(self.check(INVALID, *explain, "get").json["reason"], "method_not_allowed")

    def test_token_verify_and_inspect(self):
        jwks = self.file({"keys": self.issuer.published})
        base = ["--issuer", self.issuer.url, "--audience", self.gate.url, "--json"]
        verify = lambda code, token, *more: self.check(code, "token", "verify", self.file(token), *base, *more).json
        good = self.issuer.mint()
        for source in (["--jwks", jwks], []):
            told = verify(OK, good, *source)
            self.assertTrue(told["valid"] and all(check["holds"] for check in told["checks"]))
        cases = {"token_expired": self.issuer.mint(life=-600), "audience_mismatch": self.issuer.mint(aud="other"),
                 "signature_invalid": good[:-6] + "AAAAAA", "issuer_mismatch": self.issuer.mint(iss="https://other.example.com")}
        for reason, token in cases.items():
            told = verify(DENIED, token, "--jwks", jwks)
            self.assertIn(reason, [check["failure"]["reason"] for check in told["checks"] if not check["holds"]])
        verify(DENIED, good, "--jwks", jwks, "--at", "2030-01-01T00:00:00Z")
        access = self.gate.access(self.issuer)
        self.check(OK, "token", "verify", self.file(access), "--issuer", self.gate.url, "--audience", "billing-api", "--type", "at+jwt")
        untold = self.check(DENIED, "token", "verify", self.file(access), "--issuer", self.gate.url, "--audience", "billing-api").stdout
        self.assertIn("--type at+jwt", untold)
        shown = self.check(OK, "token", "inspect", "-", "--json", stdin=access).json
        self.assertEqual((shown["verified"], shown["claims"]["aud"]), (False, "billing-api"))
        self.check(DENIED, "token", "inspect", "-", stdin="x.y.z")

    def test_policy_commands_on_the_examples(self):
        folder = os.path.join(ROOT, "examples/policy")
        self.check(OK, "policy", "check", folder)
        told = self.check(OK, "policy", "test", folder, "--json").json
        self.assertEqual((told["failed"], len(told["tests"])), (0, 15))
        claims = self.file(self.issuer.claims(iss="https://gitlab.example.com", ref="feature/x", ref_protected="false"))
        write = ["policy", "explain", folder, "--claims", claims, "--method", "POST", "--url", "https://billing.gate.example.com/v1/x"]
        self.assertIn("denied_by_rule", self.check(DENIED, *write).stdout)
        self.check(DENIED, *write, "--json")
        self.check(OK, "policy", "explain", folder, "--claims", claims, "--resource", "billing-api", "--action", "read")
        orders = ["policy", "explain", folder, "--claims", self.file(self.issuer.claims(project_path="acme/orders", ref="feature/x")),
                  "--url", "https://orders.gate.example.com"]
        self.check(OK, *orders, "--grpc", "acme.orders.v1.Orders/GetOrder")
        self.assertIn("not_permitted", self.check(DENIED, *orders, "--grpc", "acme.orders.v1.Admin/Drop").stdout)
        self.check(OK, *orders, "--websocket", "/v1/stream/orders")
        self.assertIn("action_unknown", self.check(DENIED, *orders, "--websocket", "/v2").stderr)
        for wrong in (["--grpc", "Orders"], ["--websocket", "v1"], ["--grpc", "a.B/C", "--websocket", "/v1"], ["--grpc", "a.B/C", "--method", "POST"]):
            self.assertIn("usage_invalid", self.check(USAGE, *orders, *wrong).stderr)
        self.assertEqual(self.check(OK, "policy", "eval", "1 + 2 * 3").stdout, "7\n")
        facts = self.file({"job": {"ref": "main"}})
        self.assertIs(self.check(OK, "policy", "eval", 'job.ref.startsWith("ma")', "--input", facts, "--json").json, True)
        self.check(INVALID, "policy", "eval", "1 +")
        self.check(INVALID, "policy", "eval", "job.nothing", "--input", facts)
        self.check(DENIED, "policy", "eval", "context.pipeline_status()")
        self.assertIs(self.check(OK, "policy", "eval", "context.frozen('production')", "--json").json, False)
        mistaken = self.file([{"fact": "mergd", "value": True}])
        self.assertIn("write 'merged'", self.check(INVALID, *write, "--facts", mistaken).stderr)

    def test_without_facts_nothing_is_frozen(self):
        """Here as in a gate, where `frozen` is always known."""
        folder = os.path.join(self.enterContext(tempfile.TemporaryDirectory()), "policy")
        shutil.copytree(os.path.join(ROOT, "examples/policy"), folder)
        self.gate.write(os.path.join(folder, "freeze.yaml"), {"deny": [{
            "permission": "*/write", "why": "the environment is frozen",
            "when": "has(job.environment) && context.frozen(environment = job.environment)"}]})
        self.assertEqual(self.check(OK, "policy", "test", folder, "--json").json["failed"], 0)

    def test_a_bad_policy_names_the_place_and_the_nearest_word(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        shutil.copy(os.path.join(ROOT, "examples/policy/billing.yaml"), folder)
        path = os.path.join(folder, "billing.yaml")
        with open(path) as file:
            text = file.read()
        self.assertNotIn("warning", self.check(OK, "policy", "check", folder).stdout)
        self.gate.write(path, text.replace("methods: [GET, HEAD]", "grpc: [acme.billing.v1.Billing/*]", 1))
        self.assertRegex(self.check(OK, "policy", "check", folder).stdout, "warning .*has grpc rules.*protocol: http2")
        self.assertEqual(len(self.check(OK, "policy", "check", folder, "--json").json["warnings"]), 1)
        self.gate.write(path, text.replace("granted_to:", "granted_too:", 1))
        done = self.check(INVALID, "policy", "check", folder)
        self.assertRegex(done.stderr, r"billing\.yaml:\d+:\d+: policy_invalid")
        self.assertIn("granted_to", done.stderr)
        self.assertEqual(self.check(INVALID, "policy", "check", folder, "--json").json["reason"], "policy_invalid")

    def test_config_check(self):
        self.check(OK, "config", "check", self.gate.config_file)
        with open(self.gate.config_file) as file:
            config = json.load(file)
        for name, changes in {
            "an unknown key": {"isuers": {}}, "http on the network": {"url": "http://gate.example.com"},
            "no TLS on the network": {"listen": config["listen"] | {"api": "0.0.0.0:8443"}},
            "an issuer without audience": {"issuers": {"gitlab": {k: v for k, v in config["issuers"]["gitlab"].items() if k != "audience"}}},
            "an empty audience": {"issuers": {"gitlab": config["issuers"]["gitlab"] | {"audience": []}}},
            "a secret in clear": {"clients": {"x": {"secret": "hunter2", "resources": ["billing-api"]}}},
            "an HMAC": {"issuers": {"gitlab": config["issuers"]["gitlab"] | {"algorithms": ["HS256"]}}},
            "none": {"issuers": {"gitlab": config["issuers"]["gitlab"] | {"algorithms": ["none"]}}},
            "two issuers of one url": {"issuers": config["issuers"] | {"other": config["issuers"]["gitlab"]}},
        }.items():
            with self.subTest(name):
                path = self.gate.path("wrong.yaml")
                self.gate.write(path, config | changes)
                done = self.check(INVALID, "config", "check", path)
                self.assertRegex(done.stderr, r"wrong\.yaml:\d+:\d+: config_invalid")
                self.assertNotIn("hunter2", done.stderr)
                self.check(INVALID, "serve", "--config", path)

    def test_config_check_refuses_what_serve_refuses(self):
        with open(self.gate.config_file) as file:
            config = json.load(file)
        wrong_key, wrong_secret, nothing = self.file("short"), self.file("whsec_!"), "/nonexistent/file"
        path = self.gate.path("wrong.yaml")
        for reason, changes in {
            "secret_unavailable": {"sealing_key": "file:" + wrong_key},
            "file_unreadable": {"tls": {"certificate": nothing, "key": nothing}},
            "policy_invalid": {"policy": self.file({"resources": {"x/y": {}}}, "p.yaml").removesuffix("/p.yaml")},
            r"issuers\.gitlab\.webhook_secret: config_invalid": {"issuers": {"gitlab": config["issuers"]["gitlab"] | {"webhook_secret": "file:" + wrong_secret}}},
            r"issuers\.gitlab\.api_token: file:/nonexistent/file: secret_unavailable": {"issuers": {"gitlab": config["issuers"]["gitlab"] | {"api_token": "file:" + nothing}}},
        }.items():
            with self.subTest(reason):
                self.gate.write(path, config | changes)
                checked = self.check(INVALID, "config", "check", path).stderr
                self.assertRegex(checked, reason)
                self.assertEqual(self.check(INVALID, "serve", "--config", path).stderr, checked)
        # What a gate only warns of, as its policy may gain the resource while it runs.
        self.gate.write(path, config | {"clients": {"x": {"secret": "sha256:" + "0" * 64, "resources": ["biling-api"]}}})
        self.assertRegex(self.check(INVALID, "config", "check", path).stderr,
                         r"clients\.x\.resources: .*\n.*'biling-api'(.*\n)*.*'billing-api'")
        self.gate.write(path, config | {"sealing_key": "file:" + wrong_key, "tls": {"certificate": nothing, "key": nothing}})
        self.assertEqual(self.check(INVALID, "config", "check", path).stderr.count("  fix  "), 2, "all of them")

    def test_audit_commands(self):
        reply = self.gate.exchange(self.issuer.mint(job_id="31337")).json
        self.gate.entry(reply["record"])
        log = self.gate.log_directory
        self.assertIn(reply["record"], self.check(OK, "audit", "tail", log, "-n", "5").stdout)
        shown = self.check(OK, "audit", "show", log, reply["record"], "--json").json
        self.assertEqual((shown["event"], shown["who"]["job"], shown["session"]), ("exchange", "31337", reply["session"]))
        self.check(DENIED, "audit", "show", log, "01M7YKM4Q0DHEPWC2R0T4GXRG3")
        found = self.check(OK, "audit", "search", log, "--where", "who.job=31337", "--where", "event=exchange", "--since", "2020-01-01T00:00:00Z")
        self.assertEqual(found.stdout.count("record"), 1)
        self.assertEqual(self.check(OK, "audit", "search", log, "--where", "who.job=31337", "--until", "2020-01-01T00:00:00Z").stdout, "")
        self.check(USAGE, "audit", "search", log, "--where", "nonsense")
        verified = json.loads(self.gate.verify_log().stdout)
        self.assertGreater(verified["entries"], 1)
        self.assertNotIn("consistent_with_earlier", verified, "nothing earlier was given")

    def test_one_flipped_byte_is_found_and_named(self):
        """Whatever file of the log it is in."""
        for _ in range(3):
            record = self.gate.exchange(self.issuer.mint()).json["record"]
        self.gate.entry(record)
        copy = os.path.join(self.enterContext(tempfile.TemporaryDirectory()), "log")
        shutil.copytree(self.gate.log_directory, copy)
        key = os.path.join(self.gate.log_directory, "verifier.key")
        self.check(OK, "audit", "verify", copy, "--key", key)
        files = [os.path.join(at, name) for at, _, names in os.walk(copy) for name in names if name not in ("verifier.key",)]
        newest = {}
        for path in files:  # of partial tiles only the newest counts
            folder, name = os.path.split(path)
            if folder.endswith(".p") and (folder not in newest or int(name) > int(newest[folder])):
                newest[folder] = name
        for path in files:
            folder, name = os.path.split(path)
            if folder in newest and newest[folder] != name:
                continue
            with self.subTest(os.path.relpath(path, copy)), open(path, "rb") as file:
                good = file.read()
                bad = bytearray(good)
                bad[len(bad) // 2] ^= 1
                with open(path, "wb") as changed:
                    changed.write(bad)
                done = self.check(CORRUPT, "audit", "verify", copy, "--key", key, "--json")
                self.assertRegex(done.json["reason"], "^log_")
                if "entries" in path:
                    self.assertRegex(json.dumps(done.json), r"entry \d+")
                with open(path, "wb") as changed:
                    changed.write(good)
        self.check(OK, "audit", "verify", copy, "--key", key)

    def test_another_implementation_verifies_the_log(self):
        """The Go project's own tlog package, where Go is installed."""
        if not shutil.which("go") or SANITIZED:
            self.skipTest("go is not installed" if not SANITIZED else "once is enough")
        record = self.gate.exchange(self.issuer.mint()).json["record"]
        self.gate.entry(record)
        with open(os.path.join(self.gate.log_directory, "verifier.key")) as file:
            key = file.read().strip()
        script = os.path.join(ROOT, "tests/integration/tlog/run.sh")
        copy = os.path.join(self.enterContext(tempfile.TemporaryDirectory()), "log")
        shutil.copytree(self.gate.log_directory, copy)
        done = subprocess.run(["sh", script, copy, key], capture_output=True, text=True, timeout=120)
        if "dial tcp" in done.stderr or "no such host" in done.stderr:
            self.skipTest("the Go modules cannot be fetched here")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_status(self):
        status = json.loads(self.gate.cli("status", "--json").stdout)
        self.assertTrue(status["ready"])
        self.assertEqual(status["url"], self.gate.url)
        gone = run("status", "--admin", "unix:/nonexistent/admin.sock")
        self.assertEqual(gone.returncode, FAILED)
        self.assertIn("gate_unreachable", gone.stderr)
