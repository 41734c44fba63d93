"""Why a workflow ends in Error before its templates do; the message is what its status says."""


class InvalidSpecError(Exception):
    """A spec that cannot run."""


class WorkflowTooLargeError(Exception):
    """A workflow that is too long to be stored."""
