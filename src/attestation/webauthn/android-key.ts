import { Refusal } from '../../domain/index.ts';
import type { Certificate } from '../x509/certificate.ts';
import { type Der, DerReader, explicit, smallInteger, tags } from '../x509/der.ts';
import { verifiesUnder } from './cose-key.ts';
import type { Stated } from './stated.ts';

/** Android's key attestation extension, `KeyDescription` ("Verify hardware-backed key pairs with key attestation"). */
const keyDescription = '1.3.6.1.4.1.11129.2.1.17';
/** Of its AuthorizationList. */
const PURPOSE = explicit(1);
const ALL_APPLICATIONS = explicit(600);
const ORIGIN = explicit(702);
const KM_PURPOSE_SIGN = 2;
const KM_ORIGIN_GENERATED = 0;
/** SecurityLevel: 0 Software, 1 TrustedEnvironment, 2 StrongBox. */
const TRUSTED_ENVIRONMENT = 1;

const what = 'the key description of an android-key statement';
/** WebAuthn L3 §8.4. A key that Android keeps in software, or that was imported, is genuine and never of hardware. Throws `Refusal`. */
export function androidKey(stated: Stated, [leaf]: readonly Certificate[]): { softness: string | undefined } {
  const { statement, key, authData, clientDataHash } = stated;
  const [sig, alg] = [statement.get('sig'), statement.get('alg')];
  // "Verify that the public key in the first certificate in x5c matches the credentialPublicKey"
  if (leaf === undefined || !leaf.x509.publicKey.equals(key.key)) throw wrong('is not by the credential’s own key');
  const message = Buffer.concat([authData, clientDataHash]);
  // By the credential's own key, so by its algorithm: OpenSSL throws where another hash is asked of a key that takes none.
  if (!(sig instanceof Uint8Array) || alg !== key.number || !verifiesUnder(key, message, sig))
    throw wrong('does not verify: its signature is not by its certificate’s key');
  const extension = leaf.extensions.get(keyDescription);
  if (extension === undefined) throw wrong('has a certificate without a key description');
  const described = readDescription(extension.value);
  if (Buffer.compare(described.challenge, clientDataHash) !== 0) throw wrong('was made for another challenge');
  for (const list of [described.softwareEnforced, described.teeEnforced])
    if (list.has(ALL_APPLICATIONS)) throw wrong('is of a key that all applications may use');
  return { softness: softnessOf(described) };
}

interface Description {
  readonly levels: readonly (number | undefined)[];
  readonly challenge: Uint8Array;
  readonly softwareEnforced: ReadonlyMap<number, Der>;
  readonly teeEnforced: ReadonlyMap<number, Der>;
}

function readDescription(value: Uint8Array): Description {
  const of = DerReader.within(new DerReader(value, what).take(tags.sequence), what);
  of.take(tags.integer);
  const attestation = of.take(tags.enumerated);
  of.take(tags.integer);
  const keymaster = of.take(tags.enumerated);
  const challenge = of.take(tags.octetString).content;
  of.take(tags.octetString);
  const lists = [of.take(tags.sequence), of.take(tags.sequence)].map(readList);
  const [softwareEnforced = new Map(), teeEnforced = new Map()] = lists;
  return { levels: [attestation, keymaster].map(smallInteger), challenge, softwareEnforced, teeEnforced };
}

function readList(of: Der): Map<number, Der> {
  const list = new Map<number, Der>();
  for (const reader = DerReader.within(of, what); !reader.ended; ) {
    const entry = reader.next();
    list.set(entry.tag, entry);
  }
  return list;
}

/** "If the RP only wants to accept keys from a trusted execution environment, use only the teeEnforced authorization list." */
function softnessOf({ levels, teeEnforced }: Description): string | undefined {
  if (levels.some((level) => level === undefined || level < TRUSTED_ENVIRONMENT))
    return 'Android keeps its key in software';
  const [purpose, origin] = [teeEnforced.get(PURPOSE), teeEnforced.get(ORIGIN)];
  const made = origin === undefined ? undefined : DerReader.within(origin, what).take(tags.integer);
  if (made === undefined || smallInteger(made) !== KM_ORIGIN_GENERATED) return 'its key was not made in hardware';
  const purposes = purpose === undefined ? undefined : DerReader.within(purpose, what).take(tags.set);
  if (purposes === undefined || !signsOnly(purposes)) return 'hardware does not keep its key to signing alone';
  return undefined;
}

function signsOnly(purposes: Der): boolean {
  const reader = DerReader.within(purposes, what);
  const only = !reader.ended && smallInteger(reader.take(tags.integer)) === KM_PURPOSE_SIGN;
  return only && reader.ended;
}

function wrong(flaw: string): Refusal {
  return new Refusal('attestation-invalid', `the attestation statement (android-key) ${flaw}`);
}
