// The node at a glance: figures, health, feed and journal.

import { byId, element, setAttribute, setText } from '../core/dom.js';
import { Table } from '../core/table.js';
import { bytes, duration, rates } from './rates.js';

const number = new Intl.NumberFormat('en');
const rate = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

const TILES = [
  ['connections', 'Connections', (now) => number.format(now.queues.open_connections)],
  ['users', 'Users', (now) => number.format(total(now, 'num_users'))],
  ['subscriptions', 'Subscriptions', (now) => number.format(total(now, 'num_subs'))],
  ['channels', 'Channels', (now) => number.format(total(now, 'num_channels'))],
  ['sent', 'Messages out / s', (_, speed) => (speed ? rate.format(speed.sent) : '–')],
  ['received', 'Messages in / s', (_, speed) => (speed ? rate.format(speed.received) : '–')],
  ['queued', 'Queued', (now) => bytes(now.queues.queued_bytes)],
  ['longest', 'Longest queue', (now) => bytes(now.queues.queued_bytes_max)],
  ['slow', 'Slow consumers', (now) => number.format(now.queues.slow_connections), isAbove],
  ['errors', 'Errors in replies', (now) => number.format(sum(now.counters.errors)), isAbove],
  ['lag', 'Journal, commit', (now, speed) => (now.journal ? commit(now, speed) : '–')],
  ['pending', 'Journal, waiting', (now) => number.format(now.journal?.pending ?? 0)],
];

function isAbove(text) {
  return text !== '0';
}

function commit(now, speed) {
  return `${rate.format(speed?.commitMs ?? now.journal.last_commit_ms)} ms`;
}

const sum = (counts) => Object.values(counts).reduce((one, other) => one + other, 0);
const total = (now, name) => now.nodes.reduce((so, node) => so + node[name], 0);

const NODES = [
  { title: 'Node', text: (node) => node.name },
  { title: 'Version', text: (node) => node.version },
  { title: 'Clients', isNumber: true, text: (node) => number.format(node.num_clients) },
  { title: 'Subs', isNumber: true, text: (node) => number.format(node.num_subs) },
  { title: 'Channels', isNumber: true, text: (node) => number.format(node.num_channels) },
  { title: 'Up for', isNumber: true, text: (node) => duration(node.uptime) },
];

const FACTS = [
  { title: 'What', text: ([name]) => name },
  { title: 'Value', isNumber: true, text: ([, value]) => value },
];

export class Overview {
  #before = null;
  #tiles = new Map();
  #nodes = new Table(byId('nodes'), 'Nodes', NODES, (node) => node.uid, 'No node.');
  #feed = new Table(byId('feed'), 'Feed', FACTS, ([name]) => name, 'No feed.');
  #journal = new Table(byId('journal'), 'Journal', FACTS, ([name]) => name, 'No trading.');
  #counts = new Table(byId('counts'), 'Errors and ends', FACTS, ([name]) => name, 'None so far.');

  constructor() {
    for (const [name, title] of TILES) {
      const value = element('dd', { id: `tile-${name}` }, '–');
      this.#tiles.set(name, value);
      byId('tiles').append(element('div.tile', {}, element('dt', {}, title), value));
    }
  }

  /** Shows an answer of operate.overview. @returns {object | null} its rates */
  show(now) {
    const speed = rates(this.#before, now);
    this.#before = now;
    for (const [name, , text, isBad] of TILES) {
      const shown = text(now, speed);
      setText(this.#tiles.get(name), shown);
      setAttribute(this.#tiles.get(name), 'data-tone', isBad?.(shown) ? 'down' : null);
    }
    this.#showHealth(now.health, now.failures);
    this.#nodes.show(now.nodes);
    this.#feed.show(now.feed ? feedFacts(now.feed) : []);
    this.#journal.show(now.journal ? journalFacts(now.journal) : []);
    this.#counts.show(counted(now.counters));
    return speed;
  }

  #showHealth(health, failures) {
    const badge = (state, text) => element('span.badge', { 'data-health': state }, text);
    const badges = [
      ...Object.entries(health).map(([part, state]) => badge(state, `${part} ${state}`)),
      ...Object.entries(failures).map(([part, why]) =>
        badge('degraded', `${part} has failed and stands still: ${why}`),
      ),
    ];
    const place = byId('health');
    const text = badges.map((badge) => badge.textContent).join();
    if (place.dataset.shown === text) return;
    place.dataset.shown = text;
    place.replaceChildren(...badges);
  }
}

function feedFacts(feed) {
  return [
    ['Kind', feed.kind],
    ['Messages', number.format(feed.messages)],
    ['Snapshots, diffs', `${number.format(feed.snapshots)}, ${number.format(feed.diffs)}`],
    ['Trades', number.format(feed.trades)],
    ['Gaps, resyncs', `${number.format(feed.gaps)}, ${number.format(feed.resyncs)}`],
    ['Faults, skipped', `${number.format(feed.faults)}, ${number.format(feed.skipped)}`],
    ['Behind', `${rate.format(feed.lag_ms)} ms`],
    ['Stale books', feed.stale.join(', ') || 'none'],
  ];
}

function journalFacts(journal) {
  return [
    ['State', journal.failure ? `${journal.state}: ${journal.failure}` : journal.state],
    ['Last commit', `${rate.format(journal.last_commit_ms)} ms`],
    ['Commits', number.format(journal.commits)],
    ['Records', number.format(journal.records)],
    ['Open orders', number.format(journal.open_orders)],
    ['Orders, executions', `${number.format(journal.orders)}, ${number.format(journal.executions)}`],
  ];
}

function counted(counters) {
  const named = (counts, word) =>
    Object.entries(counts).map(([code, count]) => [`${word} ${code}`, number.format(count)]);
  return [
    ...named(counters.errors, 'Error'),
    ...named(counters.disconnects, 'Disconnect'),
    ...named(counters.fault_hits, 'Fault'),
    ['Conflations', number.format(counters.conflations)],
  ];
}
