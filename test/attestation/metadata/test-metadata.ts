// FIDO metadata for tests, under an authority of the tests' own: they list no real authenticator.
import { type Named, SubjectAlternativeNameExtension, TestAuthority } from '../x509/authority.ts';

export type Json = Readonly<Record<string, unknown>>;

export const testModel = '00010203-0405-0607-0809-0a0b0c0d0e0f';

export interface TestService {
  readonly root: TestAuthority;
  readonly leaf: TestAuthority;
}

/** A metadata service: its authority, and the key that signs blobs. */
export async function testService(of: Named & { readonly dns?: readonly string[] } = {}): Promise<TestService> {
  const root = await TestAuthority.root({ subject: 'CN=Test metadata root' });
  const { dns = ['mds.fidoalliance.org'], ...named } = of;
  const names = new SubjectAlternativeNameExtension(dns.map((value) => ({ type: 'dns', value })));
  const leaf = await root.issue({
    subject: 'CN=mds.fidoalliance.org',
    ca: false,
    extensions: dns.length === 0 ? [] : [names],
    ...named,
  });
  return { root, leaf };
}

export function report(status: string, effectiveDate?: string): Json {
  return effectiveDate === undefined ? { status } : { status, effectiveDate };
}

/** An entry of the payload; `roots`: of its attestation. */
export function entry(of: Json = {}, statement: Json = {}, roots: readonly TestAuthority[] = []): Json {
  return {
    aaguid: testModel,
    metadataStatement: {
      description: 'Test key',
      keyProtection: ['hardware', 'secure_element'],
      attestationRootCertificates: roots.map(({ der }) => Buffer.from(der).toString('base64')),
      ...statement,
    },
    statusReports: [report('FIDO_CERTIFIED_L1', '2020-01-01')],
    timeOfLastStatusChange: '2020-01-01',
    ...of,
  };
}

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A blob, rightly signed whatever it says. */
export function blob({ leaf }: TestService, payload: Json = {}, header: Json = {}): string {
  const x5c = [Buffer.from(leaf.der).toString('base64')];
  const head = { alg: 'ES256', typ: 'JWT', x5c, ...header };
  const body = { legalHeader: 'A test', no: 7, nextUpdate: '2026-04-01', entries: [entry()], ...payload };
  const input = `${base64url(head)}.${base64url(body)}`;
  return `${input}.${Buffer.from(leaf.sign(Buffer.from(input), 'ieee-p1363')).toString('base64url')}`;
}
