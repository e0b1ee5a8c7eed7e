"""Structured logs: one JSON object a line, to standard error or a file, with no secret in it."""

from __future__ import annotations

import json
import logging
import sys
from logging.handlers import WatchedFileHandler
from typing import Final

from cadenza.config import LogConfig

_LEVELS: Final = {
    "none": logging.CRITICAL + 1,
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
    "fatal": logging.CRITICAL,
}


class JsonFormatter(logging.Formatter):
    """One record as a JSON object: time (ms UTC), level, logger, message, error."""

    def format(self, record: logging.LogRecord) -> str:
        """See ``logging.Formatter``."""
        line = {
            "time": int(record.created * 1000),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def set_up_logs(config: LogConfig) -> None:
    """Send the logs of Cadenza and uvicorn where the configuration says."""
    handler: logging.Handler = (
        # Opened anew when somebody has moved the file away, as logrotate does.
        WatchedFileHandler(config.file) if config.file else logging.StreamHandler(sys.stderr)
    )
    handler.setFormatter(JsonFormatter())
    for name in ("cadenza", "uvicorn"):
        log = logging.getLogger(name)
        log.handlers = [handler]
        log.propagate = False
        log.setLevel(_LEVELS[config.level])
    # uvicorn tells in prose what the gateway's own log says.
    logging.getLogger("uvicorn").setLevel(max(logging.WARNING, _LEVELS[config.level]))
