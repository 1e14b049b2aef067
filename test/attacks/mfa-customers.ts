import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import {
  type AccountId,
  type Address,
  parseEntryId,
  parseWithdrawalId,
  type ServiceToken,
  second,
  type WithdrawalRecord,
} from '../../src/domain/index.ts';
import { signedToken } from '../attestation/signed-token.ts';
import { alicesAddress, ether, type TestStation } from '../custody/station.ts';

// Customers of an exchange whose own MFA service attests for them. Test keys.

export const issuer = 'mfa.example';
const pairs = new Map(['ed-1', 'ed-2'].map((kid) => [kid, generateKeyPairSync('ed25519')]));
const another = generateKeyPairSync('ec', { namedCurve: 'P-256' });

function pair(kid: string): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  const found = kid === 'ec-1' ? another : pairs.get(kid);
  if (found === undefined) throw new Error(`no test key ${kid}`);
  return found;
}

export const publicKeyOf = (kid: string): KeyObject => pair(kid).publicKey;

/** One key, as a policy states it; `bounds` such as `, until: '2022-01-20T00:00:00Z'`. */
export function attester(kid: string, bounds = '', of = issuer): string {
  const { kty, crv, x, y } = pair(kid).publicKey.export({ format: 'jwk' });
  return `  - { issuer: ${of}, kid: ${kid}, jwk: { kty: ${kty}, crv: ${crv}, x: ${x}${y === undefined ? '' : `, y: ${y}`} }${bounds} }\n`;
}

/** A policy under which tokens are evidence, of these attesters; `evidence` in the place of what the test policy demands. */
export const accepting =
  (
    attesters: string = attester('ed-1') + attester('ec-1'),
    evidence = 'webauthn: 0, accepts: [device, synced, mfa-service]',
  ) =>
  (document: string): string =>
    document
      .replace(/^evidence: .*$/m, `evidence: { ${evidence} }`)
      .replace(/^chains:$/m, `${attesters === '' ? '' : `attesters:\n${attesters}`}chains:`);

export interface Deviations {
  readonly header?: object;
  readonly claims?: object;
  /** Whose key signs. */
  readonly kid?: string;
}

/** A token over an intent's digest, good unless it deviates. */
export function tokenFor(station: TestStation, account: string, digest: string, of: Deviations = {}): ServiceToken {
  const { kid = 'ed-1' } = of;
  const iat = Math.floor(station.time.wall / second);
  const header = { alg: kid === 'ec-1' ? 'ES256' : 'EdDSA', typ: 'portcullis-mfa+jwt', kid, ...of.header };
  const claims = {
    iss: issuer,
    aud: station.store.look({}).station.name,
    sub: account,
    iat,
    exp: iat + 60,
    jti: randomUUID(),
    amr: ['pwd', 'hwk'],
    intent_digest: digest,
    ...of.claims,
  };
  return { kind: 'mfa-token', token: signedToken(header, claims, pair(kid).privateKey) };
}

/** An account that has nothing but what its MFA service says of it. */
export class MfaCustomer {
  readonly station: TestStation;
  readonly account: AccountId;

  constructor(station: TestStation, account: string) {
    this.station = station;
    this.account = account as AccountId;
  }

  token(digest: string, of: Deviations = {}): ServiceToken {
    return tokenFor(this.station, this.account, digest, of);
  }

  async list(entry: string, destination: Address = alicesAddress, of: Deviations = {}) {
    const { destinations } = this.station.custody;
    const prepared = await destinations.prepare({
      entry: parseEntryId(entry, 'entry'),
      account: this.account,
      destination,
      label: '',
      lifetime: undefined,
    });
    const { bytes, digest } = prepared.intent;
    return destinations.add({ intent: bytes, attestations: [this.token(digest, of)] });
  }

  prepare(id: string) {
    return this.station.custody.withdrawals.prepare({
      withdrawal: parseWithdrawalId(id, 'id'),
      account: this.account,
      asset: ether,
      amount: 10n ** 18n,
      destination: alicesAddress,
      maxFee: 10n ** 15n,
      payBy: undefined,
      lifetime: undefined,
    });
  }

  async authorize(id: string, of: Deviations = {}): Promise<WithdrawalRecord> {
    const { intent } = await this.prepare(id);
    return this.station.custody.withdrawals.authorize({
      intent: intent.bytes,
      attestations: [this.token(intent.digest, of)],
    });
  }
}

/** One whose destination is ripe. */
export async function ripeMfaCustomer(station: TestStation, account: string): Promise<MfaCustomer> {
  const customer = new MfaCustomer(station, account);
  await customer.list(`entry-${account}`);
  await station.deliver();
  station.passDay();
  return customer;
}
