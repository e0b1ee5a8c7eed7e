"""The registry of operations: found by RPC method and by REST path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from cadenza.gateway.api.operation import Operation, Unserved

ValueT = TypeVar("ValueT")


class RegistryError(ValueError):
    """Two operations claim one name, or one is both served and not."""


class Registry:
    """Operations, and the names that are known and not served.

    Args:
        operations: The operations that are served.
        unserved: The calls that are known and not served.

    Attributes:
        methods: Operations by RPC method.
        paths: Operations by path under ``/api/v3`` and HTTP method.
        unserved_methods: RPC methods that are not served, each with the reason.

    Raises:
        RegistryError: A name occurs twice.
    """

    def __init__(
        self, operations: Iterable[Operation] = (), unserved: Iterable[Unserved] = ()
    ) -> None:
        self._operations: dict[str, Operation] = {}
        self.methods: dict[str, Operation] = {}
        self.paths: dict[str, dict[str, Operation]] = {}
        self.unserved_methods: dict[str, str] = {}
        self._unserved_paths: dict[str, dict[str, str]] = {}
        self._unserved_folders: dict[str, str] = {}
        for operation in operations:
            self.add(operation)
        for entry in unserved:
            self.leave_out(entry)

    def __iter__(self) -> Iterator[Operation]:
        return iter(self._operations.values())

    def __len__(self) -> int:
        return len(self._operations)

    def add(self, operation: Operation) -> None:
        """Serve an operation."""
        _claim(self._operations, operation.name, operation)
        if operation.rpc is not None:
            method = operation.rpc.method
            if method in self.unserved_methods:
                raise RegistryError(f"{method} is listed as not served")
            _claim(self.methods, method, operation)
        if operation.rest is not None:
            http = operation.rest.http
            for path in (operation.rest.path, *operation.rest.aliases):
                if self.why_unserved(http, path) is not None:
                    raise RegistryError(f"{http} {path} is listed as not served")
                _claim(self.paths.setdefault(path, {}), http, operation)

    def leave_out(self, entry: Unserved) -> None:
        """Answer these names with the reason why they are not served."""
        for method in entry.methods:
            if method in self.methods:
                raise RegistryError(f"{method} is served")
            _claim(self.unserved_methods, method, entry.why)
        for http, path in entry.paths:
            if path.endswith("/"):
                _claim(self._unserved_folders, path, entry.why)
                continue
            if http in self.paths.get(path, {}):
                raise RegistryError(f"{http} {path} is served")
            _claim(self._unserved_paths.setdefault(path, {}), http, entry.why)

    def http_methods(self, path: str) -> tuple[str, ...]:
        """The HTTP methods that a path takes, those not served included."""
        found = {*self.paths.get(path, ()), *self._unserved_paths.get(path, ())}
        return tuple(sorted(found))

    def why_unserved(self, http: str, path: str) -> str | None:
        """The reason why a call is not served; ``None``: it is, or the API has no such call."""
        for folder, why in self._unserved_folders.items():
            if path.startswith(folder):
                return why
        return self._unserved_paths.get(path, {}).get(http)


def _claim(table: dict[str, ValueT], name: str, value: ValueT) -> None:
    if name in table:
        raise RegistryError(f"{name} is there twice")
    table[name] = value
