// A local order book, made of the SNAPSHOTs and DIFFs of a book's channel. Pure: no page, no net.
//
// Prices are compared as integers at the finest scale seen so far, so "1.1", "1.10" and prices of
// any length are in their true order. What the page shows is the text that the server sent.

import { add, parse, unitsAt, ZERO } from '../core/decimal.js';

/** A publication that is no order book; the message says what is wrong with it. */
export class BookError extends Error {
  constructor(message) {
    super(message);
    this.name = 'BookError';
  }
}

/** What became of an update. */
export const Applied = Object.freeze({
  SNAPSHOT: 'snapshot',
  DIFF: 'diff',
  EARLY: 'early', // a DIFF before any SNAPSHOT
  GAP: 'gap', // a DIFF of a state that this book is not in: it must be fetched anew
});

/**
 * @typedef {object} Level
 * @property {string} price
 * @property {string} quantity
 * @property {bigint} key the price at the book's scale
 * @property {{units: bigint, scale: number}} size the quantity
 */

class Side {
  /** @type {Level[]} */
  levels = [];
  #sign;

  /** @param {bigint} sign -1n: the highest price is best; 1n: the lowest */
  constructor(sign) {
    this.#sign = sign;
  }

  replace(levels) {
    this.levels = levels;
    this.levels.sort((one, other) => (this.#isBefore(one.key, other.key) ? -1 : 1));
  }

  set(level) {
    const at = this.#find(level.key);
    const isThere = this.levels[at]?.key === level.key;
    if (level.size.units === 0n) {
      if (isThere) this.levels.splice(at, 1);
    } else {
      this.levels.splice(at, isThere ? 1 : 0, level);
    }
  }

  rescale(factor) {
    for (const level of this.levels) level.key *= factor;
  }

  #isBefore(one, other) {
    return this.#sign * one < this.#sign * other;
  }

  #find(key) {
    let low = 0;
    let high = this.levels.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#isBefore(this.levels[middle].key, key)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export class Book {
  #bids = new Side(-1n);
  #asks = new Side(1n);
  #scale = 0;

  /** The number of the state, or null before the first SNAPSHOT. */
  sequence = null;
  /** When the state was, in milliseconds. */
  timestamp = 0;

  /** Best first. @returns {Level[]} */
  get bids() {
    return this.#bids.levels;
  }

  /** Best first. @returns {Level[]} */
  get asks() {
    return this.#asks.levels;
  }

  get isReady() {
    return this.sequence !== null;
  }

  /** Forgets everything, until the next SNAPSHOT. */
  clear() {
    this.#bids.levels = [];
    this.#asks.levels = [];
    this.sequence = null;
  }

  /**
   * Takes the payload of a publication. Nothing has changed if it throws.
   * @returns {string} out of Applied
   * @throws {BookError}
   */
  apply(update) {
    const kind = update?.updateType;
    if (kind !== 'SNAPSHOT' && kind !== 'DIFF') {
      throw new BookError(`updateType ${show(kind)} is neither SNAPSHOT nor DIFF`);
    }
    if (!Number.isSafeInteger(update.sequence)) {
      throw new BookError(`sequence ${show(update.sequence)} is no whole number`);
    }
    if (kind === 'DIFF' && !this.isReady) return Applied.EARLY;
    if (kind === 'DIFF' && update.prevSequence !== this.sequence) return Applied.GAP;
    const rows = [read(update.bids, 'bids'), read(update.asks, 'asks')];
    for (const { value } of rows.flat()) this.#refine(value.scale);
    const [bids, asks] = rows.map((levels) => levels.map((level) => this.#keyed(level)));
    if (kind === 'SNAPSHOT') {
      this.#bids.replace(bids.filter(({ size }) => size.units > 0n));
      this.#asks.replace(asks.filter(({ size }) => size.units > 0n));
    } else {
      for (const level of bids) this.#bids.set(level);
      for (const level of asks) this.#asks.set(level);
    }
    this.sequence = update.sequence;
    this.timestamp = Number.isSafeInteger(update.timestamp) ? update.timestamp : 0;
    return kind === 'SNAPSHOT' ? Applied.SNAPSHOT : Applied.DIFF;
  }

  #keyed({ value, ...level }) {
    return { ...level, key: unitsAt(value, this.#scale) };
  }

  #refine(scale) {
    if (scale <= this.#scale) return;
    const factor = 10n ** BigInt(scale - this.#scale);
    this.#bids.rescale(factor);
    this.#asks.rescale(factor);
    this.#scale = scale;
  }
}

function read(rows, side) {
  if (!Array.isArray(rows)) throw new BookError(`${side} is no list`);
  return rows.map((row) => {
    const value = parse(row?.[0]);
    const size = parse(row?.[1]);
    if (value === null || size === null || value.units <= 0n || size.units < 0n) {
      throw new BookError(`${side} has a row ${show(row)} that is no price and quantity`);
    }
    return { price: row[0], quantity: row[1], value, size };
  });
}

/** The sums of quantities from the best level to each of the first `count`. */
export function totals(levels, count) {
  let sum = ZERO;
  return levels.slice(0, count).map((level) => (sum = add(sum, level.size)));
}

function show(value) {
  return String(JSON.stringify(value)).slice(0, 120);
}
