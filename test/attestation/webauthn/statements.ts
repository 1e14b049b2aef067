import { KeyObject } from 'node:crypto';
import { type Cbor, encodeCbor } from '../../../simulators/authenticator/cbor.ts';
import type { TrustedModels } from '../../../src/attestation/webauthn/authenticator-model.ts';
import { verifyRegistration } from '../../../src/attestation/webauthn/registration.ts';
import { parseCertificate } from '../../../src/attestation/x509/certificate.ts';
import { sha256 } from '../../../src/domain/index.ts';
import { extension, type Named, now, type TestAuthority } from '../x509/authority.ts';
import {
  AT,
  authenticatorData,
  bytes,
  clientData,
  es256,
  es256CoseKey,
  origin,
  rpId,
  type TestCredential,
  UP,
  UV,
  utf8,
} from './credential.ts';
import { attestationObject, attested, registration } from './registration-fixture.ts';

// Attestation statements of every format, as their authenticators make them; what differs a test says.

export const clientDataHash = sha256(clientData({ type: 'webauthn.create' }));

export interface Stating {
  readonly flags?: number;
  /** Of the statement; undefined leaves a member out. */
  readonly change?: Readonly<Record<string, Cbor | undefined>>;
}

/** A registration with a statement of that format over authenticator data. */
export function stated(
  format: string,
  {
    credential = es256,
    data = dataOf(credential),
    flags,
    change = {},
  }: Stating & { credential?: TestCredential; data?: Uint8Array },
  statement: Readonly<Record<string, Cbor>>,
): Uint8Array {
  const authData = flags === undefined ? data : dataOf(credential, flags);
  const members = Object.entries({ ...statement, ...change }).filter(
    (entry): entry is [string, Cbor] => entry[1] !== undefined,
  );
  const fmt = Buffer.from(encodeCbor(format)).toString('hex');
  const attStmt = Buffer.from(encodeCbor(new Map(members))).toString('hex');
  return registration({ credential, data: authData, object: attestationObject(authData, fmt, attStmt) });
}

export function dataOf(credential: TestCredential, flags = UP | UV): Uint8Array {
  return authenticatorData({ flags: flags | AT, signCount: 5, rest: attested(credential) });
}

/** What the simplest policies trust: these authorities, any model. */
export function trusting(...roots: readonly TestAuthority[]): TrustedModels {
  const authorities = roots.map(({ der }, i) => ({ name: `root ${i}`, certificate: parseCertificate(der) }));
  return { authorities, aaguids: undefined, metadata: undefined, now };
}

/** The class that a registration comes to, with the reason why it is no more; or the reason why it is refused. */
export async function classed(json: Uint8Array, models: TrustedModels | undefined): Promise<string> {
  const settings = { rpId, origins: [origin], userVerification: true, challenge: () => true };
  const judged = await verifyRegistration(json, models === undefined ? settings : { ...settings, models });
  if (!judged.genuine) return `${judged.reason}: ${judged.message}`;
  const { class: class_, notHardware } = judged.registration;
  return notHardware === undefined ? class_ : `${class_}: ${notHardware}`;
}

/** A credential whose key lies in a certificate, as Android's and Apple's do. */
export async function certified(
  root: TestAuthority,
  of: Named,
): Promise<{ leaf: TestAuthority; credential: TestCredential }> {
  const leaf = await root.batch(of);
  return { leaf, credential: credentialOf(leaf) };
}

