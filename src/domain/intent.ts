import { parseAmount, parsePositiveAmount } from './amount.ts';
import type { Address, AssetId } from './caip.ts';
import { parseAddress, parseAssetId } from './caip.ts';
import { canonicalBytes, type Flat, parseCanonical } from './canonical.ts';
import { digestOf } from './digest.ts';
import type { AccountId, Digest, EntryId, FactorId, StationName, WithdrawalId } from './ids.ts';
import {
  parseAccountId,
  parseDigest,
  parseEntryId,
  parseFactorId,
  parseStationName,
  parseWithdrawalId,
} from './ids.ts';
import { parseLabel } from './label.ts';
import { type OperatorVerb, operatorVerbs } from './operator.ts';
import { Malformed, shown } from './refusal.ts';
import { day, minute, parseInstant, type WallMs } from './time.ts';

/** How long an intent may be authorized, from `issued` to `expires`. */
export const intentLifetime = { default: 5 * minute, most: 15 * minute } as const;
/** `pay_by` lies at most this far after `issued`. */
export const payByMost = day;

export type IntentType =
  | 'portcullis/withdrawal/v1'
  | 'portcullis/destination/v1'
  | 'portcullis/factor/v1'
  | 'portcullis/operator/v1';

interface Common<T extends IntentType> {
  readonly type: T;
  readonly station: StationName;
  readonly issued: WallMs;
  readonly expires: WallMs;
  /** base64url of the ticket's 32 bytes (formats.md, "Ticket"). */
  readonly ticket: string;
}

export interface WithdrawalIntent extends Common<'portcullis/withdrawal/v1'> {
  readonly withdrawal: WithdrawalId;
  readonly account: AccountId;
  readonly asset: AssetId;
  /** Base units of `asset`. */
  readonly amount: bigint;
  readonly destination: Address;
  /** Base units of the chain's native asset; EVM: gas limit × max fee per gas, for a token too. */
  readonly maxFee: bigint;
  /** No anchor is first permitted after this. */
  readonly payBy: WallMs;
}

export interface DestinationIntent extends Common<'portcullis/destination/v1'> {
  readonly entry: EntryId;
  readonly account: AccountId;
  readonly destination: Address;
  readonly label: string;
}

export const factorKinds = ['webauthn', 'totp'] as const;
export type FactorKind = (typeof factorKinds)[number];
/** Of a WebAuthn credential. `hardware` only by an attestation chain to a root that policy pins. */
export const authenticatorClasses = ['device', 'synced', 'hardware'] as const;
export type AuthenticatorClass = (typeof authenticatorClasses)[number];
export type FactorClass = AuthenticatorClass | 'totp';

export interface FactorIntent extends Common<'portcullis/factor/v1'> {
  readonly account: AccountId;
  readonly kind: FactorKind;
  readonly class: FactorClass;
  readonly credential: FactorId;
  /** SHA-256 of the COSE key. */
  readonly key: Digest;
  /** The factor that attests the new one; undefined for an account's first, which a voucher admits. */
  readonly attestedBy: FactorId | undefined;
}

export interface OperatorIntent extends Common<'portcullis/operator/v1'> {
  readonly verb: OperatorVerb;
  readonly subject: string;
  /** Of the thing approved: an intent, a policy, exact unsigned bytes. */
  readonly digest: Digest;
  /** Hash of the policy that it was decided on. */
  readonly base: Digest;
}

export type Intent = WithdrawalIntent | DestinationIntent | FactorIntent | OperatorIntent;
export type IntentOf<T extends IntentType> = Extract<Intent, { type: T }>;

/** An intent as it travels: its canonical bytes, their digest (the WebAuthn challenge), and what they say. */
export interface Sealed<I extends Intent = Intent> {
  readonly bytes: Uint8Array;
  readonly digest: Digest;
  readonly fields: Flat;
  readonly intent: I;
}

type Take = (name: string) => string;

function common<T extends IntentType>(type: T, take: Take): Common<T> {
  const issued = parseInstant(take('issued'), 'issued');
  const expires = parseInstant(take('expires'), 'expires');
  if (expires <= issued) throw new Malformed('expires', 'must be later than issued');
  if (expires - issued > intentLifetime.most) throw new Malformed('expires', 'more than 15 minutes after issued');
  const ticket = take('ticket');
  if (!/^[A-Za-z0-9_-]{43}$/.test(ticket)) throw new Malformed('ticket', 'expected 32 bytes in base64url');
  return { type, station: parseStationName(take('station'), 'station'), issued, expires, ticket };
}

function oneOf<T extends string>(values: readonly T[], value: string, field: string): T {
  const found = values.find((v) => v === value);
  if (found === undefined) throw new Malformed(field, `expected one of ${values.join(', ')}, got ${shown(value)}`);
  return found;
}

