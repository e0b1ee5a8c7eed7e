// How charts look: the colours of the style sheet, without what the policy of the page refuses.

import { TickMarkType } from '../vendor/lightweight-charts.mjs';

import { colours } from '../core/theme.js';

const pattern = (options) => new Intl.DateTimeFormat('en-GB', options);
const marks = {
  [TickMarkType.Year]: pattern({ year: 'numeric' }),
  [TickMarkType.Month]: pattern({ month: 'short' }),
  [TickMarkType.DayOfMonth]: pattern({ day: 'numeric', month: 'short' }),
  [TickMarkType.Time]: pattern({ hour: '2-digit', minute: '2-digit' }),
  [TickMarkType.TimeWithSeconds]: pattern({ hour: '2-digit', minute: '2-digit', second: '2-digit' }),
};
const moment = pattern({ dateStyle: 'medium', timeStyle: 'medium' });

/** Options of an axis of time, in the browser's zone. */
export function timeAxis(options = {}) {
  return {
    localization: { timeFormatter: (time) => moment.format(time * 1000) },
    timeScale: {
      timeVisible: true,
      tickMarkFormatter: (time, kind) => marks[kind].format(time * 1000),
      ...options,
    },
  };
}

/** Options that all charts have. */
export function look() {
  const { text, line, muted } = colours('text', 'line', 'muted');
  return {
    autoSize: true,
    layout: {
      background: { color: 'transparent' },
      textColor: muted || text,
      fontFamily: 'system-ui, sans-serif',
      fontSize: 11,
      // The logo would bring a <style> element; the footer of the page names the library instead.
      attributionLogo: false,
    },
    grid: { vertLines: { color: line }, horzLines: { color: line } },
    rightPriceScale: { borderColor: line },
    timeScale: { borderColor: line },
  };
}
