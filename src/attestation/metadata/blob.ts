import { verify } from 'node:crypto';
import { Refusal, shown, type WallMs } from '../../domain/index.ts';
import { fromBase64url } from '../base64url.ts';
import { isObject, type JsonObject } from '../json.ts';
import type { ModelMetadata, TrustedAuthority } from '../webauthn/authenticator-model.ts';
import { authorityKey, type Certificate, parseCertificate } from '../x509/certificate.ts';
import { chainTo } from '../x509/chain.ts';
import { standingOf } from './status.ts';

/** A FIDO Metadata Service blob whose signature stands (FIDO Metadata Service v3.0 §3.1.6, §3.1.7). */
export interface Metadata {
  /** Its serial number, which only rises. */
  readonly number: number;
  /** When the next one is to be there: the start of that day, UTC. */
  readonly nextUpdate: WallMs;
  /** By AAGUID, 32 lowercase hex digits. */
  readonly models: ReadonlyMap<string, ModelMetadata>;
}

/** The FIDO Alliance's own has some 10 MB. */
export const metadataMost = 64 * 1024 * 1024;
/** Whose key signs it (§3.2, "FIDO Servers … MUST verify that the signing certificate is of mds.fidoalliance.org"). */
const signer = 'mds.fidoalliance.org';
const certificatesMost = 6;

/**
 * Opens a blob: a JWS in compact form (RFC 7515) by a key that a chain leads to from `root`, which policy pins; §3.2, "Metadata BLOB
 * object processing rules". Nothing is fetched: the chain lies in the header (`x5c`), and a header that points elsewhere (`x5u`) is
 * refused. Throws `Refusal` `attestation-invalid`.
 */
export function openMetadata(
  blob: string,
  { root, now }: { readonly root: Certificate; readonly now: WallMs },
): Metadata {
  if (blob.length > metadataMost) throw wrong(`is longer than ${metadataMost} characters`);
  const parts = blob.trim().split('.');
  const [header, payload, signature] = parts.map(fromBase64url);
  if (parts.length !== 3 || header === undefined || payload === undefined || signature === undefined)
    throw wrong('is no JWS in compact form');
  const { alg, x5c, ...others } = parseObject(header, 'header');
  // "typ" says nothing that counts. Any other could change what the signature is of, or whose (RFC 7515 §4.1.11).
  const foreign = Object.keys(others).find((name) => name !== 'typ');
  if (foreign !== undefined) throw wrong(`has the header member ${shown(foreign)}, which is not accepted`);
  const chain = readCertificates(x5c, 'its header’s x5c', certificatesMost);
  const [leaf] = chain;
  const chained = chainTo(chain, [{ certificate: root }], now);
  if (!chained.trusted) throw wrong(`is signed by nobody whom policy trusts: ${chained.why}`);
  if (!isSigners(leaf)) throw wrong(`is signed by ${leaf.commonNames.join(', ')}, not by ${signer}`);
  if (!signed(leaf, alg, `${parts[0]}.${parts[1]}`, signature)) throw wrong('does not verify: its signature is wrong');
  return readPayload(parseObject(payload, 'payload'));
}

/** RFC 6125 §6.4.4: its alternative names where it has any, else its common name. */
function isSigners(leaf: Certificate): boolean {
  const names = leaf.x509.subjectAltName;
  if (names === undefined) return leaf.commonNames.length === 1 && leaf.commonNames[0] === signer;
  return names.split(', ').includes(`DNS:${signer}`);
}

/** RFC 7518 §3.3, §3.4. */
function signed(leaf: Certificate, alg: unknown, input: string, signature: Uint8Array): boolean {
  const key = leaf.x509.publicKey;
  const message = Buffer.from(input, 'latin1');
  if (alg === 'RS256' && key.asymmetricKeyType === 'rsa') return verify('sha256', message, key, signature);
  const { namedCurve } = key.asymmetricKeyDetails ?? {};
  if (alg === 'ES256' && namedCurve === 'prime256v1')
    return verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature);
  throw wrong(`names the algorithm ${shown(String(alg))}; accepted are RS256 and ES256, as its key is for`);
}

