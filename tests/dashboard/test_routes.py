"""What browsers get of the page, and what they do not."""

from __future__ import annotations

import httpx
import pytest
from starlette.applications import Starlette

from cadenza import __version__
from cadenza.config import load_tree
from cadenza.dashboard.assets import Assets
from cadenza.dashboard.routes import page_routes
from cadenza.dashboard.vendor import BUILDS
from cadenza.server.origin import Origins

HERE = "http://127.0.0.1:8000"
EVERYWHERE = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
INDEX = '<!doctype html><script type="module" src="page/main.js"></script>'


@pytest.fixture
def folders(tmp_path):
    """A page of three files and all builds, beside a file that is nobody's business."""
    page, vendor = tmp_path / "page", tmp_path / "vendor"
    (page / "modules").mkdir(parents=True)
    vendor.mkdir()
    (page / "index.html").write_text(INDEX)
    (page / "modules/book.js").write_text("export const book = 1;")
    (page / "notes.py").write_text("secret = 1")
    (page / ".hidden.js").write_text("secret = 1")
    (tmp_path / "secret.js").write_text("secret = 1")
    (page / "link.js").symlink_to(tmp_path / "secret.js")
    for build in BUILDS:
        (vendor / build.name).write_text(f"// {build.name}")
    return page, vendor


@pytest.fixture
def browser(folders):
    """``browser(origins, **sections)``: a client of an application that serves the folders."""

    def make(origins=(), base=HERE, **sections):
        tree = {"dashboard": {"enabled": True}, **sections}
        config, _ = load_tree(tree, {}, {})
        routes = page_routes(config, Origins(origins, "http"), assets=Assets(*folders))
        transport = httpx.ASGITransport(Starlette(routes=routes))
        return httpx.AsyncClient(transport=transport, base_url=base)

    return make


def assert_guarded(answer):
    """The headers that every answer has."""
    assert {name: answer.headers.get(name) for name in EVERYWHERE} == EVERYWHERE
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy


async def test_the_page_and_its_files_are_served_with_their_types(browser):
    async with browser() as web:
        index = await web.get("/")
        assert (index.status_code, index.text) == (200, INDEX)
        assert index.headers["content-type"] == "text/html; charset=utf-8"
        module = await web.get("/page/modules/book.js")
        assert module.headers["content-type"] == "text/javascript; charset=utf-8"
        build = await web.get("/page/vendor/centrifuge.js")
        assert build.text == "// centrifuge.js"
        for answer in (index, module, build):
            assert_guarded(answer)
            assert answer.headers["cache-control"] == "no-cache"


async def test_the_policy_names_the_sockets_of_this_host_alone(browser):
    """Browsers that do not take 'self' for WebSockets too need them named."""
    async with browser(["https://trade.example"], "https://trade.example") as web:
        policy = (await web.get("/")).headers["content-security-policy"]
    assert "connect-src 'self' ws://trade.example wss://trade.example;" in policy


@pytest.mark.parametrize(
    "path",
    [
        "/page/nothing.js",
        "/page/",
        "/page/modules",
        "/page/modules/",
        "/page/notes.py",
        "/page/.hidden.js",
        "/page/link.js",
        "/page/%2e%2e/secret.js",
        "/page/..%2fsecret.js",
        "/page/modules/..%2f..%2fsecret.js",
        "/page/vendor/..%2fsecret.js",
        "/page/..%5csecret.js",
        "/page/%2fetc%2fpasswd",
        "/page//etc/passwd",
        "/page/index.html%00.js",
        "/page/vendor/nothing.js",
        "/page/" + "a/" * 500 + "b.js",
        "/page/" + "a" * 5000 + ".js",
    ],
)
async def test_nothing_else_is(browser, path):
    """Neither what is not there, nor what is beside, behind a link, hidden, or of another kind."""
    async with browser() as web:
        answer = await web.get(path)
    assert answer.status_code == 404
    assert "secret" not in answer.text
    assert_guarded(answer)


async def test_a_file_that_the_browser_has_is_not_sent_again(browser, folders):
    async with browser() as web:
        etag = (await web.get("/page/modules/book.js")).headers["etag"]
        for known in (etag, f"W/{etag}", f'"x", {etag}', "*"):
            again = await web.get("/page/modules/book.js", headers={"if-none-match": known})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == etag
            assert_guarded(again)
        other = await web.get("/page/modules/book.js", headers={"if-none-match": '"x"'})
        assert other.status_code == 200
        (folders[0] / "modules/book.js").write_text("export const book = 'changed';")
        changed = await web.get("/page/modules/book.js", headers={"if-none-match": etag})
        assert (changed.status_code, changed.text) == (200, "export const book = 'changed';")


