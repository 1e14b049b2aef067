import type { App, Os } from '../os/app.ts';
import { BitcoinApp } from './bitcoin/app.ts';
import { mainnet, testnet } from './bitcoin/network.ts';
import { EthereumApp } from './ethereum/app.ts';

/** The apps that every emulated device has, by the word that opens one at start. */
export const installed = {
  ethereum: (os: Os) => new EthereumApp(os),
  bitcoin: (os: Os) => new BitcoinApp(os, mainnet),
  'bitcoin-test': (os: Os) => new BitcoinApp(os, testnet),
} as const satisfies Record<string, (os: Os) => App>;

export type AppWord = keyof typeof installed;

/** Throws where no app is called that. */
export function parseApp(words: readonly string[]): AppWord {
  const isInstalled = (word: string): word is AppWord => Object.hasOwn(installed, word);
  const [word = '', ...more] = words;
  if (more.length === 0 && isInstalled(word)) return word;
  throw new Error(`which app? One of ${Object.keys(installed).join(', ')}`);
}
