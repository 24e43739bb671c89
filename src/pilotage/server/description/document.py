"""The OpenAPI 3.1 document: assembled from the endpoints, with the schemas of the types that they really read.

The framework could write one from handlers' signatures, but it drops constraints inside alternatives, forbidden extra
fields and what fields mean, and reads bodies more leniently than their types say. msgspec's own schemas say exactly
what msgspec's decoders check.
"""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

import msgspec
from litestar.handlers import HTTPRouteHandler

from pilotage.server.description.endpoint import EVENT_STREAM, JSON, Answer, Described
from pilotage.server.problems import MEDIA_TYPE, HttpProblem, ProblemJson

REFERENCE = "#/components/schemas/{name}"
SLUG_PATTERN = "^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$"
PARAMETERS: dict[str, dict[str, Any]] = {
    "slug": {"description": "The workload's short name.", "schema": {"type": "string", "pattern": SLUG_PATTERN}},
    "call_id": {
        "description": "The call's id, 32 hexadecimal digits.",
        "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
    },
    "unit": {
        "description": "The unit's pseudonym, as recorded with its calls.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    },
    "file": {
        "description": "The document's id with its form: `charter.pdf` or `charter.html`.",
        "schema": {"type": "string", "pattern": "^[a-z-]{1,40}\\.(pdf|html)$"},
    },
    "assessment": {
        "description": "The assessment's id.",
        "schema": {"type": "string", "pattern": "^[a-z][a-z0-9-]{0,63}$"},
    },
    "playbook": {
        "description": "The playbook's id.",
        "schema": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,63}$"},
    },
}
REFUSED = {
    400: ("malformed", "The request cannot be read or a field does not fit; `errors` names it."),
    401: ("not-signed-in", "No valid session or token."),
    403: ("not-permitted", "Not allowed to this account or token, or the credential is asked for again."),
    404: ("unknown-workload", "There is nothing of that name."),
    409: ("conflict", "Somebody else was first; load again and decide again."),
    413: ("too-large", "The request is larger than the server takes."),
    415: ("unsupported-media-type", "The body's type or encoding is not one of those described."),
    422: ("criterion-open", "A rule of the record refuses it; `errors` lists everything wrong at once."),
    429: ("too-many-attempts", "Too many failed sign-ins; try again later."),
    503: ("storage-unavailable", "The store cannot be reached; nothing was acknowledged. Try again."),
}
SECURITY: list[dict[str, list[str]]] = [{"token": []}, {"session": []}]
DESCRIPTION = (
    "Takes an AI workload from pilot to production, with proof. Every error is an RFC 9457 problem with a stable code."
)


def document(endpoints: Iterable[HTTPRouteHandler]) -> dict[str, Any]:
    """The description of these endpoints."""
    described = sorted((handler.opt["described"] for handler in endpoints), key=lambda one: (one.path, one.method))
    names = _Names(described)
    paths: dict[str, dict[str, Any]] = {}
    for one in described:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one, names)
    assembled = {
        "openapi": "3.1.0",
        "info": {"title": "Pilotage", "version": version("pilotage"), "description": DESCRIPTION},
        "paths": paths,
        "components": {
            "schemas": names.components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "A token made by `pilotage token`."},
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "pilotage_session",
                    "description": "The cookie of a signed-in browser; unsafe requests repeat X-CSRF-Token.",
                },
            },
        },
    }
    # Through JSON, so that who gets it here has what who gets it by HTTP has.
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(assembled))
    return plain


