// Orders and fills as tables.

import { parse, trim } from '../core/decimal.js';
import { byId, element, timeOfDay } from '../core/dom.js';
import { Table } from '../core/table.js';

const side = (item) => (item.orderSide === 'SELL' ? 'down' : 'up');
const lower = (name) => String(name ?? '').replace(/_/g, ' ').toLowerCase();

/** The prices that an order goes by. */
function terms(order) {
  const parts = [];
  if (parse(order.limitPrice)) parts.push(order.limitPrice);
  if (parse(order.stopPrice)) parts.push(`trigger ${order.stopPrice}`);
  if (parse(order.trailingDistance)) parts.push(`trail ${order.trailingDistance}`);
  return parts.join(', ') || 'market';
}

const TIME = { title: 'Time', text: (order) => timeOfDay(order.updatedAt) };
// What matters most stands first: a narrow screen cuts the rest.
const TERMS = [
  { title: 'Instrument', text: (order) => order.instrumentId },
  { title: 'Side', text: (order) => lower(order.orderSide), tone: side },
  { title: 'Price', isNumber: true, text: terms },
  {
    title: 'Executed',
    isNumber: true,
    text: (order) => `${trim(order.executedQuantity) || '0'} / ${trim(order.quantity) || 'all'}`,
  },
  { title: 'Type', text: (order) => `${lower(order.orderType)} ${order.timeInForce ?? ''}` },
  { title: 'Status', text: (order) => lower(order.status) },
];

const FILLS = [
  { title: 'Time', text: (fill) => timeOfDay(fill.executedAt) },
  { title: 'Instrument', text: (fill) => fill.instrumentId },
  { title: 'Side', text: (fill) => lower(fill.orderSide), tone: side },
  { title: 'Price', isNumber: true, text: (fill) => fill.executedPrice },
  { title: 'Quantity', isNumber: true, text: (fill) => trim(fill.executedQuantity) },
  { title: 'Cost', isNumber: true, text: (fill) => trim(fill.executedCost) },
  {
    title: 'Fee',
    isNumber: true,
    text: ({ fees }) =>
      (Array.isArray(fees) ? fees : []).map((fee) => `${trim(fee?.quantity)} ${fee?.asset}`).join(', '),
  },
  { title: 'Role', text: (fill) => (fill.isMaker ? 'maker' : 'taker') },
];

export class Orders {
  #open;
  #ended;
  #fills;

  /**
   * @param {(order: object) => Promise<void>} cancel
   * @param {(order: object) => void} amend begins to give an order other terms
   */
  constructor(cancel, amend) {
    const byOrder = (order) => order.tradeOrderId;
    const named = (order) => `${lower(order.orderSide)} ${order.quantity} ${order.instrumentId}`;
    const buttons = (order) =>
      element(
        'span.buttons',
        {},
        button('Amend', named(order), () => amend(order)),
        button('Cancel', named(order), () => cancel(order)),
      );
    this.#open = new Table(
      byId('open-orders'),
      'Open orders',
      [...TERMS, TIME, { title: '', text: () => '', make: buttons }],
      byOrder,
      'No open orders.',
    );
    const why = (order) => lower(order.rejectReason || order.cancelReason);
    this.#ended = new Table(
      byId('ended-orders'),
      'Ended orders',
      [TIME, ...TERMS, { title: 'Reason', text: why }],
      byOrder,
      'No orders have ended yet.',
    );
    this.#fills = new Table(
      byId('fills'),
      'Fills',
      FILLS,
      (fill) => fill.executionId,
      'Nothing has been executed yet.',
    );
  }

  /** Shows what an account has. */
  show(account) {
    this.#open.show([...account.open.values()].reverse());
    this.#ended.show(account.ended);
    this.#fills.show(account.fills);
  }
}

/**
 * A button of a row. While its work goes on it does nothing, and is not `disabled`: that would take
 * the focus from whoever works by keyboard.
 */
function button(verb, what, run) {
  const click = async ({ currentTarget }) => {
    if (currentTarget.ariaDisabled === 'true') return;
    currentTarget.ariaDisabled = 'true';
    await run();
    currentTarget.ariaDisabled = null;
  };
  return element('button.small', { type: 'button', 'aria-label': `${verb} ${what}`, click }, verb);
}
