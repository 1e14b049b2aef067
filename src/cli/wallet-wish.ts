import {
  type ChainId,
  isTestNetwork,
  parseChainId,
  parseTokenId,
  parseWalletId,
  type ScriptType,
  scriptTypes,
  type WalletId,
} from '../domain/index.ts';
import { type Arguments, UsageError } from './command.ts';

/** Beside those of an operators' act, of keys that devices derive. */
export const addOptions = ['chain', 'script', 'threshold', 'account', 'path', 'first-nonce', 'wait', 'out'] as const;
/** Likewise of keys that HSMs make. */
export const createOptions = ['chain', 'script', 'threshold', 'first-nonce', 'out'] as const;

/** BIP-44, BIP-49, BIP-84, BIP-86; BIP-48 for several keys. */
const purposes: Readonly<Record<ScriptType, number>> = {
  pkh: 44,
  'sh-wpkh': 49,
  wpkh: 84,
  tr: 86,
  'wsh-sortedmulti': 48,
};

/** What was asked for. */
export interface Wish {
  readonly id: WalletId;
  readonly chain: ChainId;
  readonly signers: readonly string[];
  /** Where the keys are: the same path on every device, or a CKA_ID for each HSM, in the order of the signers. */
  readonly keys: WishedKeys;
  readonly script: ScriptType | undefined;
  readonly threshold: number;
  readonly firstNonce: number;
}

/** `made`: the HSMs make them; then ids that are undefined are random ones. */
export type WishedKeys =
  | { readonly kind: 'derived'; readonly path: string }
  | { readonly kind: 'token'; readonly ids: readonly (string | undefined)[]; readonly made: boolean };

/** `making`: HSMs are to make the keys. Throws `UsageError`. */
export function parseWish(given: Arguments, making: boolean): Wish {
  const id = parseWalletId(given.positionals[0] ?? '', 'ID');
  const chain = parseChainId(given.required('chain'), '--chain');
  const signers = given.values('signer').map((name) => parseWalletId(name, '--signer'));
  if (signers.length === 0) throw new UsageError('--signer is missing');
  if (new Set(signers).size !== signers.length)
    throw new UsageError('--signer names one twice: one device counts as one key');
  const named = { id, chain, signers, firstNonce: count(given, 'first-nonce', 0) };
  const ids = given.values('key-id').map((key) => parseTokenId(key, '--key-id'));
  const keys: WishedKeys | undefined = making || ids.length > 0 ? tokenKeys(ids, signers, making) : undefined;
  if (!chain.startsWith('bip122:')) {
    only(given, 'account, path and first-nonce', ['script', 'threshold'], `a wallet on ${chain}`);
    if (signers.length > 1) throw new UsageError(`a wallet on ${chain} has one key, and so one --signer`);
    return {
      ...named,
      keys: keys ?? derivedKeys(given, (n) => `m/44'/60'/${n}'/0/0`),
      script: undefined,
      threshold: 1,
    };
  }
  only(given, 'script, threshold, account and path', ['first-nonce'], 'a wallet on Bitcoin');
  const script = parseScript(given.value('script'), signers.length);
  const threshold = parseThreshold(given, script, signers.length);
  const coin = isTestNetwork(chain) ? 1 : 0;
  const last = script === 'wsh-sortedmulti' ? "/2'" : '';
  const standard = (n: number): string => `m/${purposes[script]}'/${coin}'/${n}'${last}`;
  return { ...named, keys: keys ?? derivedKeys(given, standard), script, threshold };
}

function derivedKeys(given: Arguments, standard: (account: number) => string): WishedKeys {
  return { kind: 'derived', path: given.value('path') ?? standard(count(given, 'account', 0)) };
}

function tokenKeys(ids: readonly string[], signers: readonly string[], made: boolean): WishedKeys {
  if (ids.length !== signers.length && !(made && ids.length === 0))
    throw new UsageError(
      `--key-id: ${ids.length} CKA_ID(s) for ${signers.length} signer(s); name one for each, in their order`,
    );
  return { kind: 'token', ids: signers.map((_, i) => ids[i]), made };
}

function only(given: Arguments, has: string, others: readonly string[], what: string): void {
  if (given.value('path') !== undefined && given.value('account') !== undefined)
    throw new UsageError('--path and --account exclude each other');
  for (const name of given.values('key-id').length > 0 ? [...others, 'path', 'account', 'wait'] : others)
    if (given.value(name) !== undefined) throw new UsageError(`${what} has no --${name}, only ${has}`);
}

function parseScript(told: string | undefined, signers: number): ScriptType {
  const usual = signers === 1 ? 'wpkh' : 'wsh-sortedmulti';
  const script = scriptTypes.find((type) => type === (told ?? usual));
  if (script === undefined) throw new UsageError(`--script: expected one of ${scriptTypes.join(', ')}`);
  if ((script === 'wsh-sortedmulti') !== signers > 1)
    throw new UsageError(
      script === 'wsh-sortedmulti'
        ? 'wsh-sortedmulti takes two signers or more'
        : `${script} has one key, and so one --signer; several keys are wsh-sortedmulti`,
    );
  return script;
}

function parseThreshold(given: Arguments, script: ScriptType, signers: number): number {
  if (script !== 'wsh-sortedmulti') {
    if (given.value('threshold') !== undefined) throw new UsageError(`${script} has one key, and no --threshold`);
    return 1;
  }
  given.required('threshold');
  const threshold = count(given, 'threshold', 1);
  if (threshold < 1 || threshold > signers)
    throw new UsageError(`--threshold: ${threshold} of ${signers} keys can never sign`);
  return threshold;
}

function count(given: Arguments, name: string, otherwise: number): number {
  const told = given.value(name);
  if (told === undefined) return otherwise;
  const value = /^(?:0|[1-9][0-9]{0,8})$/.test(told) ? Number(told) : undefined;
  if (value === undefined) throw new UsageError(`--${name}: expected a whole number, got ${JSON.stringify(told)}`);
  return value;
}