export function credentialOf(leaf: TestAuthority): TestCredential {
  const { x = '', y = '' } = KeyObject.from(leaf.keys.publicKey).export({ format: 'jwk' });
  const point = bytes('04', Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url'));
  return { id: es256.id, coseKey: es256CoseKey(point), sign: (message) => leaf.sign(message) };
}

export async function packed(
  leaf: TestAuthority,
  above: readonly TestAuthority[],
  of: Stating = {},
): Promise<Uint8Array> {
  const data = dataOf(es256, of.flags);
  const x5c = [leaf, ...above].map(({ der }) => der);
  return stated('packed', of, { alg: -7, sig: leaf.sign(bytes(data, clientDataHash)), x5c });
}

export function fidoU2f(leaf: TestAuthority, of: Stating = {}): Uint8Array {
  const point = bytes('04', es256.coseKey.subarray(10, 42), es256.coseKey.subarray(45));
  const message = bytes('00', sha256(utf8(rpId)), clientDataHash, Buffer.from(es256.id, 'base64url'), point);
  return stated('fido-u2f', of, { sig: leaf.sign(message), x5c: [leaf.der] });
}

const der = (tag: string, ...parts: readonly (string | Uint8Array)[]): Uint8Array => {
  const content = bytes(...parts);
  const length = content.length < 128 ? Uint8Array.of(content.length) : Uint8Array.of(0x81, content.length);
  return bytes(tag, length, content);
};

export interface Described {
  readonly levels?: readonly [attestation: number, keymaster: number];
  readonly challenge?: Uint8Array;
  readonly software?: string;
  /** purpose [1] { 2 }, origin [702] 0. */
  readonly tee?: string;
}

/** Android's KeyDescription. */
export function keyDescription({
  levels = [1, 1],
  challenge = clientDataHash,
  software = '',
  tee = 'a1053103020102bf853e03020100',
}: Described): Uint8Array {
  const level = (value: number) => bytes('0a01', Uint8Array.of(value));
  return der(
    '30',
    '020203e8',
    level(levels[0]),
    '02022710',
    level(levels[1]),
    der('04', challenge),
    '0400',
    der('30', software),
    der('30', tee),
  );
}

export async function androidKey(
  root: TestAuthority,
  described: Described = {},
  of: Stating & Named = {},
): Promise<Uint8Array> {
  const value = Buffer.from(keyDescription(described)).toString('hex');
  const { leaf, credential } = await certified(root, {
    extensions: [extension('1.3.6.1.4.1.11129.2.1.17', false, value)],
    ...of,
  });
  const data = dataOf(credential, of.flags);
  return stated(
    'android-key',
    { credential, ...of },
    { alg: -7, sig: credential.sign(bytes(data, clientDataHash)), x5c: [leaf.der] },
  );
}

export async function apple(
  root: TestAuthority,
  { nonceOf = clientDataHash, ...of }: Stating & { nonceOf?: Uint8Array } = {},
): Promise<Uint8Array> {
  // The nonce is over the credential, so that its key comes first.
  const { keys } = await root.batch();
  const credential = credentialOf(await root.batch({ keys }));
  const nonce = sha256(bytes(dataOf(credential, of.flags), nonceOf));
  const value = Buffer.from(bytes('3024a1220420', nonce)).toString('hex');
  const leaf = await root.batch({ keys, extensions: [extension('1.2.840.113635.100.8.2', false, value)] });
  return stated('apple', { credential, ...of }, { x5c: [leaf.der] });
}

/** An attestation identity key as WebAuthn L3 §8.3.1 wants it; FFFFF1D0 is FIDO's own, for tests. */
export function identityKey(root: TestAuthority, of: Named = {}): Promise<TestAuthority> {
  const attribute = (id: string, text: string) => der('31', der('30', der('06', id), der('0c', utf8(text))));
  const name = der(
    '30',
    attribute('6781050201', 'id:FFFFF1D0'),
    attribute('6781050203', 'id:00000000'),
    attribute('6781050202', 'test'),
  );
  const names = der('30', der('a4', name));
  return root.issue({
    subject: '',
    ca: false,
    extensions: [
      extension('2.5.29.17', true, Buffer.from(names).toString('hex')),
      extension('2.5.29.37', false, '300706056781050803'),
    ],
    ...of,
  });
}

/** A key as Windows Hello has its TPM make one: fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, noDA, decrypt, sign. */
const tpmAttributes = '00060472';

export function tpm(
  aik: TestAuthority,
  {
    extra = clientDataHash,
    attributes = tpmAttributes,
    ...of
  }: Stating & { extra?: Uint8Array; attributes?: string } = {},
): Uint8Array {
  const data = dataOf(es256, of.flags);
  const pubArea = bytes(
    '0023000b',
    attributes,
    '000000100010000300100020',
    es256.coseKey.subarray(10, 42),
    '0020',
    es256.coseKey.subarray(45),
  );
  const name = bytes('000b', sha256(pubArea));
  const certInfo = bytes(
    'ff5443478017',
    '0000',
    '0020',
    sha256(bytes(data, extra)),
    '00'.repeat(17),
    '00'.repeat(8),
    '0022',
    name,
    '0000',
  );
  return stated('tpm', of, { ver: '2.0', alg: -7, x5c: [aik.der], sig: aik.sign(certInfo), certInfo, pubArea });
}
