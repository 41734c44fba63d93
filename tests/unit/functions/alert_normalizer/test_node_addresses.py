"""Which node an instance is an address of."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis.models.states import AlertStatus
from aegis.names import Fingerprint
from functions.alert_normalizer.incoming import Incoming, Subject
from functions.alert_normalizer.node_addresses import AMBIGUOUS, host_of, placed, spelled

ROW = "node-exporter's instance, by job"
PORTS = st.integers(0, 65535)
NAMES = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9-]{0,20}[A-Za-z0-9])?(\.[A-Za-z][A-Za-z0-9-]{0,10})*", fullmatch=True)


@given(st.ip_addresses(v=4), PORTS)
def test_an_address_of_ipv4_is_found_with_and_without_port(address: IPv4Address, port: int) -> None:
    assert spelled(host_of(f"{address}:{port}")) == spelled(host_of(str(address))) == str(address)


@given(st.ip_addresses(v=6), PORTS)
def test_an_address_of_ipv6_is_found_however_it_is_spelled(address: IPv6Address, port: int) -> None:
    for text in (str(address), address.exploded, address.exploded.upper()):
        for instance in (text, f"[{text}]", f"[{text}]:{port}"):
            assert spelled(host_of(instance)) == str(address.ipv4_mapped or address)


@given(NAMES, PORTS)
def test_a_name_is_found_whatever_its_case(name: str, port: int) -> None:
    for instance in (name, f"{name}:{port}", f"{name.upper()}:{port}", f"{name}.:{port}"):
        assert spelled(host_of(instance)) == spelled(name)


@given(st.text() | st.text(st.sampled_from("[]:.19a/%"), max_size=20))
def test_rubbish_is_nothing_else_than_it_says(instance: str) -> None:
    host = host_of(instance)
    assert host in instance
    assert spelled(spelled(host)) in (spelled(host), spelled(host).removesuffix("."))


@pytest.mark.parametrize("instance", ["", ":", ":9100", "[]:9100", "http://10.0.0.7:9100/metrics", "10.0.0.7:http"])
def test_what_is_no_address_is_not_that_of_a_node(instance: str) -> None:
    assert spelled(host_of(instance)) not in ("10.0.0.7", "http")


def test_what_is_too_long_for_a_host_name_is_none() -> None:
    assert spelled("a" * 253)
    assert spelled("a" * 254) == ""


def at(address: str) -> Incoming:
    subject = Subject(inferred_from=ROW)
    return Incoming("s", "A", AlertStatus.FIRING, "", subject, {}, Fingerprint("f1"), "", node_address=address)


def test_the_alert_is_about_the_node_with_the_address() -> None:
    alert = placed(at("10.0.0.7"), {"10.0.0.7": "dev1"})
    assert alert.involved_object == ("Node", "dev1", "", "dev1", ROW)
    assert not alert.node_address


@pytest.mark.parametrize(
    ("nodes", "reason"),
    [
        ({}, "no node has that address"),
        ({"10.0.0.7": AMBIGUOUS}, "more than one node has that address"),
        (None, "the nodes could not be listed"),
    ],
)
def test_an_address_of_no_known_node_leaves_the_subject_empty_and_says_why(
    nodes: dict[str, str] | None, reason: str
) -> None:
    alert = placed(at("10.0.0.7"), nodes)
    assert alert.involved_object == ("", "", "", "", f"{ROW}: {reason}")
    assert bool(alert.node_address) is (nodes is None)


@pytest.mark.parametrize("nodes", [{"10.0.0.7": "dev1"}, None])
def test_a_host_by_its_name_is_what_it_says_though_it_is_no_node_of_the_cluster(nodes: dict[str, str] | None) -> None:
    alert = placed(at("vm7"), nodes)
    assert alert.involved_object == ("Node", "vm7", "", "vm7", ROW)
    assert bool(alert.node_address) is (nodes is None)  # so that a repeat takes nothing back


@pytest.mark.parametrize("host", ["localhost", "a.localhost", "10.0.0.999", "1", "10.1"])
def test_what_is_misspelled_or_the_measurer_itself_is_no_name_of_a_node(host: str) -> None:
    assert placed(at(host), {}).involved_object == ("", "", "", "", f"{ROW}: no node has that address")
    assert placed(at(host), {host: "dev1"}).involved_object.name == "dev1"


def test_an_address_of_ipv4_within_ipv6_is_that_address() -> None:
    assert spelled(host_of("[::ffff:10.0.0.7]:9100")) == "10.0.0.7"


def test_a_node_by_another_name_of_its_own_is_that_node() -> None:
    assert placed(at("ip-10-0-0-7"), {"ip-10-0-0-7": "dev1"}).involved_object.name == "dev1"


def test_an_alert_that_says_what_it_is_about_stays_as_it_is() -> None:
    alert = at("")._replace(involved_object=Subject("Node", "dev2", "", "dev2"))
    assert placed(alert, {"dev2": "dev1"}) is alert
