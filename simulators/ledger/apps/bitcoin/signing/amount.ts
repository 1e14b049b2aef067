const satoshisPerCoin = 100_000_000n;

/** Whole coins, then as many decimals as are needed, then the ticker. */
export function amountText(satoshis: bigint, ticker: string): string {
  const decimals = (satoshis % satoshisPerCoin).toString().padStart(8, '0').replace(/0+$/, '');
  return `${satoshis / satoshisPerCoin}${decimals === '' ? '' : `.${decimals}`} ${ticker}`;
}
