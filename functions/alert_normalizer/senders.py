"""Which sources a sender may store alerts of. An alert is resolved under its source, so nobody resolves another's."""

from typing import NamedTuple

from functions.alert_normalizer.incoming import BadContent, Problem

ANY = "*"
"""In place of a source: all of them."""


class Sender(NamedTuple):
    """Who sends a request, as far as it matters here."""

    sources: frozenset[str]

    def may_store(self, source: str) -> bool:
        """Whether alerts of that source are this sender's."""
        return source in self.sources or ANY in self.sources

    def problem(self, field: str, source: str) -> Problem:
        """What is wrong with a field that says a source of somebody else's; the source must be a label value."""
        own = ", ".join(sorted(self.sources))
        return Problem(field, f"{source} is not a source of this sender", f"one that its token is for: {own}")

    def must_be(self, source: str) -> None:
        """Hold a sender to the source that all alerts of a form have.

        Raises:
            BadContent: with status 403, when alerts of that source are not this sender's.
        """
        if not self.may_store(source):
            raise BadContent(self.problem("source", source), status=403)


NOBODY = Sender(frozenset())
"""Who may store no alert."""
ANYBODY = Sender(frozenset({ANY}))
"""Who may store alerts of every source."""
