// The documented REST operations under /api/v3.

/** An answer that is no success. `field` is the request's field that it names, or ''. */
export class RestError extends Error {
  constructor(status, answer) {
    super(typeof answer?.error === 'string' ? answer.error : `the server answered ${status}`);
    this.name = 'RestError';
    this.status = status;
    this.code = answer?.details?.code ?? '';
    this.field = answer?.details?.resource ?? '';
    this.nearest = answer?.details?.required?.[0] ?? '';
  }
}

/** No answer came: whether the gateway has done what it was asked is not known. */
export class NoAnswer extends Error {
  constructor() {
    super('No answer came from the gateway.');
    this.name = 'NoAnswer';
  }
}

const PATIENCE_MS = 10_000;

/** As fetch, without cookies and caches, and not forever. Throws NoAnswer. */
export async function ask(url, options) {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  try {
    return await fetch(url, { ...options, signal, credentials: 'omit', cache: 'no-store' });
  } catch {
    throw new NoAnswer();
  }
}

export class Rest {
  #base;
  #token;

  /**
   * @param {string} base path of the operations, as '/api/v3'
   * @param {() => string} token gives the client token
   */
  constructor(base, token) {
    this.#base = base;
    this.#token = token;
  }

  /** `data` of a GET; parameters that are undefined are left out. */
  async get(operation, parameters = {}) {
    return (await this.page(operation, parameters)).data;
  }

  /** The whole answer of a GET, with its `pagination`. */
  async page(operation, parameters = {}) {
    const given = Object.entries(parameters).filter(([, value]) => value !== undefined);
    const query = new URLSearchParams(given).toString();
    return this.#call('GET', `${operation}${query === '' ? '' : `?${query}`}`);
  }

  /** `data` of a POST. */
  async post(operation, body) {
    return (await this.#call('POST', operation, JSON.stringify(body))).data;
  }

  async #call(method, path, body) {
    const response = await ask(`${this.#base}/${path}`, {
      method,
      body,
      headers: { Authorization: `Bearer ${this.#token()}`, 'Content-Type': 'application/json' },
    });
    const answer = await response.json().catch(() => null);
    if (!response.ok || answer?.success !== true) throw new RestError(response.status, answer);
    return answer;
  }
}
