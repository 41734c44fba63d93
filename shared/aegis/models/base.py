"""What every model has in common: camelCase on the wire, frozen in memory, and how a resource is addressed."""

from typing import Annotated, Any, ClassVar, NamedTuple, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from aegis.names import ResourceVersion, Uid


def _empty_if_null(value: object) -> object:
    return {} if value is None else value


def no_items() -> list[Any]:
    """A new list, for ``default_factory``: to find that ``list`` takes no data, pydantic needs 2 ms of a cold start."""
    return []


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))


def _without_nulls_in_lists(data: Any, *, listed: bool = False) -> Any:
    if isinstance(data, list):
        return [_without_nulls_in_lists(item, listed=True) for item in data]
    if not isinstance(data, dict):
        return data
    kept = {key: value for key, value in data.items() if value is not None} if listed else data
    return {key: _without_nulls_in_lists(value, listed=listed) for key, value in kept.items()}


StringMap = Annotated[dict[str, str], BeforeValidator(_empty_if_null)]
"""A map of strings; ``null`` reads as empty, as the API server prunes it."""

TEXT_LENGTH = 1024
Text = Annotated[str, Field(json_schema_extra={"maxLength": TEXT_LENGTH})]
"""A name, a word or a pattern. The CRD alone limits it: what was stored before is read however long it is."""

ToldText = Annotated[str, Field(json_schema_extra={"maxLength": 32768})]
"""A text as a sender gave it, limited likewise."""

Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""A moment as Kubernetes writes it (RFC 3339)."""

Count = Annotated[int, Field(ge=0, json_schema_extra={"format": "int32"})]
"""How many; never negative."""
MOST = 2**31 - 1
"""That a count can say."""


class Model(BaseModel):
    """A value on the wire: camelCase keys, unknown ones ignored, never changed after it is read."""

    model_config = ConfigDict(
        alias_generator=_camel_case,
        populate_by_name=True,
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,  # what a sender wrote belongs in no log
        defer_build=True,  # a function waits for every model it imports, and uses few of them on their own;
        # those in whose place many others would build them again are built at once
    )

    def wire(self) -> dict[str, Any]:
        """The value as JSON-ready data with camelCase keys, without what was never set."""
        return self.model_dump(by_alias=True, mode="json", exclude_unset=True, exclude_none=True)

    def changes(self) -> dict[str, Any]:
        """The value as a merge patch (RFC 7396): what was set, and null where nothing is to be there any more.

        Lists are replaced as a whole, so nothing in them is null.
        """
        patch: dict[str, Any] = _without_nulls_in_lists(self.model_dump(by_alias=True, mode="json", exclude_unset=True))
        return patch

    def updated(self, newer: Self) -> Self:
        """The value with what is set of another in the place of its own."""
        return self.model_copy(update={name: getattr(newer, name) for name in newer.model_fields_set})


class Column(NamedTuple):
    """One printer column of ``kubectl get``."""

    name: str
    type: str
    json_path: str
    priority: int = 0


class Resource(NamedTuple):
    """How the API server addresses a kind, and how kubectl shows it."""

    group: str
    version: str
    kind: str
    plural: str
    short_names: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    selectable: tuple[str, ...] = ()
    """The fields beside the name and the namespace by which lists can be selected, as JSON paths."""

    @property
    def api_version(self) -> str:
        """Group and version as manifests spell them; the core group has no group part."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None, name: str | None = None, subresource: str | None = None) -> str:
        """The request path of the collection, of one object, or of its subresource."""
        root = f"/apis/{self.api_version}" if self.group else f"/api/{self.version}"
        parts = [root, *(("namespaces", namespace) if namespace else ()), self.plural]
        return "/".join([*parts, *(part for part in (name, subresource) if part)])


class OwnerReference(Model):
    """Who owns an object: with its last owner the object is deleted."""

    api_version: str
    kind: str
    name: str
    uid: Uid
    controller: bool = False
    block_owner_deletion: bool = False


class ObjectMeta(Model, defer_build=False):
    """The part of Kubernetes' ObjectMeta that Aegis reads."""

    name: str = ""
    namespace: str = ""
    uid: Uid = Uid("")
    resource_version: ResourceVersion = ResourceVersion("")
    generation: int = 0
    creation_timestamp: str = ""
    deletion_timestamp: str | None = None
    labels: StringMap = Field(default_factory=dict)
    annotations: StringMap = Field(default_factory=dict)
    finalizers: list[str] = Field(default_factory=no_items)
    owner_references: list[OwnerReference] = Field(default_factory=no_items)


class Object(Model):
    """A Kubernetes object with metadata; a subclass says with ``resource`` where it lives."""

    resource: ClassVar[Resource]

    metadata: ObjectMeta = Field(default_factory=ObjectMeta)

    @classmethod
    def read(cls, data: object) -> Self:
        """Validate an object as the API server or an event carries it.

        Raises:
            pydantic.ValidationError: when it is none of this kind.
        """
        return cls.model_validate(data)

    def manifest(self) -> dict[str, Any]:
        """The object as events carry it, with its apiVersion and kind."""
        return {"apiVersion": self.resource.api_version, "kind": self.resource.kind, **self.wire()}

    @property
    def reference(self) -> str:
        """The object as kubectl would name it, for logs: ``aegisalert/monitoring/x``."""
        return f"{self.resource.kind.lower()}/{self.metadata.namespace}/{self.metadata.name}"
