"""The OpenAPI document, put together from the operations, the structures and the table of problems.

It is stated rather than inferred: bodies are streams and every status is a promise, so what a framework would guess is
not what we mean. A test ties its paths and methods to the routes of the app.
"""

from typing import Any, Final

import msgspec
from litestar import Litestar
from msgspec import Struct

from gateway.settings import Installation
from gateway.web.headers import API_VERSION
from gateway.web.identity import parts_of_app
from gateway.web.openapi_operations import OPERATIONS, Content, Operation, Parameter, Schema, Success
from gateway.web.problems import HTTP_PROBLEMS, PROBLEM_JSON, PROBLEMS, SERVER_FAULT, Kind, ProblemBody

_REF: Final = "#/components/schemas/{name}"
_ALWAYS: Final = (406, 500)
_SECURITY: Final[list[dict[str, list[str]]]] = [{"clientcertificaat": []}, {"token": []}]


def openapi_document(app: Litestar) -> bytes:
    """The document of a built app, as `GET /v1/openapi.json` answers it."""
    return document(parts_of_app(app).kit.settings.installation)


def document(installation: Installation) -> bytes:
    """The document as JSON, indented: people read it too."""
    structs = _structs()
    schemas, components = msgspec.json.schema_components(structs, ref_template=_REF)
    by_struct = dict(zip(structs, schemas, strict=True))
    made = {
        "openapi": "3.1.0",
        "info": _info(installation),
        "servers": [{"url": f"{installation.base_url}/v1"}],
        "tags": [{"name": name} for name in dict.fromkeys(operation.tag for operation in OPERATIONS)],
        "paths": _paths(by_struct),
        "components": {
            "schemas": _flat_nullables(components),
            "headers": {"ApiVersion": {"description": "Versie van dit document.", "schema": {"type": "string"}}},
            "securitySchemes": {
                "clientcertificaat": {
                    "type": "mutualTLS",
                    "description": "Met precies één OIN in Subject.serialNumber.",
                },
                "token": {"type": "http", "scheme": "bearer"},
            },
        },
    }
    return msgspec.json.format(msgspec.json.encode(made), indent=2)


def _flat_nullables(schema: Any) -> Any:
    """`anyOf: [X, null]` of a plain X as `type: [X, null]`, so that its format stands where linters look for it."""
    if isinstance(schema, list):
        return [_flat_nullables(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    flat = {name: _flat_nullables(value) for name, value in schema.items()}
    match flat.get("anyOf"):
        case [{"type": str(kind)} as plain, {"type": "null"}] if "enum" not in plain:
            del flat["anyOf"]
            return {**plain, "type": [kind, "null"], **flat}
    return flat


def _info(installation: Installation) -> Schema:
    return {
        "title": "Signaalpoort",
        "version": API_VERSION,
        "description": (
            "Eén punt om signalen van betalingsachterstanden (vroegsignalering) aan te leveren en terugkoppeling te "
            "krijgen. Waar GET staat werkt HEAD ook. Elke fout is application/problem+json (RFC 9457)."
        ),
        "contact": {"name": installation.name, "email": installation.contact_email, "url": installation.base_url},
        "license": {"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
    }


def _structs() -> list[type[Struct]]:
    contents = [content for operation in OPERATIONS for content in _contents(operation)]
    named = [body for content in contents for body in content.values() if isinstance(body, type)]
    return list(dict.fromkeys([*named, ProblemBody]))


def _contents(operation: Operation) -> list[Content]:
    return [operation.body, *(success.content for success in operation.successes)]


def _paths(schemas: dict[type[Struct], Schema]) -> Schema:
    paths: dict[str, Schema] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation, schemas)
    return paths


def _operation(operation: Operation, schemas: dict[type[Struct], Schema]) -> Schema:
    made: Schema = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "security": [] if operation.who is None else _SECURITY,
        "responses": _responses(operation, schemas),
    }
    if operation.who is not None:
        made["description"] = f"Voor een {operation.who}."
    if operation.parameters:
        made["parameters"] = [_parameter(parameter) for parameter in operation.parameters]
    if operation.body:
        made["requestBody"] = {"required": True, "content": _content(operation.body, schemas)}
    return made


def _parameter(parameter: Parameter) -> Schema:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.text,
        "required": parameter.required,
        "schema": parameter.schema,
    }


def _responses(operation: Operation, schemas: dict[type[Struct], Schema]) -> Schema:
    answers = {str(success.status): _success(success, schemas) for success in operation.successes}
    for status in sorted({*operation.problems, *_ALWAYS}):
        answers[str(status)] = _problem(_kind(status), schemas[ProblemBody])
    return answers


def _success(success: Success, schemas: dict[type[Struct], Schema]) -> Schema:
    headers: Schema = {"API-Version": {"$ref": "#/components/headers/ApiVersion"}}
    if success.location:
        headers["Location"] = {"schema": {"type": "string", "format": "uri-reference"}}
    made: Schema = {"description": success.text, "headers": headers}
    if success.content:
        made["content"] = _content(success.content, schemas)
    return made


def _content(content: Content, schemas: dict[type[Struct], Schema]) -> Schema:
    return {media: {"schema": schemas[body] if isinstance(body, type) else body} for media, body in content.items()}


def _problem(kind: Kind, schema: Schema) -> Schema:
    headers: Schema = {"API-Version": {"$ref": "#/components/headers/ApiVersion"}}
    if kind.status in {429, 503, 507}:
        headers["Retry-After"] = {"schema": {"type": "integer"}, "description": "Seconden."}
    return {"description": kind.title, "headers": headers, "content": {PROBLEM_JSON: {"schema": schema}}}


def _kind(status: int) -> Kind:
    for kind in (*PROBLEMS.values(), *HTTP_PROBLEMS.values(), SERVER_FAULT):
        if kind.status == status:
            return kind
    raise KeyError(status)


__all__ = ["document", "openapi_document"]
