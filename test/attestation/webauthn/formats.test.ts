import { beforeAll, describe, expect, it, vi } from 'vitest';
import { extension, KeyUsageFlags, TestAuthority } from '../x509/authority.ts';
import { BE, BS, bytes, eddsa, es256, UP, UV } from './credential.ts';
import { aaguid } from './registration-fixture.ts';
import {
  androidKey,
  apple,
  classed,
  clientDataHash,
  dataOf,
  fidoU2f,
  identityKey,
  packed,
  stated,
  tpm,
  trusting,
} from './statements.ts';

let root: TestAuthority;
let middle: TestAuthority;
let batch: TestAuthority;
let foreign: TestAuthority;
beforeAll(async () => {
  root = await TestAuthority.root();
  foreign = await TestAuthority.root();
  middle = await root.issue();
  batch = await middle.batch();
});

const formats: readonly [string, () => Promise<Uint8Array>][] = [
  ['packed', async () => packed(batch, [middle])],
  ['fido-u2f', async () => fidoU2f(await root.batch())],
  ['android-key', () => androidKey(root)],
  ['apple', () => apple(root)],
  ['tpm', async () => tpm(await identityKey(root))],
];

describe('A5: an attestation', () => {
  it.each(formats)(
    '%s makes a credential hardware where policy pins its authority, and only there',
    async (_, make) => {
      const json = await make();
      expect(await classed(json, trusting(root))).toBe('hardware');
      expect(await classed(json, trusting(foreign))).toBe('device: it leads to no authority that policy trusts');
      expect(await classed(json, trusting())).toBe('device: it leads to no authority that policy trusts');
      expect(await classed(json, undefined)).toMatch(/^device: /);
    },
  );

  it('is of no use to a credential that can be backed up, whoever attests it', async () => {
    expect(await classed(await packed(batch, [middle], { flags: UP | UV | BE }), trusting(root))).toBe(
      'synced: it can be backed up',
    );
    expect(await classed(await packed(batch, [middle], { flags: UP | UV | BE | BS }), trusting(root))).toBe(
      'synced: it can be backed up',
    );
  });

  // TPM 2.0 Library Part 2, §8.3: bit 1 fixedTPM, 4 fixedParent, 5 sensitiveDataOrigin.
  it.each([
    ['it may leave it', '00060470'],
    ['it may leave it with its parent', '00060462'],
    ['it was made elsewhere', '00060452'],
    ['it says nothing of itself', '00040000'],
  ])('A5: by a TPM makes no hardware of a key where %s', async (_, attributes) => {
    expect(await classed(tpm(await identityKey(root), { attributes }), trusting(root))).toBe(
      'device: its key was not made in its TPM, or may leave it',
    );
  });

  it('of its own key proves no more than none does, and breaks nothing', async () => {
    const sig = es256.sign(bytes(dataOf(es256), clientDataHash));
    const json = stated('packed', {}, { alg: -7, sig });
    expect(await classed(json, trusting(root))).toBe('device: its attestation (packed) is nobody’s word but its own');
    expect(await classed(stated('packed', {}, { alg: -8, sig }), trusting(root))).toContain(
      'names the algorithm "-8", its key is for -7',
    );
    const eddsaSelf = stated(
      'packed',
      { credential: eddsa },
      { alg: -8, sig: eddsa.sign(bytes(dataOf(eddsa), clientDataHash)) },
    );
    expect(await classed(eddsaSelf, trusting(root))).toMatch(/^device: /);
    expect(await classed(stated('packed', {}, { alg: -7, sig: es256.sign(bytes('00')) }), trusting(root))).toMatch(
      /^attestation-invalid/,
    );
  });

  it('counts where policy lists the model, and not for another', async () => {
    const json = await packed(batch, [middle]);
    expect(await classed(json, { ...trusting(root), aaguids: ['ff'.repeat(16), aaguid] })).toBe('hardware');
    expect(await classed(json, { ...trusting(root), aaguids: ['ff'.repeat(16)] })).toBe(
      `device: policy does not list the model ${aaguid}`,
    );
    // A model that is only claimed is nobody's.
    expect(await classed(stated('none', {}, {}), { ...trusting(root), aaguids: [aaguid] })).toBe(
      'device: its attestation (none) is nobody’s word but its own',
    );
  });

  it('of a U2F key is of no model: it does not sign what it says of that', async () => {
    const json = fidoU2f(await root.batch());
    expect(await classed(json, { ...trusting(root), aaguids: [aaguid] })).toBe(
      `device: policy does not list the model ${'00'.repeat(16)}`,
    );
  });

  it('that a foreign authority made for a listed model is not hardware', async () => {
    const json = await packed(await foreign.batch(), []);
    expect(await classed(json, { ...trusting(root), aaguids: [aaguid] })).toBe(
      'device: it leads to no authority that policy trusts',
    );
  });

  it('is of the model that its certificate names', async () => {
    const of = (model: string) =>
      root.batch({ extensions: [extension('1.3.6.1.4.1.45724.1.1.4', false, `0410${model}`)] });
    expect(await classed(await packed(await of(aaguid), []), trusting(root))).toBe('hardware');
    expect(await classed(await packed(await of('ff'.repeat(16)), []), trusting(root))).toMatch(
      /^attestation-invalid: .*aaguid/,
    );
  });

  it('asks nobody: no list of revoked certificates is fetched', async () => {
    const asked = vi.spyOn(globalThis, 'fetch').mockRejectedValue(new Error('I8'));
    const url = 'http://127.0.0.1:1/list';
    const points = bytes('3018', '3016', 'a014', 'a012', '8617', Buffer.from(url));
    const value = Buffer.from(bytes('30', Uint8Array.of(points.length), points)).toString('hex');
    const list = extension('2.5.29.31', false, value);
    const pointing = await TestAuthority.root({ extensions: [list] });
    for (const json of [
      await packed(await pointing.batch({ extensions: [list] }), [pointing]),
      await androidKey(pointing),
      await apple(pointing),
      fidoU2f(await pointing.batch({ extensions: [list] })),
      tpm(await identityKey(pointing)),
    ])
      expect(await classed(json, trusting(pointing))).toBe('hardware');
    expect(asked).not.toHaveBeenCalled();
    asked.mockRestore();
  });
});

