"""RS256 with the standard library: a key that openssl made, and signatures by PKCS #1 v1.5 (RFC 8017 8.2)."""

import base64
import hashlib
import json
import subprocess


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_b64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def claims_of(token):
    """A token's claims, unverified."""
    return json.loads(from_b64url(token.split(".")[1]))


def _der_integers(der):
    """The INTEGERs of a DER SEQUENCE (RFC 8017 A.1.2)."""

    def length(at):
        if der[at] < 0x80:
            return der[at], at + 1
        count = der[at] & 0x7F
        return int.from_bytes(der[at + 1 : at + 1 + count], "big"), at + 1 + count

    _, at = length(1)
    while at < len(der):
        size, begin = length(at + 1)
        yield int.from_bytes(der[begin : begin + size], "big")
        at = begin + size


class RsaKey:
    def __init__(self, kid, bits=2048):
        self.kid = kid
        made = ["openssl", "genrsa", "-traditional", str(bits)]
        pem = subprocess.run(made, check=True, capture_output=True, text=True).stdout
        der = base64.b64decode("".join(line for line in pem.splitlines() if "-----" not in line))
        _, self.n, self.e, _, self.p, self.q, self.dp, self.dq, self.q_inverse = _der_integers(der)
        self.size = (self.n.bit_length() + 7) // 8

    def jwk(self, **changes):
        number = lambda value: b64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))
        public = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid, "n": number(self.n), "e": number(self.e)}
        return public | changes

    def sign(self, data):
        digest = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(data).digest()
        padded = b"\x00\x01" + b"\xff" * (self.size - len(digest) - 3) + b"\x00" + digest
        message = int.from_bytes(padded, "big")
        a, b = pow(message, self.dp, self.p), pow(message, self.dq, self.q)
        return (b + self.q * ((a - b) * self.q_inverse % self.p)).to_bytes(self.size, "big")

    def jwt(self, claims, typ="JWT", **header):
        head = {"alg": "RS256", "kid": self.kid, "typ": typ} | header
        signed = ".".join(b64url(json.dumps(part).encode()) for part in (head, claims))
        return signed + "." + b64url(self.sign(signed.encode()))
