// The line to the gateway: centrifuge-js over WebSocket, and what becomes of it.

/* global Centrifuge */

const PING_MS = 2000;
const SILENT_MS = 4000;

/** An operation's own error, out of the envelope of an rpc reply. */
export class RpcError extends Error {
  constructor({ code, message }) {
    super(message);
    this.name = 'RpcError';
    this.code = code;
  }
}

/** Whether an error is the gateway's word. If not, the line broke, and one may ask again. */
export function isAnswer(error) {
  return error instanceof RpcError || error?.code >= 100;
}

/**
 * What a channel's `subscribed` event means for whoever listens.
 * - 'begun': there is nothing from before
 * - 'recovered': everything that was missed follows, in order
 * - 'resynchronised': something was missed for good; begin with the state
 */
export function continuity(context) {
  if (!context.wasRecovering) return 'begun';
  return context.recovered ? 'recovered' : 'resynchronised';
}

/**
 * States: 'connecting' (for the first time), 'online', 'silent' (the line is open, and nobody
 * answers), 'reconnecting', 'closed' (for good: the gateway said so, `code` and `reason` say why).
 */
export class Connection {
  #client;
  #wasOnline = false;
  #listeners = { state: [], latency: [], continuity: [] };
  #timer = null;
  #askedAt = null; // when the first ping left that has no answer yet
  #isAsking = false;
  #look = () => this.#ping(); // a tab that comes to the front wants to know at once
  state = 'connecting';

  /**
   * @param {string} url of the WebSocket endpoint
   * @param {string} token the client token
   */
  constructor(url, token) {
    this.#client = new Centrifuge(url, {
      token,
      name: 'cadenza-page',
      minReconnectDelay: 200,
      maxReconnectDelay: 3000,
    });
    this.#client.on('connecting', ({ code, reason }) => {
      this.#tell(this.#wasOnline ? 'reconnecting' : 'connecting', { code, reason });
    });
    this.#client.on('connected', ({ client }) => {
      this.#wasOnline = true;
      this.#askedAt = null;
      this.#tell('online', { client });
      this.#ping();
    });
    this.#client.on('disconnected', ({ code, reason }) => this.#tell('closed', { code, reason }));
    // Without a listener of this event centrifuge-js would throw; the state says enough.
    this.#client.on('error', () => {});
  }

  /** `event`: 'state' (state, details), 'latency' (ms or null), 'continuity' (channel, what). */
  on(event, listener) {
    this.#listeners[event].push(listener);
  }

  connect() {
    this.#client.connect();
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#ping(), PING_MS);
    document.addEventListener('visibilitychange', this.#look);
  }

  /** Ends it; nobody is told any more. */
  close() {
    clearInterval(this.#timer);
    document.removeEventListener('visibilitychange', this.#look);
    for (const listeners of Object.values(this.#listeners)) listeners.length = 0;
    this.#client.disconnect();
  }

  /** The `data` of an operation. Throws RpcError, or what centrifuge-js throws. */
  async rpc(method, params = {}) {
    const { data } = await this.#client.rpc(method, params);
    if (data?.error) throw new RpcError(data.error);
    return data?.data;
  }

  /**
   * Listens to a channel, through every break.
   * @param {string} channel
   * @param {object} handlers
   * @param {(data: any, offset: number | undefined) => void} handlers.publication
   * @param {(what: string, context: object, subscription: object) => void} [handlers.subscribed]
   *   `what` as continuity() says
   * @param {(message: string) => void} [handlers.refused]
   * @param {object} [options] of centrifuge-js
   * @returns {{close: () => void, again: () => void}} `again` begins anew, without recovery
   */
  listen(channel, handlers, options = {}) {
    let subscription = null;
    const begin = () => {
      subscription = this.#client.newSubscription(channel, options);
      subscription.on('publication', ({ data, offset }) => handlers.publication(data, offset));
      subscription.on('subscribed', (context) => {
        const what = continuity(context);
        for (const listener of this.#listeners.continuity) listener(channel, what);
        handlers.subscribed?.(what, context, subscription);
      });
      subscription.on('unsubscribed', ({ code, reason }) => {
        if (code >= 100) handlers.refused?.(`${reason} (${code})`);
      });
      subscription.on('error', ({ error }) => handlers.refused?.(`${error.message} (${error.code})`));
      subscription.subscribe();
    };
    const end = () => {
      subscription.removeAllListeners();
      subscription.on('error', () => {});
      subscription.unsubscribe();
      this.#client.removeSubscription(subscription);
    };
    begin();
    const again = () => {
      end();
      for (const listener of this.#listeners.continuity) listener(channel, 'resynchronised');
      begin();
    };
    return { close: end, again };
  }

  #tell(state, details) {
    this.state = state;
    if (state !== 'online') this.#latency(null);
    for (const listener of this.#listeners.state) listener(state, details);
  }

  #latency(milliseconds) {
    for (const listener of this.#listeners.latency) listener(milliseconds);
  }

  /**
   * Asks how long an answer takes, and notices when none comes: a gateway that is stuck keeps its
   * socket open, and what is on the page is old long before the socket is given up.
   */
  async #ping() {
    const isOpen = this.state === 'online' || this.state === 'silent';
    if (document.hidden || !isOpen) {
      this.#askedAt = null;
      return;
    }
    const before = performance.now();
    if (this.state === 'online' && this.#askedAt !== null && before - this.#askedAt >= SILENT_MS) {
      this.#tell('silent', {});
    }
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#askedAt ??= before;
    try {
      await this.#client.rpc('query.system.info', {});
      this.#askedAt = null;
      if (this.state === 'silent') this.#tell('online', {});
      if (this.state === 'online') this.#latency(performance.now() - before);
    } catch {
      // The next one asks again; whether the line broke is what the state says.
    } finally {
      this.#isAsking = false;
    }
  }
}
