"""Certificates of a private CA."""

import os
import subprocess


class Authority:
    """A CA of our own, made with openssl."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.certificate, self.key = self.path(name + ".crt"), self.path(name + ".key")
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                     f"/CN={name}", "-keyout", self.key, "-out", self.certificate)

    def path(self, name):
        return os.path.join(self.folder, name)

    @staticmethod
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)

    def issue(self, name, names="DNS:localhost,IP:127.0.0.1", days="1"):
        """(certificate, key) files."""
        key, request, certificate, extensions = (self.path(f"{name}.{end}") for end in ("key", "csr", "crt", "ext"))
        with open(extensions, "w") as file:
            file.write(f"subjectAltName={names}\n")
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        self.openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial", "-days", days,
                     "-extfile", extensions, "-out", certificate)
        return certificate, key
