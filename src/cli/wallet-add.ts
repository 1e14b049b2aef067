import { writeFileSync } from 'node:fs';
import { onScreen } from '../custody/chain.ts';
import { readPolicyDocument } from '../custody/policy-document.ts';
import { readWallet, walletOfKeys, walletText, withWallet } from '../custody/wallet-document.ts';
import {
  type ChainId,
  isTestNetwork,
  type OperatorIntent,
  parseAddress,
  parseChainId,
  parseWalletId,
  type ScriptType,
  scriptTypes,
  second,
  sha256,
  toHex,
  type Wallet,
  type WalletId,
  type WalletKey,
} from '../domain/index.ts';
import type { ReadSignerKeyResponse } from '../generated/portcullis/v1/operator.ts';
import { legible } from './client.ts';
import { type Arguments, CommandFailed, type Output, UsageError } from './command.ts';
import { secondsOf } from './duration.ts';
import { act, whereFounded } from './operator-act.ts';
import { patiently } from './patience.ts';
import { policyInForce } from './policy-in-force.ts';
import { compareOn, readKey, registerOn } from './wallet-device.ts';
import { placeLine } from './wallet-text.ts';

/** Beside those of an operators' act. */
export const addOptions = ['chain', 'script', 'threshold', 'account', 'path', 'first-nonce', 'wait', 'out'] as const;

/** BIP-44, BIP-49, BIP-84, BIP-86; BIP-48 for several keys. */
const purposes: Readonly<Record<ScriptType, number>> = {
  pkh: 44,
  'sh-wpkh': 49,
  wpkh: 84,
  tr: 86,
  'wsh-sortedmulti': 48,
};

/** What was asked for. */
interface Wish {
  readonly id: WalletId;
  readonly chain: ChainId;
  readonly signers: readonly string[];
  readonly path: string;
  readonly script: ScriptType | undefined;
  readonly threshold: number;
  readonly firstNonce: number;
}

/** Makes a wallet of the devices' keys, shows it on each of them, and proposes the policy that has it. */
export async function addWallet(given: Arguments, output: Output): Promise<number> {
  const wish = parseWish(given);
  const before = await policyInForce(given);
  const { policy, text } = readPolicyDocument(before);
  if (policy.wallets.has(wish.id)) throw new CommandFailed(`policy has a wallet ${wish.id} already: choose another id`);
  if (!policy.chains.has(wish.chain))
    throw new CommandFailed(
      `policy does not name the chain ${wish.chain}, only ${[...policy.chains.keys()].join(', ')}: propose it first, with its bounds on fees`,
    );
  const wallet = await walletOf(given, output, wish);
  for (const line of describe(wallet)) output.out(line);
  const entry = walletText(wallet);
  const after = withWallet(text, wallet);
  // The wallet as policy will have it, and the whole policy with it: what is wrong is told before anybody goes to a device.
  readWallet(Buffer.from(entry), 'wallet');
  readPolicyDocument(Buffer.from(after));
  if (wallet.kind === 'script' && wallet.keys.length > 1)
    for (const signer of wish.signers) await registerOn(given, output, wallet, signer);
  for (const signer of wish.signers)
    for (const branch of wallet.kind === 'script' ? ([0, 1] as const) : ([0] as const))
      await compareOn(given, output, wallet, signer, { branch, index: 0 });
  output.out('The entry of policy:');
  output.out(`  - ${entry}`);
  write(given.value('out'), after, output);
  const payload = Buffer.from(after);
  // What the station told is signed for with the rest: it must be what it decides by, not merely what it says here (S11).
  const about = ({ digest, base }: OperatorIntent): boolean =>
    digest === toHex(sha256(payload)) && base === toHex(sha256(before));
  const proposed = await whereFounded(() =>
    act(given, output, { verb: 'policy', subject: 'document', payload, about }),
  );
  if (proposed !== undefined) return proposed;
  output.err('This station’s policy founds no operators, so that nobody can change it.');
  output.err(
    `Put the entry above into the policy of a new station: portcullis init DIR --policy ${given.value('out') ?? 'FILE'}`,
  );
  return 1;
}

