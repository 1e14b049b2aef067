import { bytesToHex } from '@noble/curves/utils.js';
import { StatusError, status } from '../../os/status.ts';
import { BlindSigningOff } from './blind-signing.ts';
import type { Erc20Call } from './erc20.ts';

/** The selectors of the app's ERC-20 plugin. */
const erc20Selectors = new Map<string, Erc20Call['kind']>([
  ['a9059cbb', 'transfer'],
  ['095ea7b3', 'approve'],
]);

const selectorLength = 4;
const wordLength = 32;
/** The words that the plugin keeps: two arguments and two more, of data that is none of the ABI's. */
const maxWords = 4;

/** A transaction's data as it comes in: nothing, an ERC-20 call, or something that the app doesn't understand. */
export class Calldata {
  readonly #blindSigning: boolean;
  #total: number | undefined;
  #kind: Erc20Call['kind'] | undefined;
  #bytes: number[] = [];

  constructor(blindSigning: boolean) {
    this.#blindSigning = blindSigning;
  }

  get present(): boolean {
    return (this.#total ?? 0) > 0;
  }

  /** Undefined where the ERC-20 plugin doesn't know the call. */
  get erc20(): Erc20Call | undefined {
    if (this.#kind === undefined) return undefined;
    const words = Uint8Array.from(this.#bytes).subarray(selectorLength);
    const amount = BigInt(`0x0${bytesToHex(words.subarray(wordLength, 2 * wordLength))}`);
    const to = new Uint8Array(20);
    to.set(words.subarray(12, wordLength));
    return { kind: this.#kind, to, amount, extra: words.subarray(2 * wordLength) };
  }

  /** @param left how much of the data had not come in before this part */
  push(part: Uint8Array, left: number, { to, value }: { readonly to: Uint8Array; readonly value: bigint }): void {
    if (this.#total === undefined) {
      this.#total = left;
      if (to.length > 0 && left >= selectorLength) this.#begin(part, value);
    }
    if (this.#kind === undefined) return;
    this.#bytes.push(...part);
    const words = (this.#bytes.length - selectorLength) / wordLength;
    const complete = part.length === left ? Math.ceil(words) : Math.floor(words);
    if (complete > maxWords) throw new StatusError(status.incorrectData, 'an ERC-20 call with too much data');
  }

  #begin(part: Uint8Array, value: bigint): void {
    if (part.length < selectorLength) throw new StatusError(status.incorrectData, 'a selector that is cut by a chunk');
    this.#kind = erc20Selectors.get(bytesToHex(part.subarray(0, selectorLength)));
    if (this.#kind !== undefined && value !== 0n) {
      throw new StatusError(status.incorrectData, 'an ERC-20 call that sends ether too');
    }
    if (this.#kind === undefined && !this.#blindSigning) {
      throw new BlindSigningOff('unknown calldata');
    }
  }
}
