// Short messages at the edge of the page, read out by screen readers.

import { element } from './dom.js';

const SECONDS = 8;
const MOST = 4;

export class Notices {
  #list;

  /** @param {HTMLElement} list an element with aria-live */
  constructor(list) {
    this.#list = list;
  }

  /** Says something for a while. `kind`: 'good', 'bad' or 'plain'. */
  say(text, kind = 'plain') {
    const notice = element(`div.notice.${kind}`, {}, element('span', {}, text));
    const close = element('button.bare', { type: 'button', 'aria-label': 'Dismiss' }, '×');
    close.addEventListener('click', () => notice.remove());
    notice.append(close);
    this.#list.append(notice);
    while (this.#list.children.length > MOST) this.#list.firstElementChild.remove();
    setTimeout(() => notice.remove(), SECONDS * 1000);
  }
}
