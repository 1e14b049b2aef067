import { beforeAll, describe, expect, it } from 'vitest';
import { authorityKey, parseCertificate } from '../../../src/attestation/x509/certificate.ts';
import { chainTo } from '../../../src/attestation/x509/chain.ts';
import type { WallMs } from '../../../src/domain/index.ts';
import { extension, KeyUsageFlags, type Named, now, TestAuthority } from './authority.ts';

const at = (text: string): WallMs => Date.parse(text) as WallMs;
const anchor = ({ der }: TestAuthority) => ({ certificate: parseCertificate(der) });

function judged(chain: readonly TestAuthority[], anchors: readonly TestAuthority[], when = now): string {
  const chained = chainTo(
    chain.map(({ der }) => parseCertificate(der)),
    anchors.map(anchor),
    when,
  );
  return chained.trusted ? 'trusted' : chained.why;
}

describe('A5: a chain of certificates', () => {
  let root: TestAuthority;
  let middle: TestAuthority;
  let leaf: TestAuthority;
  beforeAll(async () => {
    root = await TestAuthority.root();
    middle = await root.issue();
    leaf = await middle.batch();
  });

  it('leads to a pinned authority, whether or not it names it', () => {
    expect(judged([leaf, middle], [root])).toBe('trusted');
    expect(judged([leaf, middle, root], [root])).toBe('trusted');
    expect(judged([leaf, middle], [middle])).toBe('trusted');
    expect(judged([leaf], [middle])).toBe('trusted');
  });

  it('leads to one of RSA, too', async () => {
    const algorithm = {
      name: 'RSASSA-PKCS1-v1_5',
      modulusLength: 2048,
      publicExponent: Uint8Array.of(1, 0, 1),
      hash: 'SHA-256',
    };
    const rsa = await TestAuthority.root({ algorithm });
    expect(judged([await rsa.batch()], [rsa])).toBe('trusted');
  });

  it('leads to one of Ed25519, and to none of another kind', async () => {
    const usual = await TestAuthority.root({ algorithm: { name: 'Ed25519' } });
    expect(judged([await usual.batch()], [usual])).toBe('trusted');
    const odd = await root.batch({ algorithm: { name: 'Ed448' } });
    expect(judged([odd], [root])).toBe('certificate 1 of the chain has a key that is too weak, or of an unknown kind');
  });

  it('leads on through several that stand between', async () => {
    const lower = await middle.issue({ subject: 'CN=Lower' });
    const chain = [await lower.batch(), lower, middle];
    expect(judged(chain, [root])).toBe('trusted');
    expect(judged([...chain, root], [root])).toBe('trusted');
    expect(judged(chain.slice(0, 2), [root])).toBe('it leads to no authority that policy trusts');
  });

  it('leads to nobody where nobody is pinned, or another', async () => {
    expect(judged([leaf, middle, root], [])).toBe('it leads to no authority that policy trusts');
    expect(judged([leaf, middle, root], [await TestAuthority.root()])).toBe(
      'it leads to no authority that policy trusts',
    );
    expect(judged([], [root])).toBe('there is no certificate');
  });

  it('is broken where a link is missing, or out of order', () => {
    expect(judged([leaf], [root])).toBe('it leads to no authority that policy trusts');
    expect(judged([leaf, root], [root])).toBe('certificate 2 of the chain did not issue certificate 1 of the chain');
    expect(judged([leaf, root, middle], [root])).toMatch(/did not issue/);
    expect(judged([leaf, middle, root, middle], [root])).toBe('certificates follow the trusted authority');
  });

  it('is broken where an issuer has the name, and another key', async () => {
    const twin = await root.issue({ subject: middle.subject });
    expect(judged([leaf, twin], [root])).toMatch(/did not issue/);
    const impostor = await TestAuthority.root({ subject: root.subject });
    expect(judged([leaf, middle], [impostor])).toBe('it leads to no authority that policy trusts');
  });

  it('is broken where an issuer has the key, and another name', async () => {
    const other = await root.issue({ subject: 'CN=Other', keys: middle.keys });
    expect(judged([leaf, other], [root])).toMatch(/did not issue/);
  });

  it('goes to the one of two certificates of an authority that is valid', async () => {
    const old = await TestAuthority.root({ keys: root.keys, notAfter: new Date('2021-01-01T00:00:00Z') });
    expect(judged([leaf, middle], [old, root])).toBe('trusted');
    expect(judged([leaf, middle], [old])).toMatch(/certificate 3 of the chain is valid from/);
    expect(authorityKey(parseCertificate(old.der))).toBe(authorityKey(parseCertificate(root.der)));
  });

  it('holds from the first to the last second of every validity', async () => {
    const notBefore = new Date('2025-01-01T00:00:00Z');
    const notAfter = new Date('2052-01-01T00:00:00Z');
    const short = { notBefore, notAfter };
    for (const make of [
      async () => [[await middle.batch(short), middle], root] as const,
      async () => {
        const brief = await root.issue(short);
        return [[await brief.batch(), brief], root] as const;
      },
      async () => {
        const brief = await TestAuthority.root(short);
        return [[await brief.batch()], brief] as const;
      },
    ]) {
      const [chain, pinned] = await make();
      expect(judged(chain, [pinned], at('2025-01-01T00:00:00Z'))).toBe('trusted');
      expect(judged(chain, [pinned], at('2052-01-01T00:00:00Z'))).toBe('trusted');
      expect(judged(chain, [pinned], at('2024-12-31T23:59:59Z'))).toMatch(/is valid from 2025-01-01T00:00:00Z to 2052/);
      expect(judged(chain, [pinned], at('2052-01-01T00:00:01Z'))).toMatch(/is valid from/);
    }
  });

  it('never ends in its own end entity, pinned or not', async () => {
    const self = await TestAuthority.root({
      ca: false,
      subject: 'C=AA, O=Test, OU=Authenticator Attestation, CN=Self',
    });
    expect(judged([self], [self])).toBe('certificate 2 of the chain is no authority’s');
    expect(judged([leaf], [leaf])).toBe('it leads to no authority that policy trusts');
    expect(judged([root], [root])).toBe('the attestation’s own certificate is an authority’s');
    expect(judged([middle], [root])).toBe('the attestation’s own certificate is an authority’s');
  });

  it.each([
    ['no basic constraints', { ca: undefined, usage: KeyUsageFlags.keyCertSign }],
    ['CA false', { ca: false, usage: KeyUsageFlags.keyCertSign }],
    ['a key usage without keyCertSign', { usage: KeyUsageFlags.digitalSignature }],
  ] satisfies [string, Named][])('has no authority with %s', async (_, of) => {
    const false_ = await root.issue(of);
    const below = await false_.batch();
    expect(judged([below, false_], [root])).toBe('certificate 2 of the chain is no authority’s');
    const pinned = await TestAuthority.root(of);
    expect(judged([await pinned.batch()], [pinned])).toBe('certificate 2 of the chain is no authority’s');
  });

  it('has no more authorities below one than it lets stand there', async () => {
    const narrow = await TestAuthority.root({ pathLength: 0 });
    expect(judged([await narrow.batch()], [narrow])).toBe('trusted');
    const below = await narrow.issue();
    expect(judged([await below.batch(), below], [narrow])).toBe(
      'certificate 3 of the chain lets 0 authorities stand below it, and there are 1',
    );
    expect(judged([await below.batch(), below, narrow], [narrow])).toMatch(/lets 0 authorities/);
    const one = await TestAuthority.root({ pathLength: 1 });
    const first = await one.issue();
    expect(judged([await first.batch(), first], [one])).toBe('trusted');
  });

  it('has no critical extension that is not known', async () => {
    const unknown = extension('1.2.3.4', true, '0500');
    const odd = await middle.batch({ extensions: [unknown] });
    expect(judged([odd, middle], [root])).toContain('the critical extension 1.2.3.4');
    const quiet = await middle.batch({ extensions: [extension('1.2.3.4', false, '0500')] });
    expect(judged([quiet, middle], [root])).toBe('trusted');
    const constrained = await root.issue({ extensions: [extension('2.5.29.30', true, '3000')] });
    expect(judged([await constrained.batch(), constrained], [root])).toContain('2.5.29.30');
  });

  it('has no weak signature and no weak key', async () => {
    const algorithm = {
      name: 'RSASSA-PKCS1-v1_5',
      modulusLength: 1024,
      publicExponent: Uint8Array.of(1, 0, 1),
      hash: 'SHA-256',
    };
    const small = await root.issue({ algorithm });
    expect(judged([await small.batch(), small], [root])).toMatch(/certificate 2 .* has a key that is too weak/);
    const sha1 = await root.issue({ hash: 'SHA-1' });
    expect(judged([await sha1.batch(), sha1], [root])).toMatch(/certificate 2 .* is signed by 1.2.840.10045.4.1/);
  });
});
