"""The rules in CEL that a model's CRD carries, for what a schema cannot say; only the API server runs them.

Source: https://kubernetes.io/docs/reference/using-api/cel/
"""

from pydantic.config import JsonDict, JsonValue


def rule(expression: str, message: str, *, field: str = "") -> JsonDict:
    """One rule; ``message`` says field, problem and accepted values, ``field`` is the path it is reported at."""
    return {"rule": expression, "message": message, **({"fieldPath": field} if field else {})}


def immutable(*names: str, remedy: str) -> list[JsonValue]:
    """Rules that keep text fields as they were created; an absent one counts as empty, so none can be added later."""

    def value(owner: str, name: str) -> str:
        return f"(has({owner}.{name}) ? {owner}.{name} : '')"

    return [
        rule(
            f"{value('self', name)} == {value('oldSelf', name)}",
            f"{name} cannot be changed: {remedy}",
            field=f".{name}",
        )
        for name in names
    ]
