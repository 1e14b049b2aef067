import { accountAddress, keyFingerprint } from '../custody/chain.ts';
import { walletOfKeys } from '../custody/wallet-document.ts';
import {
  parseAddress,
  second,
  type TokenKey,
  type TokenScript,
  tokenScripts,
  type Wallet,
  type WalletKey,
} from '../domain/index.ts';
import type { ReadSignerKeyResponse } from '../generated/portcullis/v1/operator.ts';
import { legible } from './client.ts';
import { type Arguments, CommandFailed, type Output, UsageError } from './command.ts';
import { secondsOf } from './duration.ts';
import { patiently } from './patience.ts';
import { createKey, readKey, readTokenKey } from './wallet-device.ts';
import type { Wish } from './wallet-wish.ts';

/** Reads or makes the keys, and makes the wallet of them that policy would read. */
export function walletOf(given: Arguments, output: Output, wish: Wish): Promise<Wallet> {
  const { keys } = wish;
  return keys.kind === 'derived'
    ? derivedWallet(given, output, wish, keys.path)
    : tokenWallet(given, output, wish, keys.ids, keys.made);
}

async function derivedWallet(given: Arguments, output: Output, wish: Wish, path: string): Promise<Wallet> {
  const { id, chain, signers, script, threshold, firstNonce } = wish;
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

/** Of HSMs, whose keys are told as their tokens have them. */
async function tokenWallet(
  given: Arguments,
  output: Output,
  { id, chain, signers, script, threshold, firstNonce }: Wish,
  ids: readonly (string | undefined)[],
  made: boolean,
): Promise<Wallet> {
  // Before any key is made.
  const form = script === undefined ? undefined : tokenScript(script);
  const keys: TokenKey[] = [];
  const tokens = new Map<string, string>();
  for (const [i, signer] of signers.entries()) {
    const asked = ids[i];
    const { device, key } = made
      ? await createKey(given, signer, asked, id)
      : await readTokenKey(given, signer, chain, asked ?? '');
    output.out(legible(`${signer}: ${device}`));
    for (const [name, value] of [
      [made ? 'made key' : 'key', key.keyId],
      ['public key', key.publicKey],
      ['fingerprint', keyFingerprint(key.publicKey)],
      ['attributes', key.attributes.join(', ')],
    ] as const)
      output.out(legible(`  ${name.padEnd(12)}${value}`));
    const other = tokens.get(device);
    if (other !== undefined)
      throw new CommandFailed(
        `${signer} and ${other} are one token (${device}): who has it has all of its keys, and a threshold over them asks one party ` +
          `several times. Give each signer a token of its own${made ? '; the keys that were made stay in the token, of no use' : ''}`,
      );
    tokens.set(device, signer);
    if (keys.some(({ publicKey }) => publicKey === key.publicKey))
      throw new CommandFailed(`${signer} gave the same key as another signer: one is a copy of the other`);
    keys.push({ signer, id: key.keyId, publicKey: key.publicKey });
  }
  if (form !== undefined) return walletOfKeys({ id, chain, derives: false, script: form, threshold, keys });
  const [first] = keys;
  if (first === undefined) throw new CommandFailed('no signer gave a key');
  const { signer, publicKey } = first;
  const address = accountAddress(chain, publicKey);
  return { kind: 'account', id, chain, address, signer, key: { kind: 'token', id: first.id }, publicKey, firstNonce };
}

function tokenScript(script: string): TokenScript {
  const form = tokenScripts.find((one) => one === script);
  if (form === undefined)
    throw new UsageError(`--script: a key of an HSM makes ${tokenScripts.join(', ')}, not ${script}`);
  return form;
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
