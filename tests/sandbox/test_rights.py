"""What the functions ask of the API server, through an alert's whole life, is what their accounts may ask.

The sandbox lets everybody do everything; its account of who asked what is held against the Roles of `knative/`.
"""

import json

import pytest

from tests.sandbox.driver import ALERTS, ROOT, Driver, custom, running
from tests.unit.manifests.reading import SERVING, granted, of_kind, read

pytestmark = pytest.mark.sandbox

AGENT = "aegis-function/"


def asked(driver: Driver) -> dict[str, set[tuple[str, str, str]]]:
    """For each function's account: the API group, resource and verb of all its requests."""
    accounts = {
        name: service.spec["template"]["spec"]["serviceAccountName"]
        for name, service in of_kind(read("knative"), "Service", SERVING).items()
    }
    requests: dict[str, set[tuple[str, str, str]]] = {}
    for agent, counts in driver.call("GET", "/debug/requests").items():
        if agent.startswith(AGENT):
            account = requests.setdefault(accounts[agent.removeprefix(AGENT)], set())
            account.update(_request(what) for what in counts)
    return requests


def _request(what: str) -> tuple[str, str, str]:
    """``patch aegisalerts.aegis.io/status`` as group, resource and verb."""
    verb, _, target = what.partition(" ")
    qualified, slash, subresource = target.partition("/")
    resource, _, group = qualified.partition(".")
    return group, f"{resource}{slash}{subresource}", verb


def live(driver: Driver) -> None:
    """Lead alerts through all that may happen to them."""
    driver.set("aegis", AEGIS_RAW_ALERTS="on")
    driver.rule("rights", alert_type="Rights", script="kubectl cordon {{.node}}")
    driver.rule("undo", alert_type="Rights", status="Resolved", script="kubectl uncordon {{.node}}")
    driver.rule("broken", alert_type="Broken", manifest="kind: Workflow\nspec: {nonsense: 1}")
    name = driver.result(custom("Rights", fingerprint="f1"))["name"]
    driver.settled(name, "Succeeded")
    driver.result(custom("Rights", fingerprint="f1"))
    driver.result(custom("Rights", fingerprint="f1", status="Resolved"))
    driver.alert_when(name, lambda alert: alert["status"].get("resolved", {}).get("outcome") == "Succeeded")
    broken = driver.result(custom("Broken", fingerprint="f2"))["name"]
    driver.triggered(broken, "TemplateInvalid")
    raw = {"any": "thing"}
    assert driver.post(raw, "/ai/alert").status_code == driver.post(raw, "/ai/alert").status_code == 202
    driver.apply(
        ALERTS, "by-hand", {"type": "Rights", "details": {"node": "dev1"}, "ttlStrategy": {"secondsAfterSuccess": 0}}
    )
    driver.watch_until(ALERTS, lambda seen: "Succeeded" in json.dumps(seen.get("by-hand", {})))
    driver.watch_until(ALERTS, lambda seen: "by-hand" not in seen)


def test_the_functions_ask_for_nothing_that_they_may_not() -> None:
    with running("--tick=2") as driver:
        live(driver)
        requests = asked(driver)
    manifests = read("knative")
    assert set(requests) == {folder.parent.name.replace("_", "-") for folder in ROOT.glob("functions/*/main.py")}
    for account, made in requests.items():
        may = {
            (group, resource, verb)
            for kind in ("Role", "ClusterRole")
            for (group, resource), verbs in granted(manifests, account, kind).items()
            for verb in verbs
        }
        assert made <= may, f"{account} asked for {made - may}"
