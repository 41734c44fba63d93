"""The cluster's own authority, and a certificate and kubeconfig for each who talks to its API server."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import trustme

from tests.cluster.layout import API_SERVER, CERTIFICATES

if TYPE_CHECKING:
    from pathlib import Path

AUTHORITY = CERTIFICATES / "authority.crt"


@dataclass(frozen=True)
class Certificate:
    """A certificate and its private key, as files."""

    crt: Path
    key: Path


def certificate(name: str) -> Certificate:
    """Return where the certificate of user ``name`` is, once it is issued."""
    stem = CERTIFICATES / name.replace(":", "-")
    return Certificate(stem.with_suffix(".crt"), stem.with_suffix(".key"))


class Authority:
    """Issues certificates that all parts of the cluster trust, and no one else."""

    def __init__(self) -> None:
        CERTIFICATES.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._authority = trustme.CA(organization_name="aegis test cluster")
        self._authority.cert_pem.write_to_path(str(AUTHORITY))

    def issue(self, name: str, *addresses: str, group: str | None = None) -> Certificate:
        """Issue a certificate for user ``name`` of ``group``, which serves at ``addresses``.

        Kubernetes reads the common name as the user and the organization as its group:
        https://kubernetes.io/docs/reference/access-authn-authz/authentication/#x509-client-certificates
        """
        # Go refuses a certificate whose list of names is there and empty, as trustme would write it for a mere client.
        leaf = self._authority.issue_cert(
            *(addresses or ("client.invalid",)), common_name=name, organization_name=group
        )
        made = certificate(name)
        leaf.cert_chain_pems[0].write_to_path(str(made.crt))
        leaf.private_key_pem.write_to_path(str(made.key))
        made.key.chmod(0o600)
        return made

    def kubeconfig(self, path: Path, name: str, group: str | None = None) -> Path:
        """Write a kubeconfig with which its holder is user ``name`` of ``group``."""
        issued = self.issue(name, group=group)
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": "aegis", "cluster": {"server": API_SERVER, "certificate-authority": str(AUTHORITY)}},
            ],
            "users": [
                {
                    "name": name,
                    "user": {"client-certificate": str(issued.crt), "client-key": str(issued.key)},
                },
            ],
            "contexts": [{"name": "aegis", "context": {"cluster": "aegis", "user": name, "namespace": "default"}}],
            "current-context": "aegis",
        }
        path.write_text(json.dumps(config, indent=1))  # YAML, too
        path.chmod(0o600)
        return path
