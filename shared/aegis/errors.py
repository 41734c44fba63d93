"""The few errors that callers treat differently."""


class ApiError(Exception):
    """The API server refused a request; ``status`` is its HTTP code, ``reason`` its machine-readable word."""

    def __init__(self, message: str, *, status: int = 0, reason: str = "") -> None:
        """Keep the code and the reason beside the message."""
        super().__init__(message)
        self.status = status
        self.reason = reason


class NotFound(ApiError):
    """There is no such object (404)."""


class AlreadyExists(ApiError):
    """An object of that name is there already (409, reason AlreadyExists)."""


class Conflict(ApiError):
    """The object changed since it was read, or a JSON patch's ``test`` failed: read it again and decide again."""


class Forbidden(ApiError):
    """The function has no right to do that (403); who gives rights must act first."""


class Invalid(ApiError):
    """The object itself was refused (400, 413, 422): no retry will mend it."""


class Unreadable(ApiError):
    """The API server holds an object that is not what its kind says: one that an older CRD let through."""


class Unavailable(Exception):
    """What was asked may work later; ``retry_after`` is in seconds."""

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        """Keep how long to wait beside the message."""
        super().__init__(message)
        self.retry_after = retry_after


class OverQuota(Unavailable):
    """A ResourceQuota leaves no room for a new object (403): there is some when others are deleted."""


class BadEvent(Exception):
    """The event cannot be understood, however often it is sent."""


class TooLarge(BadEvent):
    """An event has more bytes, or a batch more events, than are read."""
