"""The OpenAPI description is true: what it promises, the running server keeps."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import msgspec
import pytest
import schemathesis
from hypothesis import settings
from schemathesis.config import SchemathesisConfig
from tests.server.served import serving

from pilotage.server import problems
from pilotage.server.app import ENDPOINTS
from pilotage.server.description.document import document

EXAMPLES_MAX = 8
GUIDE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")

CONFIG = {
    # A form that fits may still break a rule of the record: that is 422, and said so in the description.
    "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "401", "403", "404", "409", "422", "429"]}},
    "max-stream-events": 1,
}

described = schemathesis.openapi.from_dict(document(ENDPOINTS), config=SchemathesisConfig.from_dict(CONFIG))


@schemathesis.serializer("application/msgpack")
def packed(ctx, value):
    """Batches may come as MessagePack."""
    return msgspec.msgpack.encode(packable(value))


def packable(value):
    """The value with integers that MessagePack can hold: one too large becomes the largest, and stays wrong."""
    if isinstance(value, int) and not isinstance(value, bool):
        return max(-(2**63), min(value, 2**64 - 1))
    if isinstance(value, list):
        return [packable(item) for item in value]
    if isinstance(value, dict):
        return {name: packable(item) for name, item in value.items()}
    return value


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A demonstration on a server of its own."""
    with serving(tmp_path_factory.mktemp("described") / "home", demonstration=True) as served:
        yield served


def test_the_server_gives_the_description(served):
    """The description can be had from the server by anybody."""
    assert httpx.get(f"{served.url}/api/v1/openapi.json").json() == described.raw_schema


@described.parametrize()
@settings(max_examples=EXAMPLES_MAX)
def test_every_endpoint_does_what_its_description_says(case, served):
    """Whatever is sent, answers have a described status, type and form; bad input and strangers are refused."""
    case.call_and_validate(base_url=served.url, headers=served.ada.bearer)


def test_the_guide_names_every_address():
    """Whoever reads the guide finds every endpoint in it; commands and sections of evidence have pages of their own."""
    paths = {path for path in described.raw_schema["paths"] if not {"commands", "evidence"} & set(path.split("/")[:-1])}
    assert not [path for path in paths if f"`{path}`" not in GUIDE and f" {path}`" not in GUIDE]


def test_the_guide_explains_every_code_of_the_server():
    """Every code that the server itself refuses with is in the guide's table."""
    source = Path(problems.__file__).parent
    codes = {
        code
        for path in source.rglob("*.py")
        if "pages" not in path.parts
        for code in re.findall(
            r'(?:HttpProblem\(\s*\d+|field_problem\(\s*\d+|refuse\()\s*,?\s*"([a-z-]+)"', path.read_text()
        )
    }
    codes |= set(problems.HTTP_CODES.values()) | set(problems.REFUSED_STORAGE)
    codes |= problems.CONFLICTS | {code for _, code in problems.KNOWN.values()}
    assert len(codes) > 20
    assert not [code for code in sorted(codes - {"forbidden"}) if f"`{code}`" not in GUIDE]


def test_every_command_is_described_with_an_example(served):
    """The description carries an example for each body, and the server reads it."""
    for path, methods in described.raw_schema["paths"].items():
        for method, operation in methods.items():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if body is None:
                continue
            address = served.url + path.replace("{slug}", "example")
            answer = httpx.request(method, address, json=body["example"], headers=served.ada.bearer)
            assert answer.status_code != 400, (path, answer.text)