function parseWish(given: Arguments): Wish {
  const id = parseWalletId(given.positionals[0] ?? '', 'ID');
  const chain = parseChainId(given.required('chain'), '--chain');
  const signers = given.values('signer').map((name) => parseWalletId(name, '--signer'));
  if (signers.length === 0) throw new UsageError('--signer is missing');
  if (new Set(signers).size !== signers.length)
    throw new UsageError('--signer names one twice: one device counts as one key');
  const account = count(given, 'account', 0);
  const named = { id, chain, signers, firstNonce: count(given, 'first-nonce', 0) };
  if (!chain.startsWith('bip122:')) {
    only(given, 'account, path and first-nonce', ['script', 'threshold'], `a wallet on ${chain}`);
    if (signers.length > 1) throw new UsageError(`a wallet on ${chain} has one key, and so one --signer`);
    const path = given.value('path') ?? `m/44'/60'/${account}'/0/0`;
    return { ...named, path, script: undefined, threshold: 1 };
  }
  only(given, 'script, threshold, account and path', ['first-nonce'], 'a wallet on Bitcoin');
  const script = parseScript(given.value('script'), signers.length);
  const threshold = parseThreshold(given, script, signers.length);
  const coin = isTestNetwork(chain) ? 1 : 0;
  const last = script === 'wsh-sortedmulti' ? "/2'" : '';
  const path = given.value('path') ?? `m/${purposes[script]}'/${coin}'/${account}'${last}`;
  return { ...named, path, script, threshold };
}

function only(given: Arguments, has: string, others: readonly string[], what: string): void {
  if (given.value('path') !== undefined && given.value('account') !== undefined)
    throw new UsageError('--path and --account exclude each other');
  for (const name of others)
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

/** Reads the keys, and makes the wallet of them that policy would read. */
async function walletOf(given: Arguments, output: Output, wish: Wish): Promise<Wallet> {
  const { id, chain, signers, path, script, threshold, firstNonce } = wish;
  const keys: WalletKey[] = [];
  const patience = {
    again: Number(secondsOf(given.value('wait') ?? '1s')) - 1,
    pause: () => new Promise((resolve) => setTimeout(resolve, second)),
  };
  for (const signer of signers) {
    const { device, key } = await patiently(
      () => readKey(given, signer, chain, path),
      (read) => objectionTo(read, keys, wish, signer),
      {
        ...patience,
        tell: (why) => output.err(legible(`Waiting for the device of ${signer}: ${why.split('\n', 1)[0] ?? ''}`)),
      },
    );
    output.out(legible(`${signer}: ${device}`));
    if (key?.$case === 'account') {
      const { address, publicKey } = key.value;
      const named = { id, chain, address: parseAddress(address, `the address of ${signer}`) };
      return { kind: 'account', ...named, signer, key: { kind: 'derived', path }, publicKey, firstNonce };
    }
    if (key?.$case === 'extended')
      keys.push({ signer, path, fingerprint: key.value.fingerprint, xpub: key.value.xpub });
  }
  if (script === undefined) throw new CommandFailed(`${signers.join(', ')} gave no key`);
  return walletOfKeys({ id, chain, derives: true, script, threshold, keys });
}

/** Why a key that was read is not what the wallet wants. */
function objectionTo(
  { key }: ReadSignerKeyResponse,
  keys: readonly WalletKey[],
  { chain, script }: Wish,
  signer: string,
): CommandFailed | undefined {
  if (key?.$case !== (script === undefined ? 'account' : 'extended'))
    return new CommandFailed(`${signer} gave a key of another kind than ${chain} has`);
  const twice = keys.find(({ xpub }) => key.$case === 'extended' && key.value.xpub === xpub);
  if (twice === undefined) return undefined;
  return new CommandFailed(
    `${signer} gave the same key as ${twice.signer}: they have one device, or devices of one seed, before them`,
  );
}

function describe(wallet: Wallet): string[] {
  const address = onScreen(wallet.address);
  const spelt = wallet.address.endsWith(`:${address}`) ? '' : ` (on screens ${address})`;
  if (wallet.kind === 'account')
    return [placeLine(wallet.key), `public key  ${wallet.publicKey}`, `address     ${wallet.address}`];
  return [`descriptor  ${wallet.descriptor}`, `address     ${wallet.address}${spelt}`];
}

function write(file: string | undefined, text: string, output: Output): void {
  if (file === undefined) return;
  try {
    writeFileSync(file, text, { flag: 'wx' });
  } catch (error) {
    throw new CommandFailed(`--out: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  output.out(`The whole policy with it: ${file}`);
}
