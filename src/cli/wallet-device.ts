import { addressAt, onScreen } from '../custody/chain.ts';
import { walletText } from '../custody/wallet-document.ts';
import type { Wallet } from '../domain/index.ts';
import {
  type CreateSignerKeyResponse,
  OperatorServiceClient,
  type ReadSignerKeyResponse,
  type RegisterWalletResponse,
  type ShowWalletAddressResponse,
  type TokenKey,
} from '../generated/portcullis/v1/operator.ts';
import { askAtDevice, callStation, legible } from './client.ts';
import { type Arguments, CommandFailed, type Output } from './command.ts';

// What the wallet commands have the station ask at the devices: it alone talks to them.

/** Which of a wallet's addresses. */
export interface Place {
  readonly branch: 0 | 1;
  readonly index: number;
}

/** `/0/5`, as descriptors have it. */
export function placeText({ branch, index }: Place): string {
  return `/${branch}/${index}`;
}

export function readKey(given: Arguments, signer: string, chain: string, path: string): Promise<ReadSignerKeyResponse> {
  return callStation<OperatorServiceClient, ReadSignerKeyResponse>(
    given,
    OperatorServiceClient,
    (client, metadata, options, answer) =>
      client.readSignerKey({ signer, chain, path, keyId: '' }, metadata, options, answer),
  );
}

/** An HSM's key. */
export interface HsmKey {
  readonly device: string;
  readonly key: TokenKey;
}

export async function readTokenKey(given: Arguments, signer: string, chain: string, keyId: string): Promise<HsmKey> {
  const { device, key } = await callStation<OperatorServiceClient, ReadSignerKeyResponse>(
    given,
    OperatorServiceClient,
    (client, metadata, options, answer) =>
      client.readSignerKey({ signer, chain, path: '', keyId }, metadata, options, answer),
  );
  if (key?.$case !== 'token') throw new CommandFailed(`${signer} gave no key of an HSM`);
  return { device, key: key.value };
}

/** Has an HSM make a key, of a random CKA_ID unless one is named. */
export async function createKey(
  given: Arguments,
  signer: string,
  keyId: string | undefined,
  label: string,
): Promise<HsmKey> {
  const { device, key } = await callStation<OperatorServiceClient, CreateSignerKeyResponse>(
    given,
    OperatorServiceClient,
    (client, metadata, options, answer) =>
      client.createSignerKey({ signer, keyId: keyId ?? '', label }, metadata, options, answer),
  );
  if (key === undefined) throw new CommandFailed(`${signer} made no key`);
  return { device, key };
}

/** Has a person take a wallet of several keys on a device; what they should see there is told first. */
export async function registerOn(given: Arguments, output: Output, wallet: Wallet, signer: string): Promise<void> {
  if (wallet.kind !== 'script' || !wallet.derives) return;
  output.out(`On the device of ${signer}: register the wallet. Approve it there only if the screens say exactly this:`);
  output.out(`  name      ${wallet.id}`);
  output.out(`  policy    ${wallet.threshold} of ${wallet.keys.length}, ${wallet.script}, each key with /**`);
  for (const { fingerprint, path, xpub, signer: holder } of wallet.keys) {
    output.out(
      `  key       [${fingerprint}${path.slice(1)}]${xpub}${holder === signer ? ' (its own)' : ` (${holder})`}`,
    );
  }
  const request = { wallet: Buffer.from(walletText(wallet)), signer };
  const { fingerprint, walletPolicy } = await askAtDevice<OperatorServiceClient, RegisterWalletResponse>(
    given,
    OperatorServiceClient,
    (client, metadata, options) => client.registerWallet(request, metadata, options),
  );
  output.out(legible(`  registered on ${signer}, fingerprint ${fingerprint}, as policy ${walletPolicy}`));
}

/**
 * Has a person compare an address on a device with the one that this program derives itself. What the station says of it is held
 * against that, too.
 */
export async function compareOn(
  given: Arguments,
  output: Output,
  wallet: Wallet,
  signer: string,
  place: Place,
): Promise<void> {
  const address = addressAt(wallet, place.branch, place.index);
  const expected = onScreen(address);
  const which = wallet.kind === 'script' ? ` ${placeText(place)}` : '';
  output.out(`On the device of ${signer}: compare the address${which}. Approve it there only if the screen shows`);
  output.out(`  ${expected}`);
  const request = { wallet: Buffer.from(walletText(wallet)), signer, ...place };
  const told = await askAtDevice<OperatorServiceClient, ShowWalletAddressResponse>(
    given,
    OperatorServiceClient,
    (client, metadata, options) => client.showWalletAddress(request, metadata, options),
  );
  if (told.address !== address || told.shown !== expected)
    throw new CommandFailed(
      legible(`the station says that ${signer} showed ${told.shown} for ${told.address}: pay nothing to it`),
    );
  output.out('  it showed the same');
}
