"""TLS towards clients and towards backends: certificates of a private CA, replaced while it runs, verified both ways."""

import subprocess

from support.authority import Authority
from support.case import CertifiedHttps, GateCase
from support.gate import policy_for
from support.net import Raw, eventually
from support.upstream import Upstream


class Tls(CertifiedHttps, GateCase):
    @classmethod
    def config(cls):
        cls.other_authority = Authority(cls.gate.folder, "other-ca")
        return super().config()

    @classmethod
    def policy(cls):
        return policy_for(cls.upstream.url)

    def curl(self, *arguments, ca=None):
        command = ["curl", "-sS", "--max-time", "20", "--cacert", ca or self.authority.certificate, *arguments]
        return subprocess.run(command, capture_output=True, text=True)

    def served(self):
        """The fingerprint of the certificate that the gate serves now."""
        command = f"openssl s_client -connect 127.0.0.1:{self.gate.api} </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256"
        return subprocess.run(command, shell=True, capture_output=True, text=True).stdout

    def test_clients_verify_the_gate(self):
        health = f"https://localhost:{self.gate.api}/healthz"
        self.assertEqual(self.curl(health).stdout, '{"status":"ok"}')
        self.assertEqual(self.curl("--tls-max", "1.2", health).returncode, 0)
        self.assertNotEqual(self.curl("--tls-max", "1.1", health).returncode, 0)
        self.assertEqual(self.curl(health, ca=self.other_authority.certificate).returncode, 60)
        token = self.gate.access(self.issuer)
        headers = ["-H", "Host: billing.test", "-H", "Authorization: Bearer " + token]
        got = self.curl("-w", " %{http_code}", *headers, f"https://localhost:{self.gate.gateway}/v1/x")
        self.assertEqual(got.stdout, "ok 200")
        self.assertNotEqual(self.curl(f"http://localhost:{self.gate.api}/healthz").returncode, 0)

    def test_a_replaced_certificate_is_served_and_a_broken_one_is_not(self):
        before = self.served()
        self.authority.issue("gate")
        fresh = eventually(lambda: (now := self.served()) not in ("", before) and now, "the new certificate is served")
        good = open(self.gate.path("gate.crt")).read()
        self.gate.write(self.gate.path("gate.crt"), "broken")
        eventually(lambda: "the new certificate is refused" in self.gate.log_text(), "the log tells")
        self.assertEqual(self.served(), fresh)
        self.gate.write(self.gate.path("gate.crt"), good)

    def with_upstream(self, client_ca=None, names="DNS:localhost,IP:127.0.0.1", **http):
        """The answer of a request to an upstream with a certificate of our CA, under these settings of the resource."""
        upstream = Upstream(self.authority.issue("upstream", names), client_ca)
        self.addCleanup(upstream.stop)
        self.gate.write(self.gate.policy_file, policy_for(upstream.url, **http))
        reloaded = self.gate.cli("policy", "reload")
        self.assertEqual(reloaded.returncode, 0, reloaded.stderr)
        reply = self.gate.request("GET", "/v1/x", self.gate.access(self.issuer))
        return reply, upstream

    def test_the_upstream_s_certificate_is_verified(self):
        ca = self.authority.certificate
        reply, _ = self.with_upstream(ca=ca)
        self.assertEqual((reply.status, reply.body), (200, b"ok"))
        cases = {
            "another CA": dict(ca=self.other_authority.certificate),
            "the system's CAs": dict(),
            "another name": dict(ca=ca, names="DNS:elsewhere.test"),
            "another server_name": dict(ca=ca, server_name="elsewhere.test"),
        }
        for name, settings in cases.items():
            with self.subTest(name):
                reply, upstream = self.with_upstream(**settings)
                self.assert_refused(reply, 502, "upstream_tls_failed")
                self.assertEqual(upstream.seen, [])
        reply, _ = self.with_upstream(ca=ca, names="DNS:elsewhere.test", server_name="elsewhere.test")
        self.assertEqual(reply.status, 200)

    def test_a_client_certificate_is_shown_to_the_upstream(self):
        ca = self.authority.certificate
        certificate, key = self.authority.issue("gate-as-client")
        reply, upstream = self.with_upstream(client_ca=ca, ca=ca)
        self.assertEqual(reply.status, 502)
        self.assertEqual(upstream.seen, [])
        reply, upstream = self.with_upstream(client_ca=ca, ca=ca, client_certificate=certificate, client_key=key)
        self.assertEqual((reply.status, len(upstream.seen)), (200, 1))

    def test_plain_http_to_a_tls_port_is_refused(self):
        with Raw(self.gate.api) as raw:
            raw.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertNotIn(b"200", raw.read_all())
