// Short messages at the edge of the page, read out by screen readers.

import { element } from './dom.js';

const SECONDS = { good: 8, plain: 8, bad: 20 };
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
    this.#fade(notice, SECONDS[kind] * 1000);
  }

  /** Takes it away after a while that nobody has pointed at it or had the focus in it. */
  #fade(notice, milliseconds) {
    let timer = null;
    const begin = () => {
      clearTimeout(timer);
      timer = setTimeout(() => notice.remove(), milliseconds);
    };
    for (const event of ['pointerenter', 'focusin']) {
      notice.addEventListener(event, () => clearTimeout(timer));
    }
    for (const event of ['pointerleave', 'focusout']) notice.addEventListener(event, begin);
    begin();
  }
}
