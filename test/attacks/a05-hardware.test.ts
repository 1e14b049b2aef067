import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { packedBy } from '../../simulators/authenticator/attester.ts';
import type { AuthenticatorSettings } from '../../simulators/authenticator/authenticator.ts';
import { type AccountId, parseAccountId } from '../../src/domain/index.ts';
import {
  blob,
  entry,
  type Json,
  report,
  type TestService,
  testModel,
  testService,
} from '../attestation/metadata/test-metadata.ts';
import { TestAuthority } from '../attestation/x509/authority.ts';
import { type Customer, TestStation } from '../custody/station.ts';
import { refused } from './attempt.ts';
import { deviceOf, prepareFactor, restartUnder } from './people.ts';

let root: TestAuthority;
let batch: TestAuthority;
let service: TestService;
beforeAll(async () => {
  root = await TestAuthority.root();
  batch = await root.batch();
  service = await testService();
});

let station: TestStation;
afterEach(() => station.close());

const pinned = (of: TestAuthority, name = 'maker') => `{ name: ${name}, certificate: ${JSON.stringify(of.pem)} }`;
const roots = (of: TestAuthority) => `roots: [${pinned(of)}]`;
const metadata = (members = '') =>
  `metadata: { root: ${JSON.stringify(service.root.pem)}, certification: FIDO_CERTIFIED_L1, unlisted: refuse, grace: 30d${members} }`;
const hardwareOnly = (d: string) => d.replace('[device, synced]', '[hardware]');
const policy =
  (...members: readonly string[]) =>
  (document: string): string =>
    `${document.replace('[device, synced]', '[device, synced, hardware]')}authenticators: { ${members.join(', ')} }\n`;
const keyOf = (name: string, of: Partial<AuthenticatorSettings> = {}) =>
  deviceOf(name, { aaguid: testModel, attests: batch.attests(), ...of });
/** The metadata of a day in simulated time. */
const listing = (
  of: Json = {},
  payload: Json = {},
  statement: Json = {},
  authorities: readonly TestAuthority[] = [root],
) => blob(service, { entries: [entry(of, statement, authorities)], nextUpdate: '2022-02-01', ...payload });

const alice = parseAccountId('alice', 'account');
async function classOf(device: ReturnType<typeof deviceOf>, account: AccountId = alice): Promise<string> {
  return (await prepareFactor(station, account, device, undefined)).class;
}

async function ripe(device: ReturnType<typeof deviceOf>): Promise<Customer> {
  const customer = await station.enrol('alice', device);
  station.passDay();
  await customer.list('entry-alice');
  await station.deliver();
  station.passDay();
  return customer;
}

describe('A5: policy accepts only hardware', () => {
  it('A5: an attested key approves, in every algorithm', async () => {
    station = await TestStation.open({ policy: (d) => policy(roots(root))(hardwareOnly(d)) });
    const customer = await ripe(keyOf('key'));
    expect((await customer.authorize('w-1')).state).toBe('AUTHORIZED');
    expect((await station.sign(['w-1'])).state).toBe('PERMITTED');
    for (const alg of [-7, -8, -35, -257])
      expect(await classOf(keyOf(`key${alg}`, { algorithms: [alg] }), parseAccountId(`a${-alg}`, 'account'))).toBe(
        'hardware',
      );
  });

  it('A5: who is refused is told why the key is not of hardware', async () => {
    station = await TestStation.open({ policy: (d) => policy(roots(root))(hardwareOnly(d)) });
    await expect(station.enrol('alice', keyOf('key', { attests: undefined }))).rejects.toThrow(
      'policy accepts hardware, this factor is device: its attestation (none) is nobody’s word but its own',
    );
  });

  it('A5: nothing less is enrolled', async () => {
    station = await TestStation.open({ policy: (d) => policy(roots(root))(hardwareOnly(d)) });
    const foreign = await TestAuthority.root();
    const self = await TestAuthority.root({
      ca: false,
      subject: 'C=AA, O=Test, OU=Authenticator Attestation, CN=Self',
    });
    for (const [name, of] of [
      ['synced', { backup: 'synced' }],
      ['syncable', { backup: 'syncable' }],
      ['silent', { attests: undefined }],
      ['foreign', { attests: (await foreign.batch()).attests() }],
      ['self', { attests: self.attests() }],
      ['root in tow', { attests: (await foreign.batch()).attests(foreign) }],
    ] as const)
      await refused(
        station,
        () => station.enrol(name.replaceAll(' ', '-'), keyOf(name, of)),
        'factor-class-refused',
        'factor',
      );
  });

  it('A5: a model is listed: one that only claims to be it is not hardware', async () => {
    station = await TestStation.open({ policy: policy(roots(root), `aaguids: [${testModel}]`) });
    expect(await classOf(keyOf('attested'))).toBe('hardware');
    expect(await classOf(keyOf('claimed', { attests: undefined }))).toBe('device');
    const foreign = await (await TestAuthority.root()).batch();
    expect(await classOf(keyOf('vouched for by another', { attests: foreign.attests() }))).toBe('device');
    expect(await classOf(keyOf('another', { aaguid: '00000000-0000-4000-8000-000000000001' }))).toBe('device');
  });

  it('A5: what an attestation is of is asked for only where somebody judges it', async () => {
    station = await TestStation.open();
    expect(JSON.parse(await station.custody.factors.begin(alice))).toMatchObject({ attestation: 'none' });
    await restartUnder(station, policy(roots(root)));
    expect(JSON.parse(await station.custody.factors.begin(alice))).toMatchObject({ attestation: 'direct' });
  });

  it('A8: one credential is one account’s: under another it is refused', async () => {
    station = await TestStation.open({ policy: policy(roots(root)) });
    await station.enrol('alice', keyOf('key'));
    await refused(station, () => station.enrol('bob', keyOf('key')), 'factor-exists', 'factor');
  });

  it('A5: an attestation that is false is refused, though policy would take the key without it', async () => {
    station = await TestStation.open({ policy: policy(roots(root)) });
    const false_ = packedBy([batch.der], () => new Uint8Array(70));
    await expect(classOf(keyOf('liar', { attests: false_ }))).rejects.toMatchObject({ reason: 'attestation-invalid' });
  });
});

