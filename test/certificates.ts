// Certificates for tests, good and bad. The keys are made for one run and protect nothing.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const hour = 3_600_000;

export const trustDomain = 'station.test';

/** PEM, with the authority's certificate beside it. */
export interface Issued {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

export interface Request {
  /** For the usual name, `spiffe://<trustDomain>/<role>/<name>`. */
  readonly role?: string;
  readonly name?: string;
  readonly trustDomain?: string;
  /** Subject alternative names instead of the usual one; an empty list leaves the extension out. */
  readonly names?: readonly JsonGeneralName[];
  /** Of the subject; a plain word by default. */
  readonly commonName?: string;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly usage?: 'client' | 'server';
  /** Marks the certificate as an authority's. */
  readonly authority?: boolean;
}

export interface Ca {
  /** PEM. */
  readonly certificate: Buffer;
  issue(request: Request): Promise<Issued>;
  /** For `localhost` and `127.0.0.1`. */
  issueServer(): Promise<Issued>;
  /** An authority that this one vouches for. */
  intermediate(): Promise<Ca>;
}

async function pem(key: webcrypto.CryptoKey): Promise<Buffer> {
  const base64 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  const lines = base64.match(/.{1,64}/g) ?? [];
  return Buffer.from(`-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`);
}

function generate(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

let serial = 0;
function nextSerial(): string {
  serial += 1;
  return serial.toString(16).padStart(8, '0');
}

/** A new authority, with a key of its own: another call's is a foreign one. */
export async function makeCa(commonName = 'Test authority'): Promise<Ca> {
  const keys = await generate();
  const root = await X509CertificateGenerator.createSelfSigned({
    serialNumber: nextSerial(),
    name: `CN=${commonName}`,
    ...authorityFor(1),
    signingAlgorithm: algorithm,
    keys,
  });
  return caOf(root, keys);
}

function authorityFor(pathLength: number) {
  return {
    notBefore: new Date(Date.now() - 24 * 365 * hour),
    notAfter: new Date(Date.now() + 24 * 365 * hour),
    extensions: [
      new BasicConstraintsExtension(true, pathLength, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  };
}

function caOf(root: X509Certificate, keys: webcrypto.CryptoKeyPair): Ca {
  const certificate = Buffer.from(`${root.toString('pem')}\n`);

  const issue = async (request: Request): Promise<Issued> => {
    const domain = request.trustDomain ?? trustDomain;
    const usual = `spiffe://${domain}/${request.role ?? 'withdrawals'}/${request.name ?? 'test'}`;
    const names = request.names ?? [{ type: 'url', value: usual }];
    const own = await generate();
    const usage = request.usage === 'server' ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth;
    const leaf = await X509CertificateGenerator.create({
      serialNumber: nextSerial(),
      issuer: root.subject,
      subject: [{ CN: [request.commonName ?? 'test'] }],
      notBefore: request.notBefore ?? new Date(Date.now() - hour),
      notAfter: request.notAfter ?? new Date(Date.now() + hour),
      signingAlgorithm: algorithm,
      signingKey: keys.privateKey,
      publicKey: own.publicKey,
      extensions: [
        new BasicConstraintsExtension(request.authority === true, undefined, true),
        new ExtendedKeyUsageExtension([usage]),
        ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension([...names])]),
      ],
    });
    return { ca: certificate, cert: Buffer.from(`${leaf.toString('pem')}\n`), key: await pem(own.privateKey) };
  };

  return {
    certificate,
    issue,
    intermediate: async () => {
      const own = await generate();
      const middle = await X509CertificateGenerator.create({
        serialNumber: nextSerial(),
        issuer: root.subject,
        subject: 'CN=Test intermediate',
        ...authorityFor(0),
        signingAlgorithm: algorithm,
        signingKey: keys.privateKey,
        publicKey: own.publicKey,
      });
      return caOf(middle, own);
    },
    issueServer: () =>
      issue({
        commonName: 'localhost',
        usage: 'server',
        names: [
          { type: 'dns', value: 'localhost' },
          { type: 'ip', value: '127.0.0.1' },
        ],
      }),
  };
}
