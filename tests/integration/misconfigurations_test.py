"""What goes wrong in practice, staged: for each row of misconfigurations.json the reason, the fix and the nearest rule that are told.

docs/troubleshooting.md is made from the same table: WATCHWORD_UPDATE_DOCS=1 writes it anew.
"""

import json
import os
import shutil
import tempfile
import time
import unittest

from support.authority import Authority
from support.case import GateCase
from support.gate import run
from support.issuer import Issuer
from support.keys import RsaKey, b64url, claims_of
from support.net import Raw, call
from support.upstream import Upstream

HERE = os.path.dirname(os.path.abspath(__file__))
PAGE = os.path.join(os.path.dirname(os.path.dirname(HERE)), "docs/troubleshooting.md")
SECTIONS = {  # a row's `shows`
    "exchange": ("The exchange is refused", "What the token endpoint answers, and `watchword token exchange` and `exec` print."),
    "request": ("A request is refused", "What the gateway answers, and Envoy with it."),
    "command": ("A command fails", "What it prints, and with `--json` as `reason` and `fix`."),
}
INTRODUCTION = """# Troubleshooting

From what is seen to what is wrong. Each line was staged and looked at: this page is made from tests/integration/misconfigurations.json
(`WATCHWORD_UPDATE_DOCS=1 tests/run.sh BUILD Troubleshooting` writes it anew), whose test holds every fix to the letter. What a reason
means in general is in [reasons.md](reasons.md).

A caller whose token was not accepted is told the reason and the id of a record, and nothing that the gate knows. What was found and
expected is in that record, for operators (`watchword audit show DIR RECORD`), and `watchword token verify` says it of a token in hand.
A verified caller is told which rule was nearest and which part of it failed, if that rule is its own project's.
"""


def rows():
    with open(os.path.join(HERE, "misconfigurations.json")) as file:
        return json.load(file)


def page():
    """docs/troubleshooting.md, with example addresses."""
    cell = lambda text: filled(text, gate="https://gate.example.com", issuer="https://gitlab.example.com", folder=".", policy="policy").replace("|", "\\|")
    out = INTRODUCTION
    for shows, (title, about) in SECTIONS.items():
        out += f"\n## {title}\n\n{about}\n\n| what is seen | reason | what is wrong | fix |\n|---|---|---|---|\n"
        for row in rows():
            if row["shows"] == shows:
                out += f"| {cell(row['symptom'])} | [`{row['reason']}`](reasons.md#{row['reason']}) | {cell(row['cause'])} | {cell(row['fix'])} |\n"
    return out


def filled(value, **places):
    """The table's {gate}, {issuer} and the like replaced, at any depth; {GATE} is in upper case."""
    if isinstance(value, str):
        for name, text in places.items():
            value = value.replace("{%s}" % name, text).replace("{%s}" % name.upper(), text.upper())
        return value
    if isinstance(value, list):
        return [filled(one, **places) for one in value]
    return {name: filled(one, **places) for name, one in value.items()} if isinstance(value, dict) else value


