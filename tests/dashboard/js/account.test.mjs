// An account on the page: the state, and the events after it.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { format, parse } from '../../../src/cadenza/dashboard/page/core/decimal.js';
import { Account, sums, unrealised } from '../../../src/cadenza/dashboard/page/trade/account.js';

const order = (tradeOrderId, status, fields = {}) => ({
  tradeOrderId,
  status,
  updatedAt: '2026-11-22T19:34:45.540Z',
  ...fields,
});
const updated = (data) => ({ eventType: 'event.trade_order.updated', data });
const executed = (data) => ({ eventType: 'event.trade_execution.created', data });
const moved = (data) => ({ eventType: 'event.portfolio.updated', data });

function begun() {
  const account = new Account();
  account.begin({
    orders: [order('a', 'ACCEPTED'), order('b', 'PARTIALLY_FILLED')],
    portfolio: {
      balances: [{ securitySymbol: 'USDT', free: '10' }],
      positions: [{ instrumentId: 'PAPER:BTC/USDT', quantity: '1', positionSide: 'LONG' }],
      summary: { equity: '10' },
    },
  });
  return account;
}

test('an order that ends leaves the open ones and leads the ended ones', () => {
  const account = begun();
  account.apply(updated(order('c', 'ACCEPTED')));
  account.apply(updated(order('a', 'FILLED')));
  assert.deepEqual([...account.open.keys()], ['b', 'c']);
  assert.deepEqual(account.ended.map((one) => one.tradeOrderId), ['a']);
});

test('a fill that is told twice is one', () => {
  const account = begun();
  account.apply(executed({ executionId: '1', executedAt: '2026-11-22T19:34:45.540Z' }));
  account.remember([], [
    { executionId: '1', executedAt: '2026-11-22T19:34:45.540Z' },
    { executionId: '0', executedAt: '2026-11-21T19:34:45.540Z' },
  ]);
  assert.deepEqual(account.fills.map((one) => one.executionId), ['1', '0']);
});

test('of the past only ended orders are taken, as the state has the open ones', () => {
  const account = begun();
  account.remember([order('x', 'ACCEPTED'), order('y', 'CANCELLED')], []);
  assert.deepEqual([...account.open.keys()], ['a', 'b']);
  assert.deepEqual(account.ended.map((one) => one.tradeOrderId), ['y']);
});

test('a portfolio event changes what it names, and a flat position goes', () => {
  const account = begun();
  account.apply(moved({
    balances: [{ securitySymbol: 'BTC', free: '1' }],
    positions: [{ instrumentId: 'PAPER:BTC/USDT', quantity: '0.00000' }],
  }));
  assert.deepEqual([...account.balances.keys()], ['USDT', 'BTC']);
  assert.equal(account.positions.size, 0);
});

test('an event that nobody knows changes nothing', () => {
  const account = begun();
  account.apply({ eventType: 'event.weather', data: null });
  account.apply(null);
  assert.equal(account.open.size, 2);
});

test('the profit of a short position has the other sign, and sums are exact', () => {
  const position = { entryPrice: '100.1', quantity: '3', positionSide: 'LONG' };
  assert.equal(format(unrealised(position, '100.2')), '0.3');
  assert.equal(format(unrealised({ ...position, positionSide: 'SHORT' }, '100.2')), '-0.3');
  assert.equal(unrealised(position, undefined), null);
  const found = sums([['USDT', parse('0.1')], ['USD', parse('1')], ['USDT', parse('0.2')], ['USDT', null]]);
  assert.deepEqual(found.map(([asset, value]) => [asset, format(value)]), [['USDT', '0.3'], ['USD', '1']]);
});