describe('A5: what a class rests on', () => {
  it('D4: is kept with the factor, under its row’s code', async () => {
    station = await TestStation.open({ policy: policy(roots(root)) });
    const customer = await station.enrol('alice', keyOf('key'));
    const record = station.store.read('factors', customer.credential);
    const kept = JSON.parse(new TextDecoder().decode(record?.attestation ?? new Uint8Array()));
    expect(kept).toMatchObject({ type: 'portcullis/attestation/v1', name: 'maker', authority: record?.authority });
    expect(Buffer.from(kept.attestation_object, 'base64url').includes(Buffer.from(batch.der))).toBe(true);
    const soft = await station.enrol('bob', keyOf('soft', { attests: undefined }));
    expect(station.store.read('factors', soft.credential)).toMatchObject({ authority: null, attestation: null });
    station.db.exec("UPDATE factors SET authority = '00' WHERE account = 'alice'");
    expect(() => station.store.read('factors', customer.credential)).toThrow();
  });

  it('A5: an authority that policy pins no longer: what it attested approves nothing, nor is it signed', async () => {
    station = await TestStation.open({ policy: policy(roots(root)) });
    const customer = await ripe(keyOf('key'));
    await customer.authorize('w-1');
    await restartUnder(station, policy(roots(await TestAuthority.root())));
    await refused(station, () => customer.authorize('w-2'), 'authenticator-revoked', 'withdrawal');
    await refused(station, () => station.sign(['w-1']), 'authenticator-revoked', 'transaction');
    // Another certificate of the same key is the same authority.
    const renewed = await TestAuthority.root({ keys: root.keys, pathLength: 3 });
    await restartUnder(station, policy(roots(renewed)));
    expect((await customer.authorize('w-2')).state).toBe('AUTHORIZED');
  });
});

it('A5: a model that policy lists no longer: a key of it approves nothing, nor is it signed what it approved', async () => {
  const listed = (...models: readonly string[]) => policy(roots(root), `aaguids: [${models.join(', ')}]`);
  station = await TestStation.open({ policy: policy(roots(root)) });
  const customer = await ripe(keyOf('key'));
  await customer.authorize('w-1');
  await restartUnder(station, listed(testModel));
  expect((await customer.authorize('w-2')).state).toBe('AUTHORIZED');
  await restartUnder(station, listed('00000000-0000-4000-8000-000000000001'));
  await refused(station, () => customer.authorize('w-3'), 'authenticator-revoked', 'withdrawal');
  await refused(station, () => station.sign(['w-1']), 'authenticator-revoked', 'transaction');
});

