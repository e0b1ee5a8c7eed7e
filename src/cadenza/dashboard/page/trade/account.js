// What an account has: orders, fills, balances, positions. Pure: made of the state that a
// subscription begins with, and of the events after it.

import { add, compare, multiply, parse, subtract, ZERO } from '../core/decimal.js';

const ENDED = new Set(['FILLED', 'CANCELLED', 'REJECTED', 'EXPIRED', 'REVOKED']);
const MOST = 200; // ended orders, and fills, that are kept

export const isOpen = (order) => !ENDED.has(order.status);

export class Account {
  /** Open orders by id, oldest first. */
  open = new Map();
  /** Ended orders, newest first. */
  ended = [];
  /** Executions, newest first. */
  fills = [];
  balances = new Map();
  positions = new Map();
  summary = {};

  /** Begins with the state of a subscription: `{orders, portfolio}`. */
  begin({ orders, portfolio }) {
    this.open = new Map(orders.map((order) => [order.tradeOrderId, order]));
    this.balances = new Map((portfolio.balances ?? []).map((one) => [one.securitySymbol, one]));
    this.positions = new Map();
    this.#takePositions(portfolio.positions ?? []);
    this.summary = portfolio.summary ?? {};
  }

  /** Takes what the queries tell of the past; what is known already is left out. */
  remember(orders, fills) {
    for (const order of orders) if (!isOpen(order)) insert(this.ended, order, orderOf);
    for (const fill of fills) insert(this.fills, fill, fillOf);
    this.ended.sort(byTime('updatedAt'));
    this.fills.sort(byTime('executedAt'));
    this.#cut();
  }

  /** Takes an event of the account's channel. Unknown ones change nothing. */
  apply(event) {
    const data = event?.data;
    if (!isObject(data)) return;
    if (event?.eventType === 'event.trade_order.updated') this.#takeOrder(data);
    else if (event?.eventType === 'event.trade_execution.created') this.#takeFill(data);
    else if (event?.eventType === 'event.portfolio.updated') this.#takePortfolio(data);
  }

  #takeOrder(order) {
    if (typeof orderOf(order) !== 'string') return;
    if (isOpen(order)) {
      this.open.set(order.tradeOrderId, order);
      return;
    }
    this.open.delete(order.tradeOrderId);
    this.ended = this.ended.filter((one) => orderOf(one) !== orderOf(order));
    this.ended.unshift(order);
    this.#cut();
  }

  #takeFill(fill) {
    if (typeof fillOf(fill) !== 'string') return;
    if (this.fills.some((one) => fillOf(one) === fillOf(fill))) return;
    this.fills.unshift(fill);
    this.#cut();
  }

  #takePortfolio({ balances, positions, summary }) {
    for (const balance of listOf(balances)) this.balances.set(balance.securitySymbol, balance);
    this.#takePositions(listOf(positions));
    if (summary) this.summary = summary;
  }

  #takePositions(positions) {
    for (const position of positions) {
      const name = position.instrumentId ?? position.securitySymbol;
      if (typeof name !== 'string') continue;
      const isFlat = parse(position.quantity)?.units === 0n || position.status === 'CLOSED';
      if (isFlat) this.positions.delete(name);
      else this.positions.set(name, position);
    }
  }

  #cut() {
    this.ended.length = Math.min(this.ended.length, MOST);
    this.fills.length = Math.min(this.fills.length, MOST);
  }
}

const isObject = (value) => typeof value === 'object' && value !== null;
/** The objects of what should be a list of them: whoever may publish may publish anything. */
const listOf = (value) => (Array.isArray(value) ? value.filter(isObject) : []);
const orderOf = (order) => order.tradeOrderId;
const fillOf = (fill) => fill.executionId;
const byTime = (field) => (one, other) => Date.parse(other[field]) - Date.parse(one[field]);

function insert(list, item, idOf) {
  if (!list.some((one) => idOf(one) === idOf(item))) list.push(item);
}

/**
 * The profit of a position at a price, in the quote asset; null while there is no price.
 * @param {object} position with `entryPrice`, `quantity`, `positionSide`
 * @param {string | undefined} price
 */
export function unrealised(position, price) {
  const [now, entry] = [parse(price), parse(position.entryPrice)];
  const quantity = parse(position.quantity);
  if (now === null || entry === null || quantity === null) return null;
  const gain = multiply(subtract(now, entry), quantity);
  return position.positionSide === 'SHORT' ? subtract(ZERO, gain) : gain;
}

/** Amounts of equal assets as one: [['USDT', value], ...]; nulls are left out. */
export function sums(amounts) {
  const sums = new Map();
  for (const [asset, value] of amounts) {
    if (value !== null) sums.set(asset, add(sums.get(asset) ?? ZERO, value));
  }
  return [...sums];
}

/** 'up', 'down' or null, for the eye. */
export function tone(value) {
  if (value === null) return null;
  const sign = compare(value, ZERO);
  return sign === 0 ? null : sign > 0 ? 'up' : 'down';
}
