import { addressAt, onScreen } from '../custody/chain.ts';
import type { KeyPlace, Wallet } from '../domain/index.ts';
import type { WalletSigner, WalletState } from '../generated/portcullis/v1/operator.ts';
import { printable } from './client.ts';
import { type Place, placeText } from './wallet-device.ts';

// How wallets are told, to people and to programs.

/** Where a wallet stands, a line each. */
export function stateLines(state: WalletState): string[] {
  return [
    `${printable(state.wallet)}  ${printable(state.address)}`,
    `  ${standing(state)}, ${readiness(state)}`,
    ...state.signers.map((signer) => `  ${printable(signer.signer)}: ${signerText(signer)}`),
  ];
}

const isBitcoin = ({ chain }: WalletState): boolean => chain.startsWith('bip122:');

function standing(state: WalletState): string {
  return isBitcoin(state) ? `next change index ${state.nextChange}` : `next nonce ${state.nextNonce}`;
}

function readiness({ ready, reason, message }: Pick<WalletState, 'ready' | 'reason' | 'message'>): string {
  return ready ? 'ready' : `not ready: ${printable(reason)} (${printable(message)})`;
}

function signerText(signer: WalletSigner): string {
  if (!signer.needsRegistration) return readiness(signer);
  return `${readiness(signer)}, ${signer.registered ? 'registered' : 'NOT REGISTERED: portcullis wallet register'}`;
}

/** How many addresses of each branch are shown. */
const shownAtOnce = 3;

function places(wallet: Wallet, branch: 0 | 1, first: number): Place[] {
  if (wallet.kind === 'account') return branch === 0 ? [{ branch, index: 0 }] : [];
  // Of tokens' keys there is one address, to which the change goes, too.
  if (!wallet.derives) return [{ branch: 0, index: 0 }];
  return Array.from({ length: shownAtOnce }, (_, i) => ({ branch, index: first + i }));
}

/** Where on its signer the key of a wallet of one is. */
export function placeLine(key: KeyPlace): string {
  return key.kind === 'derived' ? `path        ${key.path}` : `key         ${key.id}`;
}

/** What a wallet is, and where it stands: a line each. */
export function walletLines(wallet: Wallet, state: WalletState, first: number): string[] {
  const lines = [`wallet      ${wallet.id}`, `chain       ${wallet.chain}`];
  if (wallet.kind === 'account') {
    lines.push(`address     ${wallet.address}`, placeLine(wallet.key), `public key  ${wallet.publicKey}`);
  } else {
    lines.push(`descriptor  ${wallet.descriptor}`);
    if (wallet.keys.length > 1) lines.push(`signs       any ${wallet.threshold} of ${wallet.keys.length}`);
    if (wallet.derives)
      for (const { fingerprint, path, xpub, signer } of wallet.keys)
        lines.push(`key         [${fingerprint}${path.slice(1)}]${xpub} on ${signer}`);
    else
      for (const { id, publicKey, signer } of wallet.keys)
        lines.push(`key         ${publicKey}, id ${id} on ${signer}`);
    for (const [branch, label] of [
      [0, 'receive'],
      [1, 'change'],
    ] as const)
      for (const place of places(wallet, branch, first)) lines.push(`${label.padEnd(12)}${addressText(wallet, place)}`);
  }
  if (wallet.kind === 'account' || wallet.derives) lines.push(`stands at   ${standing(state)}`);
  for (const signer of state.signers) lines.push(`signer      ${printable(signer.signer)}: ${signerText(signer)}`);
  return lines;
}

function addressText(wallet: Wallet, place: Place): string {
  const address = addressAt(wallet, place.branch, place.index);
  const spelt = onScreen(address);
  const also = address.endsWith(`:${spelt}`) ? '' : ` (on screens ${spelt})`;
  return `${placeText(place)}  ${address}${also}`;
}

/** The same for programs. */
export function walletJson(wallet: Wallet, state: WalletState, first: number): Record<string, unknown> {
  const { kind: _, ...own } = wallet;
  const addresses = (branch: 0 | 1): string[] =>
    places(wallet, branch, first).map((place) => addressAt(wallet, place.branch, place.index));
  const derived = wallet.kind === 'script' ? { receive: addresses(0), change: addresses(1), first } : {};
  return { ...own, ...derived, ...stateJson(state) };
}

export function stateJson(state: WalletState): Record<string, unknown> {
  const { wallet, chain, address, ready, reason, message, nextNonce, nextChange, signers } = state;
  const next = isBitcoin(state) ? { nextChange: Number(nextChange) } : { nextNonce: Number(nextNonce) };
  return {
    ...{ id: wallet, chain, address, ready },
    ...(ready ? {} : { reason, message }),
    ...next,
    signers: signers.map(({ needsRegistration, registered, ...of }) => ({
      ...{ signer: of.signer, ready: of.ready },
      ...(of.ready ? {} : { reason: of.reason, message: of.message }),
      ...(needsRegistration ? { registered } : {}),
    })),
  };
}
