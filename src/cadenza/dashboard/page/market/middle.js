// What stands between asks and bids: the last price and the spread.

import { compare, format, parse, subtract } from '../core/decimal.js';
import { element, setAttribute, setText } from '../core/dom.js';

export class Middle {
  #last = element('strong.last', {}, '–');
  #spread = element('span.spread');
  #previous = null;

  constructor() {
    this.node = element('div.middle', {}, this.#last, this.#spread);
  }

  /** Whether no price has been shown yet. */
  get isEmpty() {
    return this.#previous === null;
  }

  /** The newest trade price, a text. */
  showLast(text) {
    const price = parse(text);
    const move = price === null || this.#previous === null ? 0 : compare(price, this.#previous);
    if (price !== null) this.#previous = price;
    setText(this.#last, text ?? '–');
    if (move !== 0) setAttribute(this.#last, 'data-tone', move > 0 ? 'up' : 'down');
  }

  /** The spread of a book. */
  showBook(book) {
    const [bid, ask] = [book.bids[0], book.asks[0]];
    if (bid === undefined || ask === undefined) {
      setText(this.#spread, book.isReady ? 'one-sided' : '');
      return;
    }
    setText(this.#spread, `spread ${format(subtract(parse(ask.price), parse(bid.price)))}`);
  }

  clear() {
    this.#previous = null;
    setText(this.#last, '–');
    setText(this.#spread, '');
    setAttribute(this.#last, 'data-tone', null);
  }
}
