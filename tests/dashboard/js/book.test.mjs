// The page's local order book: the rules of docs/market.md.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Applied, Book, BookError, totals } from '../../../src/cadenza/dashboard/page/market/book.js';
import { format } from '../../../src/cadenza/dashboard/page/core/decimal.js';

const snapshot = (sequence, bids, asks) => ({ updateType: 'SNAPSHOT', sequence, bids, asks, timestamp: 1 });
const diff = (sequence, bids, asks) => ({
  updateType: 'DIFF',
  sequence,
  prevSequence: sequence - 1,
  bids,
  asks,
  timestamp: 2,
});
const rows = (levels) => levels.map(({ price, quantity }) => [price, quantity]);

function begun() {
  const book = new Book();
  book.apply(snapshot(7, [['99.5', '1'], ['99', '2']], [['100', '3'], ['100.5', '4']]));
  return book;
}

test('a snapshot replaces the book, in the order of prices whatever its own', () => {
  const book = begun();
  assert.equal(book.apply(snapshot(20, [['8', '1'], ['9', '2']], [['11', '1'], ['10', '2']])), Applied.SNAPSHOT);
  assert.deepEqual(rows(book.bids), [['9', '2'], ['8', '1']]);
  assert.deepEqual(rows(book.asks), [['10', '2'], ['11', '1']]);
  assert.equal(book.sequence, 20);
});

test('a diff sets, adds and removes levels', () => {
  const book = begun();
  const applied = book.apply(diff(8, [['99.5', '0'], ['99', '5'], ['98.9', '6']], [['100.25', '7'], ['777', '0']]));
  assert.equal(applied, Applied.DIFF);
  assert.deepEqual(rows(book.bids), [['99', '5'], ['98.9', '6']]);
  assert.deepEqual(rows(book.asks), [['100', '3'], ['100.25', '7'], ['100.5', '4']]);
});

test('a diff of another state changes nothing and says so', () => {
  const book = begun();
  assert.equal(book.apply(diff(9, [['99.5', '0']], [])), Applied.GAP);
  assert.deepEqual(rows(book.bids), [['99.5', '1'], ['99', '2']]);
  assert.equal(book.sequence, 7);
});

test('a diff before any snapshot waits for one', () => {
  const book = new Book();
  assert.equal(book.apply(diff(1, [['1', '1']], [])), Applied.EARLY);
  assert.equal(book.isReady, false);
});

test('prices that differ beyond what a float can tell are two levels in their order', () => {
  const book = new Book();
  const fine = '1.00000000000000000000000001';
  assert.equal(Number(fine), 1);
  book.apply(snapshot(1, [], [['1', '1']]));
  book.apply(diff(2, [], [[fine, '2'], ['1000000000000000000000', '3']]));
  assert.deepEqual(rows(book.asks), [['1', '1'], [fine, '2'], ['1000000000000000000000', '3']]);
  book.apply(diff(3, [], [[fine, '0']]));
  assert.deepEqual(rows(book.asks), [['1', '1'], ['1000000000000000000000', '3']]);
});

test('a finer scale on one side of an update leaves the other side in order', () => {
  const book = new Book();
  book.apply(snapshot(1, [['5', '1'], ['4', '1']], [['6.001', '1']]));
  book.apply(diff(2, [['4.5', '1']], [['6.00001', '1']]));
  assert.deepEqual(book.bids.map(({ price }) => price), ['5', '4.5', '4']);
  assert.deepEqual(book.asks.map(({ price }) => price), ['6.00001', '6.001']);
});

test('what is no book is refused and changes nothing', () => {
  const bad = [
    null,
    {},
    'DIFF',
    { updateType: '<img src=x onerror=alert(1)>' },
    { ...diff(8, [], []), sequence: '8' },
    diff(8, [['99', '1']], 'none'),
    diff(8, [['99', '-1']], []),
    diff(8, [['0', '1']], []),
    diff(8, [[99, 1]], []),
    diff(8, [['<b>99</b>', '1']], []),
    diff(8, [null], []),
  ];
  const book = begun();
  for (const update of bad) assert.throws(() => book.apply(update), BookError, JSON.stringify(update));
  assert.deepEqual(rows(book.bids), [['99.5', '1'], ['99', '2']]);
  assert.equal(book.sequence, 7);
});

test('a long message of what is wrong is cut', () => {
  const update = { ...diff(8, [['x'.repeat(10_000), '1']], []) };
  assert.throws(() => begun().apply(update), (error) => error.message.length < 300);
});

test('after clear only a snapshot begins again', () => {
  const book = begun();
  book.clear();
  assert.equal(book.apply(diff(8, [], [])), Applied.EARLY);
  assert.equal(book.apply(snapshot(9, [['1', '1']], [])), Applied.SNAPSHOT);
});

test('totals add up from the best level', () => {
  const book = begun();
  assert.deepEqual(totals(book.asks, 50).map((total) => format(total)), ['3', '7']);
  assert.deepEqual(totals(book.asks, 1).map((total) => format(total)), ['3']);
});

test('a thousand random diffs leave what a plain map sorted by number has', () => {
  let seed = 42;
  const random = (below) => (seed = (seed * 1103515245 + 12345) % 2147483648) % below;
  const book = new Book();
  book.apply(snapshot(0, [], []));
  const plain = { bids: new Map(), asks: new Map() };
  for (let sequence = 1; sequence <= 1000; sequence += 1) {
    const update = { bids: [], asks: [] };
    for (const side of ['bids', 'asks']) {
      const price = `${100 + random(50)}.${random(4) * 25}`;
      const quantity = String(random(3));
      update[side].push([price, quantity]);
      const key = Number(price);
      if (quantity === '0') plain[side].delete(key);
      else plain[side].set(key, quantity);
    }
    book.apply(diff(sequence, update.bids, update.asks));
  }
  const sorted = (side, sign) => [...plain[side]].sort(([one], [other]) => sign * (one - other));
  const seen = (levels) => levels.map(({ price, quantity }) => [Number(price), quantity]);
  assert.deepEqual(seen(book.bids), sorted('bids', -1));
  assert.deepEqual(seen(book.asks), sorted('asks', 1));
});
