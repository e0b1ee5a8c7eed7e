// The page: signs in, and wires its parts together.

import { Connection } from './core/connection.js';
import { byId, setShown, setText } from './core/dom.js';
import { Notices } from './core/notice.js';
import { Panes } from './core/panes.js';
import { NoAnswer, Rest } from './core/rest.js';
import { Session, userOf } from './core/session.js';
import { Status } from './core/status.js';
import { readFragment, Tabs, writeFragment } from './core/tabs.js';
import { Theme } from './core/theme.js';
import { Market } from './market/market.js';
import { Picker } from './market/picker.js';
import { Operate } from './operate/operate.js';
import { Trade } from './trade/trade.js';

const PAGE = 1000;
const FIRST = 'PAPER:BTC/USDT';
const RETRY_MS = 2000;

class Page {
  #settings;
  #session = new Session();
  #notices = new Notices(byId('notices'));
  #status = new Status((state, details) => this.#lineChanged(state, details));
  #rest;
  #connection = null;
  #instruments = new Map();
  #hasInstruments = false;
  #reader = null; // the connection for which instruments and accounts are read, or have been
  #instrumentId = '';
  #market;
  #trade;
  #operate;
  #picker;
  #tabs;

  constructor(settings) {
    const theme = new Theme(byId('theme')); // before the charts, which take its colours
    this.#settings = settings;
    this.#rest = new Rest(settings.rest, () => this.#session.clientToken);
    this.#market = new Market((price) => this.#picked(price));
    const instrumentOf = (id) => this.#instruments.get(id);
    const trade = () => new Trade(this.#market, this.#notices, instrumentOf);
    this.#trade = settings.trading ? trade() : null;
    this.#operate = new Operate(settings, this.#session, this.#notices);
    this.#picker = new Picker(byId('instrument'), byId('other-instrument'), (id) => this.#pick(id));
    this.#tabs = new Tabs(byId('tabs'), (view) => this.#viewed(view));
    new Panes(byId('panes'));
    theme.onChange(() => {
      this.#market.restyle();
      this.#operate.restyle();
    });
    setText(byId('version'), settings.version);
    setShown(byId('no-trading'), !settings.trading);
    setShown(byId('trade-room'), settings.trading);
  }

  /** Opens what the address names, with the token that the tab remembers, or asks for one. */
  begin() {
    byId('sign-in-form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#signIn();
    });
    byId('sign-out').addEventListener('click', () => this.#signOut(''));
    byId('line-retry').addEventListener('click', () => this.#connection?.connect());
    byId('client-token').addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey) return;
      event.preventDefault(); // a token has no lines
      byId('sign-in-form').requestSubmit();
    });
    addEventListener('hashchange', () => this.#followAddress());
    const { view, instrumentId } = readFragment(location.hash);
    this.#instrumentId = instrumentId;
    this.#tabs.open(view);
    this.#enter('');
  }

  /** Goes as far as the tokens reach: an admin token alone opens the operator's view alone. */
  #enter(problem) {
    if (this.#session.clientToken !== '') this.#connect();
    else if (this.#session.adminToken !== '') this.#operateOnly();
    else this.#askForToken(problem);
  }

  #operateOnly() {
    document.body.dataset.signedIn = 'operator';
    this.#tabs.open('operate');
    this.#operate.open(true);
  }

