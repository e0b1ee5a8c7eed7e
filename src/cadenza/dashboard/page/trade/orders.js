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

const COMMON = [
  { title: 'Time', text: (order) => timeOfDay(order.updatedAt) },
  { title: 'Instrument', text: (order) => order.instrumentId },
  { title: 'Side', text: (order) => lower(order.orderSide), tone: side },
  { title: 'Type', text: (order) => `${lower(order.orderType)} ${order.timeInForce ?? ''}` },
  { title: 'Price', isNumber: true, text: terms },
  { title: 'Quantity', isNumber: true, text: (order) => trim(order.quantity ?? '') },
  { title: 'Executed', isNumber: true, text: (order) => trim(order.executedQuantity ?? '0') },
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
    text: (fill) => (fill.fees ?? []).map((fee) => `${trim(fee.quantity)} ${fee.asset}`).join(', '),
  },
  { title: 'Role', text: (fill) => (fill.isMaker ? 'maker' : 'taker') },
];

export class Orders {
  #open;
  #ended;
  #fills;

  /** @param {(order: object) => Promise<void>} cancel */
  constructor(cancel) {
    const button = (order) =>
      element(
        'button.small',
        {
          type: 'button',
          'aria-label': `Cancel ${lower(order.orderSide)} ${order.quantity} ${order.instrumentId}`,
          click: async ({ currentTarget }) => {
            currentTarget.disabled = true;
            await cancel(order);
            currentTarget.disabled = false;
          },
        },
        'Cancel',
      );
    const byOrder = (order) => order.tradeOrderId;
    this.#open = new Table(
      byId('open-orders'),
      'Open orders',
      [...COMMON, { title: '', text: () => '', make: button }],
      byOrder,
      'No open orders.',
    );
    const why = (order) => lower(order.rejectReason || order.cancelReason);
    this.#ended = new Table(
      byId('ended-orders'),
      'Ended orders',
      [...COMMON, { title: 'Reason', text: why }],
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