const schemas: { [T in IntentType]: (take: Take) => IntentOf<T> } = {
  'portcullis/withdrawal/v1': (take) => {
    const base = common('portcullis/withdrawal/v1', take);
    const payBy = parseInstant(take('pay_by'), 'pay_by');
    if (payBy < base.issued) throw new Malformed('pay_by', 'earlier than issued');
    if (payBy - base.issued > payByMost) throw new Malformed('pay_by', 'more than 24 hours after issued');
    return {
      ...base,
      withdrawal: parseWithdrawalId(take('withdrawal'), 'withdrawal'),
      account: parseAccountId(take('account'), 'account'),
      asset: parseAssetId(take('asset'), 'asset'),
      amount: parsePositiveAmount(take('amount'), 'amount'),
      destination: parseAddress(take('destination'), 'destination'),
      maxFee: parseAmount(take('max_fee'), 'max_fee'),
      payBy,
    };
  },
  'portcullis/destination/v1': (take) => ({
    ...common('portcullis/destination/v1', take),
    entry: parseEntryId(take('entry'), 'entry'),
    account: parseAccountId(take('account'), 'account'),
    destination: parseAddress(take('destination'), 'destination'),
    label: parseLabel(take('label'), 'label'),
  }),
  'portcullis/factor/v1': (take) => {
    const base = common('portcullis/factor/v1', take);
    const attestedBy = take('attested_by');
    return {
      ...base,
      account: parseAccountId(take('account'), 'account'),
      kind: oneOf(factorKinds, take('kind'), 'kind'),
      class: oneOf([...authenticatorClasses, 'totp'], take('class'), 'class'),
      credential: parseFactorId(take('credential'), 'credential'),
      key: parseDigest(take('key'), 'key'),
      attestedBy: attestedBy === '' ? undefined : parseFactorId(attestedBy, 'attested_by'),
    };
  },
  'portcullis/operator/v1': (take) => ({
    ...common('portcullis/operator/v1', take),
    verb: oneOf(operatorVerbs, take('verb'), 'verb'),
    subject: parseSubject(take('subject'), 'subject'),
    digest: parseDigest(take('digest'), 'digest'),
    base: parseDigest(take('base'), 'base'),
  }),
};

function parseSubject(value: string, field: string): string {
  if (!/^[\x21-\x7e]{1,256}$/.test(value))
    throw new Malformed(field, `expected 1 to 256 printable ASCII characters, got ${shown(value)}`);
  return value;
}

/** An intent is at most this long: nothing that its schema allows comes near. */
export const intentBytesMost = 4096;

/**
 * Parses an intent that came back from a client: exactly the bytes that Prepare handed out, or an error that names the
 * member. Says nothing about ticket or expiry: the gate judges those.
 */
export function parseIntent<T extends IntentType>(bytes: Uint8Array, type: T, field = 'intent'): Sealed<IntentOf<T>> {
  if (bytes.length === 0) throw new Malformed(field, 'is missing');
  if (bytes.length > intentBytesMost) throw new Malformed(field, `is longer than ${intentBytesMost} bytes`);
  const flat = parseCanonical(bytes, field);
  try {
    const intent = parseFields(flat, type);
    return { bytes: bytes.slice(), digest: digestOf(bytes), fields: flat, intent };
  } catch (error) {
    if (error instanceof Malformed) throw error.within(field);
    throw error;
  }
}

function parseFields<T extends IntentType>(flat: Flat, type: T): IntentOf<T> {
  const left = new Set(Object.keys(flat));
  const take: Take = (name) => {
    const value = flat[name];
    if (value === undefined) throw new Malformed(name, 'is missing');
    left.delete(name);
    return value;
  };
  const stated = take('type');
  if (stated !== type) throw new Malformed('type', `expected ${type}, got ${shown(stated)}`);
  const intent = schemas[type](take);
  for (const unknown of left) {
    // A foreign name goes into logs and answers as the field: escaped and cut, unless it is a plain one (S10).
    const name = /^[A-Za-z0-9_]{1,64}$/.test(unknown) ? unknown : shown(unknown);
    throw new Malformed(name, `is not a member of ${type}`);
  }
  return intent;
}

/** Makes an intent from its wire members; the same parser checks it, so that nothing is handed out that comes back malformed. */
export function sealIntent<T extends IntentType>(type: T, fields: Flat): Sealed<IntentOf<T>> {
  const flat: Flat = { ...fields, type };
  const bytes = canonicalBytes(flat);
  return { bytes, digest: digestOf(bytes), fields: flat, intent: parseFields(flat, type) };
}
