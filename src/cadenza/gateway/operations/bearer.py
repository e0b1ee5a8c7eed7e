"""Who calls over HTTP: the token in ``Authorization``, by the rules of the connect command."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cadenza.gateway.api.errors import OperationError
from cadenza.gateway.operations import error_table as errors
from cadenza.gateway.operations.caller import Caller, granted_accounts
from cadenza.realtime.claims import TokenExpired, TokenInvalid, TokenVerifier
from cadenza.realtime.eager import settle


class Bearer:
    """Makes a caller of a header.

    Args:
        verifier: Verifies tokens.
        now: Unix seconds.
    """

    nobody: Final = Caller("")
    """Who calls what is public."""

    def __init__(self, verifier: TokenVerifier, now: Callable[[], float]) -> None:
        self._verifier = verifier
        self._now = now

    async def caller(self, header: str | None) -> Caller:
        """The bearer of a token.

        Raises:
            OperationError: There is no token, or it is not accepted. The answer never says why a
                token is not accepted, and never repeats it.
        """
        scheme, _, token = (header or "").strip().partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise OperationError(errors.NO_TOKEN, field="Authorization")
        now = self._now()
        try:
            claims = await settle(self._verifier.connect(token, now))
        except TokenExpired:
            raise OperationError(errors.EXPIRED_TOKEN, field="Authorization") from None
        except TokenInvalid:
            raise OperationError(errors.INVALID_TOKEN, field="Authorization") from None
        if claims.expire_at and claims.expire_at <= now:
            raise OperationError(errors.EXPIRED_TOKEN, field="Authorization")
        return Caller(claims.user, granted_accounts(claims.subs))
