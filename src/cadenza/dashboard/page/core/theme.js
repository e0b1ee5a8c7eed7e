// Light or dark: what the system wants, unless the person says otherwise.

const KEY = 'cadenza.theme';
const system = matchMedia('(prefers-color-scheme: dark)');

function chosen() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

export class Theme {
  #button;
  #listeners = [];

  /** @param {HTMLButtonElement} button switches between the two */
  constructor(button) {
    this.#button = button;
    this.#show(chosen() ?? (system.matches ? 'dark' : 'light'));
    system.addEventListener('change', () => {
      if (chosen() === null) this.#show(system.matches ? 'dark' : 'light');
    });
    button.addEventListener('click', () => this.#toggle());
  }

  /** Has a function called whenever the colours change. */
  onChange(listener) {
    this.#listeners.push(listener);
  }

  #toggle() {
    const next = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
    try {
      localStorage.setItem(KEY, next);
    } catch {
      // Forgotten with the page, then.
    }
    this.#show(next);
  }

  #show(theme) {
    document.documentElement.dataset.theme = theme;
    this.#button.setAttribute('aria-pressed', String(theme === 'dark'));
    for (const listener of this.#listeners) listener();
  }
}

/** The colours of the style sheet, by the names of their custom properties without the dashes. */
export function colours(...names) {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}
