// Candlesticks with volume. Candles come from the query first, then from the kline channel.

import { CandlestickSeries, createChart, HistogramSeries } from '../vendor/lightweight-charts.mjs';

import { parse } from '../core/decimal.js';
import { colours } from '../core/theme.js';
import { look, timeAxis } from './look.js';

export const INTERVALS = ['1s', '1m', '5m', '15m', '1h', '4h', '1d'];
const HISTORY = 500;

/** A row of the API as points of both series, or null if it is no candle. */
function candle(row) {
  if (!Array.isArray(row) || !Number.isSafeInteger(row[0])) return null;
  if (row.slice(1, 6).some((text) => parse(text) === null) || row.length < 6) return null;
  const [open, high, low, close, volume] = row.slice(1, 6).map(Number);
  return { time: row[0] / 1000, open, high, low, close, volume };
}

export class Candles {
  #chart;
  #candles;
  #volumes;
  #colours = {};
  #newest = 0;
  #shown = [];

  /**
   * @param {HTMLElement} place
   * @param {typeof createChart} [make]
   */
  constructor(place, make = createChart) {
    this.#chart = make(place, look());
    this.#chart.applyOptions({
      ...timeAxis({ rightOffset: 4, barSpacing: 8 }),
      rightPriceScale: { scaleMargins: { top: 0.08, bottom: 0.24 } },
      handleScroll: { vertTouchDrag: false }, // a finger that goes up or down scrolls the page
    });
    this.#candles = this.#chart.addSeries(CandlestickSeries, { borderVisible: false });
    this.#volumes = this.#chart.addSeries(HistogramSeries, {
      priceScaleId: 'volume',
      priceFormat: { type: 'volume' },
      lastValueVisible: false,
      priceLineVisible: false,
    });
    this.#chart.priceScale('volume').applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
    this.restyle();
  }

  /** Takes the colours of the style sheet. */
  restyle() {
    const { buy, sell, 'buy-soft': up, 'sell-soft': down } = colours(
      'buy',
      'sell',
      'buy-soft',
      'sell-soft',
    );
    this.#colours = { up, down };
    this.#chart.applyOptions(look());
    this.#candles.applyOptions({
      upColor: buy,
      downColor: sell,
      wickUpColor: buy,
      wickDownColor: sell,
    });
    this.#volumes.setData(this.#shown.map((one) => this.#volume(one)));
  }

  /** In which steps prices go. */
  setTick(pipSize) {
    const precision = (pipSize.split('.')[1] ?? '').length;
    const priceFormat = { type: 'price', precision, minMove: Number(pipSize) };
    this.#candles.applyOptions({ priceFormat });
  }

  /** Shows seconds on the axis, or not. */
  setInterval(interval) {
    this.#chart.applyOptions({ timeScale: { secondsVisible: interval.endsWith('s') } });
  }

  /** Begins anew with these rows, oldest first. */
  reset(rows) {
    this.#shown = rows.map(candle).filter((one) => one !== null);
    this.#newest = this.#shown.at(-1)?.time ?? 0;
    this.#draw();
    this.#chart.timeScale().resetTimeScale();
  }

  /** Takes rows of the channel: the newest candle again, or the next. */
  update(rows) {
    for (const one of Array.isArray(rows) ? rows.map(candle) : []) {
      if (one === null || one.time < this.#newest) continue;
      if (one.time === this.#newest) this.#shown.pop();
      this.#shown.push(one);
      this.#newest = one.time;
      this.#candles.update(one);
      this.#volumes.update(this.#volume(one));
    }
    if (this.#shown.length <= 4 * HISTORY) return;
    // The chart keeps what it is given for good, so it is given less: a day has 86400 seconds.
    this.#shown.splice(0, 2 * HISTORY);
    this.#draw();
  }

  #draw() {
    this.#candles.setData(this.#shown);
    this.#volumes.setData(this.#shown.map((one) => this.#volume(one)));
  }

  #volume({ time, open, close, volume }) {
    return { time, value: volume, color: close < open ? this.#colours.down : this.#colours.up };
  }
}

/** How many candles of the past are asked for. */
export const CANDLES = HISTORY;