class _Names:
    """Where every type stands among the components."""

    def __init__(self, described: list[Described]) -> None:
        types: list[Any] = [ProblemJson]
        for one in described:
            types += [answer.of for answer in one.answers.values() if answer.of is not None]
            types += one.body_media.values()
            types += [one.query] if one.query else []
        schemas, self.components = msgspec.json.schema_components(types, ref_template=REFERENCE)
        self._schemas = list(zip(types, schemas, strict=True))
        for one in described:
            for kind in one.body_media.values():
                self._without_tag(kind)

    def _without_tag(self, kind: Any) -> None:  # noqa: ANN401 - any type of a body
        """The address names a command already: a body that leaves its tag out is read all the same."""
        tag = getattr(getattr(kind, "__struct_config__", None), "tag_field", None)
        if tag:
            component = self.components[self.schema(kind)["$ref"].rpartition("/")[2]]
            component["required"] = [name for name in component.get("required", []) if name != tag]

    def schema(self, kind: object) -> dict[str, Any]:
        """The schema of a type, by reference where it has a name."""
        return next(schema for known, schema in self._schemas if known is kind)

    def fields(self, kind: type) -> dict[str, Any]:
        """The properties of a struct."""
        name = self.schema(kind)["$ref"].rpartition("/")[2]
        fields: dict[str, Any] = self.components[name].get("properties", {})
        return fields


def _operation(one: Described, names: _Names) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": one.operation,
        "summary": one.summary,
        "tags": [one.tag],
        "security": [] if one.access.scope == "public" else SECURITY,
        "responses": {
            **{str(status): _answer(answer, names) for status, answer in one.answers.items()},
            **{str(status): _refusal(status, names) for status in _refusals(one)},
        },
    }
    if one.text:
        operation["description"] = one.text
    if one.access.scope not in {"public", "any"}:
        operation["x-scope"] = one.access.scope
    parameters = [*_path_parameters(one), *_query_parameters(one, names), *_header_parameters(one)]
    if parameters:
        operation["parameters"] = parameters
    if one.body_media:
        example: dict[str, Any] = {} if one.body_example is None else {"example": one.body_example}
        content = {media: {"schema": names.schema(kind)} for media, kind in one.body_media.items()}
        content[JSON].update(example)
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _refusals(one: Described) -> list[int]:
    statuses = {*one.refusals, 503}
    if one.access.scope != "public":
        statuses |= {401, 403}
    if one.query or one.headers:
        statuses.add(400)
    if "{" in one.path:
        statuses |= {400, 404}
    if one.body_media:
        statuses |= {400, 413, 415}
    return sorted(statuses)


def _answer(answer: Answer, names: _Names) -> dict[str, Any]:
    response: dict[str, Any] = {"description": answer.means}
    if answer.of is not None:
        schema = {"schema": names.schema(answer.of)}
        response["content"] = {media: {} if media == EVENT_STREAM else dict(schema) for media in answer.media}
        if answer.example is not None:
            response["content"][answer.media[0]]["example"] = answer.example
    elif answer.media != (JSON,):
        response["content"] = {media: {} for media in answer.media}
    if answer.headers:
        response["headers"] = {
            name: {"description": means, "schema": {"type": "string"}} for name, means in answer.headers.items()
        }
    return response


def _refusal(status: int, names: _Names) -> dict[str, Any]:
    code, means = REFUSED[status]
    example = msgspec.to_builtins(HttpProblem(status, code, means).json)
    content = {MEDIA_TYPE: {"schema": names.schema(ProblemJson), "example": example}}
    return {"description": f"{HTTPStatus(status).phrase}: {means}", "content": content}


def _path_parameters(one: Described) -> Iterable[dict[str, Any]]:
    for part in one.path.split("/"):
        if part.startswith("{"):
            name = part.strip("{}")
            yield {"name": name, "in": "path", "required": True, **PARAMETERS[name]}


def _query_parameters(one: Described, names: _Names) -> Iterable[dict[str, Any]]:
    if one.query is None:
        return
    for name, schema in names.fields(one.query).items():
        means = schema.get("description", "")
        yield {"name": name, "in": "query", "required": False, "description": means, "schema": _without_null(schema)}


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """In a query nothing is null; what is absent was not asked."""
    kept = {key: value for key, value in schema.items() if key != "default" or value is not None}
    kinds = [kind for kind in kept.pop("anyOf", []) if kind != {"type": "null"}]
    return {**kept, **(kinds[0] if len(kinds) == 1 else {"anyOf": kinds} if kinds else {})}


def _header_parameters(one: Described) -> Iterable[dict[str, Any]]:
    for header in one.headers:
        yield {
            "name": header.name,
            "in": "header",
            "required": False,
            "description": header.means,
            "schema": dict(header.schema),
        }
