"""The base of test cases: one issuer, one upstream and one gate per class, stopped whatever happens."""

import unittest

from .authority import Authority
from .gate import Gate, policy_for
from .issuer import Issuer
from .upstream import Upstream


class GateCase(unittest.TestCase):
    """Override `policy()` and `config()` to change what the gate of the class starts with."""

    maxDiff = None
    start_gate = True

    @classmethod
    def policy(cls):
        return policy_for(cls.upstream.url)

    @classmethod
    def issuers(cls):
        return {"gitlab": cls.gitlab()}

    @classmethod
    def gitlab(cls, **changes):
        return {"profile": "gitlab", "url": cls.issuer.url, "audience": cls.gate.url, "allow_loopback_http": True} | changes

    @classmethod
    def config(cls):
        return {}

    @classmethod
    def setUpClass(cls):
        cls.gate = Gate(cls.__module__ + "." + cls.__name__)
        cls.addClassCleanup(cls.gate.remove)
        cls.upstream = Upstream()
        cls.addClassCleanup(cls.upstream.stop)
        cls.issuer = Issuer(cls.gate.url)
        cls.addClassCleanup(cls.issuer.stop)
        cls.gate.write(cls.gate.policy_file, cls.policy())
        cls.gate.configure(cls.issuers(), **cls.config())
        if cls.start_gate:
            cls.gate.start()

    def assert_refused(self, reply, status, reason):
        self.assertEqual((reply.status, reply.reason), (status, reason), reply.body)


class Https:
    """Before GateCase: the gate's own address is https://localhost. The class gives it `url`, `tls` and a certificate in `config()`."""

    @classmethod
    def issuers(cls):
        cls.gate.url = f"https://localhost:{cls.gate.api}"
        cls.issuer.audience = cls.gate.url
        return super().issuers()


class CertifiedHttps(Https):
    """The same, with a certificate of `authority`, which ends in a day."""

    @classmethod
    def config(cls):
        cls.authority = Authority(cls.gate.folder, "ca")
        certificate, key = cls.authority.issue("gate")
        cls.gate.tls = cls.authority.certificate
        return super().config() | {"url": cls.gate.url, "tls": {"certificate": certificate, "key": key}}
