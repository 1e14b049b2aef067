import { Malformed, shown } from './refusal.ts';

declare const brand: unique symbol;
/** A value that only its parser makes. */
export type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** A customer of the exchange; opaque. */
export type AccountId = Branded<string, 'AccountId'>;
/** The client's name for a withdrawal; unique on the station. */
export type WithdrawalId = Branded<string, 'WithdrawalId'>;
/** The client's name for an entry of the whitelist; unique on the station. */
export type EntryId = Branded<string, 'EntryId'>;
/** A factor's id: for WebAuthn the credential id, base64url without padding. */
export type FactorId = Branded<string, 'FactorId'>;
/** A wallet's name in policy. */
export type WalletId = Branded<string, 'WalletId'>;
/** `transactionId` of formats.md: 64 lowercase hex digits. */
export type TransactionId = Branded<string, 'TransactionId'>;
/** 32 bytes as 64 lowercase hex digits. */
export type Digest = Branded<string, 'Digest'>;
/** A station and its generation, e.g. `9f86d081884c7d659a2feaa0c55ad015/1`. */
export type StationName = Branded<string, 'StationName'>;
/** A notice's id: 32 lowercase hex digits. */
export type NoticeId = Branded<string, 'NoticeId'>;

/** A parser of names: `value` as the brand, or `Malformed` that says what was expected of `field`. */
export function nameParser<T extends string>(pattern: RegExp, expected: string): (value: string, field: string) => T {
  return (value, field) => {
    if (typeof value !== 'string' || !pattern.test(value)) {
      throw new Malformed(field, `expected ${expected}, got ${shown(value)}`);
    }
    return value as T;
  };
}

const name = /^[A-Za-z0-9._:-]{1,64}$/;
const nameExpected = '1 to 64 characters of A-Z a-z 0-9 . _ : -';

export const parseAccountId = nameParser<AccountId>(name, nameExpected);
export const parseWithdrawalId = nameParser<WithdrawalId>(name, nameExpected);
export const parseEntryId = nameParser<EntryId>(name, nameExpected);
export const parseWalletId = nameParser<WalletId>(/^[a-z0-9][a-z0-9-]{0,31}$/, '1 to 32 characters of a-z 0-9 -');
/** WebAuthn L3 §4: a credential id is at least 16 and at most 1023 bytes. */
export const parseFactorId = nameParser<FactorId>(/^[A-Za-z0-9_-]{22,1364}$/, 'a credential id in base64url');
export const parseTransactionId = nameParser<TransactionId>(/^[0-9a-f]{64}$/, '64 lowercase hex digits');
export const parseDigest = nameParser<Digest>(/^[0-9a-f]{64}$/, '64 lowercase hex digits');
export const parseNoticeId = nameParser<NoticeId>(/^[0-9a-f]{32}$/, '32 lowercase hex digits');
export const parseStationName = nameParser<StationName>(
  /^[0-9a-f]{32}\/[1-9][0-9]{0,5}$/,
  'a station id of 32 hex digits, a slash and its generation',
);
