import { isDeepStrictEqual } from 'node:util';
import { isMap, isNode, isSeq, parseDocument } from 'yaml';
import { addressOfScript, scriptAt } from '../chains/bitcoin/index.ts';
import {
  type DerivedScriptWallet,
  formatDescriptor,
  Malformed,
  type ScriptWallet,
  signersOf,
  type TokenScriptWallet,
  type Wallet,
} from '../domain/index.ts';
import { parseWallet } from '../gate/policy/wallets.ts';
import { checkWallets } from './chain.ts';
import { parseYaml } from './yaml.ts';

/** One entry of policy's `wallets`, as short as YAML has it: what a person copies into a policy, and what the API takes. */
export function walletText(wallet: Wallet): string {
  const { id, chain, address } = wallet;
  if (wallet.kind === 'account') {
    const { signer, key, publicKey, firstNonce } = wallet;
    const place = key.kind === 'derived' ? `path: "${key.path}"` : `key: '${key.id}'`;
    return `{ id: ${scalar(id)}, chain: '${chain}', signer: ${scalar(signer)}, ${place}, address: '${address}', public_key: '${publicKey}', first_nonce: '${firstNonce}' }`;
  }
  const signers = signersOf(wallet).map(scalar).join(', ');
  const keys = wallet.derives ? '' : `keys: [${wallet.keys.map((key) => `'${key.id}'`).join(', ')}], `;
  return `{ id: ${scalar(id)}, chain: '${chain}', descriptor: "${wallet.descriptor}", ${keys}signers: [${signers}], address: '${address}' }`;
}

/** What a wallet of keys is made of. */
type Parts<W extends ScriptWallet> = Pick<W, 'id' | 'chain' | 'derives' | 'script' | 'threshold' | 'keys'>;

/** A wallet of keys, as policy will have it. Throws `Malformed`. */
export function walletOfKeys(of: Parts<DerivedScriptWallet>): DerivedScriptWallet;
export function walletOfKeys(of: Parts<TokenScriptWallet>): TokenScriptWallet;
export function walletOfKeys(of: Parts<DerivedScriptWallet> | Parts<TokenScriptWallet>): ScriptWallet {
  const address = addressOfScript(scriptAt(of, 0, 0).script, of.chain);
  if (address === undefined) throw new Malformed('wallet', 'has no first address');
  return { kind: 'script', ...of, descriptor: formatDescriptor(of), address };
}

/** A name of a-z 0-9 -, in quotes where YAML would read a number or a constant. */
function scalar(name: string): string {
  return /^(?!(?:true|false|null)$)[a-z]/.test(name) ? name : `'${name}'`;
}

/** Reads such an entry as strictly as a policy's. What evidence it demands is left out of account. Throws `Malformed` under `field`. */
export function readWallet(bytes: Uint8Array, field: string): Wallet {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Malformed(field, 'is not UTF-8');
  }
  const { wallet } = parseWallet(parseYaml(text, field), field);
  checkWallets([wallet]);
  return wallet;
}

/**
 * A policy's text with one wallet more, its comments and everything else as they were. Throws `Malformed` where the text isn't a
 * policy's.
 */
export function withWallet(policy: string, wallet: Wallet): string {
  const member = walletText(wallet);
  const text = inserted(policy, member);
  // Where a wallet went in is for YAML to say: nothing but the wallet may have changed.
  if (!isDeepStrictEqual(withoutLast(parseYaml(text, 'policy')), parseYaml(policy, 'policy')))
    throw new Malformed('policy.wallets', `is written in a way that nothing can be added to by itself: add ${member}`);
  return text;
}

function inserted(policy: string, member: string): string {
  const document = parseDocument(policy);
  const wallets = document.get('wallets', true);
  if (!isSeq(wallets) || wallets.range == null) throw new Malformed('policy.wallets', 'is not a list');
  const [start, end] = wallets.range;
  const last = wallets.items.at(-1);
  if (last === undefined) {
    const braced = isMap(document.contents) && document.contents.flow === true;
    const list = braced ? ` [${member}]` : `\n  - ${member}`;
    return `${policy.slice(0, start).trimEnd()}${list}${policy.slice(end)}`;
  }
  const lastEnd = (isNode(last) ? last.range?.[1] : undefined) ?? end;
  if (wallets.flow === true) return `${policy.slice(0, lastEnd)}, ${member}${policy.slice(lastEnd)}`;
  const indent = ' '.repeat(start - (policy.lastIndexOf('\n', start - 1) + 1));
  // After the comment that may stand behind the last one, whose range ends anywhere before the next member.
  const line = policy.indexOf('\n', policy.slice(0, lastEnd).trimEnd().length);
  const at = line < 0 ? policy.length : line;
  return `${policy.slice(0, at)}\n${indent}- ${member}${policy.slice(at)}`;
}

function withoutLast(policy: unknown): unknown {
  if (typeof policy !== 'object' || policy === null) return policy;
  return Object.fromEntries(
    Object.entries(policy).map(([name, value]) => [
      name,
      name === 'wallets' && Array.isArray(value) ? value.slice(0, -1) : value,
    ]),
  );
}
