// A small tab list whose buttons each show one element and hide the others.

export class Panes {
  #tabs;

  /** @param {HTMLElement} list a role=tablist, whose buttons name their panel in aria-controls */
  constructor(list) {
    this.#tabs = [...list.querySelectorAll('[role=tab]')];
    for (const tab of this.#tabs) tab.addEventListener('click', () => this.#open(tab));
    list.addEventListener('keydown', (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      const at = this.#tabs.indexOf(document.activeElement);
      const next = this.#tabs[(at + step + this.#tabs.length) % this.#tabs.length];
      next.focus();
      this.#open(next);
    });
    this.#open(this.#tabs[0]);
  }

  #open(chosen) {
    for (const tab of this.#tabs) {
      const isOpen = tab === chosen;
      tab.setAttribute('aria-selected', String(isOpen));
      tab.tabIndex = isOpen ? 0 : -1;
      document.getElementById(tab.getAttribute('aria-controls')).hidden = !isOpen;
    }
  }
}