describe('A5: an attestation is refused', () => {
  const sig = () => new Uint8Array(70);
  it('with a signature by another key', async () => {
    const change = { sig: (await root.batch()).sign(bytes('00')) };
    const bad = [
      await packed(batch, [middle], { change }),
      fidoU2f(batch, { change }),
      await androidKey(root, {}, { change }),
      tpm(await identityKey(root), { change }),
    ];
    for (const json of bad) expect(await classed(json, trusting(root))).toMatch(/^attestation-invalid: .*verify/);
  });

  it.each([
    ['packed without alg', async () => packed(batch, [middle], { change: { alg: undefined } }), '(packed) has no alg'],
    ['packed without sig', async () => packed(batch, [middle], { change: { sig: undefined } }), '(packed) has no sig'],
    [
      'packed with a further member',
      async () => packed(batch, [middle], { change: { ecdaaKeyId: sig() } }),
      'unexpected member "ecdaaKeyId"',
    ],
    [
      'packed by an algorithm that is not accepted',
      async () => packed(batch, [middle], { change: { alg: -999 } }),
      'the algorithm "-999"',
    ],
    [
      'packed without certificates in its list',
      async () => packed(batch, [middle], { change: { x5c: [] } }),
      '1 to 6 certificates',
    ],
    ['packed with seven', async () => packed(batch, Array(6).fill(middle)), '1 to 6 certificates'],
    ['packed with a certificate that is text', async () => packed(batch, [], { change: { x5c: ['x'] } }), 'no bytes'],
    ['packed with no list', async () => packed(batch, [], { change: { x5c: 'x' } }), '1 to 6 certificates'],
    ['packed with a certificate that is none', async () => packed(batch, [], { change: { x5c: [sig()] } }), 'no DER'],
    [
      'packed with an authority’s certificate',
      async () => packed(await root.issue({ subject: batch.subject }), []),
      'basic constraints CA',
    ],
    ['packed by a batch of no organisation', async () => packed(await root.batch({ subject: 'CN=x' }), []), 'OU'],
    ['none with a signature', async () => stated('none', {}, { sig: sig() }), 'unexpected member "sig"'],
    [
      'fido-u2f with two certificates',
      async () => fidoU2f(batch, { change: { x5c: [batch.der, middle.der] } }),
      'exactly one certificate',
    ],
    ['fido-u2f without sig', async () => fidoU2f(batch, { change: { sig: 'x' } }), 'its signature is not by'],
    ['tpm of another version', async () => tpm(await identityKey(root), { change: { ver: '1.2' } }), 'Unexpected ver'],
    ['tpm of another challenge', async () => tpm(await identityKey(root), { extra: sig() }), 'extra data'],
    ['tpm with a subject', async () => tpm(await identityKey(root, { subject: 'CN=x' })), 'subject was not empty'],
    [
      'tpm without alternative names',
      async () => tpm(await identityKey(root, { extensions: [extension('2.5.29.37', false, '300706056781050803')] })),
      'subjectAltName',
    ],
    ['tpm by SHA-1', async () => tpm(await identityKey(root), { change: { alg: -65535 } }), 'the algorithm "-65535"'],
    ['apple of another challenge', () => apple(root, { nonceOf: sig() }), 'nonce'],
    [
      'android-key of another challenge',
      () => androidKey(root, { challenge: sig() }),
      'was made for another challenge',
    ],
    [
      'android-key of all applications (software)',
      () => androidKey(root, { software: 'bf8458020500' }),
      'all applications',
    ],
    ['android-key of all applications (hardware)', () => androidKey(root, { tee: 'bf8458020500' }), 'all applications'],
    ['android-key without a description', () => androidKey(root, {}, { extensions: [] }), 'without a key description'],
    [
      'android-key by another algorithm',
      () => androidKey(root, {}, { change: { alg: -36 } }),
      'its signature is not by',
    ],
    [
      'android-key by another key',
      () => androidKey(root, {}, { change: { x5c: [batch.der] } }),
      'is not by the credential’s own key',
    ],
  ])('%s', async (_, make, message) => {
    const answer = await classed(await make(), trusting(root));
    expect(answer).toMatch(/^attestation-invalid: /);
    expect(answer).toContain(message);
  });

  it('fido-u2f by a key that is not on P-256, or of a credential that is not', async () => {
    const algorithm = { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-256' };
    const large = await root.batch({ algorithm });
    expect(await classed(fidoU2f(large), trusting(root))).toContain('not by a key on P-256');
    const other = stated('fido-u2f', { credential: eddsa }, { sig: sig(), x5c: [batch.der] });
    expect(await classed(other, trusting(root))).toContain('a credential that is not ES256');
  });
});

describe('A5: an android-key attestation is not of hardware', () => {
  it.each([
    ['where it was made in software', { levels: [0, 1] }, 'Android keeps its key in software'],
    ['where its key is kept in software', { levels: [1, 0] }, 'Android keeps its key in software'],
    ['where its key was imported', { tee: 'a1053103020102bf853e03020102' }, 'its key was not made in hardware'],
    ['where hardware does not say whence its key is', { tee: 'a1053103020102' }, 'its key was not made in hardware'],
    [
      'where only software says so',
      { software: 'a1053103020102bf853e03020100', tee: '' },
      'its key was not made in hardware',
    ],
    ['where its key encrypts, too', { tee: 'a1083106020102020103bf853e03020100' }, 'to signing alone'],
    ['where its key encrypts', { tee: 'a1053103020103bf853e03020100' }, 'to signing alone'],
    ['where nobody says what its key does', { tee: 'bf853e03020100' }, 'to signing alone'],
  ] as const)('%s', async (_, described, why) => {
    const answer = await classed(await androidKey(root, described), trusting(root));
    expect(answer).toMatch(/^device: /);
    expect(answer).toContain(why);
  });

  it('and is where StrongBox keeps its key', async () => {
    expect(await classed(await androidKey(root, { levels: [2, 2] }), trusting(root))).toBe('hardware');
  });
});

it('A5: an authority’s certificate that stands in for a batch’s is nobody’s', async () => {
  const usage = KeyUsageFlags.digitalSignature;
  expect(await classed(fidoU2f(await root.issue({ usage })), trusting(root))).toBe(
    'device: the attestation’s own certificate is an authority’s',
  );
});
