import { Malformed, type ScriptWallet, toHex, type Wallet } from '../../domain/index.ts';
import type { Permit } from '../../store/permit.ts';
import { largestPsbt, type PinnedKey, type Register, type ShowAddress, type Sign } from '../protocol.ts';
import type { AddressPlace, Outcome } from '../signer.ts';
import { policyOf } from './policy.ts';
import { derived, pinnedExtendedKey, pinnedKey } from './wallet-key.ts';

/** The largest transaction that Ethereum nodes pass on, bytes; far more than a person can review. */
const largestTransaction = 128 * 1024;

type Declined = Extract<Outcome, { kind: 'declined' }>;

/** What a permit asks the device for; or why none could do that. */
export function signOperation(permit: Permit, pinned: PinnedKey): Sign | Declined {
  const { wallet, unsigned, psbt, registration, tokenDescriptors } = permit;
  const { app, path } = pinned;
  if (app === 'Ethereum') {
    if (unsigned.length > largestTransaction) return declined(`${unsigned.length} bytes are too many to review`);
    return { op: 'sign', app, path, unsigned: toHex(unsigned), tokenDescriptors };
  }
  if (wallet.kind !== 'script' || psbt === null) throw new Error(`the permit for wallet ${wallet.id} has no PSBT`);
  if (psbt.length > largestPsbt) return declined(`a PSBT of ${psbt.length} bytes is too large to review`);
  const policy = policyOf(derived(wallet, permit.signer));
  if (policy.name !== '' && registration === null) {
    return declined(`${permit.signer} has no registration of wallet ${wallet.id}: register it there`);
  }
  return {
    op: 'sign',
    app,
    path,
    policy,
    registration: policy.name === '' ? '' : hexOf(registration),
    psbt: Buffer.from(psbt.buffer, psbt.byteOffset, psbt.byteLength).toString('base64'),
  };
}

export function registerOperation(wallet: ScriptWallet, signer: string): Register {
  const { app, path } = pinnedExtendedKey(wallet, signer);
  const policy = policyOf(derived(wallet, signer));
  if (policy.name === '') throw new Malformed('wallet', `${wallet.id} has one key: every device knows its policy`);
  return { op: 'register', app, path, policy };
}

export function showOperation(wallet: Wallet, signer: string, place: AddressPlace): ShowAddress {
  const { app, path } = pinnedKey(wallet, signer);
  if (app === 'Ethereum' || wallet.kind !== 'script') return { op: 'show-address', app: 'Ethereum', path };
  const policy = policyOf(derived(wallet, signer));
  const { branch, index } = place;
  if (policy.name !== '' && place.registration === null) {
    throw new Malformed('registration', `${signer} shows addresses of wallet ${wallet.id} once it is registered there`);
  }
  const registration = policy.name === '' ? '' : hexOf(place.registration);
  return { op: 'show-address', app, path, policy, registration, branch, index };
}

function hexOf(bytes: Uint8Array | null): string {
  return bytes === null ? '' : toHex(bytes);
}

function declined(message: string): Declined {
  return { kind: 'declined', reason: 'device-cannot-show', message };
}
