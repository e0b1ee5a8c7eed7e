"""Delta compression of a subscription: each payload may be a patch to the one before."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Raw

from cadenza.protocol import delta
from cadenza.protocol.errors import DeltaError
from cadenza.protocol.messages import Publication

_text: Final = msgspec.json.Decoder(str)


class Deltas:
    """The last payload of one channel, to which the next patch is applied.

    It outlives connections: after a recovery the server's first patch belongs to it.

    Args:
        is_json: Whether the connection carries JSON.

    Attributes:
        is_on: Whether the server has agreed to send patches for the present subscription.
    """

    def __init__(self, *, is_json: bool) -> None:
        self.is_on = False
        self._is_json = is_json
        self._base = b""

    def whole(self, publication: Publication) -> Publication:
        """The publication with its whole payload.

        Raises:
            DeltaError: The patch does not fit the payload before it.
        """
        data = bytes(publication.data)
        if self._is_json:  # then every payload of such a subscription is a JSON string
            try:
                data = _text.decode(data).encode()
            except msgspec.MsgspecError as error:
                raise DeltaError("bad payload", str(error)) from error
        if publication.delta:
            data = delta.apply(self._base, data)
        self._base = data
        publication.data = Raw(data)
        return publication

    def forget(self) -> None:
        """Drop the last payload."""
        self._base = b""
