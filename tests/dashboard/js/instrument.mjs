// An instrument as the server describes it.

export const INSTRUMENT = {
  instrumentId: 'PAPER:BTC/USDT',
  status: 'ACTIVE',
  baseAsset: 'BTC',
  quoteAsset: 'USDT',
  pipSize: '0.01',
  lotSize: '0.00001',
  minQuantity: '0.00001',
  maxQuantity: '2500',
  minNotional: '5',
  maxNotional: '1000000',
  isIcebergAllowed: true,
  icebergMinQuantity: '0.001',
};
