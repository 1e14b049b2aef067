import {
  createCipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  hkdfSync,
  type KeyObject,
  sign,
} from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import canonicalize from 'canonicalize';
import { describe, expect, it } from 'vitest';
import {
  checkEnrolmentChallenge,
  checkTicket,
  makeEnrolmentChallenge,
  makeTicket,
  otpauthUri,
  userHandle,
  verifyMfaToken,
  verifyVoucher,
} from '../src/attestation/index.ts';
import { decodeUnsigned as decodePsbt } from '../src/chains/bitcoin/index.ts';
import { decodeSignatures, encodeSignatures as encodeActSignatures } from '../src/custody/acts/signatures.ts';
import { enrolmentBytes, secretName } from '../src/custody/code-enrolment.ts';
import { journalOrigin } from '../src/custody/founding.ts';
import { parseImportChunk } from '../src/custody/import-chunk.ts';
import { decodeEvidence, encodeEvidence } from '../src/custody/kept-evidence.ts';
import { Keyring } from '../src/custody/seal.ts';
import { categoriesOf, unknownMethod } from '../src/domain/amr.ts';
import {
  type AccountId,
  type Address,
  type AssetId,
  admissionBytes,
  Buckets,
  type Digest,
  encodePrices,
  encodeSignatures,
  type FactorId,
  type IntentType,
  importedBytes,
  importManifestBytes,
  Malformed,
  type OperatorName,
  parseAdmission,
  parseChainId,
  parseDescriptor,
  parseImportedDestination,
  parseImportedFactor,
  parseImportManifest,
  parseInstant,
  parseIntent,
  parsePrices,
  parseSignatures,
  parseWalletStatement,
  paymentSet,
  Seen,
  type StationName,
  sealIntent,
  transactionId,
  type WalletId,
  type WallMs,
  type WitnessedMs,
  walletStatementBytes,
  worth,
} from '../src/domain/index.ts';
import { paymentOf } from '../src/gate/payment.ts';
import { openCheckpoint, signCheckpoint } from '../src/journal/checkpoint.ts';
import { cosign, formatWitnessKey, witnessVerifier } from '../src/journal/cosignature.ts';
import { leafHash } from '../src/journal/hash.ts';
import { commitment, encodeLeaf, type LeafKind, leafKinds, parseLeaf } from '../src/journal/leaf.ts';
import { formatVerifierKey, noteSigner, noteVerifier, parseVerifierKey, signatureLine } from '../src/journal/note.ts';
import { verifyReceipt } from '../src/journal/receipt.ts';
import { encodeBundle, tilePath } from '../src/journal/tiles.ts';
import { policyId } from '../src/signers/ledger/policy-id.ts';
import { dumpDatabase, loadDatabase } from '../src/store/backup-format.ts';
import { createDatabase } from '../src/store/database.ts';
import { deriveKeys, rowMac } from '../src/store/key.ts';
import { toCells } from '../src/store/table.ts';
import { tables } from '../src/store/tables.ts';
import { BareStore, start } from './store/bare-store.ts';

// docs/formats.md, the code and a reading by hand must say the same. The values in the document were computed by another
// program than this one; here each is computed twice more: by the code, and from the document's words with node:crypto.

const root = new URL('../', import.meta.url);
const document = readFileSync(new URL('docs/formats.md', root), 'utf8');
const blocks = new Map(
  [...document.matchAll(/^```json vector (\S+)\n(.*?)^```$/gms)].map(([, name = '', body = '']) => [name, body]),
);
const used = new Set<string>();

/** A vector of the document; its members' types are its own. */
function vector<T>(name: string): T {
  used.add(name);
  const body = blocks.get(name);
  if (body === undefined) throw new Error(`docs/formats.md has no vector ${name}`);
  return JSON.parse(body);
}

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const hex = (of: Uint8Array): string => Buffer.from(of).toString('hex');
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (of: Uint8Array): string => new TextDecoder().decode(of);
const sha256 = (...parts: (Uint8Array | string)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const hmac = (key: Uint8Array, ...parts: (Uint8Array | string)[]): Buffer => {
  const mac = createHmac('sha256', key);
  for (const part of parts) mac.update(part);
  return mac.digest();
};
const u64be = (n: number): Buffer => {
  const out = Buffer.alloc(8);
  out.writeBigUInt64BE(BigInt(n));
  return out;
};
const u32be = (n: number): Buffer => {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(n);
  return out;
};
/** A test key from its seed: RFC 8410 PKCS#8. */
const ed25519 = (seed: string): KeyObject =>
  createPrivateKey({
    key: Buffer.from(`302e020100300506032b657004220420${seed}`, 'hex'),
    format: 'der',
    type: 'pkcs8',
  });
const rawPublic = (key: KeyObject): Buffer =>
  createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32);

