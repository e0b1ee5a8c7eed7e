// A dialog that gives an open order other terms. They are checked as in the ticket, and what the
// server says of them is shown at their field.

import { compare, parse, trim } from '../core/decimal.js';
import { byId, setAttribute, setShown, setText } from '../core/dom.js';
import { check } from './filters.js';

const FIELDS = ['limitPrice', 'stopPrice', 'quantity'];

/** The terms of an order that may be amended, as texts. */
export function termsOf(order) {
  const has = {
    limitPrice: parse(order.limitPrice) !== null,
    // The trigger of a trailing stop follows the market.
    stopPrice: parse(order.stopPrice) !== null && order.orderType !== 'TRAILING_STOP',
    quantity: parse(order.quantity) !== null && order.orderQuantityType !== 'QUOTE',
  };
  return Object.fromEntries(
    FIELDS.filter((name) => has[name]).map((name) => [name, trim(order[name])]),
  );
}

/** Those of the typed terms that differ from an order's own. */
export function changes(order, typed) {
  const before = termsOf(order);
  const differs = ([name, text]) => {
    const [one, other] = [parse(before[name]), parse(text)];
    return one === null || other === null || compare(one, other) !== 0;
  };
  return Object.fromEntries(Object.entries(typed).filter(differs));
}

/** What is wrong with typed terms, by field. `instrument` may be undefined: the server checks too. */
export function problemsOf(order, typed, instrument) {
  if (instrument === undefined) return {};
  const whole = { ...order, quantityType: order.orderQuantityType, timeInForce: '', ...typed };
  const found = Object.entries(check(whole, instrument)).filter(([name]) => name in typed);
  const problems = Object.fromEntries(found);
  const [wanted, done] = [parse(typed.quantity), parse(order.executedQuantity)];
  if (!problems.quantity && wanted !== null && done !== null && compare(wanted, done) <= 0) {
    problems.quantity = `More than what is executed: ${trim(order.executedQuantity)}.`;
  }
  return problems;
}

export class Amend {
  #dialog = byId('amend');
  #form = byId('amend-form');
  #send;
  #order = {};
  #instrument;

  /** @param {(order: object, terms: object) => Promise<object>} send amends an order */
  constructor(send) {
    this.#send = send;
    byId('amend-close').addEventListener('click', () => this.#dialog.close());
    this.#form.addEventListener('input', () => {
      setText(byId('amend-problem'), '');
      this.#complain(this.#problems());
    });
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  /** Begins with an order as it is now; `instrument` is what the server says of its instrument. */
  open(order, instrument) {
    this.#order = order;
    this.#instrument = instrument;
    const terms = termsOf(order);
    for (const name of FIELDS) {
      setShown(this.#row(name), name in terms);
      this.#form.elements[name].value = terms[name] ?? '';
    }
    setText(byId('amend-what'), `${order.orderSide.toLowerCase()} ${order.instrumentId}`);
    setText(byId('amend-problem'), '');
    this.#complain({});
    this.#dialog.showModal();
    const first = FIELDS.find((name) => name in terms);
    if (first !== undefined) this.#form.elements[first].select();
  }

  /** Closes it; what it would amend is not shown any more. */
  close() {
    this.#dialog.close();
  }

  #row(name) {
    return this.#form.querySelector(`[data-row="${name}"]`);
  }

  #typed() {
    const names = FIELDS.filter((name) => !this.#row(name).hidden);
    return Object.fromEntries(names.map((name) => [name, this.#form.elements[name].value.trim()]));
  }

  #problems() {
    return problemsOf(this.#order, this.#typed(), this.#instrument);
  }

  #complain(problems) {
    for (const name of FIELDS) {
      setText(this.#row(name).querySelector('.problem'), problems[name] ?? '');
      setAttribute(this.#form.elements[name], 'aria-invalid', problems[name] ? 'true' : null);
    }
  }

  async #submit() {
    const [order, typed] = [this.#order, this.#typed()];
    const problems = this.#problems();
    this.#complain(problems);
    const first = Object.keys(problems)[0];
    if (first !== undefined) {
      this.#form.elements[first].focus();
      return;
    }
    const terms = changes(order, typed);
    if (Object.keys(terms).length === 0) {
      this.#dialog.close();
      return;
    }
    try {
      await this.#send(order, terms);
      if (order === this.#order) this.#dialog.close();
    } catch (error) {
      if (order === this.#order) this.#refused(error);
    }
  }

  #refused(error) {
    const row = FIELDS.includes(error.field) ? this.#row(error.field) : null;
    const hasPlace = row !== null && !row.hidden;
    this.#complain(hasPlace ? { [error.field]: error.message } : {});
    setText(byId('amend-problem'), hasPlace ? '' : error.message);
    if (hasPlace) this.#form.elements[error.field].focus();
  }
}
