// A dialog for what is done with a paper account as a whole: another one, more money, a new start.

import { byId, setOptions, setText } from '../core/dom.js';

export class Funds {
  #dialog = byId('funds');
  #post;
  #done;
  #accountId = '';

  /**
   * @param {(operation: string, body: object) => Promise<object>} post a REST operation
   * @param {(said: string, accountId: string) => void} done told what has become of which account
   */
  constructor(post, done) {
    this.#post = post;
    this.#done = done;
    byId('funds-close').addEventListener('click', () => this.#dialog.close());
    this.#dialog.addEventListener('close', () => this.#hesitate());
    byId('fund-form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#fund();
    });
    byId('reset-account').addEventListener('click', () => this.#reset());
    byId('new-account').addEventListener('click', () => this.#another());
  }

  /** Opens it for an account, which has these assets. */
  open(accountId, assets) {
    this.#accountId = accountId;
    setOptions(byId('fund-asset'), assets);
    byId('fund-quantity').value = '';
    this.#said('');
    this.#dialog.showModal();
  }

  /** Closes it. */
  close() {
    this.#dialog.close();
  }

  #fund() {
    const [asset, quantity] = [byId('fund-asset').value, byId('fund-quantity').value.trim()];
    return this.#run(`${quantity} ${asset} brought in`, 'tradingAccount/fund', {
      tradingAccountId: this.#accountId,
      asset,
      quantity,
    });
  }

  /** Begins anew at the second press: everything the account has won and lost is forgotten. */
  #reset() {
    const button = byId('reset-account');
    if (button.dataset.sure === undefined) {
      button.dataset.sure = '';
      setText(button, 'Begin anew: sure?');
      return undefined;
    }
    this.#hesitate();
    return this.#run('The account begins anew', 'tradingAccount/reset', {
      tradingAccountId: this.#accountId,
    });
  }

  #hesitate() {
    delete byId('reset-account').dataset.sure;
    setText(byId('reset-account'), 'Begin anew');
  }

  #another() {
    // A name that is new makes another account.
    const externalTradingAccountId = `page-${crypto.randomUUID().slice(0, 8)}`;
    return this.#run('Another account', 'tradingAccount/connect', { externalTradingAccountId });
  }

  async #run(said, operation, body) {
    this.#said('');
    try {
      const { tradingAccountId } = await this.#post(operation, body);
      this.#dialog.close();
      this.#done(said, tradingAccountId);
    } catch (error) {
      this.#said(error.message);
    }
  }

  #said(problem) {
    setText(byId('funds-problem'), problem);
  }
}
