"""Kubernetes' label selector, as manifests spell it and as it selects."""

from collections.abc import Mapping
from typing import Literal

from pydantic import ConfigDict, Field

from aegis.models.base import Model, StringMap, Text, no_items
from aegis.models.cel import rule

_VALUES = 5000
_SHOWN = 3  # of them, where one is missed
_EXPRESSIONS = 256  # the API server wants a bound on what a rule runs over


class LabelSelectorRequirement(Model):
    """One requirement on one label."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-kubernetes-validations": [
                rule(
                    "!(self.operator in ['In', 'NotIn']) || (has(self.values) && size(self.values) > 0)",
                    "values must name at least one value where operator is In or NotIn",
                    field=".values",
                ),
                rule(
                    "self.operator in ['In', 'NotIn'] || !has(self.values) || size(self.values) == 0",
                    "values must be empty where operator is Exists or DoesNotExist",
                    field=".values",
                ),
            ]
        }
    )

    key: Text = Field(description="The label's key.", min_length=1)
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"] = Field(description="How key and values relate.")
    values: list[Text] = Field(
        default_factory=no_items,
        description="The values: at least one for In and NotIn, none for Exists and DoesNotExist.",
        json_schema_extra={"x-kubernetes-list-type": "atomic", "maxItems": _VALUES},
    )

    def selects(self, labels: Mapping[str, str]) -> bool:
        """Whether the labels meet the requirement; NotIn is met by an absent label, as in Kubernetes."""
        match self.operator:
            case "In":
                return labels.get(self.key) in self.values
            case "NotIn":
                return labels.get(self.key) not in self.values
            case "Exists":
                return self.key in labels
            case "DoesNotExist":
                return self.key not in labels


class LabelSelector(Model):
    """Which objects are meant, by their labels; all parts must hold, and an empty selector selects everything."""

    match_labels: StringMap = Field(default_factory=dict, description="Labels and the values they must have.")
    match_expressions: list[LabelSelectorRequirement] = Field(
        default_factory=no_items,
        description="Requirements on labels.",
        json_schema_extra={"x-kubernetes-list-type": "atomic", "maxItems": _EXPRESSIONS},
    )

    def selects(self, labels: Mapping[str, str]) -> bool:
        """Whether the labels meet every part of the selector."""
        return all(labels.get(key) == value for key, value in self.match_labels.items()) and all(
            requirement.selects(labels) for requirement in self.match_expressions
        )

    def misses(self, labels: Mapping[str, str]) -> str:
        """The first part that the labels do not meet, in words; empty if they meet all."""
        for key, value in self.match_labels.items():
            if labels.get(key) != value:
                return f"wants label {key}={value}, this alert has {labels.get(key, 'none')}"
        for part in self.match_expressions:
            if not part.selects(labels):
                wanted = f"{part.key} {part.operator} {', '.join(part.values[:_SHOWN])}".rstrip()
                return f"wants label {wanted}, this alert has {labels.get(part.key, 'none')}"
        return ""
