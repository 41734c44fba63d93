"""A program that writes down each event it is sent and answers as it is told; it needs Python and nothing else.

It is a pod on a real cluster and a process beside the sandbox.

``POST /<name>`` takes an event under that name. What it answers is in the event's data,
`{"answers": {"<name>": [...]}}`, or in the path: ``/503,503,204/<name>``. The first attempt at an event gets the first
answer, and each one beyond the last gets the last. An answer has a `status`, and may have `headers`, a `body` and a
`delay` in seconds. An event with the extension `probe` is always taken. ``GET /records?after=5`` waits for more than
five records; each is printed too. ``POST /send`` makes a request of its own, so that a test speaks to what is reached
from inside the cluster only, and in words that no client library would let it say.
"""

import base64
import http.client
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]

_WAIT_SECONDS = 10.0
_SEND_SECONDS = 60.0
_TAKEN: Json = {"status": 204}

_records: list[Json] = []
_attempts = Counter[tuple[str, str, str]]()
_changed = threading.Condition()


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """Take an event, or send a request."""
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path == "/send":
            self._answer_json(send(**json.loads(body)))
            return
        record, answer = take(self.path, _headers(self.headers.items()), body)
        time.sleep(answer.get("delay", 0))
        with _changed:
            record["answered"] = time.monotonic()
        self._answer(answer["status"], answer.get("headers", {}), answer.get("body", "").encode())

    def do_GET(self) -> None:
        """Hand out what was recorded; any other path says that this is alive."""
        address = urlsplit(self.path)
        if address.path != "/records":
            self._answer(204, {}, b"")
            return
        after = int(parse_qs(address.query).get("after", ["-1"])[0])
        with _changed:
            _changed.wait_for(lambda: len(_records) > after, timeout=_WAIT_SECONDS)
            records = [dict(record) for record in _records]
        self._answer_json(records)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""

    def _answer_json(self, document: object) -> None:
        self._answer(200, {"content-type": "application/json"}, json.dumps(document).encode())

    def _answer(self, status: int, headers: Json, body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def take(path: str, headers: dict[str, str], body: bytes) -> tuple[Json, Json]:
    """Write an event down, and choose its answer."""
    *statuses, name = urlsplit(path).path.strip("/").split("/")
    attributes = {key[3:]: value for key, value in headers.items() if key.startswith("ce-")}
    identity = name, attributes.get("source", ""), attributes.get("id", "")
    record = {
        "observer": name,
        "attributes": attributes,
        "headers": headers,
        "body": base64.b64encode(body).decode(),
        "arrived": time.monotonic(),
        "answered": None,
    }
    answers = [{"status": int(status)} for status in statuses[0].split(",")] if statuses else _told(name, body)
    with _changed:
        attempt = _attempts[identity]
        _attempts[identity] += 1
        answer = _TAKEN if "probe" in attributes else {**_TAKEN, **answers[min(attempt, len(answers) - 1)]}
        record["status"] = answer["status"]
        _records.append(record)
        # Under the lock: two threads that print at once share a line.
        print(json.dumps({"observer": name, "status": record["status"], "attributes": attributes}), flush=True)  # noqa: T201
        _changed.notify_all()
    return record, answer


def _told(name: str, body: bytes) -> list[Json]:
    """The answers that an event's data asks of a name."""
    try:
        return list(json.loads(body)["answers"][name])
    except (ValueError, LookupError, TypeError):
        return [_TAKEN]


def send(url: str, method: str, headers: dict[str, str], body: str) -> Json:
    """Make a request exactly as it is given, the path too."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.netloc, timeout=_SEND_SECONDS)
    try:
        # Whatever follows the host, as it stands: two slashes are two slashes.
        target = url.partition(address.netloc)[2] or "/"
        connection.putrequest(method, target, skip_accept_encoding=True)
        content = body.encode()
        for name, value in headers.items():
            connection.putheader(name, value.encode())
        connection.putheader("content-length", str(len(content)))
        connection.endheaders(content)
        answer = connection.getresponse()
        received = _headers(answer.getheaders())
        return {"status": answer.status, "headers": received, "body": answer.read().decode(errors="replace")}
    finally:
        connection.close()


def _headers(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers by name; Python takes for Latin-1 what is UTF-8."""
    return {name.lower(): value.encode("latin-1").decode(errors="replace") for name, value in pairs}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def main() -> None:
    """Serve where the environment says, and print where that is."""
    address = os.environ.get("HOST", ""), int(os.environ.get("PORT", "0"))
    with _Server(address, Handler) as server:
        print(json.dumps({"port": server.server_port}), flush=True)  # noqa: T201
        server.serve_forever()


if __name__ == "__main__":
    main()
