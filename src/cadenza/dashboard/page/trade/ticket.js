// The order ticket: checked by the instrument's filters while somebody types, sent over REST.

import { cut, decimal, format, grouped, parse, trim } from '../core/decimal.js';
import { byId, setAttribute, setOptions, setShown, setText } from '../core/dom.js';
import { RestError } from '../core/rest.js';
import { check, NEEDS, TIMES, worth } from './filters.js';

const PRICES = ['limitPrice', 'stopPrice', 'trailingDistance'];
const OPTIONAL = ['visibleQuantity', 'takeProfitPrice', 'stopLossPrice'];
const ELSEWHERE = { idempotencyKey: '', instrumentId: 'instrumentId', tradingAccountId: '' };

const words = (name) => name.replace(/_/g, ' ').toLowerCase().replace(/^./, (one) => one.toUpperCase());

/** A key that nobody else makes; crypto.randomUUID is not there without TLS. */
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export class Ticket {
  #form = byId('ticket');
  #market;
  #send;
  #notices;
  #instrument;
  #touched = new Set();
  #intent = { text: '', key: '' };
  #refusal = { text: '', problems: {} };

  /**
   * @param {{best: {bid: string, ask: string}}} market
   * @param {(order: object) => Promise<object[]>} send places an order
   * @param {{say: (text: string, kind: string) => void}} notices
   */
  constructor(market, send, notices) {
    this.#market = market;
    this.#send = send;
    this.#notices = notices;
    this.#form.addEventListener('input', (event) => this.#typed(event.target.name));
    this.#form.addEventListener('focusout', (event) => this.#typed(event.target.name));
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  /** Orders are for this instrument from here on; undefined: none can be placed. */
  use(instrument) {
    this.#instrument = instrument;
    setShown(byId('ticket-none'), instrument === undefined);
    setShown(this.#form, instrument !== undefined);
    this.#touched.clear();
    if (instrument === undefined) return;
    for (const name of [...PRICES, ...OPTIONAL, 'quantity']) this.#field(name).value = '';
    setOptions(this.#field('orderType'), instrument.orderTypes.filter((type) => type in NEEDS), words);
    setOptions(this.#field('quantityType'), ['BASE', 'QUOTE'], (type) =>
      type === 'BASE' ? instrument.baseAsset : instrument.quoteAsset,
    );
    if (instrument.orderTypes.includes('LIMIT')) this.#field('orderType').value = 'LIMIT';
    this.#form.elements.quantityType.value = 'BASE';
    for (const name of PRICES) setText(this.#unit(name), instrument.quoteAsset);
    this.#typed('orderType');
    this.#complain({});
  }

  /** Puts a price into the ticket, where its type takes one. */
  setPrice(price) {
    const needs = NEEDS[this.#field('orderType').value] ?? [];
    const name = PRICES.find((field) => needs.includes(field) && field !== 'trailingDistance');
    if (name === undefined || this.#instrument === undefined) return;
    this.#field(name).value = price;
    this.#typed(name);
  }

  /** Draws again what depends on the market. */
  refresh() {
    if (this.#instrument !== undefined) this.#showCost(this.#order());
  }

  #field(name) {
    return this.#form.elements[name];
  }

  #unit(name) {
    return this.#form.querySelector(`[data-unit="${name}"]`);
  }

  #typed(name) {
    if (!name || this.#instrument === undefined) return;
    if (name === 'orderType') this.#shape();
    const field = this.#field(name);
    if (field instanceof HTMLElement && field.value !== '') this.#touched.add(name);
    const order = this.#order();
    setShown(this.#row('expireAt'), order.timeInForce === 'GTD');
    this.#showCost(order);
    const isRefused = this.#refusal.text === JSON.stringify(order);
    this.#complain({ ...check(order, this.#instrument), ...(isRefused && this.#refusal.problems) });
    if (!isRefused) setText(byId('ticket-problem'), '');
    const verb = order.orderSide === 'BUY' ? 'Buy' : 'Sell';
    setText(byId('ticket-send'), `${verb} ${this.#instrument.baseAsset}`);
    this.#form.dataset.side = order.orderSide;
  }

  /** Shows the fields that the order type has. */
  #shape() {
    const type = this.#field('orderType').value;
    for (const name of PRICES) setShown(this.#row(name), NEEDS[type].includes(name));
    const canRest = NEEDS[type].includes('limitPrice');
    setShown(this.#row('visibleQuantity'), canRest && this.#instrument.isIcebergAllowed === true);
    const allowed = this.#instrument.timeInForceOptions;
    const times = [...TIMES[type]].filter((time) => allowed.includes(time));
    setOptions(this.#field('timeInForce'), times);
    this.#field('timeInForce').value = times[0] ?? '';
  }

  #row(name) {
    return this.#form.querySelector(`[data-row="${name}"]`);
  }

  /** The order as typed: the fields that are shown and not empty. */
  #order() {
    const order = { instrumentId: this.#instrument.instrumentId };
    for (const [name, value] of new FormData(this.#form)) {
      const row = this.#row(name);
      if (value.trim() !== '' && !(row?.hidden ?? false)) order[name] = value.trim();
    }
    order.quantity ??= '';
    if (order.timeInForce === 'GTD' && order.expireAt) order.expireAt = Date.parse(order.expireAt);
    else delete order.expireAt;
    return order;
  }

  #showCost(order) {
    const { bid, ask } = this.#market.best;
    const reference = order.orderSide === 'BUY' ? ask : bid;
    const isBudget = order.quantityType === 'QUOTE';
    const value = isBudget ? parse(order.quantity) : worth(order, reference);
    const { quoteAsset, pipSize } = this.#instrument;
    const scale = Math.max(2, decimal(pipSize).scale);
    const text = value === null ? '–' : `${grouped(format(cut(value, scale), scale))} ${quoteAsset}`;
    setText(byId('ticket-cost'), text);
  }

  /** Shows problems at their fields: of fields that nobody has filled, only when `all`. */
  #complain(problems, all = false) {
    for (const place of this.#form.querySelectorAll('[data-problem]')) {
      const name = place.dataset.problem;
      const problem = all || this.#touched.has(name) ? (problems[name] ?? '') : '';
      setText(place, problem);
      const field = this.#field(name);
      if (field instanceof HTMLElement) setAttribute(field, 'aria-invalid', problem !== '' ? 'true' : null);
    }
  }

  /** Leads to a field, and opens what it is folded into. */
  #lead(name) {
    const place = this.#form.querySelector(`[data-problem="${CSS.escape(name)}"]`);
    const folded = place?.closest('details');
    if (folded) folded.open = true;
    this.#field(name)?.focus?.();
  }

  async #submit() {
    const order = this.#order();
    const problems = check(order, this.#instrument);
    this.#complain(problems, true);
    const first = Object.keys(problems)[0];
    if (first !== undefined) {
      this.#lead(first);
      return;
    }
    const button = byId('ticket-send');
    button.disabled = true;
    try {
      const placed = await this.#send({ ...order, idempotencyKey: this.#keyOf(order) });
      button.disabled = false;
      button.focus();
      this.#intent = { text: '', key: '' };
      this.#tell(placed[0]);
    } catch (error) {
      button.disabled = false;
      if (order.instrumentId === this.#instrument?.instrumentId) this.#refused(order, error);
      else this.#notices.say(`${order.instrumentId}: ${error.message}`, 'bad');
    }
  }

  /** One key for one intent: what is sent again after a lost answer has the key of before. */
  #keyOf(order) {
    const text = JSON.stringify(order);
    if (this.#intent.text !== text) this.#intent = { text, key: newKey() };
    return this.#intent.key;
  }

  #tell(order) {
    const reason = order.rejectReason || order.cancelReason;
    const done = `${words(order.orderSide)} ${trim(order.quantity)}: ${words(order.status)}`;
    this.#notices.say(reason ? `${done}, ${words(reason)}` : done, reason ? 'bad' : 'good');
  }

  /** Shows the server's word at the field it names, until something else is typed. */
  #refused(order, error) {
    const text = JSON.stringify(order);
    // After an error inside the server, too, nobody knows whether it has taken the order.
    if (!(error instanceof RestError) || error.status >= 500) {
      this.#refusal = { text, problems: {} };
      setText(
        byId('ticket-problem'),
        `${error.message} Send it again: it is the same order, and will be taken once.`,
      );
      return;
    }
    this.#intent = { text: '', key: '' };
    const name = ELSEWHERE[error.field] ?? error.field;
    const place = name === '' ? null : this.#form.querySelector(`[data-problem="${CSS.escape(name)}"]`);
    const hasPlace = place !== null && place.closest('[hidden]') === null;
    this.#refusal = { text, problems: hasPlace ? { [name]: error.message } : {} };
    setText(byId('ticket-problem'), hasPlace ? '' : error.message);
    this.#complain(this.#refusal.problems, true);
    if (hasPlace) this.#lead(name);
  }
}
