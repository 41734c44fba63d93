"""A real Prometheus and its Alertmanager, processes of this machine, that report to the intake through the gateway."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.e2e.api import Json
from tests.e2e.driver import ROOT, Cluster
from tests.listening import listening

INSTALLED = all(shutil.which(program) for program in ("prometheus", "prometheus-alertmanager"))

_EXAMPLE = ROOT / "examples" / "alertmanager" / "alertmanager.yml"
_JOB = "emergencies"


@dataclass(frozen=True)
class Prometheus:
    """A Prometheus whose one rule fires for each target that it scrapes."""

    address: str
    targets: Path

    def fire(self, **labels: str) -> None:
        """Let the alert fire, with labels: there is a target now, which is Prometheus itself."""
        self._discover([{"targets": [self.address], "labels": labels}])

    def resolve(self) -> None:
        """Let the alert resolve: there is no target any more."""
        self._discover([])

    def _discover(self, targets: list[Json]) -> None:
        """Prometheus watches the folder of the file, so it must never see half of one."""
        new = self.targets.with_suffix(".new")
        new.write_text(json.dumps(targets))
        new.replace(self.targets)


@contextmanager
def monitoring(folder: Path, cluster: Cluster, alert_type: str) -> Iterator[Prometheus]:
    """Prometheus with one rule, and Alertmanager as the example configures it, until the block ends."""
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(_alertmanager(cluster)))
    with listening(
        "prometheus-alertmanager",
        f"--config.file={folder}/alertmanager.yml",
        f"--storage.path={folder}/alertmanager",
        "--cluster.listen-address=",
    ) as alertmanager:
        (folder / "rules.yml").write_text(yaml.safe_dump(_rules(alert_type)))
        (folder / "prometheus.yml").write_text(yaml.safe_dump(_prometheus(alertmanager)))
        (folder / "targets.json").write_text("[]")
        with listening(
            "prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/prometheus"
        ) as prometheus:
            yield Prometheus(prometheus, folder / "targets.json")


def _alertmanager(cluster: Cluster) -> Json:
    """The example, only quicker, and from outside: the gateway stands between."""
    configuration: Json = yaml.safe_load(_EXAMPLE.read_text())
    configuration["route"] |= {"group_wait": "0s", "group_interval": "1s"}
    (receiver,) = configuration["receivers"]
    (webhook,) = receiver["webhook_configs"]
    webhook["url"] = f"http://{cluster.host}/alertmanager/alert"
    webhook["http_config"] = {"proxy_url": cluster.gateway}
    if token := cluster.tokens.get("AlertManager"):
        webhook["http_config"]["authorization"] = {"credentials": token}
    return configuration


def _prometheus(alertmanager: str) -> Json:
    # Prometheus reads the file before it watches its folder, so that it may miss the first change.
    targets = {"files": ["targets.json"], "refresh_interval": "1s"}
    return {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
        "scrape_configs": [{"job_name": _JOB, "file_sd_configs": [targets]}],
    }


def _rules(alert_type: str) -> Json:
    rule = {
        "alert": alert_type,
        "expr": f'up{{job="{_JOB}"}} == 1',
        "labels": {"severity": "critical"},
        "annotations": {"summary": "{{ $labels.node }} is in trouble"},
    }
    return {"groups": [{"name": "aegis", "rules": [rule]}]}
