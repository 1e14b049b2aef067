import { writeFileSync } from 'node:fs';
import { onScreen } from '../custody/chain.ts';
import { readPolicyDocument } from '../custody/policy-document.ts';
import { readWallet, walletText, withWallet } from '../custody/wallet-document.ts';
import { type OperatorIntent, sha256, signersOf, toHex, type Wallet } from '../domain/index.ts';
import { type Arguments, CommandFailed, type Output } from './command.ts';
import { act, whereFounded } from './operator-act.ts';
import { policyInForce } from './policy-in-force.ts';
import { compareOn, registerOn } from './wallet-device.ts';
import { walletOf } from './wallet-keys.ts';
import { placeLine } from './wallet-text.ts';
import { parseWish } from './wallet-wish.ts';

/**
 * Makes a wallet of keys that devices derive, or that HSMs have or, `making`, are to make; shows it on each device that has a screen,
 * and proposes the policy that has it.
 */
export async function addWallet(given: Arguments, output: Output, making = false): Promise<number> {
  const wish = parseWish(given, making);
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
  if (wish.keys.kind === 'derived') await showOn(given, output, wallet);
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

/** Each device has the wallet registered, if it wants that, and shows its first addresses. */
async function showOn(given: Arguments, output: Output, wallet: Wallet): Promise<void> {
  const signers = signersOf(wallet);
  if (wallet.kind === 'script' && wallet.keys.length > 1)
    for (const signer of signers) await registerOn(given, output, wallet, signer);
  for (const signer of signers)
    for (const branch of wallet.kind === 'script' ? ([0, 1] as const) : ([0] as const))
      await compareOn(given, output, wallet, signer, { branch, index: 0 });
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
