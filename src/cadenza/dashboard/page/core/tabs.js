// The three views. The address's fragment says which one is open and which instrument is shown:
// #market/PAPER:BTC/USDT. It holds nothing secret.

const VIEWS = ['market', 'trade', 'operate'];

/** What a fragment names: a view, and an instrument id or ''. */
export function readFragment(fragment) {
  const [view, ...rest] = fragment.replace(/^#/, '').split('/');
  let instrumentId = rest.join('/');
  try {
    instrumentId = decodeURIComponent(instrumentId);
  } catch {
    // A stray percent sign stands for itself.
  }
  return { view: VIEWS.includes(view) ? view : 'market', instrumentId };
}

/** The fragment of a view and an instrument, readable where the characters allow it. */
export function writeFragment(view, instrumentId) {
  const readable = encodeURIComponent(instrumentId).replace(/%3A/g, ':').replace(/%2F/g, '/');
  return `#${view}/${readable}`;
}

export class Tabs {
  #tabs;
  #onChange;
  view = '';

  /**
   * @param {HTMLElement} list the role=tablist, with one button[data-view] for each view
   * @param {(view: string) => void} onChange called whenever another view is opened
   */
  constructor(list, onChange) {
    this.#tabs = [...list.querySelectorAll('[data-view]')];
    this.#onChange = onChange;
    for (const tab of this.#tabs) tab.addEventListener('click', () => this.open(tab.dataset.view));
    list.addEventListener('keydown', (event) => this.#key(event));
  }

  open(view) {
    if (view === this.view) return;
    this.view = view;
    document.body.dataset.view = view;
    for (const tab of this.#tabs) {
      const isOpen = tab.dataset.view === view;
      tab.setAttribute('aria-selected', String(isOpen));
      tab.tabIndex = isOpen ? 0 : -1;
    }
    this.#onChange(view);
  }

  #key(event) {
    const steps = { ArrowLeft: -1, ArrowRight: 1 };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const shown = this.#tabs.filter((tab) => tab.getClientRects().length > 0);
    const at = shown.findIndex((tab) => tab.dataset.view === this.view);
    const next = shown[(at + step + shown.length) % shown.length];
    next.focus();
    this.open(next.dataset.view);
  }
}
