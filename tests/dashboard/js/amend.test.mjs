// Other terms for an open order: which ones it has, which differ, what is wrong with them.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { changes, problemsOf, termsOf } from '../../../src/cadenza/dashboard/page/trade/amend.js';
import { INSTRUMENT } from './instrument.mjs';

const LIMIT = {
  orderType: 'LIMIT',
  limitPrice: '60000.00',
  quantity: '0.50000',
  executedQuantity: '0.20000',
  orderQuantityType: 'BASE',
};

test('an order has the terms of its type', () => {
  assert.deepEqual(termsOf(LIMIT), { limitPrice: '60000', quantity: '0.5' });
  const stop = { ...LIMIT, orderType: 'STOP', limitPrice: undefined, stopPrice: '61000.10' };
  assert.deepEqual(termsOf(stop), { stopPrice: '61000.1', quantity: '0.5' });
});

test('the trigger of a trailing stop and a budget cannot change', () => {
  const trailing = { ...LIMIT, orderType: 'TRAILING_STOP', limitPrice: undefined, stopPrice: '61000' };
  assert.deepEqual(termsOf(trailing), { quantity: '0.5' });
  assert.deepEqual(termsOf({ ...LIMIT, orderQuantityType: 'QUOTE' }), { limitPrice: '60000' });
});

test('only what differs is sent, however it is written', () => {
  assert.deepEqual(changes(LIMIT, { limitPrice: '60000.0', quantity: '0.50' }), {});
  assert.deepEqual(changes(LIMIT, { limitPrice: '60000.01', quantity: '0.5' }), { limitPrice: '60000.01' });
});

test('terms have the filters of the instrument, and more than what is executed', () => {
  assert.deepEqual(problemsOf(LIMIT, { limitPrice: '59000', quantity: '0.4' }, INSTRUMENT), {});
  const wrong = problemsOf(LIMIT, { limitPrice: '59000.001', quantity: '0.2' }, INSTRUMENT);
  assert.match(wrong.limitPrice, /nearest is 59000\.00/);
  assert.match(wrong.quantity, /More than what is executed: 0\.2\./);
  assert.match(problemsOf(LIMIT, { limitPrice: '1', quantity: '0.3' }, INSTRUMENT).quantity, /at least 5/);
});

test('an instrument that the server does not describe is left to the server', () => {
  assert.deepEqual(problemsOf(LIMIT, { limitPrice: 'x', quantity: '' }, undefined), {});
});
