"""GitHub's published OpenAPI description as closed contracts.

Run as a program in the install step, this fetches the pinned description from npm and keeps the few routes a review
request uses beside the tests (not committed: 13 MB of somebody else's data). Tests that find it use it; without it they
use the contracts written by hand in `fixtures/review/contracts`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

PACKAGE = "@octokit/openapi@23.0.2"
INTEGRITY = "sha512-pV8M7L9GY23AybNvTmo2nyjmpmnt6+2sRE/tqr0ZLQcPS4lnw7u5eZGNmwRNkBC3D7gZXbFx5AHzLUVRBXGDhg=="
MEMBER = "package/generated/api.github.com.json"
CACHE = Path(__file__).parent / ".cache" / "github.json"


def sliced(spec: dict[str, Any], routes: list[str]) -> dict[str, Any]:
    """The schema of what each route takes, references resolved, closed: an unknown key is an error. Of a GET that is
    its query, of the others the request's body."""
    out = {}
    for route in routes:
        method, _, path = route.partition(" ")
        operation = spec["paths"][path][method.lower()]
        if method == "GET":
            out[route] = query(spec, operation)
        else:
            out[route] = closed(spec, operation["requestBody"]["content"]["application/json"]["schema"])
    return out


def query(spec: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    """The query of an operation as one object."""
    taken = [closed(spec, parameter) for parameter in operation.get("parameters", [])]
    named = {parameter["name"]: parameter["schema"] for parameter in taken if parameter["in"] == "query"}
    required = [parameter["name"] for parameter in taken if parameter["in"] == "query" and parameter.get("required")]
    return {"type": "object", "properties": named, "required": required, "additionalProperties": False}


def closed(spec: dict[str, Any], schema: Any) -> Any:
    if isinstance(schema, list):
        return [closed(spec, item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        target: Any = spec
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return closed(spec, target)
    found = {key: closed(spec, value) for key, value in schema.items() if key not in ("example", "examples")}
    if isinstance(found.get("properties"), dict):
        found.setdefault("additionalProperties", False)
    return found


def fetch(routes: list[str]) -> dict[str, Any]:
    """The slice of the published description, from npm's registry, checked against its pinned digest."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", PACKAGE, "--pack-destination", folder]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=300)
        (archive,) = Path(folder).glob("*.tgz")
        found = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if found != INTEGRITY:
            raise SystemExit(f"{PACKAGE} has digest {found}, expected {INTEGRITY}")
        with tarfile.open(archive) as tar:
            member = tar.extractfile(MEMBER)
            assert member is not None
            return sliced(json.load(member), routes)


if __name__ == "__main__":
    by_hand = json.loads((Path(__file__).parents[3] / "fixtures/review/contracts/github.json").read_text())
    CACHE.parent.mkdir(exist_ok=True)
    CACHE.write_text(json.dumps(fetch(list(by_hand)), indent=1))
    sys.stdout.write(f"{PACKAGE}: {len(by_hand)} routes in {CACHE}\n")
