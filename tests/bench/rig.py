"""The test rig of bench.py: a gate and nginx on core 0, load from core 1, all in a folder that goes away at the end."""

import json
import os
import pathlib
import re
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
SERVER_CORE, LOAD_CORE = "0", "1"
CONNECTIONS = 64
HOST = "billing.gate.example.com"
GRPC_HOST, GRPC_PATH = "grpc.gate.example.com", "/acme.billing.v1.Billing/Watch"
LIVE_HOST, LIVE_PATH = "live.gate.example.com", "/v1/live"
HOOK_TOKEN = "a-webhook-token-of-the-bench"
HELD_SINGLES, HELD_JOBS = 20, 500  # jobs with one stream, jobs that share the others: as many as one pipeline event may end
EXCHANGE_FORM = {
    "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
    "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
}

CONFIG = """
url: http://127.0.0.1:{api}
listen: {{ api: "127.0.0.1:{api}", gateway: "127.0.0.1:{gateway}", ext_authz: "127.0.0.1:{ext_authz}", admin: "unix:{folder}/admin.sock" }}
store: sqlite://state.db
policy: policy
sealing_key: file:{folder}/sealing.key
log: {{ directory: log, origin: gate.example.com/log }}
issuers:
  gitlab:
    profile: gitlab
    url: https://gitlab.example.com
    audience: https://gate.example.com
    jwks_file: {jwks}
    webhook_secret: file:{folder}/hook.token
clients:
  billing-backend: {{ secret: "sha256:{client_hash}", resources: [billing-api] }}
audit: {{ requests: {records} }}
limits: {{ connections_per_address: 50000 }}
threads: 1
log_level: warn
"""

POLICY = """
resources:
  billing-api:
    http: {{ upstream: "http://127.0.0.1:{backend}", host: billing.gate.example.com }}
    actions:
      read: {{ methods: [GET, HEAD] }}
      write: {{ methods: [POST, PUT, PATCH], paths: [/v1/**] }}
roles:
  deploy-prod:
    granted_to:
      - job: {{ issuer: gitlab, project_path: acme/billing, ref: main, ref_protected: true, environment: production }}
    allow:
      - billing-api/read
      - permission: billing-api/write
        when: job.ref == "main"
    session: {{ ttl: 15m, ends_with_job: true }}
deny:
  - permission: "*/write"
    unless: job.ref_protected
    why: production is written only from protected refs
"""

# Beside it: streams to one backend that holds them, calls to one that answers.
STREAMS_POLICY = """
resources:
  billing-grpc:
    http: {{ upstream: {{ endpoints: ["http://127.0.0.1:{backend}"], protocol: http2, max_requests: 20000 }}, host: grpc.gate.example.com }}
    actions:
      call: {{ grpc: ["acme.billing.v1.Billing/*"] }}
  billing-live:
    http: {{ upstream: {{ endpoints: ["http://127.0.0.1:{backend}"], max_requests: 20000 }}, host: live.gate.example.com, timeouts: {{ idle: 10m }} }}
    actions:
      listen: {{ websocket: [/v1/live] }}
roles:
  stream-prod:
    granted_to:
      - job: {{ issuer: gitlab, project_path: acme/billing, ref: main, ref_protected: true, environment: production }}
    allow: [billing-grpc/call, billing-live/listen]
    session: {{ ttl: 15m, ends_with_job: true }}
"""

# The backend and the peer. Access logs are off: the gate's record of each request is work that nginx does not do here.
NGINX = """
{user}
daemon off; pid {folder}/{name}.pid; error_log {folder}/{name}.log crit;
worker_processes 1; worker_rlimit_nofile {files};
events {{ worker_connections {files}; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 120; sendfile on;
  client_body_temp_path {folder}/{name}-1; proxy_temp_path {folder}/{name}-2; fastcgi_temp_path {folder}/{name}-3;
  uwsgi_temp_path {folder}/{name}-4; scgi_temp_path {folder}/{name}-5;
  {body}
}}
"""
BACKEND = """
  server {{ listen 127.0.0.1:{port} backlog=4096; root {folder}/www; default_type application/json; }}
  server {{
    listen 127.0.0.1:{http2} http2;
    root {folder}/grpc; default_type application/grpc; add_trailer grpc-status 0;
    error_page 405 =200 $uri;
  }}
"""
PROXY = """
  upstream backend {{ server 127.0.0.1:{backend}; keepalive 256; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=16384;
    listen 127.0.0.1:{http2} http2;
    location = /healthz {{ return 200 "ok"; }}
    location / {{ proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}
"""
GRPC_PROXY = """
  upstream backend {{ server 127.0.0.1:{backend}; keepalive 256; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=16384;
    listen 127.0.0.1:{http2} http2;
    location = /healthz {{ return 200 "ok"; }}
    location = /v1/live {{
      proxy_pass http://backend; proxy_http_version 1.1; proxy_read_timeout 600s;
      proxy_set_header Connection upgrade; proxy_set_header Upgrade websocket;
    }}
    location / {{ grpc_pass grpc://backend; grpc_read_timeout 600s; }}
  }}
"""


