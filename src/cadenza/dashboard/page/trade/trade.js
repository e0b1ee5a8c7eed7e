// One paper account on the page: its channel, its views, and the orders that go out.

import { byId, setOptions, setShown, setText } from '../core/dom.js';
import { nextFrame } from '../core/frames.js';
import { Account } from './account.js';
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
  #accounts = [];
  #accountId = '';
  #instrumentId = '';
  #account = new Account();
  #line = null;
  #tickers = new Map();
  #orders = new Orders((order) => this.#cancel(order));
  #portfolio = new Portfolio();
  #ticket;
  #summaryTimer = null;
  #draw = () => this.#show();

  /**
   * @param {import('../market/market.js').Market} market
   * @param {import('../core/notice.js').Notices} notices
   */
  constructor(market, notices) {
    this.#market = market;
    this.#notices = notices;
    this.#ticket = new Ticket(market, (order) => this.#submit(order), notices);
    byId('account').addEventListener('change', (event) => this.#open(event.target.value));
    byId('cancel-all').addEventListener('click', () => this.#cancelAll());
    setInterval(() => this.#ticket.refresh(), 500);
  }

  /** Uses this line from here on, and opens the first account. */
  async attach(connection, rest) {
    this.#connection = connection;
    this.#rest = rest;
    try {
      this.#accounts = await rest.get('tradingAccount/list', { limit: 100 });
    } catch (error) {
      this.#problem(error.message);
      return;
    }
    const names = new Map(this.#accounts.map((one) => [one.tradingAccountId, one.nickname]));
    const short = (id) => `${names.get(id) || 'Account'} · ${id.slice(-6)}`;
    setOptions(byId('account'), [...names.keys()], short);
    if (this.#accounts.length > 0) this.#open(byId('account').value);
    else this.#problem('This user has no trading account.');
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

  /** Ends what `attach` began. */
  stop() {
    this.#line?.close();
    this.#line = null;
    for (const ticker of this.#tickers.values()) ticker.close();
    this.#tickers.clear();
    this.#account = new Account();
    nextFrame(this.#draw);
  }

  #open(accountId) {
    this.stop();
    this.#problem('');
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
          if (what === 'recovered') return;
          if (context.data) this.#account.begin(context.data);
          nextFrame(this.#draw);
          this.#readPast(accountId);
        },
        refused: (message) => this.#problem(`Account: ${message}`),
      },
      { data: { state: true } },
    );
  }

  async #readPast(tradingAccountId) {
    const query = { tradingAccountId, limit: PAST };
    try {
      const [orders, fills] = await Promise.all([
        this.#rest.get('tradeOrder/list', query),
        this.#rest.get('tradeOrder/execution/list', query),
      ]);
      if (tradingAccountId !== this.#accountId) return;
      this.#account.remember(orders.map(asEvent), fills.map(asEvent));
      nextFrame(this.#draw);
    } catch (error) {
      this.#problem(`Orders of before: ${error.message}`);
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
        own[order.orderSide]?.add(order.limitPrice);
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