describe('A5: FIDO metadata', () => {
  const opened = (text: string, ...members: readonly string[]) =>
    TestStation.open({
      policy: policy(roots(root), ...(members.length === 0 ? [metadata()] : members)),
      metadata: text,
    });

  it('A5: a model that they certify is hardware; less is not, nor what they don’t list', async () => {
    station = await opened(listing());
    expect(await classOf(keyOf('key'))).toBe('hardware');
    expect(await classOf(keyOf('unlisted', { aaguid: '00000000-0000-4000-8000-000000000001' }))).toBe('device');
    station.metadata = listing({ statusReports: [report('FIDO_CERTIFIED')] });
    await station.restart();
    expect(await classOf(keyOf('key'))).toBe('device');
    station.metadata = listing({}, {}, { keyProtection: ['software'] });
    await station.restart();
    expect(await classOf(keyOf('key'))).toBe('device');
  });

  it('A5: a model that they name another authority for is not hardware, whoever policy pins', async () => {
    station = await opened(listing({}, {}, {}, [await TestAuthority.root()]));
    expect(await classOf(keyOf('key'))).toBe('device');
  });

  it('A5: a model that they don’t list is hardware where policy says so', async () => {
    station = await opened(listing(), metadata().replace('unlisted: refuse', 'unlisted: accept'));
    expect(await classOf(keyOf('unlisted', { aaguid: '00000000-0000-4000-8000-000000000001' }))).toBe('hardware');
  });

  it('A5: a model that they report broken is not enrolled, even where it is only claimed', async () => {
    station = await opened(listing({ statusReports: [report('FIDO_CERTIFIED_L1'), report('REVOKED')] }));
    for (const attests of [batch.attests(), undefined])
      await expect(classOf(keyOf('key', { attests }))).rejects.toMatchObject({ reason: 'authenticator-revoked' });
  });

  it('A5: a model that is broken later approves nothing, nor is what it approved signed', async () => {
    station = await opened(listing());
    const customer = await ripe(keyOf('key', { attests: undefined }));
    await customer.authorize('w-1');
    station.metadata = listing({ statusReports: [report('USER_KEY_REMOTE_COMPROMISE')] }, { no: 8 });
    await station.restart();
    await refused(station, () => customer.authorize('w-2'), 'authenticator-revoked', 'withdrawal');
    await refused(station, () => station.sign(['w-1']), 'authenticator-revoked', 'transaction');
  });

  it('A5: authorities that they name count where policy believes them, for their model, as long as they name them', async () => {
    const named = await TestAuthority.root();
    const attests = (await named.batch()).attests();
    station = await opened(listing({}, {}, {}, [named]), metadata(', roots: believed'));
    const customer = await ripe(keyOf('key', { attests }));
    expect(station.store.read('factors', customer.credential)?.class).toBe('hardware');
    expect(await classOf(keyOf('other', { attests, aaguid: '00000000-0000-4000-8000-000000000001' }))).toBe('device');
    expect((await customer.authorize('w-1')).state).toBe('AUTHORIZED');
    await restartUnder(station, policy(roots(root), metadata(', roots: ignored')));
    expect(await classOf(keyOf('third', { attests }), parseAccountId('carol', 'account'))).toBe('device');
    await refused(station, () => customer.authorize('w-2'), 'authenticator-revoked', 'withdrawal');
  });

  it('A5: that are too old make nothing hardware, and what is hardware goes on', async () => {
    station = await opened(listing());
    const customer = await ripe(keyOf('key'));
    station.time.pass(30 * 86_400_000);
    expect(await classOf(keyOf('late'), parseAccountId('bob', 'account'))).toBe('hardware');
    station.time.pass(30 * 86_400_000);
    expect(await classOf(keyOf('later'), parseAccountId('bob', 'account'))).toBe('device');
    expect((await customer.authorize('w-1')).state).toBe('AUTHORIZED');
  });

  it('never go back: a number that was there before is remembered under a code', async () => {
    station = await opened(listing({}, { no: 9 }));
    await station.settle();
    await expect.poll(() => station.store.look({}).station.metadata).toBe(9);
    await station.restart();
    await station.stop();
    station.metadata = listing({}, { no: 8 });
    expect(() => station.start()).toThrow('config.metadata: has the number 8, and 9 was there before');
    station.metadata = listing({}, { no: 9 });
    station.start();
  });

  it('A5: a policy that takes effect opens them at once, and what they report counts from then on', async () => {
    station = await TestStation.open({ operators: {}, metadata: listing({ statusReports: [report('REVOKED')] }) });
    const customer = await ripe(keyOf('key'));
    expect((await customer.authorize('w-1')).state).toBe('AUTHORIZED');
    const wanting = (d: string) => `${d}authenticators: { ${metadata()} }\n`;
    await station.operators.act(['olivia', 'omar'], 'policy', 'document', station.document(wanting));
    await expect.poll(() => station.store.look({}).station.metadata).toBe(7);
    await refused(station, () => customer.authorize('w-2'), 'authenticator-revoked', 'withdrawal');
  });

  it('A5: a policy that takes effect without them at hand makes nothing hardware, and says so', async () => {
    station = await TestStation.open({ operators: {}, policy: policy(roots(root)) });
    expect(await classOf(keyOf('key'))).toBe('hardware');
    const wanting = (d: string) => d.replace('authenticators: {', `authenticators: { ${metadata()},`);
    await station.operators.act(['olivia', 'omar'], 'policy', 'document', station.document(wanting));
    expect(station.events).toContain('metadata-unusable');
    expect(await classOf(keyOf('key'))).toBe('device');
  });

  it.each([
    ['missing', undefined, 'config.metadata: is missing'],
    ['of another service', 'foreign', 'signed by nobody whom policy trusts'],
    ['damaged', 'x.y.z', 'the FIDO metadata'],
  ])('that are %s keep the station from starting where policy wants them', async (_, text, message) => {
    station = await opened(listing());
    await station.stop();
    station.metadata = text === 'foreign' ? blob(await testService()) : text;
    expect(() => station.start()).toThrow(message);
    station.metadata = listing();
    station.start();
  });
});
