// An order book as a user of the API would keep it: one map a side, price to quantity.

export class Book {
  bids = new Map();
  asks = new Map();
  sequence = 0;
  snapshots = 0;
  diffs = 0;
  faults = [];

  apply(payload) {
    if (payload.updateType === 'SNAPSHOT') {
      this.bids.clear();
      this.asks.clear();
      this.snapshots += 1;
    } else {
      if (payload.prevSequence !== this.sequence) {
        this.faults.push(`DIFF after ${payload.prevSequence} came upon ${this.sequence}`);
      }
      this.diffs += 1;
    }
    this.sequence = payload.sequence;
    change(this.bids, payload.bids);
    change(this.asks, payload.asks);
  }

  report() {
    const { sequence, snapshots, diffs, faults } = this;
    return { bids: [...this.bids], asks: [...this.asks], sequence, snapshots, diffs, faults };
  }
}

function change(side, rows) {
  for (const [price, quantity] of rows) {
    if (Number(quantity) === 0) {
      side.delete(price);
    } else {
      side.set(price, quantity);
    }
  }
}
