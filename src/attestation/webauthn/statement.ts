import { Refusal, shown } from '../../domain/index.ts';
import { type Certificate, parseCertificate } from '../x509/certificate.ts';
import { androidKey } from './android-key.ts';
import type { CborMap } from './cbor.ts';
import { fidoU2f } from './fido-u2f.ts';
import type { Stated, Statement } from './stated.ts';
import { softnessOfTpm } from './tpm.ts';

interface Format {
  readonly members: readonly string[];
  readonly optional: readonly string[];
  /** Throws `Refusal`. Absent: @simplewebauthn/server judges it. */
  readonly judge?: (stated: Stated, chain: readonly Certificate[]) => Pick<Statement, 'softness'>;
  /** What that leaves open: why the key is not one that hardware keeps, genuine as the statement may be. */
  readonly softness?: (statement: CborMap) => string | undefined;
}

/**
 * WebAuthn L3 §8. Those without a judge of their own are @simplewebauthn/server's. It fetches revocation lists that the certificates of
 * an `android-key` statement name, and refuses the standard's own vector of `fido-u2f`, so that these two are judged here.
 * `android-safetynet` is missing: Google has turned it off. `compound` is missing: no authenticator makes it.
 */
const formats = new Map<unknown, Format>(
  Object.entries({
    none: { members: [], optional: [] },
    packed: { members: ['alg', 'sig'], optional: ['x5c'] },
    tpm: { members: ['ver', 'alg', 'x5c', 'sig', 'certInfo', 'pubArea'], optional: [], softness: softnessOfTpm },
    apple: { members: ['x5c'], optional: ['alg'] },
    'android-key': { members: ['alg', 'sig', 'x5c'], optional: [], judge: androidKey },
    'fido-u2f': { members: ['sig', 'x5c'], optional: [], judge: fidoU2f },
  } satisfies Record<string, Format>),
);

/** What may sign a statement: no SHA-1 (COSE −65535), which old TPMs use. */
const statementAlgorithms = new Set<unknown>([-7, -8, -35, -36, -257]);
/** The longest chains that are known have four. */
const certificatesMost = 6;

/** Reads a statement of a known format, its members closed, its certificates strictly. Throws `Refusal` `attestation-invalid`. */
export function readStatement(fmt: unknown, stated: Stated): { statement: Statement; judged: boolean } {
  const format = formats.get(fmt);
  if (typeof fmt !== 'string' || format === undefined)
    throw wrong(`has the format ${shown(fmt)}; accepted are ${[...formats.keys()].join(', ')}`);
  const { statement, key } = stated;
  for (const name of format.members) if (!statement.has(name)) throw wrong(`(${fmt}) has no ${name}`);
  for (const name of statement.keys()) {
    if (![...format.members, ...format.optional].includes(String(name)))
      throw wrong(`(${fmt}) has the unexpected member ${shown(String(name))}`);
  }
  const alg = statement.get('alg');
  if (alg !== undefined && !statementAlgorithms.has(alg)) throw wrong(`is signed by the algorithm ${shown(alg)}`);
  const chain = statement.has('x5c') ? readChain(statement.get('x5c')) : [];
  // §8.2.1, self attestation: "Validate that alg matches the algorithm of the credentialPublicKey".
  if (fmt === 'packed' && chain.length === 0 && alg !== key.number)
    throw wrong(`of itself names the algorithm ${shown(alg)}, its key is for ${key.number}`);
  const { judge } = format;
  const softness = format.softness?.(statement);
  return { statement: { format: fmt, chain, softness, ...judge?.(stated, chain) }, judged: judge !== undefined };
}

function readChain(x5c: unknown): Certificate[] {
  if (!Array.isArray(x5c) || x5c.length === 0 || x5c.length > certificatesMost)
    throw wrong(`must have 1 to ${certificatesMost} certificates`);
  return x5c.map((raw: unknown) => {
    if (!(raw instanceof Uint8Array)) throw wrong('has a certificate that is no bytes');
    return parseCertificate(raw);
  });
}

function wrong(flaw: string): Refusal {
  return new Refusal('attestation-invalid', `the attestation statement ${flaw}`);
}