function readPayload({ no, nextUpdate, entries }: JsonObject): Metadata {
  if (typeof no !== 'number' || !Number.isSafeInteger(no) || no < 1) throw wrong('has no number');
  const next =
    typeof nextUpdate === 'string' && /^\d{4}-\d\d-\d\d$/.test(nextUpdate) ? Date.parse(nextUpdate) : Number.NaN;
  if (Number.isNaN(next)) throw wrong('does not say when the next one comes');
  if (!Array.isArray(entries)) throw wrong('has no entries');
  const models = new Map<string, ModelMetadata>();
  for (const entry of entries as readonly unknown[]) {
    if (!isObject(entry)) throw wrong('has an entry that is no object');
    // Models of U2F and UAF have none: nothing here is known of them.
    if (entry['aaguid'] === undefined) continue;
    const aaguid = parseAaguid(entry['aaguid']);
    if (models.has(aaguid)) throw wrong(`lists the model ${aaguid} twice`);
    models.set(aaguid, readModel(aaguid, entry));
  }
  return { number: no, nextUpdate: next as WallMs, models };
}

function parseAaguid(value: unknown): string {
  if (typeof value !== 'string' || !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value))
    throw wrong(`has the AAGUID ${shown(String(value))}`);
  return value.replaceAll('-', '');
}

/** Keys that nothing but hardware keeps (FIDO Registry v2.2 §3.2, KEY_PROTECTION). */
const inHardware = new Set<unknown>(['hardware', 'tee', 'secure_element']);

/** FIDO Metadata Statement v3.0 §3: of the statement only what is used. */
function readModel(aaguid: string, { statusReports, metadataStatement }: JsonObject): ModelMetadata {
  const statement = isObject(metadataStatement) ? metadataStatement : {};
  const { description, keyProtection, attestationRootCertificates: roots } = statement;
  const protection: readonly unknown[] = Array.isArray(keyProtection) ? keyProtection : [];
  const named = typeof description === 'string' ? description : aaguid;
  let authorities: readonly TrustedAuthority[] | undefined;
  return {
    description: named,
    ...standingOf(statusReports, `the metadata’s entry of ${aaguid}`),
    hardware: protection.some((kind) => inHardware.has(kind)) && !protection.includes('software'),
    // Parsed where one of the model is enrolled: there are thousands of them.
    get authorities() {
      authorities ??= readRoots(roots, named);
      return authorities;
    },
  };
}

/**
 * "A trust anchor can be a root certificate, an intermediate CA certificate or even the attestation certificate itself": the last is
 * no authority, so that a chain never ends in it. What can't be read is left out.
 */
function readRoots(roots: unknown, name: string): TrustedAuthority[] {
  return (Array.isArray(roots) ? (roots as readonly unknown[]) : []).flatMap((root) => {
    try {
      return readCertificates([root], name, 1).map((certificate) => ({ name: `${name} (FIDO metadata)`, certificate }));
    } catch {
      return [];
    }
  });
}

/** RFC 7515 §4.1.6: base64, not base64url. */
function readCertificates(values: unknown, what: string, most: number): readonly [Certificate, ...Certificate[]] {
  const listed: readonly unknown[] = Array.isArray(values) && values.length <= most ? values : [];
  const [first, ...others] = listed.map((value) => {
    const text = typeof value === 'string' ? value.replace(/\s/g, '') : '';
    const raw = Buffer.from(text, 'base64');
    if (text === '' || raw.toString('base64') !== text) throw wrong(`has a certificate in ${what} that is no base64`);
    return parseCertificate(new Uint8Array(raw));
  });
  if (first === undefined) throw wrong(`must have 1 to ${most} certificates in ${what}`);
  return [first, ...others];
}

/**
 * Not with the strict parser of requests (json.ts): ten megabytes are too much for it, and whoever signed them is trusted not to repeat
 * members to deceive.
 */
function parseObject(bytes: Uint8Array, what: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    // Told below.
  }
  if (!isObject(value)) throw wrong(`has a ${what} that is no JSON object`);
  return value;
}

/** Whether an authority is one that the metadata name for a model. */
export function namedBy(model: ModelMetadata, authority: string): boolean {
  return model.authorities.some(({ certificate }) => authorityKey(certificate) === authority);
}

function wrong(flaw: string): Refusal {
  return new Refusal('attestation-invalid', `the FIDO metadata ${flaw}`);
}
