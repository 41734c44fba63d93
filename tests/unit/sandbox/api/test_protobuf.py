"""Kubernetes' Protobuf is read where kubectl sends it, and refused where it is not known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.api.errors import ApiError
from sandbox.api.protobuf import decode


def _field(number: int, value: bytes | str | int) -> bytes:
    if isinstance(value, int):
        return bytes([number << 3]) + _varint(value)
    raw = value.encode() if isinstance(value, str) else value
    return bytes([number << 3 | 2]) + _varint(len(raw)) + raw


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def _message(kind: str, body: bytes, api_version: str = "v1") -> bytes:
    return b"k8s\x00" + _field(1, _field(1, api_version) + _field(2, kind)) + _field(2, body)


_text = st.text(max_size=300)


@given(data=st.dictionaries(_text, _text, max_size=4), name=_text)
def test_a_config_map_survives(data: dict[str, str], name: str) -> None:
    body = _field(1, _field(1, name)) + b"".join(
        _field(2, _field(1, key) + _field(2, value)) for key, value in data.items()
    )
    found = decode(_message("ConfigMap", body))
    assert (found["apiVersion"], found["kind"]) == ("v1", "ConfigMap")
    assert found["metadata"].get("name", "") == name
    assert found.get("data", {}) == data


def test_secrets_are_shown_in_base64() -> None:
    body = _field(1, _field(1, "s")) + _field(2, _field(1, "a") + _field(2, b"\xff"))
    assert decode(_message("Secret", body))["data"] == {"a": "/w=="}


def test_numbers_and_repeated_fields() -> None:
    container = _field(1, "c") + _field(3, "echo") + _field(3, "hi")
    spec = _field(1, 3) + _field(3, _field(2, _field(2, container)))
    found = decode(_message("Deployment", _field(1, _field(1, "d")) + _field(2, spec), "apps/v1"))
    assert found["spec"]["replicas"] == 3
    assert found["spec"]["template"]["spec"]["containers"] == [{"name": "c", "command": ["echo", "hi"]}]


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        _message("Widget", b""),
        _message("ConfigMap", _field(9, "what")),
        _message("ConfigMap", b"\x0a"),
        _message("ConfigMap", b"\x0b"),
    ],
    ids=["no magic", "unknown kind", "unknown field", "cut off", "unknown wire type"],
)
def test_what_is_not_understood_is_refused(body: bytes) -> None:
    with pytest.raises(ApiError) as error:
        decode(body)
    assert error.value.code == 415
