// centrifuge-js by remote control: commands come as JSON lines, answers and events leave as such.
//
// In:  {id, op: 'connect', client, protocol, endpoint, options, asks}    a new client, connecting
//      {id, op: 'subscribe', client, channel, options, asks, book}       a new subscription,
//                                                                      of options.map to a map
//      {id, op: 'call', client, channel?, method, args}                  any method of either
//      {id, op: 'book', client, channel}                                 the book kept so far
//      {op: 'answer', ask, token | error | unauthorized}                 to a question
// Out: {reply: id, result | error}, {ask, client, channel?},
//      {event, client, channel?, ...what the library said}
//
// An argument {"$data": value}, or such an option `data` of a subscription, is a payload: bytes for
// a Protobuf client, the value itself for a JSON one. Bytes that come in are shown as the JSON value
// that they spell.

import { createInterface } from 'node:readline';
import * as json from 'centrifuge';
import * as protobuf from 'centrifuge/build/protobuf';
import { EventSource } from 'eventsource';
import WebSocket from 'ws';
import { Book } from './book.mjs';

const CLIENT_EVENTS = [
  'connecting', 'connected', 'disconnected', 'error', 'message',
  'subscribing', 'subscribed', 'unsubscribed', 'publication', 'join', 'leave',
];
const SUBSCRIPTION_EVENTS = [
  'subscribing', 'subscribed', 'unsubscribed', 'publication', 'join', 'leave', 'error',
];

const builds = { json, protobuf };
const clients = new Map();
const books = new Map();
const questions = new Map();

function print(line) {
  process.stdout.write(JSON.stringify(readable(line)) + '\n');
}

function readable(value) {
  if (value instanceof Uint8Array) {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(value);
    return text === '' ? undefined : JSON.parse(text);
  }
  if (value instanceof Error) {
    return value.message;
  }
  if (Array.isArray(value)) {
    return value.map(readable);
  }
  if (value === null || typeof value !== 'object') {
    return value;
  }
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, readable(inner)]));
}

function payload(protocol, value) {
  if (value === null || typeof value !== 'object' || !('$data' in value)) {
    return value;
  }
  const { $data } = value;
  return protocol === 'json' ? $data : new TextEncoder().encode(JSON.stringify($data));
}

function ask(protocol, client, channel) {
  return new Promise((resolve, reject) => {
    const id = questions.size + 1;
    questions.set(id, { resolve, reject, protocol });
    print({ ask: id, client, channel });
  });
}

function listen(emitter, names, client, channel) {
  for (const name of names) {
    emitter.on(name, (context) => {
      print({ ...context, event: name, client, channel: channel ?? context.channel, clientId: context.client });
    });
  }
}

const operations = {
  connect({ client, protocol, endpoint, options, asks }) {
    const centrifuge = new builds[protocol].Centrifuge(endpoint, {
      websocket: WebSocket,
      eventsource: EventSource,
      minReconnectDelay: 20,
      maxReconnectDelay: 200,
      ...options,
      ...(asks ? { getToken: () => ask(protocol, client) } : {}),
    });
    clients.set(client, { centrifuge, protocol });
    listen(centrifuge, CLIENT_EVENTS, client);
    centrifuge.connect();
  },

  subscribe({ client, channel, options: { map, ...options }, asks, book }) {
    const { centrifuge, protocol } = clients.get(client);
    const make = map ? 'newMapSubscription' : 'newSubscription';
    const subscription = centrifuge[make](channel, {
      minResubscribeDelay: 20,
      maxResubscribeDelay: 200,
      ...options,
      ...(options.data ? { data: payload(protocol, options.data) } : {}),
      ...(asks ? { getToken: () => ask(protocol, client, channel) } : {}),
    });
    if (book) {
      const kept = new Book();
      books.set(`${client} ${channel}`, kept);
      subscription.on('publication', ({ data }) => kept.apply(readable(data)));
    }
    const shown = SUBSCRIPTION_EVENTS.filter((name) => !(book && name === 'publication'));
    listen(subscription, shown, client, channel);
    subscription.subscribe();
  },

  call({ client, channel, method, args }) {
    const { centrifuge, protocol } = clients.get(client);
    const target = channel === undefined ? centrifuge : centrifuge.getSubscription(channel);
    return target[method](...args.map((value) => payload(protocol, value)));
  },

  book({ client, channel }) {
    return books.get(`${client} ${channel}`).report();
  },
};

function answer({ ask: id, token, error, unauthorized }) {
  const { resolve, reject, protocol } = questions.get(id);
  if (unauthorized) {
    reject(new builds[protocol].UnauthorizedError());
  } else if (error) {
    reject(new Error(error));
  } else {
    resolve(token);
  }
}

async function perform(command) {
  try {
    print({ reply: command.id, result: (await operations[command.op](command)) ?? null });
  } catch (error) {
    print({ reply: command.id, error: { code: error.code ?? null, message: error.message } });
  }
}

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const command = JSON.parse(line);
  if (command.op === 'answer') {
    answer(command);
  } else {
    perform(command);
  }
});
lines.on('close', () => process.exit(0));
