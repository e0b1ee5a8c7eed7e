// The trades tape: the newest trades first, in rows that are made once.

import { element, setAttribute, setText, timeOfDay } from '../core/dom.js';

const ROWS = 60;

export class Tape {
  #trades = [];
  #rows = [];
  #list;

  /** @param {HTMLElement} place */
  constructor(place) {
    this.#list = element('div.tape', {
      role: 'table',
      tabindex: 0,
      'aria-label': 'Trades, newest first',
    });
    for (let index = 0; index < ROWS; index += 1) {
      const cells = ['price', 'size', 'time'].map((name) =>
        element(`span.${name}`, { role: 'cell' }),
      );
      const row = { node: element('div.trade', { role: 'row' }, ...cells), cells };
      row.node.hidden = true;
      this.#rows.push(row);
      this.#list.append(row.node);
    }
    place.append(this.#list);
  }

  /** A trade as it came, newer than those before. */
  add(trade, offset) {
    if (offset !== undefined && this.#trades.some((one) => one.offset === offset)) return;
    this.#trades.unshift({ trade, offset });
    this.#trades.length = Math.min(this.#trades.length, ROWS);
  }

  /** Trades from before, newest first; those that are there already are left out. */
  addOlder(trades) {
    const known = new Set(this.#trades.map(({ offset }) => offset));
    this.#trades.push(...trades.filter(({ offset }) => !known.has(offset)));
    this.#trades.sort((one, other) => (other.offset ?? Infinity) - (one.offset ?? Infinity));
    this.#trades.length = Math.min(this.#trades.length, ROWS);
  }

  clear() {
    this.#trades = [];
  }

  /** Draws what has been added. */
  show() {
    this.#rows.forEach(({ node, cells }, index) => {
      const entry = this.#trades[index];
      if (node.hidden !== (entry === undefined)) node.hidden = entry === undefined;
      if (entry === undefined) return;
      const { price, quantity, side, timestamp } = entry.trade ?? {};
      setText(cells[0], text(price));
      setText(cells[1], text(quantity));
      setText(cells[2], typeof timestamp === 'number' ? timeOfDay(timestamp) : text(timestamp));
      setAttribute(node, 'data-tone', side === 'SELL' ? 'down' : 'up');
      setAttribute(node, 'aria-label', `${text(side)} ${text(quantity)} at ${text(price)}`);
    });
  }
}

/** What a stranger sent, as a text that cannot fill the page. */
function text(value) {
  return String(value ?? '').slice(0, 200);
}
