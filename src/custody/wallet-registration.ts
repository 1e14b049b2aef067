import type { Wallet } from '../domain/index.ts';
import { policyOf } from '../signers/ledger/policy.ts';
import { policyId } from '../signers/ledger/policy-id.ts';
import type { Station } from './station.ts';

/** What a device signs for only once a person registered it there, and on which device that is. */
export interface Registrable {
  /** Hex. */
  readonly walletPolicy: string;
  readonly fingerprint: string;
}

/**
 * Undefined where there is nothing to register: a wallet of one key, whose policy every device knows; one of a token's keys, which
 * shows nobody anything; or one without a key on the signer.
 */
export function registrableOn(wallet: Wallet, signer: string): Registrable | undefined {
  if (wallet.kind !== 'script' || !wallet.derives) return undefined;
  const policy = policyOf(wallet);
  const key = wallet.keys.find((one) => one.signer === signer);
  if (policy.name === '' || key === undefined) return undefined;
  return { walletPolicy: policyId(policy), fingerprint: key.fingerprint };
}

/** formats.md, "Registrations of wallets". */
export function registrationKey(walletPolicy: string, fingerprint: string): string {
  return `${walletPolicy}:${fingerprint}`;
}

/**
 * What proves to a signer's device that a person took the wallet there, 32 bytes, a secret; undefined where nobody did, or nothing is
 * to be registered. By what the wallet says, whichever policy of the station's named it first. Throws `Refusal`
 * (`sealing-key-missing`, `fact-tampered`).
 */
export function registrationOf(
  station: Pick<Station, 'store' | 'sealing' | 'reading'>,
  wallet: Wallet,
  signer: string,
): Uint8Array | undefined {
  const registrable = registrableOn(wallet, signer);
  if (registrable === undefined) return undefined;
  const key = registrationKey(registrable.walletPolicy, registrable.fingerprint);
  const record = station.reading(() => station.store.read('registrations', key));
  return record === undefined ? undefined : station.sealing.unseal('wallet-registration', key, record.hmac);
}

/** Whether a person took the wallet on a signer's device; undefined where nothing is to be registered. */
export function isRegistered(station: Station, wallet: Wallet, signer: string): boolean | undefined {
  const registrable = registrableOn(wallet, signer);
  if (registrable === undefined) return undefined;
  const key = registrationKey(registrable.walletPolicy, registrable.fingerprint);
  return station.reading(() => station.store.read('registrations', key)) !== undefined;
}
