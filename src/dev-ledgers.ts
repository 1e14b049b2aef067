import { walletOfKeys, walletText } from './custody/wallet-document.ts';
import { type ChainId, parseWalletId, shown } from './domain/index.ts';
import { parseSpeculosUrl } from './signers/ledger/transport.ts';

// What the emulated station asks of its Ledgers before it is one: their keys, which its policy pins.

/** With --ledger or --bitcoin-ledger: whatever answers there, such as Speculos; on this machine only. */
export function speculos(url: string, option: string): string {
  const { origin, port } = parseSpeculosUrl(url, option);
  return `${origin}:${port}`;
}

/** The rules by which a device is pressed where nobody stands before it, in Speculos' automation format. */
export async function automate(ledger: string, rules: string): Promise<void> {
  const answer = await post(`${ledger}/automation`, rules);
  if (!answer.ok) throw new Error(`--approve: the Ledger refuses the rules: ${await answer.text()}`);
}

/** The key at m/44'/60'/0'/0/0, as hex of the compressed point. */
export async function accountKey(ledger: string): Promise<string> {
  const data = await exchange(ledger, 'e002000015058000002c8000003c800000000000000000000000');
  const point = data.slice(2, 2 + 130);
  if (!/^04[0-9a-f]{128}$/.test(point)) {
    throw new Error(`the Ledger at ${ledger} answered ${shown(data)} instead of its key`);
  }
  return `${Number.parseInt(point.slice(-1), 16) % 2 === 0 ? '02' : '03'}${point.slice(2, 66)}`;
}

/** A wallet of the Bitcoin app's, and its entry of policy. */
export interface BitcoinWallet {
  readonly id: string;
  /** CAIP-10, `/0/0`. */
  readonly address: string;
  readonly chain: string;
  readonly descriptor: string;
  readonly entry: string;
}

/** BIP-84's first account of a test network: `wpkh`. */
export async function bitcoinWallet(ledger: string, chain: ChainId): Promise<BitcoinWallet> {
  const fingerprint = (await exchange(ledger, 'e105000100')).slice(0, 8);
  const answer = await exchange(ledger, 'e10000010e0003800000548000000180000000');
  const xpub = Buffer.from(answer.slice(0, -4), 'hex').toString('latin1');
  if (!answer.endsWith('9000') || !/^tpub\w{100,120}$/.test(xpub)) {
    const asks = 'instead of its key: is the app Bitcoin Test open?';
    throw new Error(`the Ledger at ${ledger} answered ${shown(answer)} ${asks}`);
  }
  const key = { fingerprint, path: "m/84'/1'/0'", xpub, signer: 'ledger-btc' };
  const id = parseWalletId('btc-1', 'wallet');
  const wallet = walletOfKeys({ id, chain, derives: true, script: 'wpkh', threshold: 1, keys: [key] });
  return { id, address: wallet.address, chain, descriptor: wallet.descriptor, entry: walletText(wallet) };
}

/** One command; the answer with its status word, hex. */
async function exchange(ledger: string, command: string): Promise<string> {
  const answer = await post(`${ledger}/apdu`, JSON.stringify({ data: command }));
  const { data } = (await answer.json()) as { data: string };
  return data;
}

function post(url: string, body: string): Promise<Response> {
  return fetch(url, { method: 'POST', body, redirect: 'error', signal: AbortSignal.timeout(10_000) });
}
