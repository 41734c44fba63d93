"""Apply crds/, knative/ and eventing/ to the cluster that KUBECONFIG names, and wait until all of it is ready.

``python -m tools.deploy``. The manifests are applied as they are, but for the names of images that ``tools.images``
has pushed: those carry their digests, so that an image built again is an image used. The tokens that senders show are
made where there are none yet, and never printed.
"""

from __future__ import annotations

import json
import secrets
import sys
from typing import TYPE_CHECKING

from tools.images import PUBLIC, PUSHED, ROOT
from tools.programs import ToolError, run

if TYPE_CHECKING:
    from pathlib import Path

_OVERLAY = ROOT / ".aegis/deploy"
_NAMESPACE = "monitoring"
_READY = ("services.serving.knative.dev", "brokers", "triggers", "sinkbindings", "apiserversources", "pingsources")
_PATIENCE_SECONDS = 180
_QUOTA = "aegis-alerts"
_QUOTA_ATTEMPTS = 4
_COUNTED = (
    "kubectl", "--namespace", _NAMESPACE, "wait", f"resourcequota/{_QUOTA}", "--timeout=15s",
    r"--for=jsonpath={.status.used.count/aegisalerts\.aegis\.io}",
)  # fmt: skip
_TOKENS = "aegis-intake-tokens"
_SOURCES = ("AlertManager", "Default")  # of /alertmanager/alert, and of alerts in JSON that name none
_TOLD = f"""\
made the Secret {_TOKENS}: whoever posts alerts shows a token of it now. Alertmanager's is printed by

  kubectl --namespace {_NAMESPACE} get secret {_TOKENS} --output go-template='{{{{.data.AlertManager | base64decode}}}}'

and shown by this receiver, once it is in a file beside Alertmanager:

  receivers:
    - name: aegis
      webhook_configs:
        - url: http://aegis.{_NAMESPACE}/alertmanager/alert
          send_resolved: true
          http_config:
            authorization:
              credentials_file: /etc/alertmanager/aegis-token

Other senders: docs/operations.md#tokens
"""


def main() -> int:
    """Deploy; return the exit code."""
    try:
        _apply(ROOT / "crds")
        run("kubectl", "wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
        _make_tokens()
        _apply(_overlay())
        _apply(ROOT / "eventing")
        print("waiting until all of it is ready …", flush=True)  # noqa: T201
        _have_alerts_counted()
        late = _late()
        print(_kubectl("get", ",".join(_READY)))  # noqa: T201
    except ToolError as error:
        late = str(error)
    if late:
        print(late, file=sys.stderr)  # noqa: T201
    return 1 if late else 0


def _late() -> str:
    """Wait for each kind of object; return what kubectl says of those that did not become ready."""
    try:
        for kind in _READY:
            _kubectl("wait", "--for=condition=Ready", f"--timeout={_PATIENCE_SECONDS}s", "--all", kind)
    except ToolError as error:
        return str(error)
    return ""


def _kubectl(*words: str) -> str:
    return run("kubectl", "--namespace", _NAMESPACE, *words)


def _apply(folder: Path) -> None:
    print(f"applying {folder.relative_to(ROOT)} …", flush=True)  # noqa: T201
    run("kubectl", "apply", "--server-side", "--force-conflicts", "--kustomize", folder)


def _have_alerts_counted() -> None:
    """Wait until the quota counts alerts: before, none can be created.

    The controller looks for new kinds every half minute. A quota that it saw before it knew the kind it looks at again
    only after minutes, unless it is made anew.
    """
    for _ in range(_QUOTA_ATTEMPTS):
        try:
            run(*_COUNTED)
        except ToolError:
            _kubectl("delete", "resourcequota", _QUOTA, "--ignore-not-found")
            run("kubectl", "apply", "--server-side", "--force-conflicts", "--kustomize", _OVERLAY)
        else:
            return
    run(*_COUNTED)


def _make_tokens() -> None:
    """Make the Secret with a token for each source, unless it is there; before the pods that mount it start."""
    if _kubectl("get", "secret", _TOKENS, "--ignore-not-found", "--output=name").strip():
        return
    run("kubectl", "apply", "--server-side", "--force-conflicts", "--filename", ROOT / "knative/namespace.yaml")
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": _TOKENS, "labels": {"app.kubernetes.io/part-of": "aegis"}},
        "stringData": {source: secrets.token_hex(32) for source in _SOURCES},
    }
    run("kubectl", "--namespace", _NAMESPACE, "create", "--filename=-", reads=json.dumps(secret))
    print(_TOLD, flush=True)  # noqa: T201


def _overlay() -> Path:
    """Write a kustomization that is knative/ with the images that were pushed."""
    pushed = json.loads(PUSHED.read_text()) if PUSHED.exists() else {}
    images = [
        {"name": f"{PUBLIC}/{name}", "newName": image["image"], "digest": image["digest"]}
        for name, image in pushed.items()
    ]
    _OVERLAY.mkdir(parents=True, exist_ok=True)
    kustomization = {"resources": ["../../knative"], "images": images}
    (_OVERLAY / "kustomization.yaml").write_text(json.dumps(kustomization, indent=2) + "\n")
    return _OVERLAY


if __name__ == "__main__":
    sys.exit(main())
