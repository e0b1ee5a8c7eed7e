"""What the messages of each venue mean: decoders without files and sockets."""

from __future__ import annotations
