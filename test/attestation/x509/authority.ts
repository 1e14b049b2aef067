// Authorities of attestation for tests. Their keys are made for one run and vouch for nothing real.
import 'reflect-metadata';
import { KeyObject, sign, webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { type Attester, packedBy } from '../../../simulators/authenticator/attester.ts';
import { parseInstant } from '../../../src/domain/index.ts';

const p256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** When everything here is valid: now as well as in simulated time, since @simplewebauthn/server looks at the machine's clock. */
export const now = parseInstant('2026-03-01T00:00:00Z', 'now');
const validity = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2090-01-01T00:00:00Z') };

export interface Named {
  readonly subject?: string;
  /** Undefined leaves basic constraints out. */
  readonly ca?: boolean | undefined;
  readonly pathLength?: number;
  readonly usage?: number | undefined;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly extensions?: readonly Extension[];
  /** Of the key, and of the signature on it. */
  readonly algorithm?: Parameters<typeof webcrypto.subtle.generateKey>[0] & { readonly name: string };
  readonly hash?: string;
  /** Instead of one of its own. */
  readonly keys?: webcrypto.CryptoKeyPair;
}

export class TestAuthority {
  readonly der: Uint8Array;
  readonly subject: string;
  readonly keys: webcrypto.CryptoKeyPair;

  private constructor(der: Uint8Array, subject: string, keys: webcrypto.CryptoKeyPair) {
    this.der = der;
    this.subject = subject;
    this.keys = keys;
  }

  /** Signed by itself. */
  static root(of: Named = {}): Promise<TestAuthority> {
    return TestAuthority.#make({ subject: 'CN=Test attestation root', ca: true, ...of }, undefined);
  }

  /** An authority below this one, unless it says otherwise. */
  issue(of: Named = {}): Promise<TestAuthority> {
    return TestAuthority.#make({ subject: 'CN=Test intermediate', ca: true, ...of }, this);
  }

  /** The certificate of a batch of authenticators, as WebAuthn L3 §8.2.1 wants it. */
  batch(of: Named = {}): Promise<TestAuthority> {
    const subject = 'C=AA, O=Test, OU=Authenticator Attestation, CN=Test batch';
    return this.issue({ subject, ca: false, usage: KeyUsageFlags.digitalSignature, ...of });
  }

  get pem(): string {
    const lines =
      Buffer.from(this.der)
        .toString('base64')
        .match(/.{1,64}/g) ?? [];
    return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
  }

  /** ES256 in DER, or RS256, as its key is. */
  sign(message: Uint8Array, dsaEncoding: 'der' | 'ieee-p1363' = 'der'): Uint8Array {
    return new Uint8Array(sign('sha256', message, { key: KeyObject.from(this.keys.privateKey), dsaEncoding }));
  }

  /** Vouches for authenticators by `packed` attestation; `above`: the certificates that follow its own. */
  attests(...above: readonly TestAuthority[]): Attester {
    return packedBy([this.der, ...above.map(({ der }) => der)], (message) => this.sign(message));
  }

  static async #make(of: Named, issuer: TestAuthority | undefined): Promise<TestAuthority> {
    const { subject = '', ca, pathLength, usage = ca ? KeyUsageFlags.keyCertSign : undefined, algorithm = p256 } = of;
    const keys =
      of.keys ?? ((await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair);
    const by = issuer ?? { keys, subject };
    const certificate = await X509CertificateGenerator.create({
      serialNumber: Buffer.from(webcrypto.getRandomValues(new Uint8Array(8)).fill(1, 0, 1)).toString('hex'),
      subject,
      issuer: by.subject,
      notBefore: of.notBefore ?? validity.notBefore,
      notAfter: of.notAfter ?? validity.notAfter,
      signingAlgorithm: { ...by.keys.privateKey.algorithm, hash: of.hash ?? 'SHA-256' },
      signingKey: by.keys.privateKey,
      publicKey: keys.publicKey,
      extensions: [
        ...(ca === undefined ? [] : [new BasicConstraintsExtension(ca, pathLength, true)]),
        ...(usage === undefined ? [] : [new KeyUsagesExtension(usage, true)]),
        ...(of.extensions ?? []),
      ],
    });
    return new TestAuthority(new Uint8Array(certificate.rawData), subject, keys);
  }
}

/** An extension whose value is given in DER. */
export function extension(id: string, critical: boolean, value: string): Extension {
  return new Extension(id, critical, Buffer.from(value, 'hex'));
}

export { KeyUsageFlags, SubjectAlternativeNameExtension };
