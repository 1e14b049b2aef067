/** The app formats into a buffer of 50 characters, the last of which ends the text. */
const capacity = 50;

/** Wei to the coin. */
export const coinDecimals = 18;

/** Decimal digits with a point, without zeros at the end. */
export function decimal(amount: bigint, decimals: number): string {
  const digits = amount.toString().padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, '');
  return fraction === '' ? whole : `${whole}.${fraction}`;
}

/** Undefined where number, space and ticker don't fit the buffer: the app answers 6807 then. */
export function amountText(amount: bigint, ticker: string): string | undefined {
  if (!pointFits(amount)) return undefined;
  const text = `${decimal(amount, coinDecimals)} ${ticker}`;
  return text.length < capacity ? text : undefined;
}

/** The real app's: the product wraps modulo 2^256, what is too long is shown empty, or without its ticker. */
export function feeText(gasPrice: bigint, gasLimit: bigint, ticker: string): string {
  const fee = BigInt.asUintN(256, gasPrice * gasLimit);
  if (!pointFits(fee)) return '';
  const number = decimal(fee, coinDecimals);
  const text = `${number} ${ticker}`;
  return text.length < capacity ? text : number;
}

/** Whether the untrimmed digits, a point and the end of the text fit the buffer. */
const pointFits = (amount: bigint): boolean => amount.toString().length + 2 <= capacity;
