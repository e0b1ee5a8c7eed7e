// The instrument's filters on the page: each says what is wrong, at the field where it is.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { format } from '../../../src/cadenza/dashboard/page/core/decimal.js';
import { check, worth } from '../../../src/cadenza/dashboard/page/trade/filters.js';
import { INSTRUMENT } from './instrument.mjs';

const LIMIT = { orderSide: 'BUY', orderType: 'LIMIT', limitPrice: '60000.00', quantity: '0.01', quantityType: 'BASE' };
const problems = (fields, instrument = {}) => check({ ...LIMIT, ...fields }, { ...INSTRUMENT, ...instrument });

test('an order that passes has no problems', () => {
  assert.deepEqual(problems({}), {});
  assert.deepEqual(check({ orderType: 'MARKET', quantity: '0.01', quantityType: 'BASE' }, INSTRUMENT), {});
});

test('a price between two ticks names the nearest one', () => {
  assert.match(problems({ limitPrice: '60000.001' }).limitPrice, /ticks of 0\.01; nearest is 60000\.00\./);
  assert.match(problems({ limitPrice: '0.001' }).limitPrice, /nearest is 0\.01\./);
});

test('a price is a plain decimal above zero', () => {
  assert.match(problems({ limitPrice: '6e4' }).limitPrice, /plain decimal/);
  assert.match(problems({ limitPrice: '-1' }).limitPrice, /above zero/);
  assert.match(problems({ limitPrice: '0' }).limitPrice, /above zero/);
  assert.match(problems({ limitPrice: '' }).limitPrice, /needed/);
});

test('a quantity between two lots names the nearest one', () => {
  assert.match(problems({ quantity: '0.010004' }).quantity, /lots of 0\.00001; nearest is 0\.01000\./);
});

test('a quantity has its limits, and they are allowed themselves', () => {
  const limits = { minQuantity: '0.01', maxQuantity: '2', minNotional: '0', maxNotional: undefined };
  assert.match(problems({ quantity: '0.00999' }, limits).quantity, /At least 0\.01\./);
  assert.match(problems({ quantity: '2.00001' }, limits).quantity, /At most 2\./);
  assert.deepEqual(problems({ quantity: '0.01' }, limits), {});
  assert.deepEqual(problems({ quantity: '2' }, limits), {});
  assert.match(problems({ quantity: '0' }, limits).quantity, /At least/);
});

test('the least quantity is whole lots, also where the limit is none', () => {
  const limits = { lotSize: '0.5', minQuantity: '0.7', minNotional: '0' };
  assert.match(problems({ quantity: '0.5' }, limits).quantity, /At least 1\./);
});

test('price times quantity has limits, exactly', () => {
  assert.match(problems({ limitPrice: '499.99', quantity: '0.01' }).quantity, /Worth 4\.9999 USDT; at least 5\./);
  assert.deepEqual(problems({ limitPrice: '500.00', quantity: '0.01' }), {});
  assert.match(problems({ limitPrice: '60000.01', quantity: '16.7' }).quantity, /at most 1000000\./);
});

test('a stop goes by its trigger where it has no limit price', () => {
  const stop = { orderType: 'STOP', limitPrice: '', stopPrice: '100.00' };
  assert.match(problems({ ...stop, quantity: '0.04' }).quantity, /Worth 4 USDT/);
  assert.match(problems({ ...stop, stopPrice: '' }).stopPrice, /A trigger is needed/);
});

test('an order type asks for its own prices and no others', () => {
  assert.deepEqual(Object.keys(problems({ orderType: 'STOP_LIMIT', limitPrice: '', stopPrice: '' })).sort(), ['limitPrice', 'stopPrice']);
  assert.deepEqual(problems({ orderType: 'MARKET', limitPrice: 'nonsense' }), {});
  assert.match(problems({ orderType: 'TRAILING_STOP', trailingDistance: '0.001' }).trailingDistance, /ticks/);
});

test('an amount of the quote asset is measured by the notional limits', () => {
  assert.match(problems({ quantityType: 'QUOTE', quantity: '4.99' }).quantity, /at least 5\./);
  assert.deepEqual(problems({ quantityType: 'QUOTE', quantity: '5' }), {});
  assert.match(problems({ quantityType: 'QUOTE', quantity: '' }).quantity, /amount/);
});

test('the visible part is lots, not too small and not more than the whole', () => {
  assert.match(problems({ visibleQuantity: '0.0005' }).visibleQuantity, /At least 0\.001\./);
  assert.match(problems({ visibleQuantity: '0.02' }).visibleQuantity, /More than the whole/);
  assert.deepEqual(problems({ visibleQuantity: '0.001' }), {});
});

test('exits go by ticks too', () => {
  assert.match(problems({ takeProfitPrice: '1.001' }).takeProfitPrice, /ticks/);
  assert.deepEqual(problems({ stopLossPrice: '1.00' }), {});
});

test('an instrument that is not traded, and a GTD order without an end', () => {
  assert.match(problems({}, { status: 'INACTIVE' }).instrumentId, /INACTIVE/);
  assert.match(problems({ timeInForce: 'GTD' }).expireAt, /When/);
});

test('what an order is worth', () => {
  assert.equal(format(worth(LIMIT)), '600.0000');
  assert.equal(worth({ orderType: 'MARKET', quantity: '1' }), null);
  assert.equal(format(worth({ orderType: 'MARKET', quantity: '2' }, '3.5')), '7.0');
});
