"""Which web pages may talk to the server."""

from __future__ import annotations

import pytest

from cadenza.server.origin import Origins


@pytest.mark.parametrize(
    ("patterns", "origin", "allowed"),
    [
        ([], None, True),
        ([], "", True),
        ([], "https://a.example", False),
        ([], "null", False),
        (["*"], "https://a.example", True),
        (["*"], "null", True),
        (["https://a.example"], "https://a.example", True),
        (["https://a.example"], "HTTPS://A.Example", True),
        (["https://A.example"], "https://a.example", True),
        (["https://a.example"], "http://a.example", False),
        (["https://a.example"], "https://a.example:8443", False),
        (["https://a.example"], "https://a.example.evil.example", False),
        (["https://a.example"], "https://xa.example", False),
        (["https://a.example"], "https://aXexample", False),
        (["https://*.a.example"], "https://b.a.example", True),
        (["https://*.a.example"], "https://a.example", False),
        (["http://localhost:*"], "http://localhost:3000", True),
        (["http://localhost:*"], "http://localhost", False),
        (["https://b.example", "https://a.example"], "https://a.example", True),
    ],
)
def test_patterns(patterns, origin, allowed):
    """A star is any text, everything else is itself, and the whole origin must match."""
    assert Origins(patterns).allows(origin) is allowed


def test_cors_headers_for_an_allowed_origin():
    """The origin is echoed, and the headers that a preflight asks for are allowed."""
    origins = Origins(["https://a.example"])
    assert origins.cors({"origin": "https://a.example"}) == {
        "access-control-allow-origin": "https://a.example",
        "access-control-allow-credentials": "true",
        "vary": "Origin",
    }
    asked = {"origin": "https://a.example", "access-control-request-headers": "content-type"}
    assert origins.cors(asked)["access-control-allow-headers"] == "content-type"


@pytest.mark.parametrize("request_headers", [{}, {"origin": "https://evil.example"}])
def test_no_cors_headers_for_others(request_headers):
    """Neither without an origin nor for one that is not allowed."""
    assert Origins(["https://a.example"]).cors(request_headers) == {}


@pytest.mark.parametrize(
    ("scheme", "origin", "host", "allowed"),
    [
        ("", "http://127.0.0.1:8000", "127.0.0.1:8000", False),
        ("http", "http://127.0.0.1:8000", "127.0.0.1:8000", True),
        ("http", "http://127.0.0.1:8000", "", False),
        ("https", "https://10.0.0.7", "10.0.0.7", True),
        ("https", "http://10.0.0.7", "10.0.0.7", False),
        ("http", "http://[2001:db8::1]:8000", "[2001:DB8::1]:8000", True),
        ("http", "http://localhost", "localhost", True),
        ("http", "http://evil.example", "evil.example", False),
        ("http", "http://localhost.", "localhost.", False),
    ],
)
def test_a_server_with_a_page_allows_its_own(scheme, origin, host, allowed):
    """Under an address or localhost, with its own scheme; nothing of it without a page."""
    origins = Origins([], scheme)
    assert origins.allows(origin, host) is allowed
    assert bool(origins.cors({"origin": origin, "host": host})) is allowed
