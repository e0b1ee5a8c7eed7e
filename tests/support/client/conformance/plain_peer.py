"""An honest server of the protocol with nothing of Cadenza in it: one reply a frame, no batches.

It keeps streams, presence and tokens in dictionaries, and follows the protocol to the letter. The
namespace of a channel says what it does: ``kept:`` keeps a stream that can be recovered, ``room:``
knows who is there, ``closed:`` lets nobody in.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict

EPOCH = "plain"


class _Channel:
    def __init__(self):
        self.stream = []
        self.members = {}


class _Session:
    """One connection, and who it is."""

    def __init__(self, line, client):
        self.line = line
        self.client = client
        self.user = ""

    @property
    def info(self):
        return {"user": self.user, "client": self.client}


class Refused(Exception):  # noqa: N818 - the server's word
    """An error of a reply: its code and message."""


class PlainPeer:
    """The server; ``serve`` it the lines of a ``byte_peer``."""

    def __init__(self):
        self._channels = defaultdict(_Channel)
        self._sessions = set()
        self._count = 0

    async def serve(self, line):
        """One connection, from its handshake to its end."""
        try:
            await line.upgrade()
        except (asyncio.IncompleteReadError, ConnectionError):
            return  # it has changed its mind
        self._count += 1
        session = _Session(line, f"client-{self._count}")
        self._sessions.add(session)
        try:
            while (command := await line.next_command()) is not None:
                self._take(session, command)
        finally:
            self._sessions.discard(session)
            for channel in list(self._channels):
                self._leave(session, channel)

    # What an operator does.

    def publish(self, channel, data, info=None):
        """Publish to everybody there."""
        found = self._channels[channel]
        publication = {"data": data, **({"info": info} if info else {})}
        if channel.startswith("kept:"):
            publication["offset"] = len(found.stream) + 1
            found.stream.append(publication)
        for session in found.members.values():
            self._push(session, channel, pub=publication)

    def disconnect(self, user, code, reason):
        """Close the connections of a user."""
        for session in list(self._sessions):
            if session.user == user:
                session.line.close(code, reason)

    def unsubscribe(self, user, channel):
        """End the subscriptions of a user to a channel, for good."""
        for session in list(self._sessions):
            if session.user == user and self._leave(session, channel):
                gone = {"code": 2000, "reason": "server unsubscribe"}
                self._push(session, channel, unsubscribe=gone)

    # What a client asks.

    def _take(self, session, command):
        kind = next((it for it in command if it != "id"), None)
        if kind is None:
            return
        handler = getattr(self, f"_on_{kind}")
        try:
            reply = {kind: handler(session, command[kind])}
        except Refused as error:
            code, message = error.args
            reply = {"error": {"code": code, "message": message}}
        if "id" in command:
            session.line.push({"id": command["id"], **reply})

    def _on_connect(self, session, request):
        claims = self._claims(request.get("token", ""))
        session.user = claims["sub"]
        subs = {}
        for channel in claims.get("channels", ()):
            since = request.get("subs", {}).get(channel)
            subs[channel] = self._enter(session, channel, since or {})
        return {"client": session.client, "version": "plain", "subs": subs, **_lifetime(claims)}

    def _on_refresh(self, _, request):
        return _lifetime(self._claims(request["token"]))

    def _on_subscribe(self, session, request):
        if request["channel"].startswith("closed:"):
            raise Refused(103, "permission denied")
        return self._enter(session, request["channel"], request)

    def _on_unsubscribe(self, session, request):
        self._leave(session, request["channel"])
        return {}

    def _on_publish(self, session, request):
        self.publish(request["channel"], request["data"], session.info)
        return {}

    def _on_history(self, _, request):
        found = self._channels[request["channel"]].stream
        limit, since = request.get("limit", 0), request.get("since", {}).get("offset", 0)
        if request.get("reverse"):
            page = [it for it in reversed(found) if not since or it["offset"] < since]
        else:
            page = found[since:]
        page = page if limit < 0 else page[:limit]
        return {"publications": page, "epoch": EPOCH, "offset": len(found)}

    def _on_presence(self, _, request):
        members = self._channels[request["channel"]].members
        return {"presence": {it.client: it.info for it in members.values()}}

    def _on_presence_stats(self, _, request):
        members = self._channels[request["channel"]].members
        users = {it.user for it in members.values()}
        return {"num_clients": len(members), "num_users": len(users)}

    def _on_rpc(self, _, request):
        if request["method"] != "ping":
            raise Refused(104, "method not found")
        return {}

    # How it is done.

    def _claims(self, token):
        claims = json.loads(token)
        if claims.get("exp", time.time() + 1) <= time.time():
            raise Refused(109, "token expired")
        return claims

    def _enter(self, session, channel, request):
        found = self._channels[channel]
        if channel.startswith("room:"):
            for other in found.members.values():
                self._push(other, channel, join={"info": session.info})
            self._own_join(session, channel)
        found.members[session.client] = session
        if not channel.startswith("kept:"):
            return {}
        result = {"recoverable": True, "positioned": True, "epoch": EPOCH}
        result["offset"] = len(found.stream)
        if request.get("recover"):
            result["was_recovering"] = True
            self._recover(channel, request, result)
        return result

    def _own_join(self, session, channel):
        """Who joins sees its own join, after the reply that lets it in."""
        asyncio.get_running_loop().call_soon(
            lambda: self._push(session, channel, join={"info": session.info})
        )

    def _recover(self, channel, request, result):
        since = request.get("offset", 0)
        if request.get("epoch", "") in {"", EPOCH} and since <= result["offset"]:
            missed = self._channels[channel].stream[since:]
            result |= {"recovered": True, "offset": since, "publications": missed}

    def _leave(self, session, channel):
        found = self._channels[channel]
        if found.members.pop(session.client, None) is None:
            return False
        if channel.startswith("room:"):
            for other in found.members.values():
                self._push(other, channel, leave={"info": session.info})
        return True

    def _push(self, session, channel, **push):
        session.line.push({"push": {"channel": channel, **push}})


def _lifetime(claims):
    if "exp" not in claims:
        return {}
    return {"expires": True, "ttl": max(0, round(claims["exp"] - time.time()))}
