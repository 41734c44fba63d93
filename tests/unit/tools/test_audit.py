"""An audit finds, fails, or says that there was none; a service that is not there is never taken for a clean bill."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tools import audit

ADVISORY = {"id": "GHSA-xxxx-xxxx-xxxx", "summary": "it runs what it reads", "affected": [], "aliases": ["CVE-2026-1"]}


class Service(BaseHTTPRequestHandler):
    """An API like OSV's: what is known of each package, or an answer that is none."""

    known: dict[str, list[dict[str, Any]]]
    status = 200

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.dumps({"vulns": self.known.get(asked["package"]["name"], [])}).encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(**answers: object) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Answers", (Service,), {"known": {}, **answers}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def pins(tmp_path: Path) -> Path:
    path = tmp_path / "requirements.txt"
    path.write_text("".join(f"{name}==1.0 --hash=sha256:{'a1' * 32}\n" for name in ("one", "other")))
    return path


def run(monkeypatch: pytest.MonkeyPatch, service: str, pins: Path) -> int:
    monkeypatch.setattr("sys.argv", ["tools.audit", "--service", service, "--requirements", str(pins)])
    return audit.main()


def test_pins_of_which_nothing_is_known_pass(monkeypatch: pytest.MonkeyPatch, pins: Path) -> None:
    with serving() as service:
        assert run(monkeypatch, service, pins) == 0


def test_a_known_vulnerability_fails_and_is_named(
    monkeypatch: pytest.MonkeyPatch, pins: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with serving(known={"other": [ADVISORY]}) as service:
        assert run(monkeypatch, service, pins) == 1
    assert "CVE-2026-1" in capfd.readouterr().out


def test_a_service_that_cannot_be_reached_is_said_to_be_skipped(
    monkeypatch: pytest.MonkeyPatch, pins: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with serving() as service:
        pass
    assert run(monkeypatch, service, pins) == 0
    assert capfd.readouterr().out.startswith(f"skipped, and nothing audited: {service} cannot be reached from here (")


def test_a_service_that_gives_no_answer_fails(monkeypatch: pytest.MonkeyPatch, pins: Path) -> None:
    with serving(status=503) as service:
        assert run(monkeypatch, service, pins) == 1
