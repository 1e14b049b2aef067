import { ReceiptError } from './receipt-error.ts';

/** A receipt as it travels (formats.md, "Receipt"): JSON, members in this order, no white space. */
export interface ReceiptDocument {
  readonly type: 'portcullis/receipt/v1';
  /** A signed note: C2SP tlog-checkpoint. */
  readonly checkpoint: string;
  /** By rising index. */
  readonly leaves: readonly ReceiptLeaf[];
  /** The withdrawal intent's canonical bytes, as text. */
  readonly intent: string;
  /** formats.md, "Evidence". */
  readonly evidence: ReceiptEvidence;
  /** What listed its destination. */
  readonly destination: { readonly intent: string; readonly evidence: ReceiptEvidence };
  /** Those that approved the withdrawal or its destination, and those that attested these, up to the first. */
  readonly factors: readonly ReceiptFactor[];
  /** The documents of all policies that the leaves name, as text. */
  readonly policies: readonly string[];
  /** Every version of the payment, oldest first. */
  readonly transactions: readonly ReceiptTransaction[];
}

export interface ReceiptLeaf {
  readonly index: number;
  /** The leaf's canonical bytes, as text. */
  readonly leaf: string;
  /** RFC 9162 inclusion proof: 32 bytes each, hex. */
  readonly proof: readonly string[];
  readonly openings: readonly { readonly field: string; readonly salt: string; readonly value: string }[];
}

/** formats.md, "Evidence". */
export interface ReceiptEvidence {
  readonly type: 'portcullis/evidence/v1';
  readonly attestations: readonly ReceiptAttestation[];
}

export type ReceiptAttestation = ReceiptAssertion | ReceiptCode | ReceiptToken;

/** A one-time code that the station accepted: nobody without its secret could check it, so that it is not in the receipt. */
export interface ReceiptCode {
  readonly kind: 'totp';
  readonly factor: string;
}

/** Of an MFA service. */
export interface ReceiptToken {
  readonly kind: 'mfa-token';
  /** A compact JWS. */
  readonly token: string;
}

/** Bytes in base64url. */
export interface ReceiptAssertion {
  readonly kind: 'webauthn';
  readonly credential: string;
  readonly authenticator_data: string;
  readonly client_data: string;
  readonly signature: string;
}

export interface ReceiptFactor {
  /** base64url. */
  readonly credential: string;
  readonly class: string;
  /** base64url. */
  readonly cose_key: string;
  /** The factor intent's canonical bytes, as text. */
  readonly intent: string;
  /** Of the factors that attested it; no attestations where a voucher admitted it. */
  readonly evidence: ReceiptEvidence;
  /** A compact JWS; empty where another factor attested it. */
  readonly voucher: string;
}

export interface ReceiptTransaction {
  readonly id: string;
  readonly wallet: string;
  /** Hex. */
  readonly unsigned: string;
  /** Bitcoin: the station's PSBT around it, with the coins that it spends and the keys that its change goes to, base64 (BIP-174); empty elsewhere. */
  readonly psbt: string;
  /** Hex; empty where no signature was released. */
  readonly signed: string;
}

/** Parses a receipt strictly: known members, all of them, each once, in the one spelling. Throws `ReceiptError`. */
export function parseReceipt(bytes: Uint8Array): ReceiptDocument {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch {
    throw malformed('receipt', 'is not JSON in UTF-8');
  }
  const top = new Reader(value, 'receipt');
  const document: ReceiptDocument = {
    type: top.exactly('type', 'portcullis/receipt/v1'),
    checkpoint: top.text('checkpoint'),
    leaves: top.list('leaves', readLeaf),
    intent: top.text('intent'),
    evidence: readEvidence(top.take('evidence'), 'evidence'),
    destination: readDestination(top.take('destination'), 'destination'),
    factors: top.list('factors', readFactor),
    policies: top.list('policies', (item, place) => asText(item, place)),
    transactions: top.list('transactions', readTransaction),
  };
  top.done();
  // A repeated member, other white space or another escape would let two readers read two receipts.
  if (JSON.stringify(document) !== text) throw malformed('receipt', 'is not in the one form that a station writes');
  return document;
}

function readLeaf(value: unknown, place: string): ReceiptLeaf {
  const of = new Reader(value, place);
  const leaf = {
    index: of.index('index'),
    leaf: of.text('leaf'),
    proof: of.list('proof', (item, where) => asHex(item, where, 32)),
    openings: of.list('openings', (item, where) => {
      const opening = new Reader(item, where);
      const read = { field: opening.text('field'), salt: opening.hex('salt', 32), value: opening.text('value') };
      opening.done();
      return read;
    }),
  };
  of.done();
  return leaf;
}

