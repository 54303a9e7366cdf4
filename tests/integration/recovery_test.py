"""What was acknowledged is never lost: kill -9 under load, a full disk, a clock that is wrong."""

import glob
import itertools
import os
import random
import resource
import shutil
import subprocess
import threading
import time
import unittest

from support.case import GateCase
from support.gate import SANITIZED
from support.keys import claims_of
from support.net import SLOW, connect, eventually

IGNORE_FILE_LIMIT = ["sh", "-c", 'trap "" XFSZ; exec "$@"', "sh"]  # a write over the limit fails instead of killing


class KillNine(GateCase):
    rounds = 4 if SANITIZED else 15

    def load(self, worker, stop, acknowledged):
        """Exchanges new jobs' tokens as fast as it can, until the gate is gone; keeps every answer."""
        connection = connect(self.gate.api, timeout=5)
        while not stop.is_set():
            try:
                reply = self.gate.exchange(self.issuer.mint(job_id=f"{worker}{next(self.jobs)}"), connection=connection)
            except Exception:  # the gate was killed, in the middle of whatever
                return
            if reply.status == 200:
                acknowledged.append(reply.json)
        connection.close()

    def test_nothing_acknowledged_is_lost_and_the_log_stays_one(self):
        self.jobs = itertools.count(10**6)
        checkpoint, everything = None, []
        for round_number in range(self.rounds):
            stop, acknowledged = threading.Event(), []
            workers = [threading.Thread(target=self.load, args=(n + 1, stop, acknowledged)) for n in range(3)]
            for worker in workers:
                worker.start()
            time.sleep(random.uniform(0.1, 0.9) * SLOW)  # not to synchronise: the moment of the kill is to be random
            self.gate.kill()
            stop.set()
            for worker in workers:
                worker.join()
            everything += acknowledged
            self.gate.start()
            with self.subTest(round=round_number, acknowledged=len(acknowledged)):
                sessions = {one["id"] for one in self.gate.all_sessions()}
                self.assertEqual([one["session"] for one in acknowledged if one["session"] not in sessions], [])
                wanted = {one["record"] for one in acknowledged}
                eventually(lambda: wanted <= {entry["id"] for entry in self.gate.entries()}, "every acknowledged record is in the log")
                earlier = ["--earlier", checkpoint] if checkpoint else []
                verified = self.gate.verify_log(*earlier)
                self.assertEqual(verified.returncode, 0, verified.stderr)
                checkpoint = self.gate.path(f"checkpoint-{round_number}")
                shutil.copy(os.path.join(self.gate.log_directory, "checkpoint"), checkpoint)
                if acknowledged:
                    self.assertEqual(self.gate.request("GET", "/v1/x", acknowledged[-1]["access_token"]).status, 200)
        self.assertGreater(len(everything), self.rounds)
        ids = [entry["id"] for entry in self.gate.entries()]
        self.assertEqual(len(ids), len(set(ids)), "no entry is there twice")
        self.assertLessEqual({one["record"] for one in everything}, set(ids))


class FullDisk:
    start_gate = False

    def check(self, fill, free):
        """Exchanges while the disk is full; `fill` and `free` make it so."""
        before = self.gate.access(self.issuer)
        fill()
        refused = []
        for _ in range(5):
            reply = self.gate.exchange(self.issuer.mint(job_id=f"9{len(refused)}"))
            self.assert_refused(reply, 503, "store_unavailable")
            self.assertNotIn("access_token", reply.json)
            self.assertIn("retry-after", reply.headers)
            refused.append(reply)
        ready = self.gate.ready()
        self.assertEqual((ready.status, [part["ready"] for part in ready.json["parts"] if part["name"] == "store"]), (503, [False]))
        free()
        eventually(lambda: self.gate.ready().status == 200, "it is ready again though nobody was sent to it")
        eventually(lambda: self.gate.exchange(self.issuer.mint()).status == 200, "it works again by itself")
        self.assertEqual(self.gate.request("GET", "/v1/x", before).status, 200)
        jobs = {one["job"] for one in self.gate.all_sessions()}
        self.assertFalse({f"9{n}" for n in range(5)} & jobs, "what was refused has left no session")
        eventually(lambda: self.gate.verify_log().returncode == 0, "the log verifies")
        self.assertEqual(self.gate.stop(), 0)
        self.gate.start()
        self.assertEqual(self.gate.request("GET", "/v1/x", before).status, 200)
        self.assertEqual(self.gate.verify_log().returncode, 0)
        self.assertEqual(self.gate.stop(), 0)