describe('docs/formats.md, the code and a reading by hand agree on', () => {
  it('keys', () => {
    const of = vector<{ state_key: string; row: string; ticket: string }>('keys');
    const keys = deriveKeys(bytes(of.state_key));
    for (const name of ['row', 'ticket'] as const) {
      expect(hex(keys[name])).toBe(of[name]);
      const byHand = hkdfSync('sha256', bytes(of.state_key), Buffer.alloc(0), `portcullis/${name}/v1`, 32);
      expect(hex(new Uint8Array(byHand))).toBe(of[name]);
      // RFC 5869 §2: extract with a salt of zeros, one block of expand.
      const extracted = hmac(Buffer.alloc(32), bytes(of.state_key));
      expect(hmac(extracted, `portcullis/${name}/v1`, Buffer.of(1)).toString('hex')).toBe(of[name]);
    }
  });

  it.each([
    ['withdrawal-intent', 'portcullis/withdrawal/v1'],
    ['destination-intent', 'portcullis/destination/v1'],
    ['factor-intent', 'portcullis/factor/v1'],
    ['operator-intent', 'portcullis/operator/v1'],
  ] as const)('%s', (name, type: IntentType) => {
    const of = vector<{ canonical: string; digest: string }>(name);
    const parsed = parseIntent(utf8(of.canonical), type);
    expect(parsed.digest).toBe(of.digest);
    const again = sealIntent(type, parsed.fields);
    expect(text(again.bytes)).toBe(of.canonical);
    expect(sha256(of.canonical).toString('hex')).toBe(of.digest);
    const members: Record<string, string> = JSON.parse(of.canonical);
    expect(canonicalize(members)).toBe(of.canonical);
    const { ticket, ...others } = members;
    const key = bytes(vector<{ ticket: string }>('keys').ticket);
    expect(checkTicket(key, 1, members)).toBe(true);
    const byHand = hmac(key, 'portcullis/ticket/v1\0', u64be(1), canonicalize(others) ?? '');
    expect(byHand.toString('base64url')).toBe(ticket);
    // The table names every member, and the parser knows no other.
    const row = document.split('\n').find((line) => line.startsWith(`| \`${type}\` `)) ?? '';
    for (const member of Object.keys(others)) {
      if (!['type', 'station', 'issued', 'expires'].includes(member)) expect(row).toContain(`\`${member}\``);
      expect(() => parseIntent(utf8(canonicalize({ ...members, [`${member}_`]: '' }) ?? ''), type)).toThrow(
        'not a member',
      );
    }
  });

  it('ticket', () => {
    const of = vector<{ ticket_key: string; epoch: number; members: Record<string, string>; ticket: string }>('ticket');
    expect(makeTicket(bytes(of.ticket_key), of.epoch, of.members)).toBe(of.ticket);
    const byHand = hmac(
      bytes(of.ticket_key),
      'portcullis/ticket/v1\0',
      u64be(of.epoch),
      canonicalize(of.members) ?? '',
    );
    expect(byHand.toString('base64url')).toBe(of.ticket);
  });

  it('enrolment challenge', () => {
    const of = vector<Record<'ticket_key' | 'account' | 'issued' | 'random' | 'challenge', string> & { epoch: number }>(
      'enrolment-challenge',
    );
    const key = bytes(of.ticket_key);
    const now = parseInstant(of.issued, 'issued');
    const account = of.account as AccountId;
    expect(hex(makeEnrolmentChallenge(key, of.epoch, account, now, bytes(of.random)))).toBe(of.challenge);
    expect(checkEnrolmentChallenge(key, of.epoch, account, now, bytes(of.challenge))).toBe('ok');
    const stated = Buffer.concat([u64be(now / 1000).subarray(2), bytes(of.random)]);
    const code = hmac(key, 'portcullis/enrolment/v1\0', u64be(of.epoch), `${account}\0`, stated).subarray(0, 16);
    expect(hex(Buffer.concat([stated, code]))).toBe(of.challenge);
  });

  it('code enrolment', () => {
    const names = ['issued', 'account', 'issuer', 'credential', 'secret', 'plain', 'name', 'key', 'uri'] as const;
    const of = vector<Record<(typeof names)[number], string> & { epoch: number }>('code-enrolment');
    const now = parseInstant(of.issued, 'issued');
    const secret = bytes(of.secret);
    expect(hex(enrolmentBytes(now, of.epoch, bytes(of.credential), secret))).toBe(of.plain);
    expect(hex(Buffer.concat([u64be(now / 1000).subarray(2), u64be(of.epoch), bytes(of.credential), secret]))).toBe(
      of.plain,
    );
    expect(hex(secretName(secret))).toBe(of.name);
    expect(sha256('portcullis/code-secret/v1\0', secret).toString('hex')).toBe(of.name);
    expect(sha256(bytes(of.name)).toString('hex')).toBe(of.key);
    const account = of.account as AccountId;
    expect(otpauthUri({ issuer: of.issuer, account, secret, algorithm: 'sha1' })).toBe(of.uri);
  });

  it('user handle', () => {
    const of = vector<{ account: string; user_handle: string }>('user-handle');
    expect(userHandle(of.account as AccountId)).toBe(of.user_handle);
    expect(sha256('portcullis/user/v1\0', of.account).toString('base64url')).toBe(of.user_handle);
  });

  it('admission voucher', async () => {
    const of = vector<{
      seed: string;
      header: Record<string, string>;
      claims: Record<'iss' | 'aud' | 'sub' | 'credential' | 'key' | 'jti', string> & { iat: number; exp: number };
      jws: string;
    }>('voucher');
    const key = ed25519(of.seed);
    const { claims, header } = of;
    const result = await verifyVoucher(of.jws, {
      keys: [{ issuer: claims.iss, kid: header['kid'] ?? '', jwk: createPublicKey(key).export({ format: 'jwk' }) }],
      station: claims.aud as StationName,
      account: claims.sub as AccountId,
      credential: claims.credential as FactorId,
      key: claims.key as Digest,
      now: parseInstant('2022-01-17T00:50:00Z', 'now'),
    });
    expect(result.genuine).toBe(true);
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const signed = `${part(header)}.${part(claims)}`;
    expect(`${signed}.${sign(null, Buffer.from(signed), key).toString('base64url')}`).toBe(of.jws);
    expect(Object.keys(claims).sort()).toEqual(['aud', 'credential', 'exp', 'iat', 'iss', 'jti', 'key', 'sub']);
  });

  it('payment shown', () => {
    const of = vector<
      Record<'asset' | 'symbol' | 'payment_currency' | 'amount' | 'destination' | 'max_fee', string> &
        Record<'total' | 'display_name', string> & { decimals: number }
    >('payment-shown');
    const asset = of.asset as AssetId;
    const policy = { asset, symbol: of.symbol, decimals: of.decimals, paymentCurrency: of.payment_currency };
    const payment = { origins: [], topOrigins: [], payeeName: 'Exchange', payeeOrigin: undefined, icon: 'data:' };
    const shown = paymentOf(
      { asset, amount: BigInt(of.amount), destination: of.destination as Address, maxFee: BigInt(of.max_fee) },
      { payment, assets: new Map([[asset, { ...policy, maxPayment: 1n, ledgerDescriptor: undefined }]]) },
    );
    expect(shown).toMatchObject({
      total: { currency: of.payment_currency, value: of.total },
      instrument: { displayName: of.display_name },
    });
    // By hand: the point goes before the last `decimals` digits, and zeros after it go.
    const units = (amount: string): string =>
      `${amount.padStart(of.decimals + 1, '0').slice(0, -of.decimals)}.${amount.padStart(of.decimals, '0').slice(-of.decimals)}`.replace(
        /\.?0+$/,
        '',
      );
    const [, chain = '', address = ''] = /^(.*):(.*)$/.exec(of.destination) ?? [];
    expect(of.total).toBe(units(of.amount));
    expect(of.display_name).toBe(
      `to ${address} on ${chain}: ${of.total} ${of.symbol}, fees up to ${units(of.max_fee)} ${of.symbol}`,
    );
  });

  it('MFA token', () => {
    const of = vector<{
      seed: string;
      header: Record<string, string>;
      claims: Record<'iss' | 'aud' | 'sub' | 'jti' | 'intent_digest', string> & {
        iat: number;
        exp: number;
        amr: string[];
      };
      jws: string;
    }>('mfa-token');
    const key = ed25519(of.seed);
    const { claims, header } = of;
    const jwk = createPublicKey(key).export({ format: 'jwk' });
    const pinned = { issuer: claims.iss, kid: header['kid'] ?? '', jwk, from: undefined, until: undefined };
    const result = verifyMfaToken(of.jws, {
      keys: [pinned],
      station: claims.aud as StationName,
      account: claims.sub as AccountId,
      digest: vector<{ digest: string }>('withdrawal-intent').digest as Digest,
      now: parseInstant('2022-01-17T00:50:00Z', 'now'),
    });
    expect(result.genuine).toBe(true);
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const signed = `${part(header)}.${part(claims)}`;
    expect(`${signed}.${sign(null, Buffer.from(signed), key).toString('base64url')}`).toBe(of.jws);
    expect(Object.keys(claims).sort()).toEqual(['amr', 'aud', 'exp', 'iat', 'intent_digest', 'iss', 'jti', 'sub']);
    // The table of `amr` is the one that decides.
    const rows = [...document.matchAll(/^\| (knowledge|possession|inherence|none) +\| (.*)\|$/gm)];
    expect(rows.length).toBe(4);
    const counted = rows.flatMap(([, category = '', said = '']) =>
      [...said.replaceAll(/\([^)]*\)/g, '').matchAll(/`([a-z]+)`/g)].map(([, method = '']) => [method, category]),
    );
    expect(counted.length).toBe(21);
    for (const [method = '', category] of counted) {
      expect(unknownMethod([method])).toBeUndefined();
      expect([...categoriesOf([method])].join() || 'none').toBe(category);
    }
  });

  it('evidence', () => {
    const of =
      vector<Record<'credential' | 'authenticator_data' | 'client_data' | 'signature' | 'evidence', string>>(
        'evidence',
      );
    const attestation = {
      kind: 'webauthn',
      credential: of.credential as FactorId,
      authenticatorData: bytes(of.authenticator_data),
      clientData: bytes(of.client_data),
      signature: bytes(of.signature),
    } as const;
    expect(text(encodeEvidence([attestation]))).toBe(of.evidence);
    expect(decodeEvidence(utf8(of.evidence))).toEqual([attestation]);
    const b64 = (name: 'authenticator_data' | 'client_data' | 'signature'): string =>
      `"${name}":"${Buffer.from(of[name], 'hex').toString('base64url')}"`;
    expect(of.evidence).toBe(
      `{"type":"portcullis/evidence/v1","attestations":[{"kind":"webauthn","credential":"${of.credential}",${b64('authenticator_data')},${b64('client_data')},${b64('signature')}}]}`,
    );
  });

  it('operators’ evidence', () => {
    type Member =
      | 'operator'
      | 'intent'
      | 'credential'
      | 'authenticator_data'
      | 'client_data'
      | 'signature'
      | 'evidence';
    const of = vector<Record<Member, string>>('operators-evidence');
    const assertion = {
      kind: 'webauthn',
      credential: of.credential as FactorId,
      authenticatorData: bytes(of.authenticator_data),
      clientData: bytes(of.client_data),
      signature: bytes(of.signature),
    } as const;
    const kept = { operator: of.operator as OperatorName, intent: utf8(of.intent), assertion };
    expect(text(encodeActSignatures([kept]))).toBe(of.evidence);
    expect(decodeSignatures(utf8(of.evidence))).toEqual([kept]);
    const inner = text(encodeEvidence([assertion]));
    expect(of.evidence).toBe(
      `{"type":"portcullis/operators-evidence/v1","signatures":[{"operator":"${of.operator}","intent":${JSON.stringify(of.intent)},"evidence":${inner}}]}`,
    );
  });

  it('admission by operators', () => {
    const of = vector<{ canonical: string; digest: string }>('admission');
    const said = parseAdmission(new TextEncoder().encode(of.canonical));
    expect(new TextDecoder().decode(admissionBytes(said))).toBe(of.canonical);
    expect(sha256(of.canonical).toString('hex')).toBe(of.digest);
    expect(said).toMatchObject({ account: 'alice', as: 'recovery', class: 'device' });
    for (const [was, will] of [
      ['"as":"recovery"', '"as":"third"'],
      ['"class":"device"', '"class":"totp"'],
      ['"type":"portcullis/admission/v1"', '"type":"portcullis/admission/v2"'],
      ['"type":', '"title":"x","type":'],
      ['"account":"alice"', '"account":"a b"'],
    ] as const)
      expect(() => parseAdmission(new TextEncoder().encode(of.canonical.replace(was, will)))).toThrow(Malformed);
  });

  it('import', () => {
    const of =
      vector<Record<'chunk' | 'manifest' | 'digest' | 'imported_factor' | 'imported_destination' | 'entry', string>>(
        'import',
      );
    const utf8 = new TextEncoder();
    const manifest = parseImportManifest(utf8.encode(of.manifest));
    expect(new TextDecoder().decode(importManifestBytes(manifest))).toBe(of.manifest);
    expect(sha256(of.manifest).toString('hex')).toBe(of.digest);
    expect(manifest.chunks).toEqual([sha256(of.chunk).toString('hex')]);
    const [factor, destination] = parseImportChunk(utf8.encode(of.chunk));
    const imported = parseImportedFactor(utf8.encode(of.imported_factor));
    const listed = parseImportedDestination(utf8.encode(of.imported_destination));
    expect(imported.record).toEqual(factor);
    expect(listed.record).toEqual(destination);
    expect(new TextDecoder().decode(importedBytes(imported))).toBe(of.imported_factor);
    expect(new TextDecoder().decode(importedBytes(listed))).toBe(of.imported_destination);
    expect(sha256(of.imported_destination).toString('hex')).toBe(of.entry);
    for (const [was, will] of [
      ['"station":"9f', '"station":"xx'],
      ['"act":"ab', '"act":"xx'],
      ['"ticket":"A', '"ticket":"'],
      ['"type":', '"title":"x","type":'],
      ['imported-factor/v1', 'imported-factor/v2'],
      ['"sign_count":"7"', '"sign_count":"4294967296"'],
      ['"sign_count":"7",', ''],
    ] as const)
      expect(() => parseImportedFactor(utf8.encode(of.imported_factor.replace(was, will)))).toThrow(Malformed);
    for (const [was, will] of [
      ['"factors":"1"', '"factors":"01"'],
      ['"factors":"1"', '"factors":"10000001"'],
      ['"type":', '"title":"x","type":'],
    ] as const)
      expect(() => parseImportManifest(utf8.encode(of.manifest.replace(was, will)))).toThrow(Malformed);
  });

  it('transaction id and payment set', () => {
    const of = vector<{ wallet: string; unsigned: string; id: string }>('transaction-id');
    expect(transactionId(of.wallet as WalletId, bytes(of.unsigned))).toBe(of.id);
    const byHand = sha256('portcullis/transaction/v1\0', u32be(of.wallet.length), of.wallet, bytes(of.unsigned));
    expect(byHand.toString('hex')).toBe(of.id);
    const set = vector<{ withdrawals: string[]; payment_set: string }>('payment-set');
    expect(paymentSet(set.withdrawals)).toBe(set.payment_set);
    const sorted = set.withdrawals.toSorted((a, b) => (a < b ? -1 : 1)).join('\n');
    expect(sha256('portcullis/payment-set/v1\0', sorted).toString('hex')).toBe(set.payment_set);
  });

  it('signatures of inputs', () => {
    const of = vector<{
      signatures: readonly { input: number; key: string; signature: string }[];
      encoded: string;
    }>('input-signatures');
    const signatures = of.signatures.map(({ input, key, signature }) => ({
      input,
      key: bytes(key),
      signature: bytes(signature),
    }));
    expect(hex(encodeSignatures(signatures))).toBe(of.encoded);
    expect(parseSignatures(bytes(of.encoded), 'signature')).toEqual(signatures);
    const byHand = signatures.flatMap(({ input, key, signature }) => [
      u32be(input),
      Buffer.of(key.length),
      key,
      Buffer.of(signature.length >> 8, signature.length & 255),
      signature,
    ]);
    expect(Buffer.concat(byHand).toString('hex')).toBe(of.encoded);
  });

  it.each(['own-psbt', 'own-psbt-taproot', 'own-psbt-raw-keys'])('a PSBT of the station’s own: %s', (name) => {
    const of = vector<{
      descriptor: string;
      unsigned: string;
      input: readonly [string, string][];
      change: readonly [string, string][];
      psbt: string;
    }>(name);
    const read = parseDescriptor(of.descriptor, 'descriptor');
    const chain = parseChainId('bip122:0f9188f13cb7b2c71f2a335e3a4fc328', 'chain');
    const wallet = {
      kind: 'script',
      id: 'btc-1' as WalletId,
      chain,
      address: `${chain}:unused` as Address,
      descriptor: of.descriptor,
    } as const;
    const signer = 'signer-1';
    const decoded = decodePsbt(
      bytes(of.psbt),
      read.derives
        ? { ...wallet, ...read, keys: read.keys.map((key) => ({ ...key, signer })) }
        : { ...wallet, ...read, keys: read.keys.map((key, i) => ({ ...key, signer, id: `0${i}` })) },
    );
    expect(decoded).toMatchObject({ ok: true, transaction: { unsigned: bytes(of.unsigned), psbt: bytes(of.psbt) } });
    // By hand: `psbt` and 0xff, then the maps, each key and value behind its length, a zero byte at the end of each.
    const sized = (value: Uint8Array): Uint8Array => Buffer.concat([Buffer.of(value.length), value]);
    const map = (entries: readonly (readonly [string, string])[]): Uint8Array[] => [
      ...entries.flatMap(([key, value]) => [sized(bytes(key)), sized(bytes(value))]),
      Buffer.of(0),
    ];
    const maps = [[['00', of.unsigned] as const], of.input, [], of.change].flatMap(map);
    expect(Buffer.concat([Buffer.from('psbt'), Buffer.of(0xff), ...maps]).toString('hex')).toBe(of.psbt);
    for (const keys of [of.input, of.change].map((entries) => entries.map(([key]) => key)))
      expect(keys).toEqual([...keys].sort());
  });

  it('row MAC', () => {
    type Value = string | number | boolean | null | string[] | { hex: string };
    const of = vector<{ row_key: string; table: 'factors'; record: Record<string, Value>; leaf: number; mac: string }>(
      'row-mac',
    );
    const record = Object.fromEntries(
      Object.entries(of.record).map(([name, value]) => [
        name,
        typeof value === 'object' && value !== null && 'hex' in value ? bytes(value.hex) : value,
      ]),
    );
    expect(Object.keys(record)).toEqual(Object.keys(tables[of.table].columns));
    expect(hex(rowMac(bytes(of.row_key), of.table, toCells(tables[of.table], record), of.leaf))).toBe(of.mac);
    const cell = (value: unknown): Buffer => {
      if (value === null) return Buffer.of(0);
      if (typeof value === 'boolean') return cell(value ? 1 : 0);
      if (typeof value === 'number') return Buffer.concat([Buffer.of(1), u64be(value)]);
      if (value instanceof Uint8Array) return Buffer.concat([Buffer.of(3), u32be(value.length), value]);
      const plain = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
      return Buffer.concat([Buffer.of(2), u32be(plain.length), plain]);
    };
    const cells = [of.table, ...Object.values(record), of.leaf].map(cell);
    expect(hmac(bytes(of.row_key), 'portcullis/row/v1\0', ...cells).toString('hex')).toBe(of.mac);
  });

  it('commitment and leaf', () => {
    const of = vector<{ field: string; salt: string; value: string; commitment: string }>('commitment');
    expect(commitment({ field: of.field, salt: bytes(of.salt), value: of.value })).toBe(of.commitment);
    const byHand = sha256('portcullis/commitment/v1\0', bytes(of.salt), of.field, '\0', of.value);
    expect(`commit:${byHand.toString('hex')}`).toBe(of.commitment);

    const leaf = vector<{
      kind: LeafKind;
      station: string;
      w: number;
      time: string;
      fields: Record<string, string>;
      personal: Record<string, string>;
      salt: string;
      leaf: string;
      leaf_hash: string;
    }>('leaf');
    const { kind, fields, personal, ...context } = leaf;
    const encoded = encodeLeaf({ kind, fields, personal }, context, () => bytes(leaf.salt));
    expect(text(encoded.bytes)).toBe(leaf.leaf);
    expect(hex(leafHash(encoded.bytes))).toBe(leaf.leaf_hash);
    expect(parseLeaf(utf8(leaf.leaf)).kind).toBe(kind);
    const plain = {
      type: 'portcullis/leaf/v1',
      kind,
      station: leaf.station,
      w: String(leaf.w),
      time: leaf.time,
      ...fields,
      account: of.commitment,
    };
    expect(canonicalize(plain)).toBe(leaf.leaf);
    expect(sha256(Buffer.of(0), leaf.leaf).toString('hex')).toBe(leaf.leaf_hash);
  });

  it('sealing', () => {
    type Sealing = Record<'sealing_key' | 'key_id' | 'row' | 'nonce' | 'plain' | 'sealed', string>;
    const of = vector<Sealing & { purpose: 'signed-transaction' }>('sealing');
    const key = bytes(of.sealing_key);
    const ring = new Keyring([key]);
    expect(hex(ring.seal(of.purpose, of.row, bytes(of.plain), bytes(of.nonce)))).toBe(of.sealed);
    expect(hex(ring.unseal(of.purpose, of.row, bytes(of.sealed)))).toBe(of.plain);
    expect(sha256('portcullis/sealing-key/v1\0', key).subarray(0, 8).toString('hex')).toBe(of.key_id);
    expect(ring.current).toBe(of.key_id);
    const cipher = createCipheriv('aes-256-gcm', key, bytes(of.nonce)).setAAD(
      Buffer.from(`portcullis/seal/v2\0${of.purpose}\0${of.row}`),
    );
    const inner = Buffer.concat([cipher.update(bytes(of.plain)), cipher.final()]).toString('hex');
    expect(`02${of.key_id}${of.nonce}${inner}${cipher.getAuthTag().toString('hex')}`).toBe(of.sealed);
  });

  it('wallet policy', () => {
    const of = vector<{ name: string; template: string; keys: string[]; id: string }>('wallet-policy');
    expect(policyId(of)).toBe(of.id);
    const [a = '', b = '', c = ''] = of.keys;
    const leaf = (key: string): Buffer => sha256(Uint8Array.of(0), key);
    const root = sha256(Uint8Array.of(1), sha256(Uint8Array.of(1), leaf(a), leaf(b)), leaf(c));
    const sizes = [of.name, of.template].map(({ length }) => Uint8Array.of(length));
    const [named = '', described = ''] = sizes;
    expect(
      sha256(Uint8Array.of(2), named, of.name, described, sha256(of.template), Uint8Array.of(3), root).toString('hex'),
    ).toBe(of.id);
  });

  it('who was seen', () => {
    const of = vector<{ most: number; added: { thing: string; who: string; w: number }[]; packed: string }>('seen');
    let seen = Seen.nobody;
    for (const { thing, who, w } of of.added) seen = seen.add(thing, who, of.most, w as WitnessedMs);
    expect(hex(seen.pack())).toBe(of.packed);
    expect(hex(Seen.parse(bytes(of.packed)).pack())).toBe(of.packed);
    // By hand: alice, seen last, stands first, once.
    const packed = Buffer.from(of.packed, 'hex');
    const at = 2 + packed.readUInt8(1);
    const alice = createHash('sha256').update('portcullis/seen/v1\0alice').digest().subarray(0, 8);
    expect(packed.readUInt16BE(at)).toBe(2);
    expect(packed.subarray(at + 2, at + 10)).toEqual(alice);
    expect(packed.readUInt32BE(at + 10)).toBe(3_900_000 / 300_000);
  });

  it('buckets', () => {
    const of = vector<{ added: { thing: string; amount: string; w: number }[]; packed: string }>('buckets');
    let buckets = Buckets.empty;
    for (const { thing, amount, w } of of.added) buckets = buckets.add(thing, BigInt(amount), w as WitnessedMs);
    expect(hex(buckets.pack())).toBe(of.packed);
    expect(hex(Buckets.parse(bytes(of.packed)).pack())).toBe(of.packed);
    // By hand: what each window of the first thing by name holds, read where the document says that it stands.
    const packed = Buffer.from(of.packed, 'hex');
    const name = packed.subarray(2, 2 + packed.readUInt8(1)).toString('ascii');
    const { w, amount } = of.added.find(({ thing }) => thing === name) ?? { w: 0, amount: '' };
    expect(of.added.map(({ thing }) => thing).sort()[0]).toBe(name);
    const at = 2 + name.length;
    const rings = packed.subarray(at + 2, at + 2 + packed.readUInt16BE(at));
    for (const [i, width] of [6 * 60, 60, 5].entries()) {
      const entry = rings.subarray(14 * i, 14 * (i + 1));
      expect([entry.readUInt8(0), entry.readUInt32BE(1)]).toEqual([1, Math.floor(w / (width * 60_000))]);
      expect([entry.readUInt8(5), entry.readBigUInt64BE(6)]).toEqual([1, BigInt(amount)]);
    }
  });

  it('prices', () => {
    const of = vector<Record<'document' | 'digest' | 'asset' | 'amount' | 'worth', string> & { decimals: number }>(
      'prices',
    );
    const prices = parsePrices(utf8(of.document));
    const { type: _, currency, decimals, ...table }: Record<string, string> = JSON.parse(of.document);
    expect(text(encodePrices({ currency: currency ?? '', decimals: Number(decimals), prices: table }))).toBe(
      of.document,
    );
    expect(canonicalize(JSON.parse(of.document))).toBe(of.document);
    expect(sha256(of.document).toString('hex')).toBe(of.digest);
    expect(worth(prices, of.asset as AssetId, BigInt(of.amount), of.decimals)).toBe(BigInt(of.worth));
    // By hand: 99.98 cents a token, 1.000001 tokens.
    expect(table[of.asset]).toBe('99.98');
    expect((9_998n * 1_000_001n + 99_999_999n) / 100_000_000n).toBe(BigInt(of.worth));
  });

  it('checkpoint', () => {
    const of = vector<
      Record<'seed' | 'origin' | 'root' | 'verifier_key' | 'checkpoint', string> & { readonly size: number }
    >('checkpoint');
    const key = ed25519(of.seed);
    const { origin, size } = of;
    expect(origin).toBe(journalOrigin(origin.split('/').at(-1) ?? '', true));
    expect(journalOrigin('ab', false)).toBe('portcullis/ab');
    expect(journalOrigin('ab', true, 2)).toBe('portcullis/simulated/ab/2');
    const checkpoint = { origin, size, root: bytes(of.root), extensions: [] };
    expect(signCheckpoint(checkpoint, noteSigner(origin, key))).toBe(of.checkpoint);
    expect(formatVerifierKey(noteVerifier(origin, createPublicKey(key)))).toBe(of.verifier_key);
    expect(openCheckpoint(of.checkpoint, [parseVerifierKey(of.verifier_key)])).toEqual(checkpoint);
    const raw = rawPublic(key);
    const id = sha256(`${origin}\n`, Buffer.of(1), raw).subarray(0, 4);
    expect(`${origin}+${id.toString('hex')}+${Buffer.concat([Buffer.of(1), raw]).toString('base64')}`).toBe(
      of.verifier_key,
    );
    const body = `${origin}\n${size}\n${Buffer.from(of.root, 'hex').toString('base64')}\n`;
    const line = Buffer.concat([id, sign(null, Buffer.from(body), key)]).toString('base64');
    expect(`${body}\n— ${origin} ${line}\n`).toBe(of.checkpoint);
    expect(of.root).toBe(vector<{ leaf_hash: string }>('leaf').leaf_hash);
  });

  it('cosignature', () => {
    const of = vector<Record<'seed' | 'verifier_key' | 'time' | 'text' | 'line', string>>('cosignature');
    const key = ed25519(of.seed);
    const time = Date.parse(of.time) / 1_000;
    const witness = witnessVerifier('witness.example/w1', createPublicKey(key));
    expect(formatWitnessKey(witness)).toBe(of.verifier_key);
    expect(signatureLine(cosign(of.text, witness, key, time))).toBe(of.line);
    expect(vector<{ checkpoint: string }>('checkpoint').checkpoint.startsWith(`${of.text}\n`)).toBe(true);
    const raw = rawPublic(key);
    const id = sha256('witness.example/w1\n', Buffer.of(4), raw).subarray(0, 4);
    const stamp = Buffer.alloc(8);
    stamp.writeBigUInt64BE(BigInt(time));
    const signature = sign(null, Buffer.from(`cosignature/v1\ntime ${time}\n${of.text}`), key);
    expect(of.line).toBe(`— witness.example/w1 ${Buffer.concat([id, stamp, signature]).toString('base64')}\n`);
  });

  it('tiles', () => {
    const of =
      vector<Record<'entries' | 'bundle_length' | 'bundle_sha256' | 'hashes' | 'tile' | 'far', string>>('tiles');
    const { leaf, leaf_hash: hash } = vector<{ leaf: string; leaf_hash: string }>('leaf');
    const bundle = encodeBundle([utf8(leaf)]);
    expect(sha256(bundle).toString('hex')).toBe(of.bundle_sha256);
    expect(Buffer.from(bundle)).toEqual(Buffer.concat([Buffer.from(of.bundle_length, 'hex'), Buffer.from(leaf)]));
    expect(Buffer.byteLength(leaf)).toBe(Number.parseInt(of.bundle_length, 16));
    expect(of.tile).toBe(hash);
    expect(tilePath({ level: 'entries', index: 0, width: 1 })).toBe(of.entries);
    expect(tilePath({ level: 0, index: 0, width: 1 })).toBe(of.hashes);
    expect(tilePath({ level: 2, index: 1_234_067, width: 9 })).toBe(of.far);
  });

  it('wallet statement', () => {
    const of = vector<Record<'account' | 'account_digest' | 'outpoints', string>>('wallet-statement');
    const account = parseWalletStatement(utf8(of.account));
    expect(account).toEqual({ station: account.station, wallet: 'hot-1', nextNonce: 7, spent: [] });
    expect(sha256(of.account).toString('hex')).toBe(of.account_digest);
    const outpoints = parseWalletStatement(utf8(of.outpoints));
    expect(outpoints.spent).toEqual([`${'aa'.repeat(32)}:11`, `${'bb'.repeat(32)}:0`]);
    for (const [said, text_] of [
      [account, of.account],
      [outpoints, of.outpoints],
    ] as const) {
      expect(text(walletStatementBytes({ ...said, spent: said.spent.toReversed() }))).toBe(text_);
      expect(canonicalize(JSON.parse(text_))).toBe(text_);
    }
    for (const wrong of [
      of.account.replace('/v1', '/v2'),
      of.account.replace('"7"', '"07"'),
      of.account.replace('"7"', '"-1"'),
      of.account.replace('"spent":""', '"spent":"","x":""'),
      of.account.replace('"spent":"",', ''),
      of.account.replace('015/2', '015'),
      of.outpoints.replace(':11', ''),
      of.outpoints.replace(':11', ':01'),
      of.outpoints.replace(':11 ', ':11  '),
      of.outpoints.replace(/"spent":"(\S+) (\S+)"/, '"spent":"$2 $1"'),
      of.outpoints.replace(/"spent":"(\S+) (\S+)"/, '"spent":"$1 $1"'),
    ])
      expect(() => parseWalletStatement(utf8(wrong)), wrong).toThrow(Malformed);
  });

  it('backup', async () => {
    const of = vector<{ lines: string[] }>('backup');
    const bare = new BareStore();
    const text_ = Buffer.concat([...dumpDatabase(bare.db, (start + 1_000) as WallMs)]).toString();
    expect(text_.split('\n')).toEqual([...of.lines, '']);
    const { db } = createDatabase(':memory:');
    const header = await loadDatabase(db, Readable.from([Buffer.from(text_)]));
    expect(header).toEqual({ station: 'ab/1', origin: 'portcullis/test', size: 1, made: start + 1_000 });
    db.close();
    bare.close();
  });

  it('receipt', () => {
    const of = vector<{ file: string; verifier_key: string; withdrawal: string }>('receipt');
    const receipt = new Uint8Array(readFileSync(new URL(of.file, root)));
    const facts = verifyReceipt(receipt, of.verifier_key);
    expect(facts.filter((f) => f.what === 'signed')).toHaveLength(2);
    expect(facts.find((f) => f.what === 'approved')?.sentence).toContain(`Withdrawal ${of.withdrawal} `);
    const members = [...document.slice(document.indexOf('## Receipt')).matchAll(/^\| `(\w+)`\s+\|/gm)].map(
      ([, m]) => m,
    );
    expect(Object.keys(JSON.parse(text(receipt)))).toEqual(members);
  });

  it('the members of leaves: the table names each that the receipt shows', () => {
    const { file } = vector<{ file: string }>('receipt');
    const { leaves }: { leaves: { leaf: string }[] } = JSON.parse(readFileSync(new URL(file, root), 'utf8'));
    const table = document.slice(document.indexOf('## Leaf'), document.indexOf('## Sealing'));
    for (const { leaf } of leaves) {
      const { type: _, kind, station: _s, w: _w, time: _t, ...members }: Record<string, string> = JSON.parse(leaf);
      const row = table.split('\n').find((line) => line.startsWith('| `') && line.includes(`\`${kind}\``)) ?? '';
      const named = [...row.matchAll(/[`_*]([a-z][a-z0-9_]*)[`_*]/g)].map(([, name]) => name);
      for (const [name, value] of Object.entries(members)) {
        expect(named, `${kind} ${name}`).toContain(name);
        const committed = row.includes(`_${name}_`) || row.includes(`*${name}*`);
        expect([kind, name, value.startsWith('commit:')]).toEqual([kind, name, committed]);
      }
    }
  });

  it('the kinds of leaves: the table names each, and no other', () => {
    const table = document.slice(document.indexOf('## Leaf'), document.indexOf('## Sealing'));
    const named = [...table.matchAll(/^\| (`[^|]*?) \|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`([^`]+)`/g)].map(([, kind = '']) => (kind.startsWith('-') ? `transaction${kind}` : kind)),
    );
    expect(named.toSorted()).toEqual([...leafKinds].toSorted());
  });

  it('nothing else: every vector of the document is checked here', () => {
    expect([...blocks.keys()].filter((name) => !used.has(name))).toEqual([]);
    expect(blocks.size).toBe(36);
  });
});
