// An instrument's filters, checked while somebody types. Pure. The server has the last word: what
// passes here may still be refused there, and nothing is refused here that would pass there.

import {
  compare,
  decimal,
  format,
  isMultiple,
  multiply,
  nearest,
  parse,
  times,
  trim,
  wholeSteps,
} from '../core/decimal.js';

/** Which prices an order type needs. */
export const NEEDS = Object.freeze({
  MARKET: [],
  LIMIT: ['limitPrice'],
  LIMIT_MAKER: ['limitPrice'],
  STOP: ['stopPrice'],
  STOP_LOSS: ['stopPrice'],
  STOP_LIMIT: ['stopPrice', 'limitPrice'],
  STOP_LOSS_LIMIT: ['stopPrice', 'limitPrice'],
  TAKE_PROFIT: ['stopPrice'],
  TAKE_PROFIT_LIMIT: ['stopPrice', 'limitPrice'],
  TRAILING_STOP: ['trailingDistance'],
});

const NEVER_RESTS = new Set(['GTC', 'IOC', 'FOK', 'GTD', 'DAY']);
const RESTS = new Set([...NEVER_RESTS, 'GTX']);

/** Times in force that an order type can have; the first is what is left unsaid. */
export const TIMES = Object.freeze({
  MARKET: new Set(['IOC', 'GTC', 'FOK']),
  LIMIT: RESTS,
  LIMIT_MAKER: new Set(['GTC', 'GTD', 'DAY', 'GTX']),
  STOP: NEVER_RESTS,
  STOP_LOSS: NEVER_RESTS,
  STOP_LIMIT: RESTS,
  STOP_LOSS_LIMIT: RESTS,
  TAKE_PROFIT: NEVER_RESTS,
  TAKE_PROFIT_LIMIT: RESTS,
  TRAILING_STOP: NEVER_RESTS,
});

const EXITS = ['takeProfitPrice', 'stopLossPrice'];
const NAMES = { limitPrice: 'price', stopPrice: 'trigger', trailingDistance: 'distance' };

function price(field, text, instrument) {
  if (text === '') return `A ${NAMES[field] ?? 'price'} is needed.`;
  const value = parse(text);
  if (value === null) return 'A plain decimal is needed, as 100.25.';
  const tick = decimal(instrument.pipSize);
  if (value.units <= 0n) return `It must be above zero: at least ${format(tick)}.`;
  if (isMultiple(value, tick)) return '';
  const near = nearest(value, tick);
  return `Between two ticks of ${trim(instrument.pipSize)}; nearest is ${format(near.units > 0n ? near : tick)}.`;
}

function quantity(text, instrument) {
  if (text === '') return 'A quantity is needed.';
  const value = parse(text);
  if (value === null || value.units < 0n) return 'A plain decimal is needed, as 0.5.';
  const lot = decimal(instrument.lotSize);
  if (!isMultiple(value, lot)) {
    const near = nearest(value, lot);
    return `Between two lots of ${trim(instrument.lotSize)}; nearest is ${format(near.units > 0n ? near : lot)}.`;
  }
  const least = atLeast(decimal(instrument.minQuantity), lot);
  if (compare(value, least) < 0) return `At least ${trim(format(least))}.`;
  if (compare(value, decimal(instrument.maxQuantity)) > 0) {
    return `At most ${trim(instrument.maxQuantity)}.`;
  }
  return '';
}

/** The smallest number of whole lots that is not below a limit, and not nothing. */
function atLeast(limit, lot) {
  const whole = wholeSteps(limit, lot);
  const lots = isMultiple(limit, lot) ? whole : whole + 1n;
  return times(lot, lots > 0n ? lots : 1n);
}

function budget(text, instrument) {
  if (text === '') return 'An amount is needed.';
  const value = parse(text);
  if (value === null || value.units < 0n) return 'A plain decimal is needed, as 250.';
  if (value.units === 0n) return 'It must be above zero.';
  return notional(value, instrument);
}

function notional(value, instrument) {
  const asset = instrument.quoteAsset;
  const shown = trim(format(value));
  if (compare(value, decimal(instrument.minNotional)) < 0) {
    return `Worth ${shown} ${asset}; at least ${trim(instrument.minNotional)}.`;
  }
  if (instrument.maxNotional !== undefined && compare(value, decimal(instrument.maxNotional)) > 0) {
    return `Worth ${shown} ${asset}; at most ${trim(instrument.maxNotional)}.`;
  }
  return '';
}

function visible(text, order, instrument) {
  const problem = quantity(text, { ...instrument, minQuantity: instrument.icebergMinQuantity ?? '0' });
  if (problem !== '') return problem;
  const whole = parse(order.quantity);
  return whole !== null && compare(decimal(text), whole) > 0 ? 'More than the whole order.' : '';
}

/**
 * What is wrong with an order, by field; an empty object if nothing is.
 * @param {Record<string, string>} order the fields as typed; those that do not matter are ''
 * @param {object} instrument as the server describes it
 * @returns {Record<string, string>}
 */
export function check(order, instrument) {
  const problems = {};
  const note = (field, problem) => {
    if (problem !== '') problems[field] = problem;
  };
  if (instrument.status !== 'ACTIVE') note('instrumentId', `It is ${instrument.status}.`);
  for (const field of NEEDS[order.orderType] ?? []) {
    note(field, price(field, order[field] ?? '', instrument));
  }
  for (const field of EXITS) if (order[field]) note(field, price(field, order[field], instrument));
  const isBudget = order.quantityType === 'QUOTE';
  note('quantity', isBudget ? budget(order.quantity, instrument) : quantity(order.quantity, instrument));
  if (order.visibleQuantity) note('visibleQuantity', visible(order.visibleQuantity, order, instrument));
  if (order.timeInForce === 'GTD' && !order.expireAt) note('expireAt', 'When does it end?');
  const cost = isBudget ? null : worth(order);
  if (cost !== null && !problems.limitPrice && !problems.stopPrice && !problems.quantity) {
    note('quantity', notional(cost, instrument));
  }
  return problems;
}

/**
 * What an order costs: at its limit price, else at its trigger, else at `reference`; null if that
 * is not known.
 * @returns {{units: bigint, scale: number} | null}
 */
export function worth(order, reference = '') {
  const needs = NEEDS[order.orderType] ?? [];
  const own = ['limitPrice', 'stopPrice'].find((field) => needs.includes(field));
  const each = parse(own === undefined ? reference : order[own]);
  const count = parse(order.quantity);
  return each === null || count === null ? null : multiply(each, count);
}
