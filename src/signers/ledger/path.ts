import type { ScriptType } from '../../domain/descriptor.ts';
import type { Branded } from '../../domain/ids.ts';
import { Malformed, shown } from '../../domain/refusal.ts';
import type { BitcoinApp } from '../protocol.ts';

/** A BIP-32 path of BIP-44's form for Ethereum, `m/44'/60'/0'/0/0`. */
export type EthereumPath = Branded<string, 'EthereumPath'>;

/** A BIP-32 path of an account whose extended key the Bitcoin app gives out without asking, `m/84'/0'/0'`. */
export type BitcoinPath = Branded<string, 'BitcoinPath'>;

const ethereum = /^m\/44'\/60'\/(0|[1-9][0-9]{0,9})'\/(0|[1-9][0-9]{0,9})\/(0|[1-9][0-9]{0,9})$/;
const bitcoin = /^m\/(44|49|84|86|48)'\/([01])'\/(0|[1-9][0-9]{0,2})'(\/2')?$/;
const unhardenedEnd = 2 ** 31;

/** Above this account the app shows an extended key before it gives it out, and no policy goes without a registration. */
const lastAccount = 100;

const coinTypes: Readonly<Record<BitcoinApp, string>> = { Bitcoin: '0', 'Bitcoin Test': '1' };

/** BIP-44, BIP-49, BIP-84, BIP-86; BIP-48 with the script type of P2WSH. */
const purposes: Readonly<Record<ScriptType, string>> = {
  pkh: '44',
  'sh-wpkh': '49',
  wpkh: '84',
  tr: '86',
  'wsh-sortedmulti': '48',
};

/**
 * Strict, because hw-app-eth is not: its `splitPath` drops what it can't read and takes `44h` for an unhardened 44, so that a
 * slip would ask another key.
 */
export function parseEthereumPath(value: string, field: string): EthereumPath {
  const parts = ethereum.exec(value)?.slice(1);
  if (parts?.every((part) => Number(part) < unhardenedEnd) !== true) {
    throw new Malformed(field, `expected a path such as m/44'/60'/0'/0/0, got ${shown(value)}`);
  }
  return value as EthereumPath;
}

/**
 * The paths at which an app gives its extended key without a person, and at which it takes a policy of one key for one that it
 * knows (BIP-44's account ≤ 100). `script`: only that script's purpose; absent: any.
 */
export function parseBitcoinPath(value: string, field: string, app: BitcoinApp, script?: ScriptType): BitcoinPath {
  const [, purpose = '', coin, account = '', scriptType] = bitcoin.exec(value) ?? [];
  const known = script === undefined ? purpose : purposes[script];
  const several = purpose === purposes['wsh-sortedmulti'];
  if (
    coin !== coinTypes[app] ||
    purpose !== known ||
    Number(account) > lastAccount ||
    several !== (scriptType !== undefined)
  ) {
    const example = exampleOf(app, script);
    throw new Malformed(field, `expected a path such as ${example}, its account at most 100, got ${shown(value)}`);
  }
  return value as BitcoinPath;
}

function exampleOf(app: BitcoinApp, script: ScriptType = 'wpkh'): string {
  return `m/${purposes[script]}'/${coinTypes[app]}'/0'${script === 'wsh-sortedmulti' ? "/2'" : ''}`;
}
