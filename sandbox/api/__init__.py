"""The embedded Kubernetes API: what an unmodified kubectl and the official clients talk to.

`Api` is the whole of it in-process; `http` puts it on a socket. Controllers of the sandbox use `Api` directly.
"""

from sandbox.api.api import Api, WatchEvent, WriteOptions
from sandbox.api.errors import ApiError, Cause
from sandbox.api.objects import Object
from sandbox.api.resources import Resource

__all__ = ["Api", "ApiError", "Cause", "Object", "Resource", "WatchEvent", "WriteOptions"]
