// The depth chart: how much stands between the middle and each price. Floats are for drawing only.

import { AreaSeries, createOptionsChart, LineType } from '../vendor/lightweight-charts.mjs';

import { look } from './look.js';
import { colours } from '../core/theme.js';

const POINTS = 160;
const EVERY_MS = 250;

/**
 * A book as two curves over a grid of prices.
 * @param {{price: string, quantity: string}[]} bids best first
 * @param {{price: string, quantity: string}[]} asks best first
 * @returns {{bids: object[], asks: object[]}} points {time: price, value?: total}, ascending
 */
export function curves(bids, asks, points = POINTS) {
  const below = cumulate(bids);
  const above = cumulate(asks);
  const low = below.at(-1)?.price ?? above[0]?.price;
  const high = above.at(-1)?.price ?? below[0]?.price;
  if (low === undefined || !(high > low)) return { bids: [], asks: [] };
  const step = (high - low) / (points - 1);
  // One point more without a value: the axis marks its first point, and hides marks of such points.
  const grid = Array.from({ length: points + 1 }, (_, at) => low + (at - 1) * step);
  return {
    bids: grid.map((price, at) =>
      at === 0 ? { time: price } : point(price, below, (level) => level.price >= price),
    ),
    asks: grid.map((price) => point(price, above, (level) => level.price <= price)),
  };
}

function cumulate(levels) {
  let total = 0;
  return levels.map(({ price, quantity }) => ({
    price: Number(price),
    total: (total += Number(quantity)),
  }));
}

function point(price, levels, isWithin) {
  const reached = levels.findLast(isWithin);
  return reached === undefined ? { time: price } : { time: price, value: reached.total };
}

export class Depth {
  #chart;
  #bids;
  #asks;
  #drawnAt = -EVERY_MS;
  #levels;

  /** @param {HTMLElement} place */
  constructor(place, levels = 50) {
    this.#levels = levels;
    this.#chart = createOptionsChart(place, { ...look(), localization: { precision: 2 } });
    this.#chart.applyOptions({
      handleScroll: false,
      handleScale: false,
      rightPriceScale: { scaleMargins: { top: 0.12, bottom: 0 } },
      timeScale: {
        ignoreWhitespaceIndices: true,
        allowBoldLabels: false,
        tickMarkMaxCharacterLength: 12, // of a price: so that no two of them touch
      },
    });
    const options = {
      lineType: LineType.WithSteps,
      lineWidth: 2,
      priceLineVisible: false,
      lastValueVisible: false,
      priceFormat: { type: 'volume' },
    };
    this.#bids = this.#chart.addSeries(AreaSeries, options);
    this.#asks = this.#chart.addSeries(AreaSeries, options);
    this.restyle();
  }

  /** Takes the colours of the style sheet. */
  restyle() {
    const { buy, sell, 'buy-soft': buySoft, 'sell-soft': sellSoft } = colours(
      'buy',
      'sell',
      'buy-soft',
      'sell-soft',
    );
    this.#chart.applyOptions(look());
    this.#bids.applyOptions({ lineColor: buy, topColor: buySoft, bottomColor: buySoft });
    this.#asks.applyOptions({ lineColor: sell, topColor: sellSoft, bottomColor: sellSoft });
  }

  /** Draws a book, unless it has drawn one a moment ago. @returns {boolean} whether it did */
  show(book, now) {
    if (now - this.#drawnAt < EVERY_MS) return false;
    if (book.isReady) this.#drawnAt = now;
    const { bids, asks } = curves(
      book.bids.slice(0, this.#levels),
      book.asks.slice(0, this.#levels),
    );
    this.#bids.setData(bids);
    this.#asks.setData(asks);
    this.#chart.timeScale().fitContent();
    return true;
  }

  /** How many decimals the prices below it have. */
  setPrecision(precision) {
    this.#chart.applyOptions({ localization: { precision } });
  }

  clear() {
    this.#bids.setData([]);
    this.#asks.setData([]);
    this.#drawnAt = -EVERY_MS;
  }
}
