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
    this.#body = element('tbody');
    this.#empty = element('p.empty', {}, empty);
    const titles = columns.map(({ title, isNumber }) =>
      element(isNumber ? 'th.number' : 'th', { scope: 'col' }, title),
    );
    const head = element('thead', {}, element('tr', {}, ...titles));
    const table = element('table', { 'aria-label': label }, head, this.#body);
    place.append(element('div.scroll', { tabindex: 0, role: 'region', 'aria-label': label }, table));
    place.append(this.#empty);
  }

  /** Shows these items in this order. */
  show(items) {
    this.#empty.hidden = items.length > 0;
    const gone = new Set(this.#rows.keys());
    let at = this.#body.firstElementChild;
    for (const item of items) {
      const key = this.#key(item);
      gone.delete(key);
      const row = this.#rows.get(key) ?? this.#make(key, item);
      if (row.node === at) at = at.nextElementSibling;
      else this.#body.insertBefore(row.node, at);
      this.#fill(row, item);
    }
    for (const key of gone) {
      this.#rows.get(key).node.remove();
      this.#rows.delete(key);
    }
  }

  #make(key, item) {
    const cells = this.#columns.map((column) => {
      const cell = element(column.isNumber ? 'td.number' : 'td', { 'data-title': column.title });
      if (column.make) cell.append(column.make(item));
      return cell;
    });
    const row = { node: element('tr', { 'data-key': key }, ...cells), cells };
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
