import { keccak_256 } from '@noble/hashes/sha3.js';
import { CompactSign } from 'jose';
import secp256k1 from 'secp256k1/bindings.js';
import { hexToBytes, serializeTransaction } from 'viem/utils';
import { Authenticator } from '../simulators/authenticator/authenticator.ts';
import { parseCreationOptions } from '../simulators/authenticator/options.ts';
import {
  type AccountId,
  type Address,
  type AssetId,
  type EntryId,
  type FactorId,
  minute,
  type Sealed,
  transactionId,
  type WithdrawalId,
} from '../src/domain/index.ts';
import type { Attestation } from '../src/generated/portcullis/v1/evidence.ts';
import { SignTransactionRequest } from '../src/generated/portcullis/v1/transaction.ts';
import { AuthorizeWithdrawalRequest } from '../src/generated/portcullis/v1/withdrawal.ts';
import { type BenchStation, chain, testKey } from './station.ts';

/** One withdrawal to be authorized and paid, as the bytes of the requests that do so. */
export interface Work {
  readonly transaction: string;
  readonly authorize: Uint8Array;
  /** Pays the withdrawal that `authorize` authorized. */
  readonly sign: Uint8Array;
  /** Both in one: the authorization travels inline. */
  readonly inline: Uint8Array;
}

/** Whose wallets sign: those of an automatic signer that takes 64 at once, those of a device with a person before it, one after the other; or a token's, which all share. */
export type Wallets = 'hot' | 'attended' | 'hsm';

const asset = `${chain}/slip44:60` as AssetId;
const destination = `${chain}:0x70997970C51812dc3A010C7d01b50e0d17dc79C8` as Address;

interface Customer {
  readonly account: AccountId;
  readonly passkey: Authenticator;
  readonly credential: FactorId;
}

/** The bench's customers, one a slot, and the work that they make. All of it is done before the clock runs. */
export class Workshop {
  readonly #station: BenchStation;
  readonly #customers: Customer[] = [];
  readonly #nonces = new Map<string, number>();
  #made = 0;

  private constructor(station: BenchStation) {
    this.#station = station;
  }

