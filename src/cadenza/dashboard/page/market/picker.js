// Which instrument is shown: those of the server by venue, and any other by its id, as a backend may
// publish what no feed has declared.

import { element, setShown } from '../core/dom.js';

const OTHER = '\u0000other';

export class Picker {
  #select;
  #other;
  #onPick;
  #current = '';

  /**
   * @param {HTMLSelectElement} select
   * @param {HTMLInputElement} other takes an id that is not among those
   * @param {(instrumentId: string) => void} onPick
   */
  constructor(select, other, onPick) {
    this.#select = select;
    this.#other = other;
    this.#onPick = onPick;
    select.addEventListener('change', () => {
      const isOther = select.value === OTHER;
      setShown(other, isOther);
      if (isOther) other.focus();
      else onPick(select.value);
    });
    other.addEventListener('blur', () => this.show(this.#current));
    other.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.show(this.#current);
      if (event.key === 'Enter' && other.value.trim() !== '') onPick(other.value.trim());
    });
  }

  /** Offers these instruments. */
  offer(instruments) {
    const venues = Map.groupBy ? Map.groupBy(instruments, ({ venue }) => venue) : group(instruments);
    const groups = [...venues].map(([venue, ones]) =>
      element(
        'optgroup',
        { label: venue },
        ...ones.map((one) => element('option', { value: one.instrumentId }, one.instrumentId)),
      ),
    );
    const other = element('option', { value: OTHER }, 'Another…');
    this.#select.replaceChildren(...groups, other);
  }

  /** Shows what is chosen; an id that was not offered is added. */
  show(instrumentId) {
    this.#current = instrumentId;
    this.#other.value = '';
    setShown(this.#other, false);
    const isKnown = [...this.#select.options].some(({ value }) => value === instrumentId);
    if (!isKnown) {
      this.#select.prepend(element('option', { value: instrumentId }, instrumentId));
    }
    this.#select.value = instrumentId;
  }
}

function group(instruments) {
  const groups = new Map();
  for (const one of instruments) {
    groups.set(one.venue, [...(groups.get(one.venue) ?? []), one]);
  }
  return groups;
}
