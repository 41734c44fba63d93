"""What the API answers when it refuses: a Status object in the API server's own words.

Clients read `reason` and `code`; people, and kubectl on their behalf, read `message`. Both are kept as the real
server gives them, so that what was written against one works against the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.api.resources import Resource


class ApiError(Exception):
    """A refusal, with the Status object that says why."""

    def __init__(self, status: dict[str, Any]) -> None:
        super().__init__(status["message"])
        self.status = status

    @property
    def code(self) -> int:
        """The HTTP status code."""
        return int(self.status["code"])

    @property
    def reason(self) -> str:
        """The machine-readable reason, such as `NotFound` or `AlreadyExists`."""
        return str(self.status.get("reason", ""))

    @property
    def message(self) -> str:
        """The words for people."""
        return str(self.status["message"])


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that is wrong with one field."""

    field: str
    message: str
    reason: str = "FieldValueInvalid"

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


def status_error(code: int, reason: str, message: str, *, details: dict[str, Any] | None = None) -> ApiError:
    """A refusal with any code and reason."""
    status: dict[str, Any] = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
    }
    if reason:
        status["reason"] = reason
    if details is not None:
        status["details"] = details
    status["code"] = code
    return ApiError(status)


def _details(resource: Resource, name: str) -> dict[str, Any]:
    named = {"name": name, "group": resource.group, "kind": resource.plural}
    return {key: value for key, value in named.items() if value}


def no_such_resource() -> ApiError:
    """Nothing is served there."""
    return status_error(404, "NotFound", "the server could not find the requested resource", details={})


def not_found(resource: Resource, name: str) -> ApiError:
    """There is no such object."""
    details = _details(resource, name)
    return status_error(404, "NotFound", f'{resource.qualified} "{name}" not found', details=details)


def already_exists(resource: Resource, name: str) -> ApiError:
    """An object of that name is there already."""
    details = _details(resource, name)
    return status_error(409, "AlreadyExists", f'{resource.qualified} "{name}" already exists', details=details)


def conflict(resource: Resource, name: str, why: str) -> ApiError:
    """The object is not, or no longer, what the caller takes it for."""
    message = f'Operation cannot be fulfilled on {resource.qualified} "{name}": {why}'
    return status_error(409, "Conflict", message, details=_details(resource, name))


def stale(resource: Resource, name: str) -> ApiError:
    """The caller's resourceVersion is not the newest."""
    why = "the object has been modified; please apply your changes to the latest version and try again"
    return conflict(resource, name, why)


def invalid(resource: Resource, name: str, causes: Sequence[Cause]) -> ApiError:
    """The object breaks its kind's rules; each cause names a field."""
    texts = list(dict.fromkeys(str(cause) for cause in causes))
    problem = texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    details: dict[str, Any] = {"name": name, "group": resource.group, "kind": resource.kind}
    details = {key: value for key, value in details.items() if value}
    details["causes"] = [{"reason": c.reason, "message": c.message, "field": c.field} for c in causes]
    return status_error(422, "Invalid", f'{kind} "{name}" is invalid: {problem}', details=details)


def immutable_uid(resource: Resource, name: str, uid: str) -> ApiError:
    """A patch is for another object of the same name."""
    return invalid(resource, name, [Cause("metadata.uid", f'Invalid value: "{uid}": field is immutable')])


def unversioned(resource: Resource, name: str) -> ApiError:
    """A custom resource is replaced only by who names the version that is replaced."""
    cause = Cause("metadata.resourceVersion", "Invalid value: 0: must be specified for an update")
    error = invalid(resource, name, [cause])
    error.status["message"] = f'{resource.qualified} "{name}" is invalid: {cause}'
    error.status["details"]["kind"] = resource.plural
    return ApiError(error.status)


def forbidden(resource: Resource, name: str, why: str) -> ApiError:
    """The request is understood and not allowed."""
    message = f'{resource.qualified} "{name}" is forbidden: {why}'
    return status_error(403, "Forbidden", message, details=_details(resource, name))


def bad_request(message: str) -> ApiError:
    """The request cannot be understood."""
    return status_error(400, "BadRequest", message)


def expired(message: str) -> ApiError:
    """The version asked for is no longer kept."""
    return status_error(410, "Expired", message)


def method_not_allowed() -> ApiError:
    """The resource does not do that."""
    return status_error(
        405, "MethodNotAllowed", "the server does not allow this method on the requested resource", details={}
    )


def unsupported_media_type(accepted: Sequence[str]) -> ApiError:
    """The body comes in a form that this resource does not take."""
    forms = ", ".join(accepted)
    message = "the body of the request was in an unknown format - accepted media types include: " + forms
    return status_error(415, "UnsupportedMediaType", message)
