// Connections and channels, searched and ordered by the server.

import { byId, element, setText, timeOfDay } from '../core/dom.js';
import { Table } from '../core/table.js';
import { bytes } from './rates.js';

const LIMIT = 100;

const userOf = (one) => one.user || '(anonymous)';

export class Connections {
  #admin;
  #table;

  /**
   * @param {import('../core/admin.js').Admin} admin
   * @param {(connection: object) => Promise<void>} disconnect
   */
  constructor(admin, disconnect) {
    this.#admin = admin;
    const button = (one) =>
      element(
        'button.small',
        {
          type: 'button',
          'aria-label': `Disconnect ${userOf(one)} ${one.client}`,
          click: () => disconnect(one),
        },
        'Disconnect',
      );
    const columns = [
      { title: 'User', text: userOf },
      { title: 'Client', text: (one) => one.client },
      { title: 'Software', text: (one) => `${one.name} ${one.version}` },
      { title: 'Wire', text: (one) => `${one.transport}, ${one.protocol}` },
      { title: 'Since', text: (one) => timeOfDay(one.connected_ms) },
      { title: 'Subscriptions', isNumber: true, text: (one) => one.subscriptions },
      {
        title: 'Queued',
        isNumber: true,
        text: (one) => bytes(one.queued_bytes),
        tone: (one) => (one.slow ? 'down' : null),
      },
      { title: '', text: () => '', make: button },
    ];
    this.#table = new Table(
      byId('connections'),
      'Connections',
      columns,
      (one) => one.client,
      'No connection matches.',
    );
  }

  /** Asks for what is searched for. */
  ask() {
    return this.#admin.rpc('operate.connections', {
      filter: byId('connections-filter').value,
      order: byId('connections-order').value,
      slow: byId('connections-slow').checked,
      limit: LIMIT,
    });
  }

  /** Shows an answer. */
  show({ total, connections }) {
    this.#table.show(connections);
    setText(byId('connections-total'), shownOf(connections.length, total));
  }
}

export class Channels {
  #admin;
  #table;

  /**
   * @param {import('../core/admin.js').Admin} admin
   * @param {(channel: string) => void} pick chooses a channel to publish to
   */
  constructor(admin, pick) {
    this.#admin = admin;
    const button = (one) =>
      element(
        'button.small',
        {
          type: 'button',
          'aria-label': `Publish to ${one.channel}`,
          click: () => pick(one.channel),
        },
        'Publish…',
      );
    const columns = [
      { title: 'Subscribers', isNumber: true, text: (one) => one.subscribers },
      { title: 'Channel', text: (one) => one.channel },
      { title: '', text: () => '', make: button },
    ];
    this.#table = new Table(
      byId('channels'),
      'Channels',
      columns,
      (one) => one.channel,
      'No channel with subscribers matches.',
    );
  }

  /** Asks for what is searched for. */
  ask() {
    return this.#admin.rpc('operate.channels', {
      filter: byId('channels-filter').value,
      order: byId('channels-order').value,
      limit: LIMIT,
    });
  }

  /** Shows an answer. */
  show({ total, channels }) {
    this.#table.show(channels);
    setText(byId('channels-total'), shownOf(channels.length, total));
  }
}

function shownOf(shown, total) {
  return shown < total ? `${shown} of ${total}` : String(total);
}
