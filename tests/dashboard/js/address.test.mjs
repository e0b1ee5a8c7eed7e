// The page's address, its rates and its faults: small things without a page.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readFragment, writeFragment } from '../../../src/cadenza/dashboard/page/core/tabs.js';
import { userOf } from '../../../src/cadenza/dashboard/page/core/session.js';
import { bytes, duration, rates } from '../../../src/cadenza/dashboard/page/operate/rates.js';

test('a fragment names a view and an instrument, and comes back as it was', () => {
  for (const id of ['PAPER:BTC/USDT', 'MOCK:<img src=x onerror=alert(1)>/€', 'A:%/B', '']) {
    assert.deepEqual(readFragment(writeFragment('trade', id)), { view: 'trade', instrumentId: id });
  }
  assert.equal(writeFragment('market', 'PAPER:BTC/USDT'), '#market/PAPER:BTC/USDT');
});

test('what is no view is the market, and a broken escape stands for itself', () => {
  assert.deepEqual(readFragment('#nonsense/X'), { view: 'market', instrumentId: 'X' });
  assert.deepEqual(readFragment('#trade/%E0%A4%A'), { view: 'trade', instrumentId: '%E0%A4%A' });
  assert.deepEqual(readFragment(''), { view: 'market', instrumentId: '' });
});

test('the user of a token, and of what is none', () => {
  const body = Buffer.from(JSON.stringify({ sub: 'zoë' })).toString('base64url');
  assert.equal(userOf(`x.${body}.y`), 'zoë');
  for (const text of ['', 'x', 'x.y.z', 'a.e30.b']) assert.equal(userOf(text), '');
});

test('rates are differences, of one node only', () => {
  const at = (time_ms, sent, commits, seconds, node = 'n') => ({
    node,
    time_ms,
    counters: { messages_sent: sent, messages_received: 0 },
    journal: { commits, seconds, last_commit_ms: 9 },
  });
  assert.deepEqual(rates(at(1000, 100, 1, 1), at(3000, 300, 5, 1.02)), { sent: 100, received: 0, commitMs: 5.000000000000004 });
  assert.equal(rates(at(1000, 100, 1, 1), at(3000, 300, 1, 1)).commitMs, 9);
  assert.equal(rates(null, at(1, 1, 1, 1)), null);
  assert.equal(rates(at(1000, 100, 1, 1, 'm'), at(3000, 3, 1, 1)), null);
});

test('bytes and durations for the eye', () => {
  assert.deepEqual([bytes(0), bytes(1536), bytes(3 * 1024 ** 2)], ['0 B', '1.5 KiB', '3.0 MiB']);
  assert.deepEqual([duration(5), duration(65), duration(3725), duration(90000)], ['5 s', '1 min 5 s', '1 h 2 min', '1 d 1 h']);
});