  /** Enrols the customers, lists their destination, and lets both ripen. */
  static async open(station: BenchStation, slots: number): Promise<Workshop> {
    const shop = new Workshop(station);
    for (let slot = 0; slot < slots; slot++) shop.#customers.push(await shop.#enrol(`customer-${slot}`));
    await shop.#ripen();
    for (const [slot, customer] of shop.#customers.entries()) await shop.#list(customer, `entry-${slot}`);
    await shop.#ripen();
    return shop;
  }

  /** `count` withdrawals, slot after slot; those of one slot must be done in their order, for their nonces' sake. */
  async make(count: number, wallets: Wallets): Promise<Work[]> {
    const work: Work[] = [];
    for (let i = 0; i < count; i++) work.push(await this.#one(i % this.#customers.length, wallets));
    return work;
  }

  async #one(slot: number, wallets: Wallets): Promise<Work> {
    const customer = this.#customers[slot];
    const those = this.#station.wallets.filter(({ id }) => id.startsWith(`${wallets}-`));
    const wallet = those[slot % Math.max(1, those.length)];
    if (customer === undefined || wallet === undefined) throw new Error(`there is no slot ${slot}`);
    const withdrawal = `w-${this.#made++}` as WithdrawalId;
    const { intent } = await this.#station.custody.withdrawals.prepare({
      withdrawal,
      account: customer.account,
      asset,
      amount: 10n ** 15n,
      destination,
      maxFee: 10n ** 15n,
      payBy: undefined,
      lifetime: 15 * minute,
    });
    const authorization = { intent: Buffer.from(intent.bytes), attestations: [attest(customer, intent)] };
    const nonce = this.#nonces.get(wallet.id) ?? 0;
    this.#nonces.set(wallet.id, nonce + 1);
    const unsigned = payment(nonce);
    const id = transactionId(wallet.id as Parameters<typeof transactionId>[0], unsigned);
    if (wallet.key !== undefined)
      this.#station.signatures.set(id, secp256k1.ecdsaSign(keccak_256(unsigned), wallet.key).signature);
    const sign = { wallet: wallet.id, unsigned: Buffer.from(unsigned), withdrawalIds: [withdrawal], replaces: '' };
    return {
      transaction: id,
      authorize: AuthorizeWithdrawalRequest.encode(authorization).finish(),
      sign: SignTransactionRequest.encode({ ...sign, authorizations: [] }).finish(),
      inline: SignTransactionRequest.encode({ ...sign, authorizations: [authorization] }).finish(),
    };
  }

  async #enrol(name: string): Promise<Customer> {
    const account = name as AccountId;
    // ES256 alone, with a counter that moves: the usual security key, and the more work for the station.
    const passkey = new Authenticator({
      origin: 'https://approve.bench.example',
      seed: testKey(name),
      algorithms: [-7],
    });
    const { factors } = this.#station.custody;
    const options = parseCreationOptions(await factors.begin(account));
    const registration = new TextEncoder().encode(JSON.stringify(passkey.create(options)));
    const prepared = await factors.prepare({ account, registration, attestedBy: undefined, lifetime: undefined });
    const iat = Number(
      prepared.intent.fields['issued'] === undefined ? 0 : Date.parse(prepared.intent.fields['issued']) / 1_000,
    );
    const claims = {
      iss: 'admission.bench.example',
      aud: prepared.station,
      sub: account,
      credential: prepared.credential,
      key: prepared.key,
      iat,
      exp: iat + 600,
      jti: `bench-${name}-enrolment`,
    };
    const jws = await new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
      .setProtectedHeader({ alg: 'EdDSA', typ: 'portcullis-admission+jwt', kid: 'bench-1' })
      .sign(this.#station.admission.key);
    await factors.add({ intent: prepared.intent.bytes, registration, approval: { kind: 'voucher', jws } });
    return { account, passkey, credential: prepared.credential };
  }

  async #list(customer: Customer, entry: string): Promise<void> {
    const { destinations } = this.#station.custody;
    const { intent } = await destinations.prepare({
      entry: entry as EntryId,
      account: customer.account,
      destination,
      label: '',
      lifetime: undefined,
    });
    const { evidence } = attest(customer, intent);
    if (evidence?.$case !== 'webauthn') throw new Error('a passkey made no assertion');
    const { authenticatorData, clientDataJson: clientData, signature } = evidence.value;
    await destinations.add({
      intent: intent.bytes,
      attestations: [{ kind: 'webauthn', credential: customer.credential, authenticatorData, clientData, signature }],
    });
  }

  /** The courier delivers what waits, and a day passes. */
  async #ripen(): Promise<void> {
    const { notices } = this.#station.custody;
    for (const { id } of notices.waiting(-1, 1_000)) await notices.acknowledge(id);
    this.#station.passDay();
  }
}

function attest(customer: Customer, intent: Sealed): Attestation {
  const { id, rawId, response } = customer.passkey.get({
    challenge: Buffer.from(intent.digest, 'hex').toString('base64url'),
    rpId: 'approve.bench.example',
    allowCredentials: [{ type: 'public-key', id: customer.credential }],
    userVerification: 'required',
  });
  const bytes = (text: string): Buffer => Buffer.from(text, 'base64url');
  return {
    evidence: {
      $case: 'webauthn',
      value: {
        credentialId: id,
        rawId: bytes(rawId),
        authenticatorData: bytes(response.authenticatorData),
        clientDataJson: bytes(response.clientDataJSON),
        signature: bytes(response.signature),
      },
    },
  };
}

/** An EIP-1559 transfer of a thousandth of an ether. */
export function payment(nonce: number): Uint8Array {
  return hexToBytes(
    serializeTransaction({
      type: 'eip1559',
      chainId: 31337,
      nonce,
      gas: 21_000n,
      maxFeePerGas: 20_000_000_000n,
      maxPriorityFeePerGas: 1_000_000_000n,
      to: '0x70997970C51812dc3A010C7d01b50e0d17dc79C8',
      value: 10n ** 15n,
    }),
  );
}
