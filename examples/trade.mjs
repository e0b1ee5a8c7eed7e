// Trades on the paper venue with centrifuge-js, the official client, unchanged.
//
// Usage: CADENZA_TOKEN=... node examples/trade.mjs [INSTRUMENT] [SIDE] [QUANTITY]
// Needs Node 22 or newer, or the package ws on an older one: npm install centrifuge ws
import { randomUUID } from 'node:crypto';
import { Centrifuge } from 'centrifuge';

const url = process.env.CADENZA_URL ?? 'ws://127.0.0.1:8000/connection/websocket';
const [instrumentId = 'PAPER:BTC/USDT', orderSide = 'BUY', quantity = '0.01'] = process.argv.slice(2);
const websocket = globalThis.WebSocket ?? (await import('ws')).WebSocket;
const ended = ['FILLED', 'CANCELLED', 'REJECTED', 'EXPIRED', 'REVOKED'];

const client = new Centrifuge(url, { token: process.env.CADENZA_TOKEN, websocket });
client.connect();
await client.ready();

// An operation answers with data or with an error of its own, inside the reply of the call.
async function call(method, params) {
  const { data: answer } = await client.rpc(method, params);
  if (answer.error) throw new Error(`${answer.error.code} ${answer.error.message}`);
  return answer.data;
}

const [{ tradingAccountId }] = await call('query.trading_account.list', {});

// With state: true the subscribe result has the open orders and the portfolio as of its offset;
// every change after it is an event.
const account = client.newSubscription(`tradingAccount:${tradingAccountId}`, { data: { state: true } });
account.on('subscribed', ({ data }) =>
  console.log(`${data.orders.length} open orders, equity ${data.portfolio.summary.equity}`));
const filled = new Promise((resolve) => {
  account.on('publication', ({ data: event }) => {
    console.log(event.eventType, event.data.status ?? event.data.executedQuantity ?? '');
    if (event.eventType === 'event.trade_order.updated' && ended.includes(event.data.status)) resolve();
  });
});
account.subscribe();
await account.ready();

const order = await call('command.trade_order.submit', {
  tradingAccountId,
  idempotencyKey: randomUUID(),
  tradeOrder: { instrumentId, orderSide, orderType: 'MARKET', quantity },
});
console.log(`${order.status} ${order.executedQuantity} at ${order.executedPrice}`);
await filled;
client.disconnect();
