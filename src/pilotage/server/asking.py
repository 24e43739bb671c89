"""Reading what a request asks: query, body, slug. What does not fit is a 400 that names the field."""

from __future__ import annotations

import re
from typing import Any, TypeVar, get_args

import msgspec
import zstandard
from litestar import Request

from pilotage.server.problems import HttpProblem, field_problem

Asked = TypeVar("Asked")
Query = TypeVar("Query", bound=msgspec.Struct)
AnyRequest = Request[Any, Any, Any]

JSON = "application/json"
FRAME_WINDOW_BYTES_MAX = 32 * 2**20

_PLACE = re.compile(r"^(?P<what>.*?)(?: - at (?:key in )?`\$(?P<path>[^`]*)`)?$", re.DOTALL)
_SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?")
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_TRUTH = {"true": True, "false": False}


def check_slug(slug: str) -> None:
    """Refuse what cannot be a workload's short name."""
    if not _SLUG.fullmatch(slug):
        raise field_problem(
            400,
            "invalid-slug",
            "slug",
            "A workload's short name has 1 to 64 lower-case letters, digits, inner hyphens.",
        )


def query_of(request: AnyRequest, kind: type[Query]) -> Query:
    """The query as a struct. Numbers and times are read from text; unknown and repeated parameters are refused."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    given: dict[str, Any] = {}
    for name, text in request.query_params.multi_items():
        if name not in fields:
            raise field_problem(400, "unknown-parameter", name, f"There is no parameter {name} here.")
        if name in given:
            raise field_problem(400, "repeated-parameter", name, f"Give the parameter {name} once.")
        given[name] = _read(name, text, fields[name].type)
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise invalid(error) from error


def _read(name: str, text: str, kind: object) -> str | int | bool:
    """A parameter's text as what its annotation asks for. Not by msgspec's lax mode, to which 0.5 is a time."""
    if _asks(kind, bool):
        if text not in _TRUTH:
            raise field_problem(400, "invalid", name, f"Write {name} as true or false.")
        return _TRUTH[text]
    if _asks(kind, int):
        if not _INTEGER.fullmatch(text):
            raise field_problem(400, "invalid", name, f"Write {name} as a whole number.")
        return int(text)
    return text


def _asks(kind: object, wanted: type) -> bool:
    """Whether an annotation is of this type: itself, among alternatives, or with constraints."""
    return kind is wanted or any(_asks(part, wanted) for part in get_args(kind))


async def body_of(request: AnyRequest, kind: type[Asked]) -> Asked:
    """The JSON body as a struct, by its exact types."""
    if request.content_type[0] != JSON:
        raise HttpProblem(415, "unsupported-media-type", f"Send the body as {JSON}.")
    return decoded_json(await request.body(), msgspec.json.Decoder(kind), kind)


def decoded_json(data: bytes, decoder: msgspec.json.Decoder[Asked], kind: type[Asked]) -> Asked:
    """The value in the JSON. To JSON, unlike to the decoder, 2.0 is an integer too."""
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        if "got `float`" not in str(error):
            raise invalid(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _malformed(error) from error
    try:
        return msgspec.convert(_with_integers(msgspec.json.decode(data)), kind)
    except msgspec.ValidationError as error:
        raise invalid(error) from error


def _with_integers(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_with_integers(item) for item in value]
    if isinstance(value, dict):
        return {name: _with_integers(item) for name, item in value.items()}
    return value


def _malformed(error: Exception) -> HttpProblem:
    return HttpProblem(400, "malformed", f"The body cannot be read: {error}.")


def decoded_msgpack(data: bytes, decoder: msgspec.msgpack.Decoder[Asked]) -> Asked:
    """The value in the MessagePack. Raises a 400 that names the field."""
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        raise invalid(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _malformed(error) from error


def invalid(error: msgspec.ValidationError) -> HttpProblem:
    """The refusal of a value that does not fit, with the path of its field: `charter.metrics[0].lo`."""
    found = _PLACE.match(str(error))
    what, path = (found["what"], found["path"] or "") if found else (str(error), "")
    return field_problem(400, "invalid", path.lstrip("."), f"{what}.")


def unpacked(data: bytes, encoding: str | None, size_max: int) -> bytes:
    """The body without its content encoding: none or zstd, and never more than `size_max` bytes."""
    if encoding in {None, "", "identity"}:
        return data
    if encoding != "zstd":
        raise HttpProblem(415, "unsupported-encoding", "Send the body plain or with Content-Encoding: zstd.")
    reader = zstandard.ZstdDecompressor(max_window_size=FRAME_WINDOW_BYTES_MAX).stream_reader(
        data, read_across_frames=True
    )
    try:
        plain = reader.read(size_max + 1)
    except zstandard.ZstdError as error:
        raise HttpProblem(400, "malformed", f"The body is not valid zstd: {error}.") from error
    if len(plain) > size_max:
        raise HttpProblem(413, "too-large", f"The body holds more than {size_max} bytes; send it in smaller parts.")
    return plain
