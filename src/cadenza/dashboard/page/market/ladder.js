// The depth ladder: the best levels of a book, asks above bids. Rows are made once and reused, and
// a frame touches only what differs from the frame before.

import { format } from '../core/decimal.js';
import { element, setAttribute, setText } from '../core/dom.js';
import { totals } from './book.js';

const STEPS = 50; // of a bar: less than one step of difference is not drawn

class Row {
  #bar = element('i');
  #price = element('span.price', { role: 'cell' });
  #size = element('span.size', { role: 'cell' });
  #total = element('span.total', { role: 'cell' });
  #filled = -1;
  price = '';

  constructor(side, index) {
    const cells = [this.#bar, this.#price, this.#size, this.#total];
    this.node = element(`div.level.${side}`, { role: 'row', id: `${side}-${index}` }, ...cells);
    this.node.hidden = true;
  }

  show(level, total, share, isOwn) {
    this.price = level.price;
    setText(this.#price, level.price);
    setText(this.#size, level.quantity);
    setText(this.#total, total);
    setAttribute(this.node, 'data-own', isOwn);
    const filled = Math.ceil(share * STEPS);
    if (filled !== this.#filled) {
      this.#filled = filled;
      this.#bar.style.transform = `scaleX(${filled / STEPS})`;
    }
    if (this.node.hidden) this.node.hidden = false;
  }

  hide() {
    if (!this.node.hidden) this.node.hidden = true;
    this.price = '';
  }
}

class Half {
  #rows;
  #cursor = -1;

  constructor(side, count, name, onPick) {
    this.#rows = Array.from({ length: count }, (_, index) => new Row(side, index));
    const nodes = this.#rows.map(({ node }) => node);
    this.node = element(
      `div.half.${side}`,
      { role: 'table', tabindex: 0, 'aria-label': `${name}, best first` },
      ...nodes,
    );
    this.node.addEventListener('click', (event) => {
      const row = this.#rows.find(({ node }) => node.contains(event.target));
      if (row) onPick(row.price);
    });
    const outwards = side === 'ask' ? 'ArrowUp' : 'ArrowDown';
    this.node.addEventListener('keydown', (event) => this.#key(event, outwards, onPick));
    this.node.addEventListener('blur', () => this.#point(-1));
  }

  /** Shows levels, with bars in proportion to `most`. */
  show(levels, sums, most, own) {
    this.#rows.forEach((row, index) => {
      const level = levels[index];
      if (level === undefined || index >= sums.length) row.hide();
      else row.show(level, format(sums[index]), ratio(sums[index], most), own.has(level.price));
    });
  }

  #key(event, outwards, onPick) {
    const last = this.#rows.filter(({ price }) => price !== '').length - 1;
    if (event.key === 'ArrowUp' || event.key === 'ArrowDown') {
      event.preventDefault();
      const step = event.key === outwards ? 1 : -1;
      this.#point(Math.min(Math.max(this.#cursor + step, 0), last));
    } else if (event.key === 'Enter' && this.#cursor >= 0) {
      onPick(this.#rows[this.#cursor].price);
    }
  }

  #point(index) {
    this.#rows[this.#cursor]?.node.removeAttribute('data-cursor');
    this.#cursor = index;
    const row = this.#rows[index];
    setAttribute(this.node, 'aria-activedescendant', row?.node.id);
    row?.node.setAttribute('data-cursor', '');
    row?.node.scrollIntoView({ block: 'nearest' });
  }
}

/** A share between 0 and 1 of two decimals, for a bar. */
function ratio(part, whole) {
  const scale = Math.max(part.scale, whole.scale);
  const one = Number(part.units) * 10 ** (scale - part.scale);
  const all = Number(whole.units) * 10 ** (scale - whole.scale);
  return all === 0 ? 0 : Math.min(one / all, 1);
}

export class Ladder {
  #asks;
  #bids;
  #depth;
  #own = { BUY: new Set(), SELL: new Set() };

  /**
   * @param {HTMLElement} place
   * @param {HTMLElement} middle what stands between the halves
   * @param {(price: string) => void} onPick called with the price that somebody chose
   * @param {number} depth levels a side
   */
  constructor(place, middle, onPick, depth = 50) {
    this.#depth = depth;
    this.#asks = new Half('ask', depth, 'Asks', onPick);
    this.#bids = new Half('bid', depth, 'Bids', onPick);
    this.node = place;
    place.append(this.#asks.node, middle, this.#bids.node);
  }

  /** Which prices have an order of one's own, by side; shown with the next frame. */
  mark(own) {
    this.#own = own;
  }

  /** Draws a book as it is now. */
  show(book) {
    const asks = totals(book.asks, this.#depth);
    const bids = totals(book.bids, this.#depth);
    const ends = [asks.at(-1), bids.at(-1)].filter((end) => end !== undefined);
    const most = ends.reduce((one, other) => (ratio(one, other) < 1 ? other : one), ends[0]);
    this.#asks.show(book.asks, asks, most, this.#own.SELL);
    this.#bids.show(book.bids, bids, most, this.#own.BUY);
    setAttribute(this.node, 'data-sequence', book.sequence);
  }
}
