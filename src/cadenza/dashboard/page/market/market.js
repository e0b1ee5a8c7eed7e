// One instrument on the page: its channels, and the views that show them.

import { isAnswer } from '../core/connection.js';
import { byId, element, setAttribute, setShown, setText } from '../core/dom.js';
import { nextFrame } from '../core/frames.js';
import { Applied, Book, BookError } from './book.js';
import { Candles, CANDLES, INTERVALS } from './candles.js';
import { Depth } from './depth.js';
import { Ladder } from './ladder.js';
import { Middle } from './middle.js';
import { Tape } from './tape.js';
import { describe, Ticker } from './ticker.js';

const TAPE = 60;

export class Market {
  #connection;
  #listeners = [];
  #klines = null;
  #instrumentId = '';
  #interval = INTERVALS[0];
  #book = new Book();
  #bookLine = null;
  #isDescribed = false; // whether the server knows the instrument, and makes its ticker
  #isOld = false; // whether the gateway has said that it does not trust its own book
  #middle = new Middle();
  #ticker = new Ticker();
  #tape = new Tape(byId('tape'));
  #candles = new Candles(byId('candles'));
  #depth = new Depth(byId('depth'));
  #ladder;
  #drawBook = () => this.#showBook();
  #drawTape = () => this.#tape.show();

  /**
   * @param {(price: string) => void} onPick called with a price chosen on the ladder
   */
  constructor(onPick) {
    this.#ladder = new Ladder(byId('ladder'), this.#middle.node, onPick);
    this.#makeIntervals(byId('intervals'));
  }

  /** Uses this line from here on; `show` begins. */
  attach(connection) {
    this.#connection = connection;
  }

