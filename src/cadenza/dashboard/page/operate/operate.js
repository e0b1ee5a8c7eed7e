// The operator's view: asks the server API once a second, while somebody looks.

import { AreaSeries, createChart } from '../vendor/lightweight-charts.mjs';

import { Admin, AdminError } from '../core/admin.js';
import { byId, setShown, setText } from '../core/dom.js';
import { colours } from '../core/theme.js';
import { look, timeAxis } from '../market/look.js';
import { Faults } from './faults.js';
import { Channels, Connections } from './lists.js';
import { Overview } from './overview.js';

const EVERY_MS = 1000;
const MOST_SAMPLES = 600;

export class Operate {
  #session;
  #notices;
  #admin;
  #settings;
  #overview = null;
  #connections;
  #channels;
  #faults;
  #chart;
  #sent;
  #samples = [];
  #timer = null;
  #isAsking = false;
  #isOld = false; // something else was asked for while an answer was on its way
  #isOpen = false;

  /**
   * @param {object} settings of the server
   * @param {import('../core/session.js').Session} session
   * @param {import('../core/notice.js').Notices} notices
   */
  constructor(settings, session, notices) {
    this.#settings = settings;
    this.#session = session;
    this.#notices = notices;
    this.#admin = new Admin(settings.api, () => session.adminToken);
    byId('admin-form').addEventListener('submit', (event) => {
      event.preventDefault();
      session.setAdminToken(byId('admin-token').value);
      byId('admin-token').value = '';
      this.#begin();
    });
    byId('publish-form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#publish();
    });
    for (const id of ['connections-filter', 'channels-filter']) {
      byId(id).addEventListener('input', () => this.#askAnew());
    }
    for (const id of ['connections-order', 'connections-slow', 'channels-order']) {
      byId(id).addEventListener('change', () => this.#askAnew());
    }
  }

  /** Whether the view is looked at. */
  open(isOpen) {
    this.#isOpen = isOpen;
    clearInterval(this.#timer);
    this.#timer = null;
    if (isOpen) this.#begin();
  }

  /** Takes new colours. */
  restyle() {
    if (!this.#chart) return;
    const { accent, 'accent-soft': soft } = colours('accent', 'accent-soft');
    this.#chart.applyOptions(look());
    this.#sent.applyOptions({ lineColor: accent, topColor: soft, bottomColor: soft });
  }

  #begin() {
    const { api } = this.#settings;
    setShown(byId('operate-elsewhere'), api === null);
    const hasKey = this.#session.adminToken !== '';
    setShown(byId('admin-form'), api !== null && !hasKey);
    setShown(byId('operate-room'), api !== null && hasKey);
    if (api === null || !hasKey) return;
    setText(byId('admin-problem'), '');
    if (this.#overview === null) this.#make();
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#ask(), EVERY_MS);
    this.#ask();
  }

  #make() {
    this.#overview = new Overview();
    this.#connections = new Connections(this.#admin, (one) => this.#disconnect(one));
    this.#channels = new Channels(this.#admin, (channel) => {
      byId('publish-channel').value = channel;
      byId('publish-data').focus();
    });
    this.#faults = new Faults(this.#admin, this.#settings.faults, () => this.#ask());
    this.#chart = createChart(byId('messages'), look());
    this.#chart.applyOptions({
      handleScroll: false,
      handleScale: false,
      ...timeAxis({ secondsVisible: true }),
    });
    this.#sent = this.#chart.addSeries(AreaSeries, {
      lineWidth: 2,
      priceLineVisible: false,
      priceFormat: { type: 'volume' },
      // From nothing up: a scale that begins at the least of what was seen makes a storm of a ripple.
      autoscaleInfoProvider: (original) => {
        const found = original();
        if (found?.priceRange) found.priceRange.minValue = 0;
        return found;
      },
    });
    this.#chart.priceScale('right').applyOptions({ scaleMargins: { top: 0.12, bottom: 0 } });
    this.restyle();
  }

  async #ask() {
    if (!this.#isOpen || this.#isAsking || document.hidden) return;
    this.#isAsking = true;
    try {
      do {
        this.#isOld = false;
        await this.#askOnce();
      } while (this.#isOld && this.#isOpen);
    } catch (error) {
      if (this.#isOpen) this.#failed(error);
    } finally {
      this.#isAsking = false;
    }
  }

  /** Asks again at once, whatever is on its way: something else is searched for now. */
  #askAnew() {
    this.#isOld = true;
    this.#ask();
  }

  async #askOnce() {
    const [overview, connections, channels] = await Promise.all([
      this.#admin.rpc('operate.overview'),
      this.#connections.ask(),
      this.#channels.ask(),
    ]);
    if (!this.#isOpen) return;
    this.#show(overview);
    setText(byId('operate-problem'), '');
    if (this.#isOld) return; // what these answer is not what is searched for any more
    this.#connections.show(connections);
    this.#channels.show(channels);
  }

  #show(overview) {
    const speed = this.#overview.show(overview);
    this.#faults.show(overview.faults);
    if (speed === null) return;
    const time = Math.floor(overview.time_ms / 1000);
    if (this.#samples.at(-1)?.time >= time) return;
    this.#samples.push({ time, value: speed.sent });
    if (this.#samples.length > MOST_SAMPLES) this.#samples.shift();
    this.#sent.setData(this.#samples);
    this.#chart.timeScale().fitContent();
  }

  #failed(error) {
    const isKey = error instanceof AdminError && error.code === 401;
    if (!isKey) {
      setText(byId('operate-problem'), `No figures just now: ${error.message}`);
      return;
    }
    clearInterval(this.#timer);
    this.#session.setAdminToken('');
    this.#begin();
    setText(byId('admin-problem'), error.message);
    byId('admin-token').focus();
  }

  async #disconnect({ client, user }) {
    try {
      await this.#admin.call('disconnect', { client, user });
      this.#notices.say(`Disconnected ${user || 'anonymous'} ${client}`, 'good');
      await this.#ask();
    } catch (error) {
      this.#notices.say(error.message, 'bad');
    }
  }

  async #publish() {
    const channel = byId('publish-channel').value.trim();
    const place = byId('publish-problem');
    let data;
    try {
      data = JSON.parse(byId('publish-data').value);
    } catch (error) {
      setText(place, `The message is no JSON: ${error.message}`);
      return;
    }
    try {
      const { offset } = await this.#admin.call('publish', { channel, data });
      setText(place, '');
      const where = offset === undefined ? '' : ` at offset ${offset}`;
      this.#notices.say(`Published to ${channel}${where}`, 'good');
    } catch (error) {
      setText(place, error.message);
    }
  }
}