class FileLimit(FullDisk, GateCase):
    """A full disk by a limit on file sizes, which needs no rights: every write fails with EFBIG."""

    def test_no_write_no_token(self):
        self.gate.start(IGNORE_FILE_LIMIT)
        limit = lambda bytes_: resource.prlimit(self.gate.process.pid, resource.RLIMIT_FSIZE, (bytes_, resource.RLIM_INFINITY))
        self.check(lambda: limit(1), lambda: limit(resource.RLIM_INFINITY))


class NoSpace(FullDisk, GateCase):
    """A file system of its own that is full: ENOSPC."""

    def test_no_space_no_token(self):
        place = self.gate.path("small")
        os.mkdir(place)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", place], capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("may not mount a file system here")
        try:
            self.gate.configure(self.issuers(), store=f"sqlite://{place}/state.db")
            self.gate.start()
            filler = os.path.join(place, "filler")

            def fill():
                with open(filler, "wb", buffering=0) as file:
                    try:
                        while file.write(b"x" * 4096):
                            pass
                    except OSError:
                        pass
                # What SQLite holds in advance takes a few more commits; then there is nothing left.
                eventually(lambda: self.gate.exchange(self.issuer.mint()).status == 503, "the disk is full")

            self.check(fill, lambda: os.remove(filler))
        finally:
            if self.gate.process and self.gate.process.poll() is None:
                self.gate.kill()
            subprocess.run(["umount", "-l", place], check=True)


class WrongClock(GateCase):
    """The gate's clock against the issuer's."""

    def test_small_skew_is_normal_and_large_skew_has_its_reason(self):
        cases = [
            (dict(shift=30), None),  # an issuer that is 30 s ahead is the normal case
            (dict(shift=-30), None),
            (dict(shift=7200, nbf=0), "token_issued_in_future"),
            (dict(shift=7200, iat=int(time.time())), "token_not_yet_valid"),
            (dict(shift=-7200), "token_expired"),
        ]
        for claims, reason in cases:
            with self.subTest(claims=claims):
                reply = self.gate.exchange(self.issuer.mint(**claims))
                self.assertEqual((reply.status, reply.reason), (400, reason) if reason else (200, None), reply.body)

    def test_what_is_over_is_over_by_the_gate_s_own_clock(self):
        reply = self.gate.exchange(self.issuer.mint(life=-10))  # within the skew, but no time is left to give
        self.assert_refused(reply, 400, "token_expired")
        self.assertLessEqual(self.gate.exchange(self.issuer.mint(life=40)).json["expires_in"], 40)


FAKETIME = next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), None)


@unittest.skipIf(SANITIZED or not FAKETIME, "needs faketime, and no sanitizer")
class MovedClock(GateCase):
    """The same gate, restarted with its clock moved."""

    def moved(self, shift):
        self.assertEqual(self.gate.stop(), 0)
        self.gate.start(environment={"LD_PRELOAD": FAKETIME, "FAKETIME": shift, "FAKETIME_DONT_FAKE_MONOTONIC": "1"} if shift else {})

    def test_two_hours_forth_and_back(self):
        token = self.gate.access(self.issuer)
        session = claims_of(token)["sid"]
        self.moved("+2h")
        self.assert_refused(self.gate.request("GET", "/v1/x", token), 401, "token_expired")
        self.assert_refused(self.gate.exchange(self.issuer.mint()), 400, "token_expired")
        ended = lambda: self.gate.admin_get("/api/v1/sessions/" + session)["state"] == "ended"
        eventually(ended, "the end of the session is on record")
        ahead = self.gate.access(self.issuer, shift=7200)  # by the gate's clock this token is fresh
        self.assertEqual(self.gate.request("GET", "/v1/x", ahead).status, 200)
        self.moved("-2h")
        self.assertIn(self.gate.exchange(self.issuer.mint()).reason, ("token_not_yet_valid", "token_issued_in_future"))
        self.moved(None)
        # The way back resurrects nothing: what had ended while the clock was ahead stays ended.
        refused = self.gate.request("GET", "/v1/x", token)
        self.assertEqual(refused.status, 401)
        self.assertIn(refused.reason, ("session_expired", "session_unknown"))
        self.assertEqual(self.gate.request("GET", "/v1/x", self.gate.access(self.issuer)).status, 200)
        eventually(lambda: self.gate.verify_log().returncode == 0, "the log verifies, whatever the clock said")
