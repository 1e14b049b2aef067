import type { Authenticator } from '../../simulators/authenticator/authenticator.ts';
import { parseAuthenticatorData } from '../../src/attestation/webauthn/authenticator-data.ts';
import {
  type AccountId,
  type ActId,
  type Address,
  canonicalText,
  digestOf,
  type FactorId,
  importManifestBytes,
} from '../../src/domain/index.ts';
import { deviceOf } from '../attacks/people.ts';
import { alicesAddress, Customer, type TestStation } from './station.ts';

// What an exchange has of its customers, and how a test brings it in. Test keys.

const two = ['olivia', 'omar'] as const;

/** A passkey that a customer made with the exchange, before there was a station. */
export class OldPasskey {
  readonly account: AccountId;
  readonly device: Authenticator;
  readonly credential: FactorId;
  readonly key: string;
  readonly #aaguid: string;
  readonly #eligible: boolean;

  constructor(account: string, device = deviceOf(`${account}, of old`), rpId = 'approve.example') {
    this.account = account as AccountId;
    this.device = device;
    const made = device.create({
      rp: { id: rpId, name: rpId },
      user: { id: Buffer.from(account).toString('base64url'), name: account, displayName: account },
      challenge: Buffer.alloc(32).toString('base64url'),
      pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
    });
    const data = parseAuthenticatorData(new Uint8Array(Buffer.from(made.response.authenticatorData, 'base64url')));
    if (data.attested === undefined) throw new Error('the device made no credential');
    this.credential = made.id as FactorId;
    this.key = Buffer.from(data.attested.coseKey).toString('base64url');
    this.#aaguid = data.attested.aaguid;
    this.#eligible = data.backupEligible;
  }

  /** Its line; `changes` make it wrong. */
  line(changes: Record<string, string> = {}): string {
    return canonicalText({
      type: 'portcullis/import-factor/v1',
      account: this.account,
      credential: this.credential,
      key: this.key,
      sign_count: '0',
      backup_eligible: String(this.#eligible),
      aaguid: this.#aaguid,
      ...changes,
    });
  }

  customer(station: TestStation): Customer {
    return new Customer(station, this.account, this.device, this.credential);
  }
}

export function addressLine(account: string, destination: Address = alicesAddress, label = ''): string {
  return canonicalText({ type: 'portcullis/import-destination/v1', account, destination, label });
}

export function chunkOf(...lines: readonly string[]): Uint8Array {
  return new TextEncoder().encode(lines.map((line) => `${line}\n`).join(''));
}

export function manifestOf(station: TestStation, ...chunks: readonly Uint8Array[]): Uint8Array {
  const lines = chunks.flatMap((chunk) => new TextDecoder().decode(chunk).trimEnd().split('\n'));
  const factors = lines.filter((line) => line.includes('import-factor')).length;
  const { name } = station.store.look({}).station;
  const counts = { factors, destinations: lines.length - factors };
  return importManifestBytes({ station: name, chunks: chunks.map((chunk) => digestOf(chunk)), ...counts });
}

/** A quorum approves, it ripens and takes effect: the act's id. */
export async function approveImport(station: TestStation, ...chunks: readonly Uint8Array[]): Promise<ActId> {
  const { act } = await station.operators.act(two, 'import', 'onboarding', manifestOf(station, ...chunks));
  await station.operators.ripen();
  return act.id;
}

export function send(station: TestStation, act: ActId, index: number, records: Uint8Array) {
  return station.custody.onboarding.importChunk({ act, index, records });
}
