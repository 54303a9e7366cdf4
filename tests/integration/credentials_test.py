"""git, Docker and kubectl through the gate, with `watchword` as their credential helper; and the helpers by their protocols."""

import base64
import json
import os
import shutil
import subprocess
import unittest

from support.backends import BACKEND, GIT, Api, GitServer
from support.case import CertifiedHttps, GateCase
from support.gate import BINARY
from support.keys import claims_of


class Helpers(GateCase):
    @classmethod
    def policy(cls):
        anything = {"any": {"methods": ["*"]}}
        http = lambda upstream, **more: {"http": {"upstream": upstream.url} | more, "actions": anything}
        at = lambda name: {"host": name + ".localhost"}
        resources = {
            "code": {"http": {"upstream": cls.git.url, "kind": "git"} | at("git"), "actions": {
                "pull": [{"methods": ["GET"], "paths": ["re:/.*/info/refs"]}, {"methods": ["POST"], "paths": ["re:/.*/git-upload-pack"]}],
                "push": {"methods": ["POST"], "paths": ["re:/.*/git-receive-pack"]}}},
            "images": http(cls.api, kind="docker", host="127.0.0.1"),
            "cluster": http(cls.api, kind="kubernetes", host="localhost"),
            "billing-api": http(cls.api, **at("billing")),
            "orders-db": {"tcp": {"upstream": "127.0.0.1:5432"}},
        }
        role = lambda project, *allow: {
            "granted_to": [{"job": {"issuer": "gitlab", "project_path": project}}], "allow": list(allow), "session": {"ttl": "15m"}}
        return {"resources": resources, "roles": {
            "all": role("acme/billing", "code/*", "images/any", "cluster/any", "billing-api/any", "orders-db/connect"),
            "reader": role("acme/reader", "code/pull")}}

    @classmethod
    def setUpClass(cls):
        cls.api = Api()
        cls.addClassCleanup(cls.api.stop)
        cls.repositories = os.path.join(os.path.dirname(BINARY), "test-logs", f"git-{os.getpid()}")
        os.makedirs(cls.repositories)
        cls.addClassCleanup(shutil.rmtree, cls.repositories, True)
        cls.git = GitServer(cls.repositories)
        cls.addClassCleanup(cls.git.stop)
        super().setUpClass()
        cls.links = cls.gate.path("links")
        os.makedirs(cls.links)
        for name in ("watchword", "git-credential-watchword", "docker-credential-watchword"):
            os.symlink(BINARY, os.path.join(cls.links, name))

    def setUp(self):
        self.home = self.gate.path("home-" + self.id().rsplit(".", 1)[1])
        os.makedirs(self.home)

    def environment(self, token=None, **more):
        return {
            "PATH": self.links + ":" + os.environ["PATH"], "HOME": self.home, "WATCHWORD_URL": self.gate.url,
            "WATCHWORD_ID_TOKEN": token or self.issuer.mint(), "WATCHWORD_RETRY_FOR": "0s", "GIT_TERMINAL_PROMPT": "0", "NO_PROXY": "*",
            "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C", "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")} | more

    def run_as_job(self, *command, token=None, stdin="", cwd=None, **environment):
        return subprocess.run(
            command, input=stdin, capture_output=True, text=True, timeout=120, cwd=cwd or self.home, env=self.environment(token, **environment))

    def helper(self, *arguments, **options):
        return self.run_as_job(BINARY, *arguments, **options)

    # git

    def git_url(self):
        return f"http://git.localhost:{self.gate.gateway}"

    def git_run(self, *arguments, helper="!watchword git-credential --resource code", **options):
        return self.run_as_job(
            GIT, "-c", f"credential.{self.git_url()}.helper={helper}", "-c", "user.name=Job", "-c", "user.email=job@example.com",
            "-c", f"http.curloptResolve=git.localhost:{self.gate.gateway}:127.0.0.1", *arguments, **options)

    @unittest.skipUnless(GIT and os.path.exists(BACKEND or ""), "needs git")
    def test_git_clones_and_pushes(self):
        bare = os.path.join(self.repositories, "app.git")
        subprocess.run([GIT, "init", "--quiet", "--bare", "--initial-branch=main", bare], check=True)
        subprocess.run([GIT, "-C", bare, "config", "http.receivepack", "true"], check=True)
        token = self.issuer.mint()
        for helper in ("!watchword git-credential --resource code", "watchword --resource code"):
            with self.subTest(helper):
                work = os.path.join(self.home, helper[0] + "work")
                done = self.git_run("clone", self.git_url() + "/app.git", work, token=token, helper=helper)
                self.assertEqual(done.returncode, 0, done.stderr)
                done = self.git_run("commit", "--allow-empty", "-m", "by the job", cwd=work)
                self.assertEqual(done.returncode, 0, done.stderr)
                done = self.git_run("push", "origin", "HEAD:main", cwd=work, token=token, helper=helper)
                self.assertEqual(done.returncode, 0, done.stderr)
        log = subprocess.run([GIT, "-C", bare, "log", "--format=%s", "main"], capture_output=True, text=True).stdout
        self.assertEqual(log.splitlines(), ["by the job", "by the job"])
        for seen in self.git.seen:
            self.assertNotIn("Authorization", seen)
            self.assertTrue(seen["watchword-assertion"])

    @unittest.skipUnless(GIT and os.path.exists(BACKEND or ""), "needs git")
    def test_git_is_told_why_it_may_not(self):
        bare = os.path.join(self.repositories, "closed.git")
        subprocess.run([GIT, "init", "--quiet", "--bare", "--initial-branch=main", bare], check=True)
        subprocess.run([GIT, "-C", bare, "config", "http.receivepack", "true"], check=True)
        reader = self.issuer.mint(project_path="acme/reader")
        work = os.path.join(self.home, "work")
        self.assertEqual(self.git_run("clone", self.git_url() + "/closed.git", work, token=reader).returncode, 0)
        self.git_run("commit", "--allow-empty", "-m", "x", cwd=work)
        pushed = self.git_run("push", "origin", "HEAD:main", cwd=work, token=reader)
        self.assertNotEqual(pushed.returncode, 0)
        self.assertIn("403", pushed.stderr)
        stranger = self.git_run("clone", self.git_url() + "/closed.git", "x", token=self.issuer.mint(project_path="acme/other"))
        self.assertNotEqual(stranger.returncode, 0)
        self.assertIn("no_binding", stranger.stderr)

    def git_asks(self, *more, action="get", resources=("--resource", "code"), host=None, **options):
        question = ["protocol=http", "host=" + (host or f"git.localhost:{self.gate.gateway}"), *more, "", ""]
        return self.helper("git-credential", *resources, action, stdin="\n".join(question), **options)

    def test_git_gets_a_password_or_a_bearer_token_as_it_can(self):
        fields = dict(line.split("=", 1) for line in self.git_asks().stdout.splitlines())
        claims = claims_of(fields["password"])
        self.assertEqual((fields["username"], claims["aud"], "cnf" in claims), ("watchword", "code", False))
        self.assertLessEqual(abs(int(fields["password_expiry_utc"]) - claims["exp"]), 2)
        newer = self.git_asks("capability[]=authtype", "capability[]=state").stdout.splitlines()
        self.assertEqual(newer[:3], ["capability[]=authtype", "authtype=Bearer", "ephemeral=1"])
        self.assertEqual(claims_of(newer[3].removeprefix("credential="))["aud"], "code")

    def test_git_s_other_helpers_are_asked_for_what_is_not_ours(self):
        for options in ({"host": "git.example.com"}, {"host": "git.localhost:1"}, {"action": "store"}, {"action": "erase"}, {"action": "capability"}):
            with self.subTest(options):
                done = self.git_asks(**options)
                self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_a_resource_of_another_kind_is_named(self):
        done = self.git_asks(resources=("--resource", "billing-api"))
        self.assertEqual((done.returncode, done.stdout), (3, ""), done.stderr)
        self.assertIn("resource_kind_mismatch", done.stderr)
        self.assertIn("kind: git", done.stderr)
        done = self.helper("kube-credential", "--resource", "orders-db")
        self.assertIn("watchword tunnel", done.stderr)

    def test_too_much_is_not_read(self):
        done = self.git_asks("x=" + "y" * 70000)
        self.assertEqual(done.stdout, "")
        self.assertIn("request_invalid", done.stderr)

    # Docker

    RESOURCES = {"WATCHWORD_RESOURCES": "billing-api code, images"}

    def docker_helper(self, action, stdin="", **options):
        return self.run_as_job("docker-credential-watchword", action, stdin=stdin, **(self.RESOURCES | options))

    def test_docker_s_protocol(self):
        server = f"127.0.0.1:{self.gate.gateway}"
        for asked in (server, server + "\n", "http://" + server, f"http://{server}/v2/"):
            with self.subTest(asked):
                done = self.docker_helper("get", asked)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                answer = json.loads(done.stdout)
                self.assertEqual(sorted(answer), ["Secret", "ServerURL", "Username"])
                self.assertEqual((answer["ServerURL"], answer["Username"]), (asked.strip(), "watchword"))
                self.assertEqual(claims_of(answer["Secret"])["aud"], "images")
        for foreign in ("https://index.docker.io/v1/", "registry.example.com", "127.0.0.1:1"):
            done = self.docker_helper("get", foreign)
            self.assertEqual((done.returncode, done.stdout), (1, "credentials not found in native keychain\n"), foreign)
        done = self.docker_helper("get")
        self.assertEqual((done.returncode, done.stdout), (1, "no credentials server URL\n"))
        stored = json.dumps({"ServerURL": server, "Username": "jane", "Secret": "hunter2"})
        self.assertEqual([(done.returncode, done.stdout) for done in (self.docker_helper("store", stored), self.docker_helper("erase", server))], [(0, ""), (0, "")])
        self.assertEqual(json.loads(self.docker_helper("list").stdout), {})
        self.assertIn("docker-credential-watchword", self.docker_helper("version").stdout)
        self.assertEqual(self.docker_helper("burn").returncode, 1)
        kind = self.docker_helper("get", f"billing.localhost:{self.gate.gateway}")
        self.assertEqual(kind.returncode, 1)
        self.assertIn("resource_kind_mismatch", kind.stdout)
        denied = self.docker_helper("get", server, token=self.issuer.mint(project_path="acme/other"))
        self.assertEqual(denied.returncode, 1)
        self.assertIn("no_binding", denied.stdout)

    @unittest.skipUnless(shutil.which("docker"), "needs docker")
    def test_docker_reads_a_registry(self):
        server = f"127.0.0.1:{self.gate.gateway}"
        os.makedirs(os.path.join(self.home, ".docker"))
        self.gate.write(os.path.join(self.home, ".docker/config.json"), {"credHelpers": {server: "watchword"}})
        done = self.run_as_job("docker", "manifest", "inspect", "--insecure", server + "/acme/app:1", **self.RESOURCES)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(json.loads(done.stdout)["schemaVersion"], 2)
        asked = [one for one in self.api.seen if one[0].startswith("/v2/acme/app/")]
        self.assertTrue(asked)
        for _, authorization, assertion in asked:
            self.assertIsNone(authorization)
            self.assertTrue(assertion)

    def test_a_backend_s_challenge_reaches_no_client_that_would_send_it_the_password(self):
        token = json.loads(self.docker_helper("get", f"127.0.0.1:{self.gate.gateway}").stdout)["Secret"]
        basic = "Basic " + base64.b64encode(f"x:{token}".encode()).decode()
        reply = self.gate.request("GET", "/v2/elsewhere", host="127.0.0.1", authorization=basic)
        self.assertEqual((reply.status, reply.headers.get("www-authenticate")), (401, None))

    # Kubernetes

    def test_the_exec_credential_of_kubernetes(self):
        version = "client.authentication.k8s.io/v1"
        info = lambda version, **spec: {"KUBERNETES_EXEC_INFO": json.dumps({"apiVersion": version, "kind": "ExecCredential", "spec": spec})}
        ours = {"server": f"http://localhost:{self.gate.gateway}"}
        for expected, environment in (
                (version, {}), (version, info(version, interactive=False)), (version + "beta1", info(version + "beta1", cluster=ours))):
            with self.subTest(environment):
                done = self.helper("kube-credential", "--resource", "cluster", **environment)
                self.assertEqual(done.returncode, 0, done.stderr)
                answer = json.loads(done.stdout)
                self.assertEqual((answer["apiVersion"], answer["kind"], sorted(answer["status"])), (expected, "ExecCredential", ["expirationTimestamp", "token"]))
                self.assertEqual(claims_of(answer["status"]["token"])["aud"], "cluster")
                self.assertRegex(answer["status"]["expirationTimestamp"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        for environment in (info(version + "alpha1"), info(version, cluster={"server": "https://other.example.com"}), {"KUBERNETES_EXEC_INFO": "{"}):
            with self.subTest(environment):
                done = self.helper("kube-credential", "--resource", "cluster", **environment)
                self.assertNotEqual(done.returncode, 0)
                self.assertEqual(done.stdout, "")

    def test_no_token_is_left_behind(self):
        for done in (self.git_asks(), self.helper("kube-credential", "--resource", "cluster")):
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(done.stderr, "")
        self.assertEqual(os.listdir(self.home), [])


class Kubectl(CertifiedHttps, GateCase):
    """It shows no credential but by TLS."""

    @classmethod
    def policy(cls):
        cls.api = Api()
        cls.addClassCleanup(cls.api.stop)
        return {
            "resources": {"cluster": {
                "http": {"upstream": cls.api.url, "host": "localhost", "kind": "kubernetes"}, "actions": {"read": {"methods": ["GET"]}}}},
            "roles": {"deploy": {
                "granted_to": [{"job": {"issuer": "gitlab", "project_path": "acme/billing"}}], "allow": ["cluster/read"]}}}

    @unittest.skipUnless(shutil.which("kubectl"), "needs kubectl")
    def test_kubectl_reads_through_the_gate(self):
        plugin = {
            "apiVersion": "client.authentication.k8s.io/v1", "command": BINARY, "args": ["kube-credential", "--resource", "cluster"],
            "interactiveMode": "Never", "provideClusterInfo": True}
        server = {"server": f"https://localhost:{self.gate.gateway}", "certificate-authority": self.gate.tls}
        self.gate.write(self.gate.path("kubeconfig"), {
            "apiVersion": "v1", "kind": "Config", "current-context": "gate", "clusters": [{"name": "gate", "cluster": server}],
            "users": [{"name": "job", "user": {"exec": plugin}}], "contexts": [{"name": "gate", "context": {"cluster": "gate", "user": "job"}}]})
        environment = {
            "PATH": os.environ["PATH"], "HOME": self.gate.folder, "KUBECONFIG": self.gate.path("kubeconfig"), "WATCHWORD_URL": self.gate.url,
            "WATCHWORD_CA": self.gate.tls, "WATCHWORD_ID_TOKEN": self.issuer.mint(), "NO_PROXY": "*"}
        done = subprocess.run(["kubectl", "get", "--raw", "/version"], capture_output=True, text=True, timeout=60, env=environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["gitVersion"], "v1.32.0")
        path, authorization, assertion = self.api.seen[-1]
        self.assertEqual((path, authorization, bool(assertion)), ("/version", None, True))
