// The line about one instrument: last price, change, best prices.

import { grouped, parse, trim } from '../core/decimal.js';
import { byId, setAttribute, setText } from '../core/dom.js';

export class Ticker {
  /** Shows a ticker's payload, or that nothing is known. */
  show(ticker) {
    setText(byId('ticker-last'), price(ticker?.lastPrice));
    setText(byId('ticker-bid'), price(ticker?.bidPrice));
    setText(byId('ticker-ask'), price(ticker?.askPrice));
    const change = parse(ticker?.priceChangePercent);
    const sign = change !== null && change.units > 0n ? '+' : '';
    const shown = change === null ? '–' : `${sign}${ticker.priceChangePercent} %`;
    setText(byId('ticker-change'), shown);
    const tone = change === null || change.units === 0n ? null : change.units > 0n ? 'up' : 'down';
    setAttribute(byId('ticker-change'), 'data-tone', tone);
  }
}

function price(value) {
  return parse(value) === null ? '–' : grouped(value);
}

/** What an instrument's description says, in one line. */
export function describe(instrument) {
  if (instrument === undefined) return 'Not described by the server: anything may be published here';
  const parts = [`tick ${trim(instrument.pipSize)}`, `lot ${trim(instrument.lotSize)}`];
  if (instrument.description) parts.unshift(instrument.description);
  return parts.join(' · ');
}
