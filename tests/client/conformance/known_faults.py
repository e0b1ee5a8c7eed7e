"""What the suite has found and nobody has mended yet: reasons of expected failures."""

from __future__ import annotations

COMMAND_TO_A_CONNECTION_THAT_IS_OVER = (
    "While an ended connection is being closed the client still counts as connected: a command"
    " given then goes to the dead link and times out, instead of ConnectionLostError."
)
