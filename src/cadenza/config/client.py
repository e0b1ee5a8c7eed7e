"""The ``client`` section: limits and timers of connections, and the tokens that open them."""

from __future__ import annotations

import msgspec

from cadenza.config.values import Secret
from cadenza.protocol.codes import Disconnect
from cadenza.realtime.options import ClientOptions


class TokenConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The JSON Web Tokens that are accepted; none, if there is no key at all."""

    hmac_secret_key: Secret = Secret("")
    """Key for HS256, HS384 and HS512."""
    hmac_previous_secret_key: Secret = Secret("")
    """Second key to try, while keys are being changed."""
    hmac_previous_secret_key_valid_until: int = 0
    """Unix seconds until which the previous key is valid; 0: always."""
    rsa_public_key: str = ""
    """Key in PEM, for RS and PS 256, 384 and 512."""
    ecdsa_public_key: str = ""
    """Key in PEM; the curve decides between ES256, ES384 and ES512."""
    ed25519_public_key: str = ""
    """Key in PEM, for EdDSA. Cadenza's own option."""
    jwks_public_endpoint: str = ""
    """http(s) URL of a key set. When given, the static keys above are not used.
    ``{{name}}`` stands for a named group of ``issuer_regex`` or ``audience_regex``."""
    insecure_skip_jwks_endpoint_safety_check: bool = False
    """Allow a placeholder that takes any value; see ``jwks_public_endpoint``."""

    audience: str = ""
    """Audience that ``aud`` must contain."""
    audience_regex: str = ""
    """Pattern that ``aud`` must match; not together with ``audience``."""
    issuer: str = ""
    """Issuer that ``iss`` must equal."""
    issuer_regex: str = ""
    """Pattern that ``iss`` must match; not together with ``issuer``."""
    user_id_claim: str = ""
    """Claim to take the user from instead of ``sub``."""


class SubscriptionTokenConfig(TokenConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Separate keys for subscription tokens; without ``enabled``, ``client.token`` has them."""

    enabled: bool = False


class DisconnectTarget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A disconnect to send: code and reason (ASCII)."""

    code: int = 0
    reason: str = ""


class ConnectCodeTransform(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """On unidirectional transports, connect error ``code`` becomes the disconnect ``to``."""

    code: int = 0
    to: DisconnectTarget = DisconnectTarget()


class ConnectCodeTransforms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``client.connect_code_to_unidirectional_disconnect``."""

    enabled: bool = False
    transforms: tuple[ConnectCodeTransform, ...] = ()


class ClientConfig(ClientOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole ``client`` section."""

    token: TokenConfig = TokenConfig()
    subscription_token: SubscriptionTokenConfig = SubscriptionTokenConfig()
    insecure_skip_token_signature_verify: bool = False
    """Accept every token that can be read. For experiments only."""
    allowed_origins: tuple[str, ...] = ()
    """Patterns (``*`` matches anything) for the ``Origin`` header of browsers."""
    user_id_http_header: str = ""
    """Header of a trusted proxy in front that names the user instead of a token."""
    connect_code_to_unidirectional_disconnect: ConnectCodeTransforms = ConnectCodeTransforms()


def unidirectional_disconnects(client: ClientConfig) -> dict[int, Disconnect]:
    """``connect_code_to_unidirectional_disconnect`` for the engine; empty unless it is enabled."""
    section = client.connect_code_to_unidirectional_disconnect
    if not section.enabled:
        return {}
    return {item.code: Disconnect(item.to.code, item.to.reason) for item in section.transforms}
