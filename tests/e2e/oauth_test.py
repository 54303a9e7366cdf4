"""Independent OAuth clients: each is configured with the gate's URL and drives it as its own documentation says."""

import json
import time

import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey

from parts import node
from support.case import GateCase
from support.gate import EXCHANGE, ID_TOKEN, policy_for, run
from support.keys import b64url


def ec_jwk(key, kid):
    numbers = key.private_numbers()
    part = lambda value: b64url(value.to_bytes(32, "big"))
    public = numbers.public_numbers
    return {"kty": "EC", "crv": "P-256", "kid": kid, "alg": "ES256", "x": part(public.x), "y": part(public.y), "d": part(numbers.private_value)}


class OAuth(GateCase):
    @classmethod
    def policy(cls):
        return policy_for(cls.upstream.url, host="localhost")

    @classmethod
    def config(cls):
        made = json.loads(run("clients", "secret", "--json").stdout)
        cls.key = ec.generate_private_key(ec.SECP256R1())
        cls.jwk = ec_jwk(cls.key, "client-key")
        public = {name: value for name, value in cls.jwk.items() if name != "d"}
        cls.gate.write(cls.gate.path("client.jwks"), {"keys": [public]})
        cls.secret = made["secret"]
        return {"clients": {
            "by-secret": {"secret": made["hash"], "resources": ["billing-api"]},
            "by-key": {"jwks_file": "client.jwks", "resources": ["billing-api"]},
            "of-another": {"secret": made["hash"], "resources": ["shop-api"]},
        }}

    def given(self):
        return {
            "issuer": self.gate.url, "idToken": self.issuer.mint(), "otherIdToken": self.issuer.mint(),
            "basic": {"id": "by-secret", "secret": self.secret}, "jwt": {"id": "by-key", "jwk": self.jwk},
            "resource": f"http://localhost:{self.gate.gateway}/v1/x",
        }

    def check_active(self, introspected):
        self.assertTrue(introspected["active"])
        self.assertEqual((introspected["iss"], introspected["aud"]), (self.gate.url, "billing-api"))
        self.assertIn("billing-api/read", introspected["scope"].split())

    def test_oauth4webapi(self):
        told = node("oauth4webapi.mjs", self.given())
        for metadata in (told["as"], told["alsoOidc"]):
            self.assertEqual(metadata["issuer"], self.gate.url)
            self.assertIn(EXCHANGE, metadata["grant_types_supported"])
            self.assertEqual(metadata["token_endpoint"], self.gate.url + "/oauth/token")
        self.assertEqual(told["exchanged"]["token_type"], "bearer")
        self.check_active(told["introspected"]["basic"])
        self.check_active(told["introspected"]["jwt"])
        self.assertEqual(told["refusedExchange"], "invalid_request")
        self.assertIn(told["wrongSecret"], ("invalid_client", "basic"))
        self.assertEqual(told["bound"]["token_type"], "dpop")
        self.assertLessEqual(told["nonceErrors"], 4)
        self.assertEqual((told["useBound"], told["useWithoutProof"], told["useAsBearer"]), (200, 401, 401))
        self.assertIn(told["useWithOtherKey"], ("invalid_token", "dpop", "invalid_dpop_proof"))
        self.assertEqual(told["exchangeWithOtherKey"], "invalid_dpop_proof")
        self.assertEqual(told["exchangeWithoutKey"], "invalid_dpop_proof")
        self.assertIn("jkt", told["boundIntrospected"]["cnf"])
        self.assertEqual(told["afterRevocation"], {"active": False})

    def test_openid_client(self):
        told = node("openid-client.mjs", self.given())
        self.assertEqual(told["exchanged"]["scope"], "billing-api/read")
        for introspected in told["introspected"]:
            self.check_active(introspected)
        self.assertEqual((told["bound"]["token_type"], told["used"]), ("dpop", 200))
        self.assertEqual(told["afterRevocation"], {"active": False})

    def test_authlib(self):
        metadata = requests.get(self.gate.url + "/.well-known/oauth-authorization-server", timeout=10).json()
        job = OAuth2Session(client_id="job", token_endpoint_auth_method="none")
        token = job.fetch_token(
            metadata["token_endpoint"], grant_type=EXCHANGE, subject_token=self.issuer.mint(), subject_token_type=ID_TOKEN)
        self.assertEqual(job.get(f"http://localhost:{self.gate.gateway}/v1/x", timeout=10).status_code, 200)

        by_secret = OAuth2Session("by-secret", self.secret, token_endpoint_auth_method="client_secret_basic")
        by_key = OAuth2Session(
            "by-key", ECKey.import_key(self.jwk), revocation_endpoint_auth_method="private_key_jwt", token_endpoint_auth_method="private_key_jwt")
        soon = {"exp": int(time.time()) + 300}  # Authlib's own hour is longer than the gate takes
        by_key.register_client_auth_method(
            PrivateKeyJWT(metadata["introspection_endpoint"], soon, alg="ES256", headers={"kid": "client-key"}))
        for client in (by_secret, by_key):
            reply = client.introspect_token(metadata["introspection_endpoint"], token=token["access_token"])
            self.check_active(reply.json())
        stranger = OAuth2Session("of-another", self.secret, token_endpoint_auth_method="client_secret_basic")
        reply = stranger.introspect_token(metadata["introspection_endpoint"], token=token["access_token"])
        self.assertEqual(reply.json(), {"active": False})
        self.assertEqual(stranger.revoke_token(metadata["revocation_endpoint"], token=token["access_token"]).status_code, 400)
        self.assertEqual(job.get(f"http://localhost:{self.gate.gateway}/v1/x", timeout=10).status_code, 200)

        self.assertEqual(by_secret.revoke_token(metadata["revocation_endpoint"], token=token["access_token"]).status_code, 200)
        refused = job.get(f"http://localhost:{self.gate.gateway}/v1/x", timeout=10)
        self.assertEqual((refused.status_code, refused.json()["reason"]), (401, "token_revoked"))

    def test_a_job_revokes_its_own_token(self):
        token = self.gate.access(self.issuer)
        headers = {"authorization": "Bearer " + token}
        reply = requests.post(self.gate.url + "/oauth/revoke", data={"token": token}, headers=headers, timeout=10)
        self.assertEqual(reply.status_code, 200)
        self.assert_refused(self.gate.request("GET", "/v1/x", token, host="localhost"), 401, "token_revoked")