class Misconfigurations(GateCase):
    @classmethod
    def policy(cls):
        cls.authority = Authority(cls.gate.folder, "ca")
        cls.secured, cls.expired, cls.elsewhere = (
            Upstream(cls.authority.issue("upstream")), Upstream(cls.authority.issue("expired", days="-1")),
            Upstream(cls.authority.issue("elsewhere", names="DNS:elsewhere.test")))
        for backend in (cls.secured, cls.expired, cls.elsewhere):
            cls.addClassCleanup(backend.stop)
        cls.gate.write(cls.gate.path("policy/old.yaml"), {
            "resources": {"old-api": {
                "http": {"upstream": cls.expired.url, "host": "old.test", "ca": cls.authority.certificate}, "actions": {"read": {"methods": ["GET"]}}}},
            "roles": {"old": {"granted_to": [{"job": {"issuer": "gitlab", "project_path": "acme/billing"}}], "allow": ["old-api/read"]}},
        })
        with open(os.path.join(HERE, "misconfigurations_policy.yaml")) as file:
            return filled(file.read(), upstream=cls.upstream.url, tls_upstream=cls.secured.url)

    @classmethod
    def issuers(cls):
        """Beside the good one: one that limits age, one whose clock is behind, one that is down, one with a page for people."""
        cls.others = {name: Issuer(cls.gate.url, cls.issuer.key) for name in ("strict", "behind", "down", "broken")}
        for other in cls.others.values():
            cls.addClassCleanup(other.stop)
        cls.others["behind"].answers["/keys"] = cls.keys_of_the_past
        cls.others["broken"].answers["/keys"] = lambda handler: Issuer.send(handler, b"<h1>Sign in</h1>", content_type="text/html")
        cls.others["down"]._server.server_close()
        all_of_them = {name: cls.gitlab(url=other.url) for name, other in cls.others.items()}
        all_of_them["strict"]["max_token_age"] = "10m"
        all_of_them["behind"]["skew"] = "1s"
        return {"gitlab": cls.gitlab()} | all_of_them

    @classmethod
    def keys_of_the_past(cls, handler):
        handler.date_time_string = lambda timestamp=None: time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() - 120))
        Issuer.send(handler, {"keys": [cls.issuer.key.jwk()]})

    @classmethod
    def setUpClass(cls):
        cls.strangers = {"stranger": RsaKey("stranger"), "impostor": RsaKey("first")}
        super().setUpClass()
        cls.folder = tempfile.mkdtemp(dir=cls.gate.folder)
        cls.places = {
            "gate": cls.gate.url, "issuer": cls.issuer.url, "tls_upstream": cls.secured.url, "expired": cls.expired.url,
            "elsewhere": cls.elsewhere.url, "ca": cls.authority.certificate, "policy": cls.gate.path("policy"),
            "log": cls.gate.log_directory, "config": cls.gate.config_file,
        }

    # --- Staging ---------------------------------------------------------------------------------

    def token(self, staged):
        """The token of a row: `claims` over a good job's, null takes one away, {"in": S} is S seconds from now."""
        if "token" in staged and not isinstance(staged["token"], dict):
            return "x" * 20000 if staged["token"] == "{20000 x}" else staged["token"]
        issuer = self.others.get(staged.get("issuer"), self.issuer)
        changes = staged.get("claims", {}) or staged.get("token", {})
        claims = {name: value for name, value in issuer.claims(**filled(changes, **self.places)).items() if value is not None}
        for name, value in claims.items():
            if isinstance(value, dict):
                claims[name] = int(time.time()) + value["in"]
        header = dict(staged.get("header", {}))
        token = self.strangers.get(staged.get("key"), self.issuer.key).jwt(claims, header.pop("typ", "JWT"), **header)
        if "edit" in staged:
            head, _, signature = token.split(".")
            token = ".".join((head, b64url(json.dumps(claims | staged["edit"]).encode()), signature))
        self.issuer.minted.append(token)
        return token

    def end_session(self, token):
        session = claims_of(token)["sid"]
        done = self.gate.cli("sessions", "end", session, "--why", "staged")
        self.assertEqual(done.returncode, 0, done.stderr)

    def show_exchange(self, staged):
        token = self.token(staged)
        if "before" in staged:
            earlier = self.gate.exchange(token)
            self.assertEqual(earlier.status, 200, earlier)
            if staged["before"] == "end":
                self.end_session(earlier.json["access_token"])
        reply = self.gate.exchange(token, headers=staged.get("headers"), **staged.get("form", {}))
        self.assertIn(reply.status, (400, 401, 500, 503), reply.body)
        return reply.json

    def with_policy(self, before, after, ask):
        """The answer to a request while the policy has `after` in the place of `before`."""
        with open(self.gate.policy_file) as file:
            good = file.read()
        self.assertIn(before, good)
        for text in (good.replace(before, after), good):
            self.gate.write(self.gate.policy_file, text)
            reloaded = self.gate.cli("policy", "reload")
            self.assertEqual(reloaded.returncode, 0, reloaded.stderr)
            if text != good:
                reply = ask()
        return reply

    def show_request(self, staged):
        wanted = {"method": "GET", "path": "/v1/invoices", "host": "billing.test", "token": "access"} | staged.get("request", {})
        id_token = self.token(staged)
        access = self.gate.exchange(id_token, **staged.get("form", {}))
        self.assertEqual(access.status, 200, access)
        access = access.json["access_token"]
        foreign = lambda: self.strangers["stranger"].jwt(claims_of(access), "at+jwt")
        token = {"none": lambda: None, "id": lambda: id_token, "access": lambda: access, "foreign": foreign}.get(wanted["token"], lambda: wanted["token"])()
        ask = lambda: self.gate.request(wanted["method"], wanted["path"], token, host=wanted["host"])
        then = staged.get("then")
        if then == "end":
            self.end_session(access)
        elif then == "revoke":
            self.assertEqual(call(self.gate.api, "POST", "/oauth/revoke", {"authorization": "Bearer " + access}, {"token": access}).status, 200)
        elif then == "use":
            self.assertEqual(ask().status, 200)
        elif then == "ungrant":
            return self.with_policy("project_path: acme/moved", "project_path: acme/elsewhere", ask).json
        elif then == "demand_proof":
            bound = "project_path: acme/moved } }]\n    session: { proof: dpop }"
            return self.with_policy("project_path: acme/moved } }]", bound, ask).json
        if wanted.get("twice"):
            with Raw(self.gate.gateway) as raw:
                raw.send(f"GET /v1/x HTTP/1.1\r\nHost: billing.test\r\nAuthorization: Bearer {token}\r\nAuthorization: Basic eDp5\r\n"
                         "Connection: close\r\n\r\n")
                return json.loads(raw.read_all().split(b"\r\n\r\n", 1)[1])
        reply = ask()
        self.assertGreaterEqual(reply.status, 400, reply.body)
        return reply.json

    def write_files(self, folder, staged):
        if "token" in staged:
            self.gate.write(os.path.join(folder, "token"), self.token(staged))
            self.gate.write(os.path.join(folder, "keys.json"), {"keys": self.issuer.published})
        for name, content in staged.get("files", {}).items():
            if name == "claims.json":
                content = {key: value for key, value in self.issuer.claims(**content).items() if value is not None}
            self.gate.write(os.path.join(folder, name), content)
        if "config" in staged:
            with open(self.gate.config_file) as file:
                config = json.load(file)
            changes = dict(staged["config"])
            config["policy"] = self.gate.path("policy")
            if changes.pop("without_audience", False):
                del config["issuers"]["gitlab"]["audience"]
            if changes.pop("renamed_issuer", False):
                config["issuers"] = {"gitlb": config["issuers"].pop("gitlab")} | config["issuers"]
            if changes.pop("short_certificate", False):
                certificate, key = Authority(folder, "ca").issue("gate")
                config |= {"url": "https://localhost:1", "tls": {"certificate": certificate, "key": key}}
            self.gate.write(os.path.join(folder, "watchword.yaml"), config | changes)

    def show_command(self, staged, reason):
        folder = tempfile.mkdtemp(dir=self.folder)
        places = self.places | {"folder": folder}
        self.write_files(folder, staged)
        environment = {"WATCHWORD_ID_TOKEN": self.token(staged) if "token" in staged else "", "NO_COLOR": "1"}
        done = run("--json", *filled(staged["arguments"], **places), environment=environment)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        shutil.rmtree(folder)
        return self.told(done, reason)

    @staticmethod
    def told(done, reason):
        """What a command says with --json: an error, or the refusal or a failure within its answer, this one if it is there."""
        text = done.stdout.strip() or done.stderr.strip().splitlines()[-1]
        said = json.loads(text)
        failed = [check["failure"] for check in said.get("checks", []) if "failure" in check]
        failed.sort(key=lambda failure: failure["reason"] != reason)
        refusal = said.get("refusal") or (failed[0] if failed else said)
        return refusal | ({"nearest": said["nearest"]} if "nearest" in said else {})

    # --- Tests -----------------------------------------------------------------------------------

    def look(self, row):
        if row["shows"] == "command":
            return self.show_command(row["staged"], row["reason"])
        return {"exchange": self.show_exchange, "request": self.show_request}[row["shows"]](row["staged"])

    def hold(self, shows):
        for row in rows():
            if row["shows"] != shows:
                continue
            with self.subTest(row["reason"] + ": " + row["cause"]):
                told = self.look(row)
                self.assertEqual((told["reason"], told["fix"]), (row["reason"], filled(row["fix"], **self.places)), told)
                self.assertEqual(told.get("nearest"), row.get("nearest"), told)
                if "record" in row:
                    self.assertFalse({"found", "expected", "you_are", "rule", "role"} & set(told), "nobody verified this caller")
                    detail = self.gate.entry(told["record"])["detail"]
                    for name, part in filled(row["record"], **self.places).items():
                        self.assertIn(part, detail[name])

    def test_what_the_exchange_refuses(self):
        self.hold("exchange")

    def test_what_the_gateway_refuses(self):
        self.hold("request")

    def test_what_commands_refuse(self):
        self.hold("command")

    def test_a_near_miss_is_on_record(self):
        told = self.gate.exchange(self.issuer.mint(project_path="acme/shop", environment="staging")).json
        self.assertEqual(self.gate.entry(told["record"])["detail"]["nearest"], told["nearest"])

    def test_probing_tells_nothing_of_other_projects(self):
        """Whatever project somebody makes, no answer names another one's rule, role or claims."""
        for path in ("acme/sho", "acme/shopp", "acme/shop2", "acme2/shop", "acme/shop/x", "acme/*", "**", "acme/"):
            for environment in ("production", "staging", "*"):
                told = self.gate.exchange(self.issuer.mint(project_path=path, environment=environment), scope="billing-api/read").json
                self.assertEqual(told["reason"], "no_binding")
                self.assertFalse({"nearest", "rule", "role"} & set(told), told)


class Troubleshooting(unittest.TestCase):
    def test_the_page_is_the_table(self):
        self.assertGreaterEqual(len(rows()), 50)
        if os.environ.get("WATCHWORD_UPDATE_DOCS"):
            with open(PAGE, "w") as file:
                file.write(page())
        with open(PAGE) as file:
            self.assertEqual(file.read(), page(), "WATCHWORD_UPDATE_DOCS=1 writes it anew")
