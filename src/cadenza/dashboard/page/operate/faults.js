// Faults on demand: what is on, and a form to switch one on.

import { byId, element, setOptions, setShown, setText, timeOfDay } from '../core/dom.js';
import { Table } from '../core/table.js';

const PLACES = ['user', 'client', 'channel'];
const BOOKS = ['instrument', 'channel'];

/** Which fields each kind has; those of the target first. */
export const KINDS = Object.freeze({
  drop: { target: PLACES, fields: ['code', 'reason', 'every_ms'] },
  delay: { target: PLACES, fields: ['ms'] },
  stall: { target: PLACES, fields: ['ms', 'every_ms'] },
  expire: { target: ['user'], fields: ['ms'] },
  book_gap: { target: BOOKS, fields: [] },
  book_snapshots: { target: BOOKS, fields: [] },
  feed_unhealthy: { target: BOOKS, fields: [] },
  node_unhealthy: { target: [], fields: ['reason'] },
  order: {
    target: ['account', 'instrument', 'client_order_id_prefix'],
    fields: ['reject', 'delay_ms', 'fill_permille'],
  },
});
const COMMON = ['per_mille', 'count', 'ttl_ms'];
const TEXTS = new Set(['reason', 'reject']);

/** The parameters of faults.set, of what somebody typed; empty fields are left out. */
export function parameters(kind, typed) {
  const { target, fields } = KINDS[kind];
  const given = (names) =>
    names.filter((name) => typed[name]).map((name) => [name, value(name, typed[name])]);
  const where = Object.fromEntries(given(target));
  const isAimed = Object.keys(where).length > 0;
  return { kind, ...Object.fromEntries(given([...fields, ...COMMON])), ...(isAimed && { target: where }) };
}

function value(name, text) {
  const isText = TEXTS.has(name) || [...PLACES, ...BOOKS, ...KINDS.order.target].includes(name);
  return isText || !/^\d+$/.test(text) ? text : Number(text);
}

const words = (name) => name.replace(/_/g, ' ').replace(/ ms$/, ', ms');

export class Faults {
  #admin;
  #table;
  #form = byId('fault-form');
  #isOn;

  /**
   * @param {import('../core/admin.js').Admin} admin
   * @param {boolean} isOn whether the server allows faults
   * @param {() => Promise<void>} refresh shows what has become of them
   */
  constructor(admin, isOn, refresh) {
    this.#admin = admin;
    this.#isOn = isOn;
    const button = (one) =>
      element(
        'button.small',
        {
          type: 'button',
          'aria-label': `End ${one.id}`,
          click: () => this.#run(() => admin.rpc('faults.clear', { id: one.id }), refresh),
        },
        'End',
      );
    const columns = [
      { title: 'Fault', text: (one) => one.fault.kind },
      { title: 'Terms', text: (one) => terms(one.fault) },
      { title: 'Hits', isNumber: true, text: (one) => one.hits },
      { title: 'Until', text: (one) => timeOfDay(one.ends_at) },
      { title: '', text: () => '', make: button },
    ];
    this.#table = new Table(byId('faults'), 'Faults', columns, (one) => one.id, 'No fault is on.');
    setShown(byId('faults-off'), !isOn);
    setShown(this.#form, isOn);
    setOptions(this.#form.elements.kind, Object.keys(KINDS), words);
    this.#form.elements.kind.addEventListener('change', () => this.#shape());
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#run(() => admin.rpc('faults.set', this.#typed()), refresh);
    });
    byId('faults-clear').addEventListener('click', () =>
      this.#run(() => admin.rpc('faults.clear', {}), refresh),
    );
    this.#shape();
  }

  /** Shows the faults of an overview. */
  show({ active }) {
    this.#table.show(active);
    byId('faults-clear').disabled = active.length === 0;
  }

  #shape() {
    const { target, fields } = KINDS[this.#form.elements.kind.value];
    const inputs = [...target, ...fields, ...COMMON].map((name) => {
      const label = element('label.field', {}, element('span', {}, words(name)));
      label.append(element('input', { name, autocomplete: 'off', spellcheck: 'false' }));
      return label;
    });
    byId('fault-fields').replaceChildren(...inputs);
  }

  #typed() {
    const typed = Object.fromEntries(new FormData(this.#form));
    return parameters(typed.kind, typed);
  }

  async #run(action, refresh) {
    try {
      await action();
      setText(byId('fault-problem'), '');
      await refresh();
    } catch (error) {
      setText(byId('fault-problem'), error.message);
    }
  }
}

function terms(fault) {
  const { kind: _, target, ...rest } = fault;
  // What every fault has unless told otherwise says nothing: each time, and as often as it likes.
  if (rest.per_mille === 1000) delete rest.per_mille;
  if (rest.count === 0) delete rest.count;
  const all = Object.entries({ ...(target ?? {}), ...rest });
  return all.map(([name, text]) => `${words(name)} ${text}`).join(' · ') || 'everybody';
}
