#!/usr/bin/env python3
"""The floor check: a module may include only itself and the modules below it (docs/architecture.md)."""
import pathlib
import re
import sys

# Lowest first. An adapter (one of the last group before api) must not know another adapter.
FLOORS = ["base", "terminal", "crypto", "jose", "net", "http", "job", "store", "audit", "issuer", "context", "policy",
          "access", "gateway", "envoy", "api", "cli"]
ADAPTERS = {"gateway", "envoy"}
# Headers that only one module may include, so that they stay behind its own types.
HOME = {"boost/asio": {"net"}, "ares.h": {"net"}, "sqlite3.h": {"store"}, "curl/": {"http"}, "nghttp2/": {"http"},
        "google/protobuf": {"envoy"}, "yaml.h": {"policy"}, "simdjson": {"base"}, "nlohmann/": {"base"}, "absl/": {"base"},
        "CLI/": {"terminal"}}
INCLUDE = re.compile(r'^\s*#\s*include\s*["<]([^">]+)[">]')


def problems(root: pathlib.Path):
    for path in sorted((root / "src").rglob("*")):
        if path.suffix not in (".h", ".cc"):
            continue
        relative = path.relative_to(root / "src")
        module = relative.parts[0] if len(relative.parts) > 1 else None
        if module and module not in FLOORS:
            yield f"src/{relative}: module '{module}' has no floor; add it to tests/floors.py and CMakeLists.txt"
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found = INCLUDE.match(line)
            if not found:
                continue
            target = found.group(1)
            where = f"src/{relative}:{number}"
            for prefix, homes in HOME.items():
                if target.startswith(prefix) and module not in homes:
                    yield f"{where}: {target} belongs behind {'/, '.join(sorted(homes))}/"
            other = target.split("/")[0]
            if module is None or other not in FLOORS or other == module:
                continue
            if FLOORS.index(other) > FLOORS.index(module):
                yield f"{where}: {module}/ includes {target}, which is on a higher floor"
            elif module in ADAPTERS and other in ADAPTERS:
                yield f"{where}: {module}/ includes {target}; adapters do not know each other"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    found = list(problems(root))
    print("\n".join(found) if found else "floors: every module uses only those below it")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