@pytest.mark.parametrize("path", ["/", "/page/main.js", "/page/settings.json"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_one_can_only_read(browser, path, method):
    async with browser() as web:
        answer = await web.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"
    assert_guarded(answer)
    assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_without_the_builds_the_page_says_how_to_get_them(browser, folders):
    """And needs no restart once they are there."""
    build = folders[1] / "lightweight-charts.mjs"
    build.rename(folders[1] / "elsewhere")
    async with browser() as web:
        answer = await web.get("/")
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "not here: lightweight-charts.mjs." in answer.text
        assert "python -m cadenza.dashboard.vendor" in answer.text
        assert_guarded(answer)
        (folders[1] / "elsewhere").rename(build)
        assert (await web.get("/")).status_code == 200


@pytest.mark.parametrize("path", ["/", "/page/modules/book.js", "/page/settings.json"])
async def test_a_name_that_anybody_can_point_here_gets_nothing(browser, path):
    """DNS rebinding: the sentence says what to do, and the name cannot speak for itself."""
    async with browser(["https://trade.example"], "http://evil.example:8000") as web:
        answer = await web.get(path)
        assert answer.status_code == 421
        assert "evil.example:8000" in answer.text
        assert "client.allowed_origins" in answer.text
        assert_guarded(answer)
        hostile = await web.get(path, headers={"host": "<script>alert(1)</script>"})
        assert hostile.status_code == 421
        assert "<script>" not in hostile.text


@pytest.mark.parametrize(
    ("origins", "base"),
    [
        ([], "http://localhost:8000"),
        ([], "http://127.0.0.1:8000"),
        ([], "http://[::1]:8000"),
        ([], "http://192.168.7.5"),
        (["https://trade.example"], "https://trade.example"),
        (["https://*.trade.example"], "https://eu.trade.example"),
        (["*"], "https://any.example"),
    ],
)
async def test_its_own_names_are_addresses_and_those_of_the_list(browser, origins, base):
    async with browser(origins, base) as web:
        assert (await web.get("/")).status_code == 200


async def test_the_policy_cannot_be_written_by_a_host_header(browser):
    """Even where every name is allowed."""
    async with browser(["*"]) as web:
        answer = await web.get("/", headers={"host": "a.example; script-src *"})
    assert answer.status_code == 421
    assert_guarded(answer)


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        ({}, {}),
        ({"http_api": {"disabled": True}}, {"api": None}),
        ({"http_server": {"internal_port": 9000}}, {"api": None}),
        ({"http_server": {"internal_port": 9000}, "http_api": {"external": True}}, {}),
        ({"http_api": {"handler_prefix": "/server"}}, {"api": "/server"}),
        ({"websocket": {"disabled": True}}, {"websocket": None}),
        ({"websocket": {"handler_prefix": "/ws"}}, {"websocket": "/ws"}),
        ({"trading": {"enabled": False}, "faults": {"enabled": True}},
         {"trading": False, "faults": True}),
    ],
)  # fmt: skip
async def test_the_settings_say_where_things_are(browser, sections, expected):
    """No key and no token is among them."""
    secret = "hmac-key-of-this-test-0123456789abcdef"
    sections = {"client": {"token": {"hmac_secret_key": secret}}, **sections}
    async with browser(**sections) as web:
        answer = await web.get("/page/settings.json")
    usual = {
        "version": __version__,
        "websocket": "/connection/websocket",
        "rest": "/api/v3",
        "api": "/api",
        "trading": True,
        "faults": False,
    }
    assert answer.json() == usual | expected
    assert answer.headers["cache-control"] == "no-store"
    assert_guarded(answer)


async def test_it_can_have_another_path(browser):
    """With the slash at its end that relative addresses need."""
    prefix = {"dashboard": {"enabled": True, "handler_prefix": "/ui"}}
    async with browser(**prefix) as web:
        onward = await web.get("/ui")
        assert (onward.status_code, onward.headers["location"]) == (308, "/ui/")
        assert_guarded(onward)
        assert (await web.get("/ui/")).text == INDEX
        assert (await web.get("/ui/page/modules/book.js")).status_code == 200
        assert (await web.get("/")).status_code == 404


def test_without_dashboard_enabled_there_are_no_routes():
    config, _ = load_tree({}, {}, {})
    assert page_routes(config, Origins(())) == []
