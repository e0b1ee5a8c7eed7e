// Decimals of the page: exact, whatever their length.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as decimals from '../../../src/cadenza/dashboard/page/core/decimal.js';

const { decimal, format, parse } = decimals;

test('only plain decimals are decimals', () => {
  for (const text of ['0', '-1', '1.50', '007.1', '123456789012345678901234567890.000000000000000001']) {
    assert.notEqual(parse(text), null, text);
  }
  for (const text of ['', '.5', '1.', '1e5', '+1', ' 1', '1 ', '0x1', 'NaN', '1,000', '١', 1, null, undefined, {}]) {
    assert.equal(parse(text), null, String(text));
  }
});

test('what a float would confuse is told apart', () => {
  const one = decimal('0.1');
  const other = decimal('0.10000000000000000000000001');
  assert.equal(Number('0.1'), Number('0.10000000000000000000000001'));
  assert.equal(decimals.compare(one, other), -1);
  assert.equal(decimals.compare(other, one), 1);
  assert.equal(decimals.compare(decimal('1.10'), decimal('1.1')), 0);
});

test('sums, differences and products are exact', () => {
  assert.equal(format(decimals.add(decimal('0.1'), decimal('0.2'))), '0.3');
  assert.equal(format(decimals.subtract(decimal('1'), decimal('0.0000000001'))), '0.9999999999');
  assert.equal(format(decimals.multiply(decimal('61824.72'), decimal('0.00001'))), '0.6182472');
});

test('steps: multiples, whole ones and the nearest', () => {
  const tick = decimal('0.05');
  assert.equal(decimals.isMultiple(decimal('100.15'), tick), true);
  assert.equal(decimals.isMultiple(decimal('100.16'), tick), false);
  assert.equal(decimals.wholeSteps(decimal('0.19'), tick), 3n);
  assert.equal(format(decimals.nearest(decimal('100.16'), tick)), '100.15');
  assert.equal(format(decimals.nearest(decimal('100.175'), tick)), '100.20');
});

test('texts: cut off, never rounded up, with thousands apart', () => {
  assert.equal(format(decimal('1.999'), 2), '1.99');
  assert.equal(format(decimal('-0.5'), 2), '-0.50');
  assert.equal(format(decimal('3'), 2), '3.00');
  assert.equal(decimals.trim('1.500'), '1.5');
  assert.equal(decimals.trim('100'), '100');
  assert.equal(decimals.grouped('-1234567.1234'), '-1,234,567.1234');
});