function readDestination(value: unknown, place: string): ReceiptDocument['destination'] {
  const of = new Reader(value, place);
  const destination = {
    intent: of.text('intent'),
    evidence: readEvidence(of.take('evidence'), `${place}.evidence`),
  };
  of.done();
  return destination;
}

function readEvidence(value: unknown, place: string): ReceiptEvidence {
  const of = new Reader(value, place);
  const evidence: ReceiptEvidence = {
    type: of.exactly('type', 'portcullis/evidence/v1'),
    attestations: of.list('attestations', readAttestation),
  };
  of.done();
  return evidence;
}

function readAttestation(value: unknown, place: string): ReceiptAttestation {
  const of = new Reader(value, place);
  const kind = of.text('kind');
  const readers = { 'mfa-token': readToken, totp: readCode } as const;
  const attestation = kind === 'mfa-token' || kind === 'totp' ? readers[kind](of) : readAssertion(of, kind, place);
  of.done();
  return attestation;
}

const readToken = (of: Reader): ReceiptToken => ({ kind: 'mfa-token', token: of.text('token') });

const readCode = (of: Reader): ReceiptCode => ({ kind: 'totp', factor: of.base64url('factor') });

function readAssertion(of: Reader, kind: string, place: string): ReceiptAssertion {
  if (kind !== 'webauthn') throw malformed(`${place}.kind`, 'is none of webauthn, totp and mfa-token');
  return {
    kind,
    credential: of.base64url('credential'),
    authenticator_data: of.base64url('authenticator_data'),
    client_data: of.base64url('client_data'),
    signature: of.base64url('signature'),
  };
}

function readFactor(value: unknown, place: string): ReceiptFactor {
  const of = new Reader(value, place);
  const factor = {
    credential: of.base64url('credential'),
    class: of.text('class'),
    cose_key: of.base64url('cose_key'),
    intent: of.text('intent'),
    evidence: readEvidence(of.take('evidence'), `${place}.evidence`),
    voucher: of.text('voucher'),
  };
  of.done();
  return factor;
}

function readTransaction(value: unknown, place: string): ReceiptTransaction {
  const of = new Reader(value, place);
  const transaction = {
    id: of.hex('id', 32),
    wallet: of.text('wallet'),
    unsigned: of.hex('unsigned'),
    psbt: of.base64('psbt'),
    signed: of.hex('signed'),
  };
  of.done();
  return transaction;
}

/** Takes members out one by one; `done` insists that nothing is left. */
class Reader {
  readonly #place: string;
  readonly #members: Map<string, unknown>;

  constructor(value: unknown, place: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(place, 'is not an object');
    this.#place = place;
    this.#members = new Map(Object.entries(value));
  }

  take(name: string): unknown {
    const value = this.#members.get(name);
    if (!this.#members.delete(name)) throw malformed(this.#at(name), 'is missing');
    return value;
  }

  text(name: string): string {
    return asText(this.take(name), this.#at(name));
  }

  exactly<T extends string>(name: string, expected: T): T {
    if (this.text(name) !== expected) throw malformed(this.#at(name), `is not ${expected}`);
    return expected;
  }

  index(name: string): number {
    const value = this.take(name);
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
      throw malformed(this.#at(name), 'is no leaf index');
    return value;
  }

  hex(name: string, length?: number): string {
    return asHex(this.take(name), this.#at(name), length);
  }

  base64url(name: string): string {
    const value = this.text(name);
    if (Buffer.from(value, 'base64url').toString('base64url') !== value)
      throw malformed(this.#at(name), 'is not base64url');
    return value;
  }

  base64(name: string): string {
    const value = this.text(name);
    if (Buffer.from(value, 'base64').toString('base64') !== value) throw malformed(this.#at(name), 'is not base64');
    return value;
  }

  list<T>(name: string, item: (value: unknown, place: string) => T): readonly T[] {
    const value = this.take(name);
    if (!Array.isArray(value)) throw malformed(this.#at(name), 'is not a list');
    return value.map((v: unknown, i) => item(v, `${this.#at(name)}[${i}]`));
  }

  done(): void {
    for (const name of this.#members.keys()) throw malformed(this.#at(name), 'is not a member of version 1');
  }

  #at(name: string): string {
    return `${this.#place}.${name}`;
  }
}

function asText(value: unknown, place: string): string {
  if (typeof value !== 'string' || !value.isWellFormed()) throw malformed(place, 'is not a text');
  return value;
}

function asHex(value: unknown, place: string, length?: number): string {
  const text = asText(value, place);
  if (!/^(?:[0-9a-f]{2})*$/.test(text) || (length !== undefined && text.length !== 2 * length))
    throw malformed(place, `is not ${length === undefined ? '' : `${length} bytes in `}lowercase hex`);
  return text;
}

function malformed(place: string, message: string): ReceiptError {
  return new ReceiptError('receipt-malformed', `${place} ${message}`);
}
