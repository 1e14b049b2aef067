import type { ChainId } from '../../domain/caip.ts';
import { isTestNetwork } from '../../domain/networks.ts';
import { Malformed } from '../../domain/refusal.ts';
import type { App } from '../protocol.ts';

/** The oldest version of each app that may sign. */
export const minimumVersions: Readonly<Record<App, string>> = {
  // Two ways around its refusal of blind signing were closed in this version.
  Ethereum: '1.22.0',
  // 2.1.0 brought the protocol that Ledger's clients speak (wallet policies of BIP-388); before 2.1.2 it showed addresses of
  // hardened indices as if they were the wallet's (the app's CHANGELOG).
  Bitcoin: '2.1.2',
  'Bitcoin Test': '2.1.2',
};

/** Bitcoin's main chain (BIP-122: the genesis block). */
const bitcoin = 'bip122:000000000019d6689c085ae165831e93';

/** The app that signs for a chain, by the name that `B0 01` gives. Throws `Malformed` where there is none. */
export function appOf(chain: ChainId): App {
  if (chain.startsWith('eip155:')) return 'Ethereum';
  if (chain === bitcoin) return 'Bitcoin';
  // One app for all of them: it writes every test network's addresses as testnet's.
  if (chain.startsWith('bip122:') && isTestNetwork(chain)) return 'Bitcoin Test';
  throw new Malformed('chain', `no app of a Ledger signs for ${chain}`);
}

/** Compares `major.minor.patch`; a version of any other form, a pre-release among them, is not new enough. */
export function isRecent(version: string, minimum: string): boolean {
  const given = numbers(version);
  const wanted = numbers(minimum);
  if (given === undefined || wanted === undefined) return false;
  for (const [i, least] of wanted.entries()) {
    const number = given[i] ?? 0;
    if (number !== least) return number > least;
  }
  return true;
}

function numbers(version: string): readonly number[] | undefined {
  return /^(?:0|[1-9]\d{0,5})(?:\.(?:0|[1-9]\d{0,5})){2}$/.test(version) ? version.split('.').map(Number) : undefined;
}
