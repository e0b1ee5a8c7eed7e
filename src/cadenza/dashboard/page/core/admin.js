// The server API, for whoever has its key.

import { ask } from './rest.js';

/** An answer that is no success: `code` is the protocol's, or the HTTP status. */
export class AdminError extends Error {
  constructor(code, message) {
    super(message);
    this.name = 'AdminError';
    this.code = code;
  }
}

export class Admin {
  #base;
  #key;

  /**
   * @param {string} base path of the API, as '/api'
   * @param {() => string} key gives the admin token
   */
  constructor(base, key) {
    this.#base = base;
    this.#key = key;
  }

  /** The `result` of a method of the server API. */
  async call(method, body = {}) {
    const response = await ask(`${this.#base}/${method}`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'X-API-Key': this.#key(), 'Content-Type': 'application/json' },
    });
    if (response.status === 401) throw new AdminError(401, 'The admin token is not accepted.');
    const answer = await response.json().catch(() => null);
    if (answer?.error) throw new AdminError(answer.error.code, answer.error.message);
    if (!response.ok) throw new AdminError(response.status, `the server answered ${response.status}`);
    return answer.result;
  }

  /** The `data` of a method that is reached through `rpc`. */
  async rpc(method, params = {}) {
    return (await this.call('rpc', { method, params })).data;
  }
}
