"""The public address of a server behind a proxy, from its settings."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from strandline.model.public_address import PublicAddress, find_base_path, find_public_address


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("", ""),
        ("/", ""),
        ("/pics", "/pics"),
        ("/pics/", "/pics"),
        ("/a/b-c_d~1.2/", "/a/b-c_d~1.2"),
        ("/..pics/", "/..pics"),
        *((wrong, None) for wrong in (
            "pics", "pics/", "//", "//pics", "/pics//", "/a//b", "/.", "/../x", "/a/..", "/a/./b", "/pi cs/", "/?x",
            "/pics#x", "/p%69cs/", "/büro/", "/pics/\n", "https://pics.lan/", "\\pics", "/a\"b", "/a;b", "/<x>",
        )),
    ],
)  # fmt: skip
def test_a_base_path_is_a_plain_path(text: str, base: str | None) -> None:
    """With a slash at its end or without. What browsers, proxies, or cookies could read in two ways is refused."""
    assert find_base_path(text) == base


@pytest.mark.parametrize(
    ("text", "origin", "base"),
    [
        ("https://pics.lan", "https://pics.lan", ""),
        ("https://pics.lan/", "https://pics.lan", ""),
        ("HTTPS://Pics.LAN:443/", "https://pics.lan", ""),
        ("http://pics.lan:80", "http://pics.lan", ""),
        ("https://pics.lan:80", "https://pics.lan:80", ""),
        ("https://example.org:8443/my/pics/", "https://example.org:8443", "/my/pics"),
        ("https://[fd00::1]:8443/", "https://[fd00::1]:8443", ""),
    ],
)
def test_a_public_url_says_origin_and_base_path(text: str, origin: str, base: str) -> None:
    """As browsers send the origin: in lower case, without the usual port."""
    assert find_public_address(text) == PublicAddress(base, origin)


@pytest.mark.parametrize(
    "text",
    ["pics.lan", "//pics.lan/", "ftp://pics.lan/", "https://", "https:///pics", "https://a b/", "https://x@pics.lan/",
     "https://pics.lan/?x", "https://pics.lan/#x", "https://pics.lan:99999/", "https://pics.lan:x/",
     "https://bücher.lan/", "https://pics.lan/..", "https://pics.lan//", " https://pics.lan", "https://pics.lan/\n",
     "javascript:alert(1)"],
)  # fmt: skip
def test_anything_else_is_no_public_url(text: str) -> None:
    """A mistake is told when the settings are read."""
    assert find_public_address(text) is None


def test_without_a_setting_nothing_is_known() -> None:
    """Then a server is found where it listens."""
    found = find_public_address("")
    assert found == PublicAddress()
    assert found.say_url("http://127.0.0.1:8484") == "http://127.0.0.1:8484/"


@given(st.text(max_size=60) | st.from_regex(r"https?://[a-z.:0-9-]+/[a-z./]*", fullmatch=True))
@example("https://a/..a/")
def test_what_is_understood_says_itself(text: str) -> None:
    """Its own URL means the same again, and its parts can stand in a header, a cookie, and a page."""
    found = find_public_address(text)
    if found is None or not text:
        return
    assert find_public_address(found.say_url("")) == found
    assert find_base_path(found.base) == found.base
    assert not found.base.endswith("/")
    assert set(found.base + found.origin).isdisjoint(" \t\r\n;,\"'<>\\?#%")
    assert found.origin == found.origin.lower()
    assert found.is_secure == text.lower().startswith("https:")
