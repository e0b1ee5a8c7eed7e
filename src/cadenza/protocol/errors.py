"""Errors of the protocol: one small tree."""

from __future__ import annotations


class ProtocolError(ValueError):
    """Something that was received, or is to be sent, does not follow the protocol."""


class DecodeError(ProtocolError):
    """A frame that is not the protocol. The messages before it in the frame were good."""


class PayloadError(ProtocolError):
    """A payload that is not JSON cannot be written to a JSON connection (disconnect 3506)."""


class DeltaError(ProtocolError):
    """A patch that does not lead from its base to a target; ``reason`` is one of a few words."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason


class FilterError(ProtocolError):
    """A tags filter that breaks ``rule``, in the node at ``path`` (``tf.nodes[1]``)."""

    def __init__(self, rule: str, path: str) -> None:
        super().__init__(f"{path}: {rule}")
        self.rule = rule
        self.path = path
