"""How an error reads, without any framework: its status, its sentences, RFC 9457's members, no echo."""

from http import HTTPStatus
from typing import Any

from shared.errors import DomainError, FieldFault, Kind
from shared.texts import Language, known, sentence

STATUS = {
    Kind.MALFORMED: 400,
    Kind.INVALID: 422,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.NOT_ALLOWED: 405,
    Kind.CONFLICT: 409,
    Kind.TOO_LARGE: 413,
    Kind.UNSUPPORTED: 415,
    Kind.TOO_MANY: 429,
    Kind.UNAVAILABLE: 503,
    Kind.INTERNAL: 500,
}
_PYDANTIC = {
    "missing": "field_missing",
    "extra_forbidden": "unknown_field",
    "enum": "field_value",
    "literal_error": "field_value",
    "string_too_short": "field_length",
    "string_too_long": "field_length",
    "too_short": "field_length",
    "too_long": "field_length",
    "greater_than_equal": "number_out_of_range",
    "less_than_equal": "number_out_of_range",
    "greater_than": "number_out_of_range",
    "less_than": "number_out_of_range",
    "int_parsing_size": "number_out_of_range",
}


def body_of(error: DomainError, language: Language, request_id: str | None) -> dict[str, Any]:
    """Return the members of `application/problem+json` for an error."""
    status = STATUS[error.kind]
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": error.code,
        "detail": sentence(error.code, language, error.params),
        "request_id": request_id,
    }
    if error.faults:
        body["errors"] = [
            {"field": fault.field, "code": fault.code, "message": sentence(fault.code, language, fault.params)}
            for fault in error.faults
        ]
    if error.params:
        body["params"] = error.params
    return body


def fault_of(error: dict[str, Any]) -> FieldFault:
    """Turn one complaint of pydantic into the field's own code, or the nearest general one."""
    where = [str(part) for part in error["loc"] if part not in {"body", "query", "path", "header"}]
    code = error["type"]
    if not known(code):
        code = _PYDANTIC.get(code, "field_type")
    # The whole of an item that is no object has no place of its own.
    return FieldFault(".".join(where) or str((error["loc"] or ("body",))[-1]), code)
