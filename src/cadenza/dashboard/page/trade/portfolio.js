// Positions, balances, and what they come to.

import { cut, format, grouped, parse, trim } from '../core/decimal.js';
import { byId, setAttribute, setText } from '../core/dom.js';
import { Table } from '../core/table.js';
import { sums, tone, unrealised } from './account.js';

const PLACES = 2;

const money = (value) => (value === null ? '–' : grouped(format(cut(value, PLACES), PLACES)));
const quoteOf = (instrumentId) => String(instrumentId ?? '').split('/').at(-1);

const BALANCES = [
  { title: 'Asset', text: (balance) => balance.securitySymbol },
  { title: 'Free', isNumber: true, text: (balance) => grouped(trim(balance.free)) },
  { title: 'Locked', isNumber: true, text: (balance) => grouped(trim(balance.locked)) },
  { title: 'Total', isNumber: true, text: (balance) => grouped(trim(balance.total)) },
];

export class Portfolio {
  #balances;
  #positions;
  #last = new Map();

  constructor() {
    this.#balances = new Table(
      byId('balances'),
      'Balances',
      BALANCES,
      (balance) => balance.securitySymbol,
      'No balances.',
    );
    this.#positions = new Table(
      byId('positions'),
      'Positions',
      this.#columns(),
      (position) => position.positionId ?? position.instrumentId,
      'No open positions.',
    );
  }

  /** The newest trade price of an instrument, a text. */
  mark(instrumentId, price) {
    this.#last.set(instrumentId, price);
  }

  /** Shows what an account has. */
  show(account) {
    const positions = [...account.positions.values()];
    this.#balances.show([...account.balances.values()].sort(byAsset));
    this.#positions.show(positions);
    const { equity, currency } = account.summary;
    const value = parse(equity);
    setText(byId('equity'), value === null ? '–' : `${money(value)} ${currency ?? ''}`);
    this.#sum('unrealised', positions.map((one) => [quoteOf(one.instrumentId), this.#gain(one)]));
    this.#sum('realised', positions.map((one) => [quoteOf(one.instrumentId), parse(one.realizedPnl)]));
  }

  #sum(id, amounts) {
    const found = sums(amounts);
    const text = found.map(([asset, value]) => `${money(value)} ${asset}`).join(', ');
    setText(byId(id), text || '0.00');
    setAttribute(byId(id), 'data-tone', found.length === 1 ? tone(found[0][1]) : null);
  }

  #price(position) {
    return this.#last.get(position.instrumentId) ?? position.currentPrice;
  }

  #gain(position) {
    return unrealised(position, this.#price(position));
  }

  #columns() {
    return [
      { title: 'Instrument', text: (position) => position.instrumentId },
      {
        title: 'Side',
        text: (position) => String(position.positionSide ?? '').toLowerCase(),
        tone: (position) => (position.positionSide === 'SHORT' ? 'down' : 'up'),
      },
      { title: 'Quantity', isNumber: true, text: (position) => trim(position.quantity) },
      { title: 'Entry', isNumber: true, text: (position) => shorten(position.entryPrice) },
      { title: 'Last', isNumber: true, text: (position) => shorten(this.#price(position)) },
      {
        title: 'Unrealised',
        isNumber: true,
        text: (position) => money(this.#gain(position)),
        tone: (position) => tone(this.#gain(position)),
      },
      {
        title: 'Realised',
        isNumber: true,
        text: (position) => money(parse(position.realizedPnl)),
        tone: (position) => tone(parse(position.realizedPnl)),
      },
    ];
  }
}

const byAsset = (one, other) => (one.securitySymbol < other.securitySymbol ? -1 : 1);

/** A price for the eye: an average may have more decimals than anybody reads. */
function shorten(text) {
  const value = parse(text);
  return value === null ? '–' : format(cut(value, 6));
}