  #signIn() {
    this.#session.setClientToken(byId('client-token').value);
    const admin = byId('sign-in-admin').value;
    if (admin.trim() !== '') this.#session.setAdminToken(admin);
    byId('client-token').value = '';
    byId('sign-in-admin').value = '';
    this.#enter('Paste a token first.');
  }

  #signOut(problem) {
    this.#leave();
    this.#session.clear();
    this.#askForToken(problem);
  }

  /** Asks for another client token; the admin token is another matter and stays. */
  #refuseToken(problem) {
    this.#leave();
    this.#session.setClientToken('');
    this.#askForToken(problem);
  }

  #leave() {
    this.#connection?.close();
    this.#connection = null;
    this.#hasInstruments = false;
    this.#market.stop();
    this.#trade?.detach();
    this.#operate.open(false);
  }

  #askForToken(problem) {
    document.body.dataset.signedIn = 'no';
    setText(byId('sign-in-problem'), problem);
    byId('client-token').focus();
  }

  #connect() {
    if (this.#settings.websocket === null) {
      this.#askForToken('The WebSocket endpoint of this gateway is switched off: the page needs it.');
      return;
    }
    document.body.dataset.signedIn = 'yes';
    setText(byId('user'), userOf(this.#session.clientToken));
    const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
    const url = `${scheme}//${location.host}${this.#settings.websocket}`;
    this.#connection = new Connection(url, this.#session.clientToken);
    this.#status.follow(this.#connection);
    this.#market.attach(this.#connection);
    this.#connection.connect();
    this.#operate.open(this.#tabs.view === 'operate');
  }

  /** Once it is online: reads what channels do not bring, and again if no answer came. */
  async #read() {
    const connection = this.#connection;
    if (this.#reader === connection) return;
    this.#reader = connection;
    try {
      if (!this.#hasInstruments) await this.#readInstruments(connection);
      if (connection !== this.#connection) return; // signed out meanwhile
      await this.#trade?.attach(connection, this.#rest);
    } catch (error) {
      if (connection !== this.#connection) return;
      this.#notices.say(error.message, 'bad');
      setTimeout(() => {
        if (connection !== this.#connection) return;
        this.#reader = null;
        if (connection.state === 'online') this.#read();
      }, RETRY_MS);
    }
  }

  async #readInstruments(connection) {
    let instruments = [];
    try {
      instruments = await this.#rest.get('market/instrument/list', { limit: PAGE });
    } catch (error) {
      if (error instanceof NoAnswer) throw error;
      this.#notices.say(`Instruments: ${error.message}`, 'bad');
    }
    if (connection !== this.#connection) return;
    this.#hasInstruments = true;
    this.#instruments = new Map(instruments.map((one) => [one.instrumentId, one]));
    this.#picker.offer(instruments);
    const first = this.#instruments.has(FIRST) ? FIRST : this.#instruments.keys().next().value;
    this.#pick(this.#instrumentId || first || FIRST);
  }

  #pick(wanted) {
    // Without a venue it would name the channels of a whole venue, or none.
    const instrumentId = wanted.includes(':') ? wanted : FIRST;
    if (instrumentId !== wanted) {
      this.#notices.say(`${wanted} is no instrument: they are named VENUE:BASE/QUOTE`, 'bad');
    }
    this.#instrumentId = instrumentId;
    const instrument = this.#instruments.get(instrumentId);
    this.#picker.show(instrumentId);
    this.#writeAddress();
    document.title = `${instrumentId} · Cadenza`;
    this.#market.show(instrumentId, instrument);
    this.#trade?.use(instrumentId, instrument);
  }

  #picked(price) {
    this.#trade?.setPrice(price);
  }

  #viewed(view) {
    this.#writeAddress();
    this.#operate.open(view === 'operate' && document.body.dataset.signedIn !== 'no');
  }

  #writeAddress() {
    const wanted = writeFragment(this.#tabs.view, this.#instrumentId);
    if (location.hash !== wanted) history.replaceState(null, '', wanted);
  }

  #followAddress() {
    const { view, instrumentId } = readFragment(location.hash);
    const isOther = instrumentId !== '' && instrumentId !== this.#instrumentId;
    if (isOther && this.#hasInstruments && this.#connection !== null) this.#pick(instrumentId);
    else if (isOther) this.#instrumentId = instrumentId;
    // An admin token alone has no markets to see, whatever the address says.
    this.#tabs.open(document.body.dataset.signedIn === 'operator' ? 'operate' : view);
    this.#writeAddress();
  }

  #lineChanged(state, { code, reason }) {
    setShown(byId('line-retry'), state === 'closed');
    if (state === 'online') this.#read();
    if (state !== 'closed') return;
    const hint = 'A sandbox makes its tokens anew at every start: copy the one it prints now.';
    // 1: centrifuge-js found it expired, or was told so; 3500: it is not accepted at all.
    if (code === 1) this.#refuseToken('The token has expired: paste a newer one.');
    else if (code === 3500) this.#refuseToken(`The token is not accepted: ${reason}. ${hint}`);
    else this.#notices.say(`The gateway has ended the connection: ${reason} (${code})`, 'bad');
  }
}

async function begin() {
  const response = await fetch(new URL('./settings.json', import.meta.url), { cache: 'no-store' });
  new Page(await response.json()).begin();
}

begin();
