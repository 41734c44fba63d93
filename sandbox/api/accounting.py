"""Counts requests by who made them and what they were, for benchmarks to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import Request

    from sandbox.api.requests import Call

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


class Accounting:
    """Requests so far, by user agent and by verb and resource."""

    def __init__(self) -> None:
        self._counts: dict[str, dict[str, int]] = {}

    def count(self, request: Request, call: Call) -> None:
        """Note a request."""
        agent = request.headers.get("user-agent", "").split(" ")[0]
        resource = call.resource.qualified + (f"/{call.subresource}" if call.subresource else "")
        of_agent = self._counts.setdefault(agent, {})
        what = f"{verb_of(request.method, call)} {resource}"
        of_agent[what] = of_agent.get(what, 0) + 1

    def report(self, *, reset: bool) -> dict[str, dict[str, int]]:
        """The counts; afterwards from zero, if asked."""
        counts = {agent: dict(sorted(of_agent.items())) for agent, of_agent in sorted(self._counts.items())}
        if reset:
            self._counts.clear()
        return counts


def verb_of(method: str, call: Call) -> str:
    """The request's verb as RBAC and audit logs call it."""
    if method in ("GET", "HEAD"):
        return "watch" if call.watch else "get" if call.name else "list"
    verb = _VERBS.get(method, method.lower())
    return "deletecollection" if verb == "delete" and not call.name else verb
