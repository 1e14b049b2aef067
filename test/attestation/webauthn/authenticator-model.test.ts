import { beforeAll, describe, expect, it } from 'vitest';
import type { ModelMetadata, TrustedMetadata } from '../../../src/attestation/webauthn/authenticator-model.ts';
import { classOf } from '../../../src/attestation/webauthn/authenticator-model.ts';
import { verifyRegistration } from '../../../src/attestation/webauthn/registration.ts';
import { authorityKey, parseCertificate } from '../../../src/attestation/x509/certificate.ts';
import { digestOf } from '../../../src/domain/index.ts';
import { TestAuthority } from '../x509/authority.ts';
import { base64url, clientData, origin, rpId } from './credential.ts';
import { aaguid, registration } from './registration-fixture.ts';
import { androidKey, classed, fidoU2f, packed, trusting } from './statements.ts';

let root: TestAuthority;
let other: TestAuthority;
let json: Uint8Array;
beforeAll(async () => {
  root = await TestAuthority.root();
  other = await TestAuthority.root();
  json = await packed(await root.batch(), []);
});

const authority = ({ der }: TestAuthority) => ({ name: 'metadata', certificate: parseCertificate(der) });

/** Metadata that list the tests' model as hardware of level 1, where level 1 is wanted. */
function listing(model: Partial<ModelMetadata> = {}, further: Partial<TrustedMetadata> = {}): TrustedMetadata {
  const listed: ModelMetadata = {
    description: 'Test key',
    revoked: undefined,
    certification: 'FIDO_CERTIFIED_L1',
    authorities: [authority(root)],
    hardware: true,
    ...model,
  };
  return {
    model: (of) => (of === aaguid ? listed : undefined),
    stale: undefined,
    certified: (status) => status === 'FIDO_CERTIFIED_L1',
    unlisted: false,
    authorities: false,
    ...further,
  };
}

const unlisting = (further: Partial<TrustedMetadata> = {}) => listing({}, { model: () => undefined, ...further });

