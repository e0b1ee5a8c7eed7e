// One instrument on the page: its channels, and the views that show them.

import { byId, element, setShown, setText } from '../core/dom.js';
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
    if (instrument) {
      this.#candles.setTick(instrument.pipSize);
      this.#depth.setPrecision((instrument.pipSize.split('.')[1] ?? '').length);
    }
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
    const listener = this.#connection.listen(`market:trade:${this.#instrumentId}`, {
      publication: (trade, offset) => {
        this.#tape.add(trade, offset);
        this.#middle.showLast(trade?.price);
        nextFrame(this.#drawTape);
      },
      subscribed: (what, _, subscription) => {
        if (what === 'recovered') return;
        this.#tape.clear();
        nextFrame(this.#drawTape);
        this.#readTrades(subscription);
      },
    });
    this.#listeners.push(listener);
  }

  async #readTrades(subscription) {
    try {
      const { publications } = await subscription.history({ limit: TAPE, reverse: true });
      this.#tape.addOlder(publications.map(({ data, offset }) => ({ trade: data, offset })));
      nextFrame(this.#drawTape);
    } catch {
      // A channel without history: the tape begins with the next trade.
    }
  }

  #listenToTicker() {
    const listener = this.#connection.listen(`market:ticker:${this.#instrumentId}`, {
      publication: (ticker) => {
        this.#ticker.show(ticker);
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
    const read = async () => {
      early = [];
      const rows = await this.#readKlines(instrumentId, interval);
      if (instrumentId !== this.#instrumentId || interval !== this.#interval) return;
      this.#candles.reset(rows);
      this.#candles.update(early);
      early = null;
    };
    this.#klines = this.#connection.listen(`market:kline:${instrumentId}:${interval}`, {
      publication: (update) => {
        if (early === null) this.#candles.update(update?.candles);
        else early.push(...(Array.isArray(update?.candles) ? update.candles : []));
      },
      subscribed: (what) => {
        if (what !== 'recovered') read();
      },
    });
  }

  async #readKlines(instrumentId, interval) {
    try {
      const query = { instrumentIds: [instrumentId], interval, limit: CANDLES };
      const [klines] = await this.#connection.rpc('query.kline.list', query);
      return klines?.candles ?? [];
    } catch {
      return []; // no candle yet: the chart begins with the channel
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

  #refused(message) {
    const place = byId('market-problem');
    setText(place, message);
    setShown(place, message !== '');
  }
}
