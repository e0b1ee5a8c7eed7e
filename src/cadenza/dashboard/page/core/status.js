// What the line does, for the eye: its state, its latency, what a break came to, and the past.

import { byId, element, setText, timeOfDay } from './dom.js';

const LINES = 60;
const OUTCOME_MS = 15_000; // how long the outcome of a break stands; the past keeps it
const WORDS = {
  connecting: 'Connecting',
  online: 'Live',
  silent: 'No answer',
  reconnecting: 'Reconnecting',
  closed: 'Disconnected',
};
const OUTCOMES = {
  recovered: 'Recovered: nothing was missed',
  resynchronised: 'Resynchronised: began anew with the state',
};

export class Status {
  #brokenAt = null;
  #silentAt = null;
  #outcome = '';
  #timer = null;

  /** @param {(state: string, details: object) => void} [onState] */
  constructor(onState = () => {}) {
    this.onState = onState;
    const dialog = byId('line-log');
    byId('line-state').addEventListener('click', () => dialog.showModal());
    byId('line-log-close').addEventListener('click', () => dialog.close());
  }

  /** Shows what becomes of a connection from here on. */
  follow(connection) {
    connection.on('state', (state, details) => this.#state(state, details));
    connection.on('latency', (milliseconds) => this.#latency(milliseconds));
    connection.on('continuity', (channel, what) => this.#continuity(channel, what));
    this.#state('connecting', {});
  }

  #state(state, details) {
    document.body.dataset.line = state;
    setText(byId('line-word'), WORDS[state]);
    setText(byId('line-said'), WORDS[state]);
    if (state === 'reconnecting' && this.#brokenAt === null) {
      this.#brokenAt = performance.now();
      this.#outcome = '';
      this.#say('', '');
    }
    const reason = details.reason ? `: ${details.reason} (${details.code})` : '';
    if (state === 'silent') this.#silentAt = performance.now();
    if (state === 'online' && this.#brokenAt !== null) {
      this.log(`Live again after ${since(this.#brokenAt)} s`);
      this.#brokenAt = null;
    } else if (state === 'online' && this.#silentAt !== null) {
      this.log(`Answers again after ${since(this.#silentAt)} s`);
    } else {
      this.log(WORDS[state] + reason);
    }
    if (state !== 'silent') this.#silentAt = null;
    this.onState(state, details);
  }

  #latency(milliseconds) {
    setText(byId('line-latency'), milliseconds === null ? '– ms' : `${milliseconds.toFixed(1)} ms`);
  }

  #continuity(channel, what) {
    if (what === 'begun') return;
    this.log(`${channel}: ${what}`);
    // One channel that lost something outweighs all that did not.
    if (this.#outcome !== 'resynchronised') this.#outcome = what;
    this.#say(OUTCOMES[this.#outcome], this.#outcome);
  }

  #say(text, outcome) {
    const place = byId('line-outcome');
    place.dataset.outcome = outcome;
    setText(place, text);
    clearTimeout(this.#timer);
    if (text === '') return;
    this.#timer = setTimeout(() => {
      this.#outcome = '';
      this.#say('', '');
    }, OUTCOME_MS);
  }

  /** Adds a line to the past. */
  log(text) {
    const list = byId('line-events');
    const time = element('time', {}, timeOfDay(Date.now()));
    list.prepend(element('li', {}, time, ' ', text));
    while (list.children.length > LINES) list.lastElementChild.remove();
  }
}

function since(moment) {
  return ((performance.now() - moment) / 1000).toFixed(1);
}