describe('A5: under FIDO metadata a model', () => {
  const by = (metadata: TrustedMetadata, ...roots: readonly TestAuthority[]) =>
    classed(json, { ...trusting(...roots), metadata });

  it('is hardware where they say so and are not stale', async () => {
    expect(await by(listing(), root)).toBe('hardware');
    expect(await by(listing({}, { stale: 'the FIDO metadata are old' }), root)).toBe(
      'device: the FIDO metadata are old',
    );
  });

  it('that they don’t list is hardware only where policy takes unlisted ones', async () => {
    expect(await by(unlisting(), root)).toBe(`device: the FIDO metadata do not list the model ${aaguid}`);
    expect(await by(unlisting({ unlisted: true }), root)).toBe('hardware');
  });

  it('is not hardware where they don’t say that hardware keeps its keys', async () => {
    expect(await by(listing({ hardware: false }), root)).toBe(
      'device: the FIDO metadata do not say of the model Test key that hardware keeps its keys',
    );
  });

  it('is not hardware where it is certified for less than policy wants', async () => {
    const less = 'by the FIDO metadata, which is less than policy wants';
    expect(await by(listing({ certification: 'FIDO_CERTIFIED' }), root)).toBe(
      `device: the model Test key is FIDO_CERTIFIED ${less}`,
    );
    expect(await by(listing({ certification: undefined }), root)).toBe(
      `device: the model Test key is not certified ${less}`,
    );
  });

  it('rests on the authorities that they name where policy believes them of those, and only there', async () => {
    const authorities = [authority(root)];
    const nobody = 'device: it leads to no authority that policy trusts';
    expect(await by(listing({ authorities }, { authorities: true }))).toBe('hardware');
    expect(await by(listing({ authorities }, { authorities: false }))).toBe(nobody);
    expect(await by(listing({ authorities: [authority(other)] }, { authorities: true }))).toBe(nobody);
    expect(await by(unlisting({ authorities: true, unlisted: true }))).toBe(nobody);
  });

  it('is not one that another maker’s authority attests, though policy pins that, too', async () => {
    const claimed = 'device: nobody attests it whom the FIDO metadata name for the model Test key';
    expect(await by(listing({ authorities: [authority(other)] }), root, other)).toBe(claimed);
    expect(await by(listing({ authorities: [] }), root)).toBe(claimed);
    // Android attests its key, and nothing of the software that says which model it is.
    const android = await androidKey(root);
    expect(await classed(android, { ...trusting(root, other), metadata: listing() })).toBe('hardware');
    const yubico = listing({ authorities: [authority(other)] });
    expect(await classed(android, { ...trusting(root, other), metadata: yubico })).toBe(claimed);
  });

  it('may be attested by any authority of the chain that they name, or by a certificate that they name itself', async () => {
    const middle = await root.issue();
    const batch = await middle.batch();
    const long = await packed(batch, [middle]);
    for (const named of [root, middle, batch])
      expect(await classed(long, { ...trusting(root), metadata: listing({ authorities: [authority(named)] }) })).toBe(
        'hardware',
      );
    // Up to the pinned root, which the chain names, too.
    const whole = await packed(batch, [middle, root]);
    const metadata = listing({ authorities: [authority(middle)] });
    expect(await classed(whole, { ...trusting(root), metadata })).toBe('hardware');
  });

  it('is not one that a U2F key claims: what they say of it is not said of that key', async () => {
    const u2f = fidoU2f(await root.batch());
    const authorities = [authority(root)];
    expect(await classed(u2f, { ...trusting(), metadata: listing({ authorities }, { authorities: true }) })).toBe(
      'device: it leads to no authority that policy trusts',
    );
    expect(await classed(u2f, { ...trusting(root), metadata: listing() })).toBe(
      `device: the FIDO metadata do not list the model ${'00'.repeat(16)}`,
    );
  });

  it('of no number is none that they list', async () => {
    const zeros = '00'.repeat(16);
    const asked: string[] = [];
    const metadata = listing({}, { model: (of) => void asked.push(of), unlisted: true });
    expect(await classed(fidoU2f(await root.batch()), { ...trusting(root), metadata })).toBe('hardware');
    expect(asked).not.toContain(zeros);
  });

  it('that they report as broken enrols nobody, even where it is only claimed', async () => {
    const metadata = listing({ revoked: 'REVOKED' });
    const refused = `authenticator-revoked: the FIDO metadata report REVOKED of the authenticator model Test key (${aaguid})`;
    expect(await by(metadata, root)).toBe(refused);
    expect(await classed(registration(), { ...trusting(), metadata })).toBe(refused);
    expect(await classed(registration(), { ...trusting(), metadata: unlisting() })).toMatch(/^device: /);
  });
});

it('A5: what a U2F key is said to be is not kept: it did not say so', async () => {
  const expected = { rpId, origins: [origin], userVerification: true, challenge: () => true, models: trusting(root) };
  const verified = await verifyRegistration(fidoU2f(await root.batch()), expected);
  expect(verified).toMatchObject({ genuine: true, registration: { class: 'hardware', aaguid: '00'.repeat(16) } });
});

it('A5: a chain without a credential is of no model', async () => {
  const data = {
    rpIdHash: digestOf(new Uint8Array()),
    userPresent: true,
    userVerified: true,
    backupEligible: false,
    backupState: false,
    signCount: 0,
    attested: undefined,
  };
  const models = { ...trusting(root), aaguids: [aaguid] };
  const { der } = await root.batch();
  expect(classOf({ format: 'packed', chain: [parseCertificate(der)] }, data, models)).toMatchObject({
    class: 'device',
    why: `policy does not list the model ${'00'.repeat(16)}`,
  });
});

it('what a hardware credential rests on is kept with it: its authority, and what that attested', async () => {
  const expected = { rpId, origins: [origin], userVerification: true, challenge: () => true, models: trusting(root) };
  const verified = await verifyRegistration(json, expected);
  if (!verified.genuine) throw new Error(verified.message);
  const { attested, notHardware, class: class_ } = verified.registration;
  expect({ class_, notHardware }).toEqual({ class_: 'hardware', notHardware: undefined });
  const { response } = JSON.parse(new TextDecoder().decode(json)) as { response: { attestationObject: string } };
  expect({ ...attested, attestationObject: base64url(attested?.attestationObject ?? '') }).toEqual({
    authority: authorityKey(parseCertificate(root.der)),
    name: 'root 0',
    attestationObject: response.attestationObject,
    clientData: clientData({ type: 'webauthn.create' }),
  });
  expect(attested?.authority).toBe(digestOf(parseCertificate(root.der).spki));
});
