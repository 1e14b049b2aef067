import { encodeFunctionData, erc20Abi, type Hex, serializeTransaction, type TransactionSerializable } from 'viem';
import type { Person } from './person.ts';
import { readRecording } from './recording.ts';

export const path = '058000002c8000003c800000000000000000000000';
export const to = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8';
export const usdc: Hex = '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48';
export const usdcInformation = readRecording('eth-sign-erc20-approve').exchanges[0]?.command ?? '';
export const base = { type: 'eip1559', chainId: 1, to, gas: 21_000n, maxFeePerGas: 1n } as const;

/** Sends bytes in chunks, the first after the path; the last answer, or undefined while a review is on. */
export function send(person: Person, ins: string, payload: string, size = 255): string | undefined {
  const bytes = path + payload;
  let answer: string | undefined;
  for (let at = 0; at < bytes.length; at += size * 2) {
    const chunk = bytes.slice(at, at + size * 2);
    const length = (chunk.length / 2).toString(16).padStart(2, '0');
    answer = person.send(`e0${ins}${at === 0 ? '00' : '80'}00${length}${chunk}`);
    if (answer !== '9000') return answer;
  }
  return answer;
}

export const sign = (person: Person, transaction: TransactionSerializable, size?: number): string | undefined =>
  send(person, '04', serializeTransaction(transaction).slice(2), size);

export const signRaw = (person: Person, raw: Hex): string | undefined => send(person, '04', raw.slice(2));

/** Every screen of the review that is on, and leaves it refused. */
export function walk(person: Person): string[] {
  const screens = [person.screen];
  for (;;) {
    person.press('right');
    if (person.screen === screens.at(-1)) break;
    screens.push(person.screen);
  }
  person.press('both');
  person.press('both');
  return screens;
}

export const page = (screens: readonly string[], label: string): string | undefined =>
  screens.find((screen) => screen.startsWith(label));
export const transfer = (amount: bigint): Hex =>
  encodeFunctionData({ abi: erc20Abi, functionName: 'transfer', args: [to, amount] });
