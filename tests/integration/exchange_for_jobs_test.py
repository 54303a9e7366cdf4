"""What the token endpoint tells tools inside jobs: where resources are, a bearer token for who has proven a key, each decision; passwords
for git and Docker."""

import base64
import hashlib
import json
import time
import uuid

from support.case import GateCase
from support.gate import policy_for
from support.keys import RsaKey, claims_of
from support.net import call


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class ForJobs(GateCase):
    @classmethod
    def policy(cls):
        policy = policy_for(cls.upstream.url)
        http = {"upstream": cls.upstream.url}
        anything = {"any": {"methods": ["*"]}}
        policy["resources"] |= {
            "code": {"http": http | {"kind": "git", "host": "git.test"}, "actions": anything},
            "images": {"http": http | {"kind": "docker", "host": "images.test"}, "actions": anything},
            "cluster": {"http": http | {"kind": "kubernetes", "host": "cluster.test"}, "actions": anything},
            "docs": {"http": http | {"prefix": "/docs"}, "actions": anything},
            "orders-db": {"tcp": {"upstream": "127.0.0.1:5432"}},
        }
        policy["roles"]["deploy"]["allow"] += ["code/any", "images/any", "cluster/any", "docs/any", "orders-db/connect"]
        policy["roles"]["strict"] = {
            "granted_to": [{"job": {"issuer": "gitlab", "project_path": "acme/strict"}}],
            "allow": ["code/any"], "session": {"proof": "dpop"}}
        return policy

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key = RsaKey("job")

    def proof(self, method, url, token=None, key=None):
        key = key or self.key
        nonce = call(self.gate.api, "POST", "/oauth/token").headers["dpop-nonce"]
        claims = {"htm": method, "htu": url, "iat": int(time.time()), "jti": str(uuid.uuid4()), "nonce": nonce}
        if token:
            claims["ath"] = base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
        public = {name: key.jwk()[name] for name in ("kty", "n", "e")}
        return key.jwt(claims, "dpop+jwt", jwk=public)

    def proven(self, token, key=None, **form):
        return self.gate.exchange(token, {"dpop": self.proof("POST", self.gate.url + "/oauth/token", key=key)}, **form)

    def ask(self, host, authorization=None, path="/v1/x", **headers):
        headers |= {"host": host} | ({"authorization": authorization} if authorization else {})
        return call(self.gate.gateway, "GET", path, headers)

    def test_the_answer_says_where_each_resource_of_the_token_is(self):
        at = lambda host: f"http://{host}:{self.gate.gateway}"
        all_of_them = {
            "billing-api": {"kind": "api", "url": at("billing.test")}, "code": {"kind": "git", "url": at("git.test")},
            "images": {"kind": "docker", "url": at("images.test")}, "cluster": {"kind": "kubernetes", "url": at("cluster.test")},
            "docs": {"kind": "api", "url": at("127.0.0.1") + "/docs"},
            "orders-db": {"kind": "tcp", "url": at("127.0.0.1"), "port": 5432}}
        reply = self.gate.exchange(self.issuer.mint()).json
        self.assertEqual({place.pop("name"): place for place in reply["resources"]}, all_of_them)
        narrow = self.gate.exchange(self.issuer.mint(), audience="code").json
        self.assertEqual(narrow["resources"], [{"name": "code"} | all_of_them["code"]])
        docs = self.gate.exchange(self.issuer.mint(), resource=all_of_them["docs"]["url"]).json
        self.assertEqual([place["name"] for place in docs["resources"]], ["docs"], "by the URL that the gate told")

    def test_a_bearer_token_of_a_session_that_is_bound(self):
        job = self.issuer.mint()
        reply = self.proven(job, token_binding="none")
        self.assertEqual((reply.status, reply.json["token_type"]), (200, "Bearer"), reply.body)
        token = reply.json["access_token"]
        self.assertNotIn("cnf", claims_of(token))
        self.assertEqual(self.gate.request("GET", "/v1/x", token).status, 200)
        self.assertEqual(self.gate.entry(reply.json["record"])["detail"]["token_type"], "Bearer")
        self.assert_refused(self.gate.exchange(job), 400, "dpop_key_mismatch")
        self.assert_refused(self.proven(job, key=RsaKey("thief"), token_binding="none"), 400, "dpop_key_mismatch")
        self.assertEqual(self.proven(job).json["token_type"], "DPoP")
        self.assert_refused(self.proven(self.issuer.mint(project_path="acme/strict"), token_binding="none"), 400, "dpop_required")
        self.assert_refused(self.gate.exchange(self.issuer.mint(), token_binding="some"), 400, "request_invalid")

    def test_each_decision_is_told_to_the_job_that_asks_and_to_nobody_else(self):
        job = self.issuer.mint(ref="feature/x")
        reply = self.gate.exchange(job, explain="true", scope="billing-api/read billing-api/write").json
        read, write = reply["decisions"]
        self.assertEqual((read["permission"], read["decision"], read["role"]), ("billing-api/read", "allow", "deploy"))
        self.assertEqual((write["permission"], write["decision"], write["reason"]), ("billing-api/write", "deny", "context_not_met"))
        self.assertTrue(write["rule"].startswith("policy/billing.yaml:"), write)
        refused = self.gate.exchange(job, explain="true", scope="billing-api/write")
        self.assertEqual([one["decision"] for one in refused.json["decisions"]], ["deny"])
        self.assertNotIn("decisions", self.gate.exchange(job, scope="billing-api/write").json)
        forged = self.gate.exchange(self.issuer.mint(key=RsaKey("first")), explain="true")
        self.assertNotIn("decisions", forged.json)

    def test_git_and_docker_may_show_the_token_as_a_password_and_no_others(self):
        token = self.gate.access(self.issuer)
        for host, status in (("git.test", 200), ("images.test", 200), ("billing.test", 401), ("cluster.test", 401)):
            with self.subTest(host):
                self.assertEqual(self.ask(host, basic("anyone", token)).status, status)
        self.assertEqual(self.upstream.last().header("authorization"), None, "the backend gets the assertion alone")
        for wrong in ("Basic " + token, basic("x", "hunter2"), "Basic !", basic("", "")):
            self.assert_refused(self.ask("git.test", wrong), 401, "token_malformed")
        self.assertEqual(self.ask("git.test", basic("x", token + "A")).status, 401)
        bound = self.proven(self.issuer.mint()).json["access_token"]
        url = "http://git.test/v1/x"
        self.assert_refused(self.ask("git.test", basic("x", bound)), 401, "dpop_required")
        self.assert_refused(self.ask("git.test", basic("x", bound), dpop=self.proof("GET", url, bound)), 401, "dpop_required")
        self.assertEqual(self.ask("git.test", "DPoP " + bound, dpop=self.proof("GET", url, bound)).status, 200)
        self.assertNotIn("hunter2", json.dumps(self.gate.entries()) + self.gate.log_text())

    def test_a_password_is_asked_for_where_one_is_taken(self):
        asked_for = {host: self.ask(host).headers["www-authenticate"] for host in ("git.test", "images.test", "billing.test")}
        self.assertEqual(asked_for, {
            "git.test": 'Basic realm="watchword", Bearer, DPoP', "images.test": 'Basic realm="watchword"', "billing.test": "Bearer, DPoP"})


class Elsewhere(GateCase):
    @classmethod
    def config(cls):
        return {"gateway_url": "https://edge.example.com"}

    def test_what_stands_before_the_gateway_is_where_jobs_find_it(self):
        reply = self.gate.exchange(self.issuer.mint()).json
        self.assertEqual(reply["resources"], [{"kind": "api", "name": "billing-api", "url": "https://billing.test"}])
