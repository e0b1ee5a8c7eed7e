"""What is said in place of the page where it cannot be given out: HTML without script or style."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Final

_WHOLE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Cadenza</title>
<h1>Cadenza</h1>
{paragraphs}
</html>
"""
_NO_BUILDS: Final = """\
<p>The gateway runs. Its page needs two libraries of other people, centrifuge and
lightweight-charts, and these of their files are not here: {names}.</p>
<p>They come from npm once; after that the page needs no internet. In a checkout of Cadenza:</p>
<pre>make page</pre>
<p>Anywhere else, with Node.js 18 or newer, npm, and the Python that runs the gateway:</p>
<pre>python -m cadenza.dashboard.vendor</pre>
<p>Then load this page again. The gateway need not be restarted.</p>"""
_UNKNOWN_HOST: Final = """\
<p>This page was asked for under the name {host}, which the gateway does not know as its own.</p>
<p>Under an IP address or localhost it needs no configuration. For any other name, add its origin,
for example https://trade.example.com, to client.allowed_origins in the configuration of the
gateway, and restart it.</p>"""


def no_builds(names: Sequence[str]) -> str:
    """The page lacks files; how to get them."""
    return _WHOLE.format(paragraphs=_NO_BUILDS.format(names=html.escape(", ".join(names))))


def unknown_host(host: str) -> str:
    """The page was asked for under a name that may be anybody's."""
    shown = html.escape(host[:100]) or "(none)"
    return _WHOLE.format(paragraphs=_UNKNOWN_HOST.format(host=shown))
