import { X509Certificate } from 'node:crypto';
import { type Digest, digestOf, Refusal } from '../../domain/index.ts';
import { type Der, DerReader, oidOf, smallInteger, tags } from './der.ts';

/** What of an X.509 certificate (RFC 5280 §4.1) a chain is judged by. */
export interface Certificate {
  readonly raw: Uint8Array;
  /** Node's own, for its key and its signature. */
  readonly x509: X509Certificate;
  /** Names in DER, compared byte by byte (RFC 5280 §7.1 would let some differ). */
  readonly subject: Uint8Array;
  readonly issuer: Uint8Array;
  /** Common names of the subject. */
  readonly commonNames: readonly string[];
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  readonly signatureAlgorithm: string;
  /** ms since 1970, both inclusive. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly authority: boolean;
  /** How many authorities may stand between this one and the end entity: ∞ where it says nothing of it. */
  readonly pathLength: number;
  /** Whether its key usage lets it sign certificates, or says nothing of it. */
  readonly signsCertificates: boolean;
  readonly extensions: ReadonlyMap<string, Extension>;
}

export interface Extension {
  readonly critical: boolean;
  readonly value: Uint8Array;
}

const oids = { basicConstraints: '2.5.29.19', keyUsage: '2.5.29.15', commonName: '2.5.4.3' } as const;
/** Far above those of attestation keys and their authorities. */
const maxLength = 8192;
const extensionsMost = 32;
const anyLength = Number.POSITIVE_INFINITY;

/** A certificate of version 3 in DER, read strictly and as far as it is used. Throws `Refusal` `attestation-invalid`. */
export function parseCertificate(raw: Uint8Array): Certificate {
  if (raw.length > maxLength) throw wrong(`is longer than ${maxLength} bytes`);
  const outer = new DerReader(raw, what);
  const certificate = outer.take(tags.sequence);
  outer.done();
  const parts = DerReader.within(certificate, what);
  const tbs = DerReader.within(parts.take(tags.sequence), what);
  const version = DerReader.within(tbs.take(0xa0), what).take(tags.integer);
  if (smallInteger(version) !== 2) throw wrong('is not of version 3');
  tbs.take(tags.integer);
  tbs.take(tags.sequence);
  const issuer = tbs.take(tags.sequence);
  const validity = DerReader.within(tbs.take(tags.sequence), what);
  const subject = tbs.take(tags.sequence);
  const spki = tbs.take(tags.sequence);
  tbs.optional(0x81);
  tbs.optional(0x82);
  const extensions = readExtensions(tbs.optional(0xa3));
  tbs.done();
  const [constraints, usage] = [extensions.get(oids.basicConstraints), extensions.get(oids.keyUsage)];
  return {
    raw,
    subject: subject.raw,
    issuer: issuer.raw,
    commonNames: readCommonNames(subject),
    spki: spki.raw,
    signatureAlgorithm: oidOf(DerReader.within(parts.take(tags.sequence), what).take(tags.oid)),
    notBefore: readTime(validity.next()),
    notAfter: readTime(validity.next()),
    ...(constraints === undefined ? { authority: false, pathLength: anyLength } : readConstraints(constraints)),
    signsCertificates: usage === undefined || readSignsCertificates(usage),
    extensions,
    // Last: what is read here is refused by this reader, in its words.
    x509: imported(raw),
  };
}

function imported(raw: Uint8Array): X509Certificate {
  try {
    const certificate = new X509Certificate(raw);
    // A key that OpenSSL can't read shows only when it is asked for.
    if (certificate.publicKey.type === 'public') return certificate;
  } catch {
    // Told below.
  }
  throw wrong('can’t be read');
}

function readExtensions(of: Der | undefined): ReadonlyMap<string, Extension> {
  const extensions = new Map<string, Extension>();
  if (of === undefined) return extensions;
  const list = DerReader.within(DerReader.within(of, what).take(tags.sequence), what);
  while (!list.ended) {
    const extension = DerReader.within(list.take(tags.sequence), what);
    const id = oidOf(extension.take(tags.oid));
    const critical = extension.optional(tags.boolean);
    const { content } = extension.take(tags.octetString);
    extension.done();
    // RFC 5280 §4.2: "A certificate MUST NOT include more than one instance of a particular extension."
    if (extensions.has(id)) throw wrong(`has the extension ${id} twice`);
    if (extensions.size === extensionsMost) throw wrong(`has more than ${extensionsMost} extensions`);
    extensions.set(id, { critical: critical !== undefined && critical.content[0] !== 0, value: content });
  }
  return extensions;
}

/** RFC 5280 §4.2.1.9. */
function readConstraints({ value }: Extension): Pick<Certificate, 'authority' | 'pathLength'> {
  const outer = new DerReader(value, what);
  const of = DerReader.within(outer.take(tags.sequence), what);
  outer.done();
  const authority = of.optional(tags.boolean);
  const length = of.optional(tags.integer);
  of.done();
  return {
    authority: authority !== undefined && authority.content[0] !== 0,
    // One that is beyond what is read here lets none stand between.
    pathLength: length === undefined ? anyLength : (smallInteger(length) ?? 0),
  };
}

/** RFC 5280 §4.2.1.3: keyCertSign is bit 5. */
function readSignsCertificates({ value }: Extension): boolean {
  const { content } = new DerReader(value, what).take(tags.bitString);
  return ((content[1] ?? 0) & 0x04) !== 0;
}

function readCommonNames(subject: Der): string[] {
  const names: string[] = [];
  const sets = DerReader.within(subject, what);
  while (!sets.ended) {
    const attributes = DerReader.within(sets.take(tags.set), what);
    while (!attributes.ended) {
      const attribute = DerReader.within(attributes.take(tags.sequence), what);
      const type = oidOf(attribute.take(tags.oid));
      const { content } = attribute.next();
      if (type === oids.commonName) names.push(Buffer.from(content).toString('utf8'));
    }
  }
  return names;
}

/** RFC 5280 §4.1.2.5: UTCTime up to 2049, GeneralizedTime after it, both with seconds and in UTC. */
function readTime({ tag, content }: Der): number {
  const text = Buffer.from(content).toString('latin1');
  const year = Number(text.slice(0, 2));
  const full = tag === tags.utcTime ? `${year < 50 ? '20' : '19'}${text}` : text;
  const found = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(full);
  if (found === null || (tag !== tags.utcTime && tag !== tags.generalizedTime))
    throw wrong('has a validity that is no time');
  const [, y, mo, d, h, mi, s] = found;
  const at = Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`);
  if (Number.isNaN(at)) throw wrong('has a validity that is no time');
  return at;
}

const what = 'a certificate';

function wrong(flaw: string): Refusal {
  return new Refusal('attestation-invalid', `a certificate ${flaw}`);
}

/** How an authority is remembered: SHA-256 of its public key, which outlives the certificates that are made for it. */
export function authorityKey({ spki }: Certificate): Digest {
  return digestOf(spki);
}
