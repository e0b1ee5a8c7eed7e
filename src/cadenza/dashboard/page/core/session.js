// The two secrets a person types: kept in memory and for the life of the browser tab.

const CLIENT = 'cadenza.client-token';
const ADMIN = 'cadenza.admin-token';

function read(name) {
  try {
    return sessionStorage.getItem(name) ?? '';
  } catch {
    return '';
  }
}

function write(name, value) {
  try {
    if (value === '') sessionStorage.removeItem(name);
    else sessionStorage.setItem(name, value);
  } catch {
    // A browser that keeps nothing: the secret lives in memory until the page is left.
  }
}

/** The client token and the admin token of this tab; either may be ''. */
export class Session {
  #client = read(CLIENT);
  #admin = read(ADMIN);

  get clientToken() {
    return this.#client;
  }

  get adminToken() {
    return this.#admin;
  }

  setClientToken(token) {
    this.#client = token.trim();
    write(CLIENT, this.#client);
  }

  setAdminToken(token) {
    this.#admin = token.trim();
    write(ADMIN, this.#admin);
  }

  /** Forgets both. */
  clear() {
    this.setClientToken('');
    this.setAdminToken('');
  }
}

/** The user of a JSON Web Token, for showing; '' if it names none. Nothing is verified here. */
export function userOf(token) {
  try {
    const body = token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/');
    const bytes = Uint8Array.from(atob(body), (letter) => letter.charCodeAt(0));
    const { sub } = JSON.parse(new TextDecoder().decode(bytes));
    return typeof sub === 'string' ? sub : '';
  } catch {
    return '';
  }
}
