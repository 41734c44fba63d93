"""Requests for subresources: status, a pod's log, binding and eviction, a service account's token."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from starlette.responses import Response, StreamingResponse

from sandbox.api.errors import bad_request, method_not_allowed
from sandbox.api.objects import Object, clone, encode, timestamp, uid_of
from sandbox.api.options import MERGE_PATCH, DeleteOptions
from sandbox.api.requests import Call, json_response

if TYPE_CHECKING:
    from sandbox.api.api import Api

_ISSUER = "https://kubernetes.default.svc"


class Subresources:
    """Answers calls for a subresource."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def answer(self, call: Call) -> Response:  # noqa: PLR0911 -- one for each subresource
        """The answer to a call."""
        match call.subresource, call.method:
            case "status" | "finalize", "GET":
                return json_response(self._api.entry(call.resource, call.name, call.namespace).json)
            case "status" | "finalize", "PUT":
                return self._replace(call)
            case "status", "PATCH":
                return self._patch(call)
            case "log", "GET":
                return await self._log(call)
            case "binding", "POST":
                return self._bind(call)
            case "eviction", "POST":
                return self._evict(call)
            case "token", "POST":
                return self._token(call)
        raise method_not_allowed()

    def _replace(self, call: Call) -> Response:
        if not isinstance(call.body, dict):
            raise bad_request("the body of the request must be an object")
        options = call.write_options()
        entry = self._api.writer.replace(
            call.resource,
            call.body,
            namespace=call.namespace,
            name=call.name,
            subresource=call.subresource,
            options=options,
        )
        return json_response(entry.json, warnings=call.warnings)

    def _patch(self, call: Call) -> Response:
        entry, _ = self._api.writer.patch(
            call.resource,
            call.name,
            call.body,
            namespace=call.namespace,
            content_type=call.content_type,
            subresource=call.subresource,
            options=call.write_options(),
        )
        return json_response(entry.json, warnings=call.warnings)

    async def _log(self, call: Call) -> Response:
        pod = clone(self._api.entry(call.resource, call.name, call.namespace).obj)
        container = call.query.get("container")
        names = [c["name"] for part in ("containers", "initContainers") for c in pod["spec"].get(part) or ()]
        if container and container not in names:
            raise bad_request(f"container {container} is not valid for pod {call.name}")
        if not container and len(pod["spec"]["containers"]) > 1:
            listed = " ".join(c["name"] for c in pod["spec"]["containers"])
            message = f"a container name must be specified for pod {call.name}, choose one of: [{listed}]"
            raise bad_request(message)
        if self._api.pod_logs is None:
            return Response(b"", media_type="text/plain")
        return StreamingResponse(self._api.pod_logs(pod, dict(call.query)), media_type="text/plain")

    def _bind(self, call: Call) -> Response:
        node = ((call.body or {}).get("target") or {}).get("name")
        if not node:
            raise bad_request("Binding is invalid: target.name: Required value")
        change = {"spec": {"nodeName": node}}
        self._api.writer.patch(
            call.resource,
            call.name,
            change,
            namespace=call.namespace,
            content_type=MERGE_PATCH,
            subresource="binding",
            options=call.write_options(),
        )
        return json_response(_success(), 201)

    def _evict(self, call: Call) -> Response:
        body = (call.body or {}).get("deleteOptions") or {}
        options = DeleteOptions.from_body(body, call.query)
        self._api.deleter.delete(call.resource, call.name, call.namespace, options)
        return json_response(_success(), 201)

    def _token(self, call: Call) -> Response:
        account = self._api.entry(call.resource, call.name, call.namespace).obj
        body: Object = clone(call.body or {})
        spec = body.setdefault("spec", {})
        now = self._api.clock()
        expires = now + timedelta(seconds=spec.setdefault("expirationSeconds", 3600))
        spec.setdefault("audiences", [_ISSUER])
        claims = {
            "iss": _ISSUER,
            "aud": spec["audiences"],
            "sub": f"system:serviceaccount:{call.namespace}:{call.name}",
            "iat": int(now.timestamp()),
            "exp": int(expires.timestamp()),
            "kubernetes.io": {
                "namespace": call.namespace,
                "serviceaccount": {"name": call.name, "uid": uid_of(account)},
            },
        }
        body |= {"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1"}
        body.setdefault("metadata", {}).update(name=call.name, namespace=call.namespace)
        body["status"] = {"token": _signed(claims, self._api.token_key), "expirationTimestamp": timestamp(expires)}
        return json_response(body, 201)


def _success() -> Object:
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def _signed(claims: dict[str, Any], key: bytes) -> str:
    """A JSON Web Token."""
    parts = [base64.urlsafe_b64encode(encode(part)).rstrip(b"=") for part in ({"alg": "HS256", "typ": "JWT"}, claims)]
    head = b".".join(parts)
    mark = base64.urlsafe_b64encode(hmac.digest(key, head, hashlib.sha256)).rstrip(b"=")
    return (head + b"." + mark).decode()


__all__ = ["Subresources"]
