"""Addresses from which a picture may be fetched."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strandline.errors import InvalidInputError
from strandline.model.addresses import (
    has_password,
    hide_passwords,
    is_public,
    is_web_address,
    parse_web_address,
)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1",
        "64:ff9b::7f00:1", "2002:7f00:1::", "2002:c0a8:101::1", "not an address", "",
    ],
)  # fmt: skip
def test_private_networks_and_this_machine_are_not_public(address: str) -> None:
    """Also not if the address is hidden in another one."""
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_addresses_on_the_internet_are_public(address: str) -> None:
    """In both versions."""
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_what_carries_a_private_address_is_as_private(address: IPv4Address) -> None:
    """As IPv4, mapped into IPv6, or behind NAT64."""
    expected = address.is_global and not address.is_multicast
    assert is_public(str(address)) == expected
    assert is_public(f"::ffff:{address}") == expected
    assert is_public(f"64:ff9b::{address}") == expected


def test_an_address_is_taken_apart() -> None:
    """The name is the last part of the path. What follows a question mark may be a key, and is not shown."""
    found = parse_web_address("HTTPS://Example.org:8443/a%20b/Häfen.png?key=secret#part")
    assert (found.scheme, found.host, found.port) == ("https", "example.org", 8443)
    assert found.target == "/a%20b/H%C3%A4fen.png?key=secret"
    assert found.name == "Häfen.png"
    assert (found.host_header, "secret" in found.shown) == ("example.org:8443", False)
    assert parse_web_address("http://[2606:4700::1111]/").host_header == "[2606:4700::1111]"
    assert parse_web_address("http://bücher.example/x").host == "xn--bcher-kva.example"
    assert parse_web_address("http://example.org").name is None


@pytest.mark.parametrize(
    "text",
    [
        "ftp://example.org/a",
        "https:///a",
        "http://user:pass@example.org/a",
        "http://example.org:99999/",
        "http://[::1/a",
    ],
)
def test_what_is_no_address_on_the_web_is_refused(text: str) -> None:
    """A password would be stored with the image's source."""
    with pytest.raises(InvalidInputError):
        parse_web_address(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://example.org/a.png", True), ("HTTP://x", True), ("https:/example.org", False), ("httpx://a", False),
        ("C:\\a.png", False), ("http", False), ("", False), ("photo.png", False),
    ],
)  # fmt: skip
def test_addresses_are_told_from_paths(text: str, expected: bool) -> None:
    """By scheme and both slashes."""
    assert is_web_address(text) is expected


@given(st.text())
def test_any_text_is_an_address_or_refused(text: str) -> None:
    """Nothing else is raised."""
    try:
        found = parse_web_address(text)
    except InvalidInputError:
        return
    assert found.host.isascii()
    assert " " not in found.target


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://ada:S3CRET@host/pics", "postgresql://ada:S3/CRET@host/pics", "postgres://:S3CRET@host",
        "postgresql://ada:S3?CRET@host/pics",
        "postgresql://ada@host/pics?password=S3CRET", "postgresql:///pics?host=x&PassWord=S3CRET&user=ada",
        "postgresql://ada@host/pics?sslpassword=S3CRET", "postgresql://ada@host/pics?pass%77ord=S3CRET",
        "postgresql://ada@host/pics?password%3DS3CRET",
    ],
)  # fmt: skip
def test_a_password_in_the_address_of_a_database_is_found_and_hidden(address: str) -> None:
    """The rest stays readable, so that a person knows which address it is."""
    assert has_password(address)
    assert "CRET" not in hide_passwords(address)
    assert "***" in hide_passwords(address)


@pytest.mark.parametrize(
    "text", ["postgresql://a:S3?CRET@host/x", "host=h password='S3 CRET'", "mysql://a:S3@CRET@host/x"]
)
def test_a_password_is_hidden_in_what_is_no_address(text: str) -> None:
    """What is refused for another reason is shown, too."""
    assert "CRET" not in hide_passwords(text)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://ada@host/pics", "postgresql://ada@host:5432/pics?passfile=/etc/pgpass", "postgresql:///pics",
        "postgresql://ada@one:5432,two:5432/pics?target_session_attrs=read-write", "postgresql://host:5432/pics",
        "postgresql:///pics?host=/run/postgresql&user=ada",
    ],
)  # fmt: skip
def test_an_address_without_a_password_is_as_it_is(address: str) -> None:
    """A port is none."""
    assert not has_password(address)
    assert hide_passwords(address) == address
