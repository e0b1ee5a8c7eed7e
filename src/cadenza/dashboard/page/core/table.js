// A table whose rows have keys: rows are reused, and only cells that differ are touched.

import { element, setAttribute, setText } from './dom.js';

/**
 * @typedef {object} Column
 * @property {string} title
 * @property {(item: any) => unknown} text what the cell shows
 * @property {(item: any) => string} [tone] a class of the cell, as 'buy'
 * @property {boolean} [isNumber] aligned to the right
 * @property {(item: any) => Node} [make] makes the cell's content once, in place of a text
 */

export class Table {
  #columns;
  #key;
  #body;
  #rows = new Map();
  #empty;

  /**
   * @param {HTMLElement} place
   * @param {string} label the table's name for screen readers
   * @param {Column[]} columns
   * @param {(item: any) => string} key what makes an item the same as before
   * @param {string} empty what is said without items
   */
  constructor(place, label, columns, key, empty) {
    this.#columns = columns;
    this.#key = key;
    // The roles are those of the elements; cards on a phone are tables no more without them.
    this.#body = element('tbody', { role: 'rowgroup' });
    this.#empty = element('p.empty', { tabindex: -1 }, empty);
    const titles = columns.map(({ title, isNumber }) =>
      element(isNumber ? 'th.number' : 'th', { scope: 'col', role: 'columnheader' }, title),
    );
    const head = element('thead', { role: 'rowgroup' }, element('tr', { role: 'row' }, ...titles));
    const table = element('table', { role: 'table', 'aria-label': label }, head, this.#body);
    // Two columns fit on a phone as they are; more become cards there.
    const kind = columns.length > 2 ? 'div.scroll.cards' : 'div.scroll';
    place.append(element(kind, { tabindex: 0, role: 'region', 'aria-label': label }, table));
    place.append(this.#empty);
  }

  /** Shows these items in this order. */
  show(items) {
    this.#empty.hidden = items.length > 0;
    const focused = this.#body.contains(document.activeElement) ? document.activeElement : null;
    const place = focused === null ? -1 : placeOf(focused);
    // First those that are gone: the others then stay where they are, and so does the focus.
    this.#dropAllBut(new Set(items.map(this.#key)));
    let at = this.#body.firstElementChild;
    for (const item of items) {
      const key = this.#key(item);
      const row = this.#rows.get(key) ?? this.#make(key, item);
      if (row.node === at) at = at.nextElementSibling;
      else this.#body.insertBefore(row.node, at);
      this.#fill(row, item);
    }
    if (focused !== null && focused !== document.activeElement) this.#refocus(focused, place);
  }

  #dropAllBut(keys) {
    for (const [key, { node }] of this.#rows) {
      if (keys.has(key)) continue;
      node.remove();
      this.#rows.delete(key);
    }
  }

  /** Whoever works by keyboard stays at the place, on the row that has come there. */
  #refocus(focused, place) {
    const rows = this.#body.rows;
    const near = rows[Math.min(place, rows.length - 1)]?.querySelector('button');
    const next = focused.isConnected ? focused : (near ?? this.#empty);
    next.focus({ preventScroll: focused.isConnected });
  }

  #make(key, item) {
    const cells = this.#columns.map((column) => {
      const cell = element(column.isNumber ? 'td.number' : 'td', {
        role: 'cell',
        'data-title': column.title,
      });
      if (column.make) cell.append(column.make(item));
      return cell;
    });
    const row = { node: element('tr', { role: 'row', 'data-key': key }, ...cells), cells };
    this.#rows.set(key, row);
    return row;
  }

  #fill(row, item) {
    this.#columns.forEach((column, index) => {
      if (column.make) return;
      setText(row.cells[index], column.text(item));
      if (column.tone) setAttribute(row.cells[index], 'data-tone', column.tone(item));
    });
  }
}

function placeOf(node) {
  return [...node.closest('tbody').rows].indexOf(node.closest('tr'));
}
