// One paper account on the page: its channel, its views, and the orders that go out.

import { byId, setOptions, setShown, setText } from '../core/dom.js';
import { nextFrame } from '../core/frames.js';
import { NoAnswer } from '../core/rest.js';
import { Account } from './account.js';
import { Amend } from './amend.js';
import { Funds } from './funds.js';
import { Orders } from './orders.js';
import { Portfolio } from './portfolio.js';
import { Ticket } from './ticket.js';

const PAST = 100;
const SUMMARY_MS = 1500;

export class Trade {
  #connection;
  #rest;
  #market;
  #notices;
  #accountId = '';
  #instrumentId = '';
  #account = new Account();
  #hasPast = false; // whether ended orders and fills of before are here
  #line = null;
  #tickers = new Map();
  #instrumentOf;
  #amend = new Amend((order, terms) => this.#amendOrder(order, terms));
  #orders = new Orders(
    (order) => this.#cancel(order),
    ({ tradeOrderId }) => this.#beginToAmend(tradeOrderId),
  );
  #portfolio = new Portfolio();
  #funds = new Funds(
    (operation, body) => this.#rest.post(operation, body),
    (said, accountId) => this.#accountChanged(said, accountId),
  );
  #ticket;
  #summaryTimer = null;
  #draw = () => this.#show();

  /**
   * @param {import('../market/market.js').Market} market
   * @param {import('../core/notice.js').Notices} notices
   * @param {(instrumentId: string) => object | undefined} instrumentOf what the server says of one
   */
  constructor(market, notices, instrumentOf) {
    this.#market = market;
    this.#notices = notices;
    this.#instrumentOf = instrumentOf;
    this.#ticket = new Ticket(market, (order) => this.#submit(order), notices);
    byId('account').addEventListener('change', (event) => this.#open(event.target.value));
    byId('open-funds').addEventListener('click', () =>
      this.#funds.open(this.#accountId, [...this.#account.balances.keys()].sort()),
    );
    byId('cancel-all').addEventListener('click', () => this.#cancelAll());
    setInterval(() => this.#ticket.refresh(), 500);
  }

  /** Uses this line from here on, and opens the first account. */
  async attach(connection, rest) {
    this.#connection = connection;
    this.#rest = rest;
    const accounts = await this.#readAccounts();
    if (accounts === null || connection !== this.#connection) return;
    this.#offer(accounts);
    if (accounts.length > 0) this.#open(byId('account').value);
    else this.#problem('This user has no trading account.');
  }

  #offer(accounts) {
    const names = new Map(accounts.map((one) => [one.tradingAccountId, one.nickname]));
    const short = (id) => `${names.get(id) || 'Account'} · ${id.slice(-6)}`;
    setOptions(byId('account'), [...names.keys()], short);
  }

  /** After something was done with an account as a whole: shows it, if it is another one. */
  async #accountChanged(said, accountId) {
    this.#notices.say(said, 'good');
    this.#summarise();
    if (accountId === this.#accountId) return;
    const connection = this.#connection;
    const accounts = await this.#readAccounts().catch(() => null);
    if (accounts === null || connection !== this.#connection) return;
    this.#offer(accounts);
    byId('account').value = accountId;
    this.#open(accountId);
  }

  /** The accounts, or null if the gateway refuses to tell. Throws NoAnswer. */
  async #readAccounts() {
    try {
      return await this.#rest.get('tradingAccount/list', { limit: 100 });
    } catch (error) {
      if (error instanceof NoAnswer) throw error;
      this.#problem(error.message);
      return null;
    }
  }

  /** Orders are for this instrument from here on. */
  use(instrumentId, instrument) {
    this.#instrumentId = instrumentId;
    this.#ticket.use(instrument);
    nextFrame(this.#draw);
  }

  /** Puts a price into the ticket. */
  setPrice(price) {
    this.#ticket.setPrice(price);
  }

  /** Ends what `attach` began, for good. */
  detach() {
    this.#connection = null;
    this.stop();
  }

  /** Ends what `open` began, and shows nothing. */
  stop() {
    this.#line?.close();
    this.#line = null;
    this.#problem('');
    this.#amend.close();
    this.#funds.close();
    for (const ticker of this.#tickers.values()) ticker.close();
    this.#tickers.clear();
    this.#account = new Account();
    nextFrame(this.#draw);
  }

  #open(accountId) {
    this.stop();
    this.#accountId = accountId;
    this.#line = this.#connection.listen(
      `tradingAccount:${accountId}`,
      {
        publication: (event) => {
          this.#account.apply(event);
          this.#summarise();
          nextFrame(this.#draw);
        },
        subscribed: (what, context) => {
          this.#problem('');
          if (what === 'recovered' && this.#hasPast) return;
          if (what !== 'recovered' && context.data) this.#account.begin(context.data);
          nextFrame(this.#draw);
          this.#readPast(accountId);
        },
        refused: (message) => this.#problem(`Account: ${message}`),
      },
      { data: { state: true } },
    );
  }

  async #readPast(tradingAccountId) {
    this.#hasPast = false;
    const query = { tradingAccountId, limit: PAST };
    try {
      const [orders, fills] = await Promise.all([
        this.#rest.get('tradeOrder/list', query),
        this.#rest.get('tradeOrder/execution/list', query),
      ]);
      if (tradingAccountId !== this.#accountId || this.#line === null) return;
      this.#hasPast = true;
      this.#account.remember(orders.map(asEvent), fills.map(asEvent));
      nextFrame(this.#draw);
    } catch (error) {
      if (tradingAccountId === this.#accountId) this.#problem(`Orders of before: ${error.message}`);
    }
  }

  /** Asks for the summary, which events do not carry, a moment after the last of them. */
  #summarise() {
    if (this.#summaryTimer !== null) return;
    this.#summaryTimer = setTimeout(async () => {
      this.#summaryTimer = null;
      const accountId = this.#accountId;
      try {
        const query = { tradingAccountId: accountId };
        const [portfolio] = await this.#rest.get('tradingAccount/portfolio/list', query);
        if (portfolio && accountId === this.#accountId) this.#account.summary = portfolio.summary;
        nextFrame(this.#draw);
      } catch {
        // The next event asks again.
      }
    }, SUMMARY_MS);
  }

  #show() {
    this.#orders.show(this.#account);
    this.#portfolio.show(this.#account);
    this.#followPrices();
    setText(byId('open-count'), this.#account.open.size);
    byId('cancel-all').disabled = this.#account.open.size === 0;
    const own = { BUY: new Set(), SELL: new Set() };
    for (const order of this.#account.open.values()) {
      if (order.instrumentId === this.#instrumentId && order.limitPrice) {
        own[order.orderSide]?.add?.(order.limitPrice);
      }
    }
    this.#market.markOwn(own);
  }

  /** Listens to the tickers of venues with open positions, for their profit as it is now. */
  #followPrices() {
    const wanted = new Set([...this.#account.positions.keys()].map((name) => name.split(':')[0]));
    for (const [venue, line] of this.#tickers) {
      if (wanted.has(venue)) continue;
      line.close();
      this.#tickers.delete(venue);
    }
    for (const venue of wanted) {
      if (this.#tickers.has(venue)) continue;
      const publication = (ticker) => this.#markPrice(ticker?.instrumentId, ticker?.lastPrice);
      this.#tickers.set(venue, this.#connection.listen(`market:ticker:${venue}`, { publication }));
    }
  }

  #markPrice(instrumentId, price) {
    if (typeof price !== 'string' || !this.#account.positions.has(instrumentId)) return;
    this.#portfolio.mark(instrumentId, price);
    nextFrame(this.#draw);
  }

  #submit(order) {
    return this.#rest.post('tradeOrder/submit', { tradingAccountId: this.#accountId, ...order });
  }

  #beginToAmend(tradeOrderId) {
    const order = this.#account.open.get(tradeOrderId);
    if (order !== undefined) this.#amend.open(order, this.#instrumentOf(order.instrumentId));
  }

  async #amendOrder({ tradeOrderId, tradingAccountId }, terms) {
    const query = { tradingAccountId, tradeOrderId, ...terms };
    const { status } = await this.#rest.post('tradeOrder/amend', query);
    this.#notices.say(`Amended: ${status.toLowerCase()}`, 'good');
  }

  async #cancel({ tradeOrderId, tradingAccountId }) {
    try {
      await this.#rest.post('tradeOrder/cancel', { tradingAccountId, tradeOrderId });
    } catch (error) {
      this.#notices.say(error.message, 'bad');
    }
  }

  async #cancelAll() {
    try {
      const query = { tradingAccountId: this.#accountId };
      const ended = await this.#rest.post('tradeOrder/cancelAll', query);
      this.#notices.say(`Cancelled ${ended.length} ${ended.length === 1 ? 'order' : 'orders'}`, 'good');
    } catch (error) {
      this.#notices.say(error.message, 'bad');
    }
  }

  #problem(message) {
    setText(byId('trade-problem'), message);
    setShown(byId('trade-problem'), message !== '');
  }
}

/** What REST tells, in the form of events: the times as texts. */
function asEvent(item) {
  const shown = { ...item };
  for (const name of ['createdAt', 'updatedAt', 'executedAt']) {
    if (typeof item[name] === 'number') shown[name] = new Date(item[name]).toISOString();
  }
  return shown;
}
