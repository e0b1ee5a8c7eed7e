"""Operations about order books: the published state, cut to a depth, always as a SNAPSHOT."""

from __future__ import annotations

from typing import Final

import msgspec

from cadenza.gateway.api import errors
from cadenza.gateway.api.errors import OperationError
from cadenza.gateway.api.operation import Caller, Operation, Reply, RestForm, RpcForm
from cadenza.gateway.operations.instruments import instrument_of, instruments_of
from cadenza.market.market import Market
from cadenza.models import GetOrderBookParams, ListOrderBooksParams, OrderBook

_decode: Final = msgspec.json.Decoder(OrderBook).decode


class Books:
    """Answers from the published books of a market.

    The ``sequence`` of an answer is that of the channel, so a reader can go on from it with the
    DIFFs that follow.

    Args:
        market: Where they are published.
    """

    def __init__(self, market: Market) -> None:
        self._market = market
        # The last answers, as of the payload they were read from: polling costs one reading.
        self._read: dict[str, tuple[bytes, OrderBook]] = {}

    def get(self, _: Caller, wanted: GetOrderBookParams) -> Reply:
        """One book."""
        instrument = instrument_of(self._market, wanted.instrument_id)
        return Reply(self._book(instrument.instrument_id, wanted.depth))

    def list(self, _: Caller, wanted: ListOrderBooksParams) -> Reply:
        """Books of the instruments asked for.

        A book that is named by its instrument's id must be there; of others those that are not
        ready are left out.
        """
        named = isinstance(wanted.instrument_ids, tuple)
        found = []
        for instrument in instruments_of(self._market, wanted):
            try:
                found.append(self._book(instrument.instrument_id, wanted.depth))
            except OperationError:
                if named:
                    raise
        return Reply(tuple(found))

    def _book(self, instrument_id: str, depth: int) -> OrderBook:
        fault = self._market.fault(instrument_id)
        if fault is not None:
            message = f"the order book cannot be trusted just now: {fault}"
            raise OperationError(errors.BOOK_STALE, message, instrumentId=instrument_id)
        payload = self._market.snapshot(instrument_id)
        if payload is None:
            message = f"the order book of {instrument_id} was never published"
            raise OperationError(errors.BOOK_NOT_READY, message, instrumentId=instrument_id)
        known = self._read.get(instrument_id)
        if known is None or known[0] is not payload:
            known = self._read[instrument_id] = (payload, _decode(payload))
        book = known[1]
        return msgspec.structs.replace(book, bids=book.bids[:depth], asks=book.asks[:depth])


def book_operations(market: Market) -> tuple[Operation, ...]:
    """Order books."""
    books = Books(market)
    return (
        Operation(
            name="query.orderbook.get",
            doc="The best levels of one order book.",
            run=books.get,
            request=GetOrderBookParams,
            rpc=RpcForm(method="query.orderbook.get", params=GetOrderBookParams, result=OrderBook),
            rest=RestForm(
                http="GET",
                path="market/orderBook/get",
                params=GetOrderBookParams,
                result=OrderBook,
            ),
        ),
        Operation(
            name="query.orderbook.list",
            doc="The best levels of many order books.",
            run=books.list,
            request=ListOrderBooksParams,
            rpc=RpcForm(
                method="query.orderbook.list",
                params=ListOrderBooksParams,
                result=tuple[OrderBook, ...],
            ),
            rest=RestForm(
                http="GET",
                path="market/orderBook/list",
                params=ListOrderBooksParams,
                result=tuple[OrderBook, ...],
            ),
        ),
    )
