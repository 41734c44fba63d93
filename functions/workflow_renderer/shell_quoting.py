"""Whether a quoted value of a script stands where it is data, whatever the value is.

That is a plain argument of a command that is known to take it for data (`shell_commands`), or the right side of an
assignment to a variable that goes nowhere else either. Everything else is refused.
"""

import re

from functions.workflow_renderer.shell_commands import not_data, reads_options
from functions.workflow_renderer.shell_flow import UNQUOTED, Flow, Kind, Source, Use
from functions.workflow_renderer.shell_programs import listed
from functions.workflow_renderer.shell_syntax import Inserted

_SMALL = re.compile(r"[a-z][a-z0-9_]*")
_SPECIAL = re.compile(r"auto_resume|histchars|[a-z]+_proxy")
"""Variables in small letters that shells and programs read."""
_CAPITAL = re.compile(r"(?:[A-Z][A-Z0-9]*_)*([A-Z]+)")
_SHELLS_OWN = re.compile(r"(?:BASH|COMP|READLINE|HIST|LC|LD|OPT|PROMPT|PS)\w*")
_HARMLESS = listed("""
    ALERT CLUSTER COMMENT CONTAINER DEPLOYMENT DESCRIPTION DEVICE DISK EVENT GPU ID INSTANCE ISSUE JOB KIND LABEL
    MESSAGE MODEL MSG NAME NAMESPACE NODE NOTE NS OBJECT POD QUEUE REASON RULE SEVERITY STATUS SUBJECT SUMMARY TASK
    TEXT TICKET TITLE TYPE VALUE WORKLOAD ZONE
""")
"""Last words of variables in capital letters that no shell or program is known to read."""


class Quoting:
    """Judges the quoted values of one script."""

    def __init__(self, flow: Flow) -> None:
        """Of the script that was read."""
        self._flow = flow
        self._judged: dict[str, str] = {}

    def misplaced(self, value: int) -> str:
        """Why a value may not stand where it does; empty where it may."""
        if self._flow.hazards:
            return self._flow.hazards[0]
        return self._of(value)

    def reads_as_option(self, value: int) -> bool:
        """Whether a command would take the value for an option if it began with a dash."""
        return any(
            use.place.command is not None
            and use.place.command.words[use.place.argument].parts[:1] == (Inserted(value, ""),)
            and reads_options(use.place.command, use.place.argument)
            for use in self._flow.uses.get(value, ())
        )

    def _of(self, source: Source) -> str:
        reasons = map(self._judge, self._flow.uses.get(source, ()))
        return next((reason for reason in reasons if reason), "")

    def _judge(self, use: Use) -> str:
        place = use.place
        if use.within or place.why:
            return use.within or place.why
        if place.kind is Kind.ARGUMENT and place.command is not None:
            return not_data(place.command, place.argument)
        return self._variable(place.variable) if place.kind is Kind.VARIABLE else ""

    def _variable(self, name: str) -> str:
        """Why a variable may not hold a quoted value."""
        if name not in self._judged:
            self._judged[name] = ""  # where it is assigned to itself that says nothing new
            self._judged[name] = self._of_variable(name)
        return self._judged[name]

    def _of_variable(self, name: str) -> str:
        capital = _CAPITAL.fullmatch(name)
        small = _SMALL.fullmatch(name) and not _SPECIAL.fullmatch(name)
        if not small and not (capital and capital[1] in _HARMLESS and not _SHELLS_OWN.match(name)):
            return f"in {name}, which shells or programs may read: a variable in small letters is none of these"
        reason = self._of(name)
        return reason and f"in {name}, which stands {reason.replace(UNQUOTED, f'{UNQUOTED} somewhere')}"