  /** The best prices, as texts; '' where there is none. */
  get best() {
    return { bid: this.#book.bids[0]?.price ?? '', ask: this.#book.asks[0]?.price ?? '' };
  }

  /** Marks prices of one's own orders, by side. */
  markOwn(own) {
    this.#ladder.mark(own);
    nextFrame(this.#drawBook);
  }

  /** Takes new colours. */
  restyle() {
    this.#candles.restyle();
    this.#depth.restyle();
  }

  /** Shows an instrument; `instrument` is what the server says of it, if it does. */
  show(instrumentId, instrument) {
    this.#instrumentId = instrumentId;
    this.stop();
    setText(byId('market-title'), instrumentId);
    setText(byId('market-about'), describe(instrument));
    const pipSize = instrument?.pipSize ?? '0.01';
    this.#candles.setTick(pipSize);
    this.#depth.setPrecision((pipSize.split('.')[1] ?? '').length);
    this.#isDescribed = instrument !== undefined;
    this.#doubt(false);
    this.#refused('');
    this.#listenToBook();
    this.#listenToTrades();
    this.#listenToTicker();
    this.#listenToKlines();
  }

  /** Ends all that `show` began, and shows nothing. */
  stop() {
    for (const listener of this.#listeners) listener.close();
    this.#listeners = [];
    this.#bookLine?.close();
    this.#bookLine = null;
    this.#klines?.close();
    this.#klines = null;
    this.#book.clear();
    this.#tape.clear();
    this.#depth.clear();
    this.#candles.reset([]);
    this.#middle.clear();
    this.#ticker.show(undefined);
    nextFrame(this.#drawBook);
    nextFrame(this.#drawTape);
  }

  #listenToBook() {
    this.#bookLine = this.#connection.listen(`market:orderBook:${this.#instrumentId}`, {
      publication: (update) => this.#takeBook(update),
      subscribed: (what) => {
        this.#refused('');
        if (what === 'resynchronised') this.#book.clear();
      },
      refused: (message) => this.#refused(`Order book: ${message}`),
    });
  }

  #takeBook(update) {
    try {
      const applied = this.#book.apply(update);
      if (applied === Applied.GAP) {
        this.#book.clear();
        this.#bookLine.again();
      }
      this.#doubt(false);
    } catch (error) {
      if (!(error instanceof BookError)) throw error;
      this.#refused(`An update of the book was left out: ${error.message}`);
    }
    nextFrame(this.#drawBook);
  }

  #showBook() {
    this.#ladder.show(this.#book);
    this.#middle.showBook(this.#book);
    // A chart that was drawn a moment ago shows this state with the next update, or a little later.
    if (!this.#depth.show(this.#book, performance.now())) this.#drawDepthSoon();
  }

  #later = null;

  #drawDepthSoon() {
    this.#later ??= setTimeout(() => {
      this.#later = null;
      this.#depth.show(this.#book, performance.now());
    }, 260);
  }

  #listenToTrades() {
    const instrumentId = this.#instrumentId;
    let hasPast = false;
    const listener = this.#connection.listen(`market:trade:${instrumentId}`, {
      publication: (trade, offset) => {
        this.#tape.add(trade, offset);
        this.#middle.showLast(trade?.price);
        nextFrame(this.#drawTape);
      },
      subscribed: async (what, _, subscription) => {
        if (what === 'recovered' && hasPast) return;
        if (what !== 'recovered') this.#tape.clear();
        nextFrame(this.#drawTape);
        const trades = await readTrades(subscription);
        // Another instrument's tape is not for these, nor is that of a later subscription to this one.
        if (trades === null || !this.#listeners.includes(listener)) return;
        hasPast = true;
        this.#tape.addOlder(trades);
        nextFrame(this.#drawTape);
      },
    });
    this.#listeners.push(listener);
  }

  #listenToTicker() {
    const listener = this.#connection.listen(`market:ticker:${this.#instrumentId}`, {
      publication: (ticker) => {
        this.#ticker.show(ticker);
        // The ticker of a book that is stale has no best prices, and nothing more of the book comes.
        const hasLevels = this.#book.bids.length + this.#book.asks.length > 0;
        this.#doubt(this.#isDescribed && hasLevels && !ticker?.bidPrice && !ticker?.askPrice);
        if (this.#middle.isEmpty) this.#middle.showLast(ticker?.lastPrice);
      },
    });
    this.#listeners.push(listener);
  }

  #listenToKlines() {
    this.#klines?.close();
    this.#candles.setInterval(this.#interval);
    const [instrumentId, interval] = [this.#instrumentId, this.#interval];
    let early = [];
    let hasPast = false;
    const read = async () => {
      early ??= [];
      const rows = await this.#readKlines(instrumentId, interval);
      if (this.#klines !== klines) return; // another chart is shown meanwhile
      hasPast = rows !== null;
      if (hasPast) this.#candles.reset(rows);
      this.#candles.update(early ?? []);
      early = null;
    };
    const klines = this.#connection.listen(`market:kline:${instrumentId}:${interval}`, {
      publication: (update) => {
        if (early === null) this.#candles.update(update?.candles);
        else early.push(...(Array.isArray(update?.candles) ? update.candles : []));
      },
      subscribed: (what) => {
        if (what !== 'recovered' || !hasPast) read();
      },
    });
    this.#klines = klines;
  }

  /** The candles of before; null if the line broke meanwhile, so that they are asked for again. */
  async #readKlines(instrumentId, interval) {
    try {
      const query = { instrumentIds: [instrumentId], interval, limit: CANDLES };
      const [klines] = await this.#connection.rpc('query.kline.list', query);
      return klines?.candles ?? [];
    } catch (error) {
      return isAnswer(error) ? [] : null; // no candle yet: the chart begins with the channel
    }
  }

  #makeIntervals(place) {
    for (const interval of INTERVALS) {
      const button = element('button', { type: 'button' }, interval);
      button.addEventListener('click', () => {
        this.#interval = interval;
        mark();
        if (this.#klines !== null) this.#listenToKlines();
      });
      place.append(button);
    }
    const mark = () => {
      for (const button of place.children) {
        button.setAttribute('aria-pressed', String(button.textContent === this.#interval));
      }
    };
    mark();
  }

  #doubt(isOld) {
    if (this.#isOld === isOld) return;
    this.#isOld = isOld;
    setAttribute(byId('ladder'), 'data-old', isOld);
    this.#refused(isOld ? 'The gateway does not trust its book just now: these prices are old.' : '');
  }

  #refused(message) {
    const place = byId('market-problem');
    setText(place, message);
    setShown(place, message !== '');
  }
}

/** The newest trades, newest first; null if the line broke meanwhile. */
async function readTrades(subscription) {
  try {
    const { publications } = await subscription.history({ limit: TAPE, reverse: true });
    return publications.map(({ data, offset }) => ({ trade: data, offset }));
  } catch (error) {
    return isAnswer(error) ? [] : null; // a channel without history: it begins with the next trade
  }
}