class BenchError(Exception):
    pass


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(port, path, timeout=2):
    """Status of one GET; 0 while nobody answers."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
            return int(connection.recv(4096).split(b" ")[1])
    except (OSError, IndexError, ValueError):
        return 0


class Server:
    """A process on the server core, and what it costs."""

    def __init__(self, command, ready, log):
        self.log = log
        started = time.perf_counter()
        with open(log, "wb") as output:
            self.process = subprocess.Popen(["taskset", "-c", SERVER_CORE, *command], stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        port, path = ready
        while get(port, path) != 200:
            if self.process.poll() is not None or time.perf_counter() - started > 60:
                raise BenchError(f"{command[0]} does not start: {self.process.poll()}\n{pathlib.Path(log).read_text()}")
            time.sleep(0.0005)
        self.seconds_to_ready = time.perf_counter() - started

    def pids(self):
        """Its own id, and those of its workers."""
        pid = self.process.pid
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *map(int, children)]

    def resident_bytes(self):
        status = (pathlib.Path(f"/proc/{pid}/status").read_text() for pid in self.pids())
        return sum(1024 * int(re.search(r"VmRSS:\s+(\d+)", text).group(1)) for text in status)

    def cpu_seconds(self):
        ticks = 0
        for pid in self.pids():
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def metric(self, line):
        """Of a gate: the value of the sample whose line begins so."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.api}/metrics", timeout=10) as answer:
            for text in answer.read().decode().splitlines():
                if text.startswith(line + " "):
                    return float(text.rsplit(" ", 1)[1])
        return 0

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Rig:
    """Processes and files of one run. A context manager: all of it goes away at the end."""

    def __init__(self, build):
        self.build = pathlib.Path(build).resolve()
        self.parts = self.build.parent / "parts"
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="watchword-bench-"))
        self.servers = []
        self.client_secret, self.client_hash = self.new_client()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.files = min(hard, 25000) if hard > 0 else 25000
        resource.setrlimit(resource.RLIMIT_NOFILE, (self.files, hard))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for server in self.servers:
            server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_client(self):
        text = subprocess.run([self.build / "watchword", "clients", "secret", "--json"], check=True, capture_output=True, text=True, timeout=20).stdout
        made = json.loads(text)
        return made["secret"], made["hash"].removeprefix("sha256:")

    def micro(self, *arguments, core=SERVER_CORE, timeout=120):
        """One command of watchword_bench."""
        pin = ["taskset", "-c", core] if core else []
        done = subprocess.run([*pin, self.build / "watchword_bench", *map(str, arguments)], check=True, capture_output=True, text=True, timeout=timeout)
        return json.loads(done.stdout)

    def start(self, command, ready, log):
        server = Server(command, ready, log)
        self.servers.append(server)
        return server

    def stop(self, server):
        server.stop()
        self.servers.remove(server)

    def gate(self, name, jwks, backend=1, database=None, records="batch", policy=POLICY):
        """A gate with one thread and its own state; it has .api, .gateway and .ext_authz, its ports."""
        folder = self.folder / name
        for part in ("", "policy", "log"):
            (folder / part).mkdir(exist_ok=True)
        api, gateway, ext_authz = free_port(), free_port(), free_port()
        if database:
            shutil.copy(database, folder / "state.db")
        (folder / "sealing.key").write_text("00" * 32)
        (folder / "hook.token").write_text(HOOK_TOKEN)
        (folder / "policy" / "billing.yaml").write_text(policy.format(backend=backend))
        config = folder / "watchword.yaml"
        config.write_text(
            CONFIG.format(api=api, gateway=gateway, ext_authz=ext_authz, folder=folder, jwks=jwks, client_hash=self.client_hash, records=records))
        server = self.start([self.build / "watchword", "serve", "--config", config], (api, "/readyz"), folder / "output")
        server.api, server.gateway, server.ext_authz = api, gateway, ext_authz
        return server

    def nginx(self, name, body, **values):
        port, http2 = free_port(), free_port()
        user = "user root;" if os.getuid() == 0 else ""
        path = self.folder / f"{name}.conf"
        path.write_text(NGINX.format(user=user, folder=self.folder, name=name, files=self.files - 100, body=body.format(port=port, http2=http2, folder=self.folder, **values)))
        server = self.start(["nginx", "-c", path, "-e", self.folder / f"{name}.log"], (port, "/healthz"), self.folder / f"{name}.out")
        server.port, server.http2 = port, http2
        return server

    def backend(self):
        """A static server on the load core, as it is no part of what is measured."""
        (self.folder / "www" / "v1").mkdir(parents=True)
        (self.folder / "www" / "healthz").write_text("ok")
        (self.folder / "www" / "v1" / "invoices").write_text(json.dumps({"invoices": ["x" * 980]}))
        call = self.folder / "grpc" / GRPC_PATH[1:]
        call.parent.mkdir(parents=True)
        call.write_bytes(b"\0" + (1000).to_bytes(4, "big") + b"\n\xe5\7" + b"x" * 997)
        return self.move(self.nginx("backend", BACKEND))

    @staticmethod
    def move(server, core=LOAD_CORE):
        for pid in server.pids():
            os.sched_setaffinity(pid, {int(core)})
        return server

    def ended_jobs(self, gate, tokens, sessions, rate, seconds):
        """What events.py measured, and the gate's memory before and after the events."""
        command = ["taskset", "-c", LOAD_CORE, sys.executable, HERE / "events.py", *map(str, (gate.api, gate.gateway, tokens, sessions, rate, seconds))]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as load:
            if load.stdout.readline() != "ready\n":
                raise BenchError("events.py could not open its sessions")
            before = gate.resident_bytes()
            output, _ = load.communicate("\n", timeout=seconds * 4 + 60)
        result = json.loads(output)
        return result | {"bytes_before": before, "bytes_after": gate.resident_bytes()}

    def requests_file(self, name, requests):
        """requests: (method, path, headers, body) each."""
        blocks = []
        for method, path, headers, body in requests:
            lines = [f"{method} {path}", *(f"{key}: {value}" for key, value in headers.items())]
            blocks.append("\n".join(lines) + "\n\n" + body + "\0")
        file = self.folder / name
        file.write_text("".join(blocks))
        return file

    def wrk(self, port, seconds, script, *arguments, server):
        """One round of load; the result also has the server's CPU time for each request."""
        before = server.cpu_seconds()
        done = subprocess.run(
            ["taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s", "--latency",
             "-s", HERE / script, f"http://127.0.0.1:{port}/", "--", *map(str, arguments)],
            capture_output=True, text=True, timeout=seconds + 60)
        line = re.search(r"^RESULT (.*)$", done.stdout, re.MULTILINE)
        if not line:
            raise BenchError(f"wrk failed: {done.stdout}{done.stderr}")
        result = json.loads(line.group(1))
        result["rate"] = result["requests"] / result["seconds"]
        result["cpu_us"] = (server.cpu_seconds() - before) / max(1, result["requests"]) * 1e6
        if result["requests"] == 0 or result["refused"] or result["broken"]:
            raise BenchError(f"{script} {port}: {result['refused']} requests refused, {result['broken']} broken of {result['requests']}")
        return result

    def load(self, script, *arguments, server, timeout=120):
        """One round of a load program of our own, which prints its result."""
        before = server.cpu_seconds()
        done = subprocess.run(["taskset", "-c", LOAD_CORE, sys.executable, HERE / script, *map(str, arguments)], capture_output=True, text=True, timeout=timeout)
        if done.returncode != 0:
            raise BenchError(f"{script}: {done.stdout}{done.stderr}")
        result = json.loads(done.stdout)
        return result | {"cpu_us": (server.cpu_seconds() - before) / result["requests"] * 1e6}

    def h2load(self, port, path, headers, seconds, server, body=None, failing=0.0):
        """One round of load over HTTP/2: 8 connections with 16 streams each. `failing`: the share of answers that may be failures."""
        before = server.cpu_seconds()
        options = ["-d", str(body)] if body else []
        count, rate = self.run_h2load(port, path, headers, seconds, "-c8", "-m16", *options, failing=failing)
        return {"requests": count, "rate": rate, "cpu_us": (server.cpu_seconds() - before) / count * 1e6}

    def h2load_at(self, port, path, headers, rate, seconds):
        """HTTP/1.1 requests at a rate, on 8 connections; the result has their times."""
        log = self.folder / "h2load.log"
        log.unlink(missing_ok=True)
        self.run_h2load(port, path, headers, seconds, "--h1", "-c8", f"--rps={rate / 8}", f"--log-file={log}")
        times = sorted(int(line.split()[2]) for line in log.read_text().splitlines())
        return {"rate": len(times) / seconds, "p50_us": times[len(times) // 2], "p99_us": times[len(times) * 99 // 100]}

    @staticmethod
    def run_h2load(port, path, headers, seconds, *more, failing=0.0):
        """Requests, and their rate."""
        options = [option for name, value in headers.items() for option in ("-H", f"{name}: {value}")]
        done = subprocess.run(
            ["taskset", "-c", LOAD_CORE, "h2load", "-t1", f"-D{seconds}", *options, *more, f"http://127.0.0.1:{port}{path}"],
            capture_output=True, text=True, timeout=seconds + 60)
        total = re.search(r"(\d+) done, (\d+) succeeded, (\d+) failed", done.stdout)
        codes = re.search(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", done.stdout)
        rate = re.search(r"finished in [^,]*, ([\d.]+) req/s", done.stdout)
        if not total or not codes or not rate or total.group(1) == "0" or sum(int(codes.group(i)) for i in (2, 3, 4)) > failing * int(total.group(1)):
            raise BenchError(f"h2load failed: {done.stdout}{done.stderr}")
        return int(total.group(1)), float(rate.group(1))
