// Subscribes with centrifuge-js, the official client, unchanged.
//
// Usage: CADENZA_TOKEN=... node examples/subscribe.mjs [CHANNEL] [PUBLICATIONS]
// Needs Node 22 or newer, or the package ws on an older one: npm install centrifuge ws
import { Centrifuge } from 'centrifuge';

const url = process.env.CADENZA_URL ?? 'ws://127.0.0.1:8000/connection/websocket';
const channel = process.argv[2] ?? 'market:orderBook:BINANCE:BTC/USDT';
const wanted = Number(process.argv[3] ?? Infinity);
const websocket = globalThis.WebSocket ?? (await import('ws')).WebSocket;

const client = new Centrifuge(url, { token: process.env.CADENZA_TOKEN, websocket });
client.on('connected', (context) => console.log(`connected as ${context.client}`));
client.on('disconnected', (context) => console.log(`disconnected: ${context.code} ${context.reason}`));

let seen = 0;
const subscription = client.newSubscription(channel);
subscription.on('subscribed', (context) => console.log(`subscribed, recovered: ${context.recovered}`));
subscription.on('error', (context) => console.error(context.error));
subscription.on('publication', ({ data, offset }) => {
  console.log(offset ?? '-', JSON.stringify(data).slice(0, 160));
  seen += 1;
  if (seen === wanted) client.disconnect();
});

subscription.subscribe();
client.connect();
