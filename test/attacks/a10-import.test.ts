import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ActId, day, importManifestBytes, parseImportManifest } from '../../src/domain/index.ts';
import { addressLine, approveImport, chunkOf, manifestOf, OldPasskey, send } from '../custody/importing.ts';
import { mallorysAddress, TestStation } from '../custody/station.ts';
import { deviceOf } from './people.ts';

const two = ['olivia', 'omar'] as const;

describe('A10, A8: an import as a way in for a thief’s passkeys', () => {
  let station: TestStation;
  const alice = new OldPasskey('alice');
  const thief = new OldPasskey('alice', deviceOf('the thief’s'));
  const chunk = chunkOf(alice.line());
  const factors = () => station.custody.factors.list(alice.account).map(({ record }) => record.id);
  const refused = (act: ActId, reason: string, index = 0, records = chunk) =>
    expect(send(station, act, index, records)).rejects.toMatchObject({ reason });

  beforeEach(async () => {
    station = await TestStation.open({ operators: {} });
  });
  afterEach(() => station.close());

  it('S5: one operator imports nothing, and a quorum nothing before its act was announced and ripened', async () => {
    const manifest = manifestOf(station, chunk);
    const first = await station.operators.sign('olivia', 'import', 'onboarding', manifest);
    expect(first.description).toMatch(/^Import up to 1 passkey\(s\) and 0 address\(es\) of customers, of 1 chunk\(s\)/);
    await refused(first.act.id, 'act-unripe');
    const second = await station.operators.sign('omar', 'import', 'onboarding', manifest);
    expect(second.act.state).toBe('ANNOUNCING');
    await refused(first.act.id, 'act-unripe');
    await station.deliver();
    station.time.pass(day - 60_000);
    await refused(first.act.id, 'act-unripe');
    station.time.pass(120_000);
    await station.running.timekeeper.tick();
    await send(station, first.act.id, 0, chunk);
    expect(factors()).toEqual([alice.credential]);
  });

  it('S5: any one operator ends it while it ripens', async () => {
    const { act } = await station.operators.act(two, 'import', 'onboarding', manifestOf(station, chunk));
    await station.operators.sign('oscar', 'refuse', `act:${act.id}`);
    await station.operators.ripen();
    await refused(act.id, 'act-settled');
  });

  it('another act imports nothing, nor does one that there is not', async () => {
    const { act } = await station.operators.act(two, 'policy', 'prices', prices);
    expect(act.state).toBe('DONE');
    await refused(act.id, 'not-found');
    await refused('00'.repeat(32) as ActId, 'not-found');
  });

  it('I2: a chunk that the manifest does not name is refused, and one under another’s number', async () => {
    const other = chunkOf(new OldPasskey('bob').line());
    const act = await approveImport(station, chunk, other);
    await refused(act, 'malformed', 0, chunkOf(thief.line()));
    await refused(act, 'malformed', 0, other);
    await refused(act, 'malformed', 2, chunk);
    expect(factors()).toEqual([]);
  });

  it('A8: no key gets in beside a customer’s own, nor beside one that this customer lost', async () => {
    const act = await approveImport(station, chunkOf(thief.line(), addressLine('alice', mallorysAddress)));
    await station.enrol('alice');
    const stolen = await send(station, act, 0, chunkOf(thief.line(), addressLine('alice', mallorysAddress)));
    expect(stolen.skipped.map(({ reason }) => reason)).toEqual(['account-not-new', 'account-not-new']);
    expect(factors()).not.toContain(thief.credential);
  });

  it('A8: another import adds nothing to an account that one began', async () => {
    await send(station, await approveImport(station, chunk), 0, chunk);
    const more = chunkOf(thief.line(), addressLine('alice', mallorysAddress));
    const told = await send(station, await approveImport(station, more), 0, more);
    expect(told.skipped).toHaveLength(2);
    expect(factors()).toEqual([alice.credential]);
  });

  it('A8: once an owner revoked one or objected, the same import adds nothing more', async () => {
    const more = chunkOf(thief.line(), addressLine('alice', mallorysAddress));
    const act = await approveImport(station, chunk, more);
    await send(station, act, 0, chunk);
    await station.custody.factors.revoke(alice.credential);
    const told = await send(station, act, 1, more);
    expect(told.skipped).toHaveLength(2);
    expect(factors()).toEqual([alice.credential]);
  });

  it('A8: nor does it once one of several is revoked, and the account is not frozen', async () => {
    const second = new OldPasskey('alice', deviceOf('alice’s second'));
    const one = chunkOf(alice.line(), second.line());
    const more = chunkOf(thief.line());
    const act = await approveImport(station, one, more);
    await send(station, act, 0, one);
    await station.custody.factors.revoke(second.credential);
    const told = await send(station, act, 1, more);
    expect(told.skipped.map(({ reason }) => reason)).toEqual(['account-not-new']);
  });

  it('A10: an account of an MFA service’s takes none, nor a credential that is another’s', async () => {
    const bob = await station.enrol('bob');
    const stolen = chunkOf(alice.line({ credential: bob.credential }));
    const told = await send(station, await approveImport(station, stolen), 0, stolen);
    expect(told.skipped.map(({ reason }) => reason)).toEqual(['factor-exists']);
    const act = await approveImport(station, chunk);
    await station.store.decide({ rows: [['accounts', 'alice']] }, (facts) => ({
      result: undefined,
      writes: [
        {
          table: 'accounts',
          record: { account: alice.account, everEnrolled: 0, since: facts.w, firstPaid: null, usesService: true },
        },
      ],
    }));
    expect((await send(station, act, 0, chunk)).skipped.map(({ reason }) => reason)).toEqual(['account-not-new']);
  });

  it('A5, I6: neither hardware nor age can be claimed: there is no such member', async () => {
    for (const claim of [{ class: 'hardware' }, { enrolled: '2020-01-01T00:00:00Z' }, { w0: '0' }, { state: 'ripe' }]) {
      const claiming = chunkOf(alice.line(claim));
      await refused(await approveImport(station, claiming), 'malformed', 0, claiming);
    }
    expect(factors()).toEqual([]);
  });

  it('S5: it brings no more than the operators read', async () => {
    const both = chunkOf(alice.line(), addressLine('alice'));
    const manifest = { ...parseImportManifest(manifestOf(station, both)), destinations: 0 };
    const { act } = await station.operators.act(two, 'import', 'onboarding', importManifestBytes(manifest));
    await station.operators.ripen();
    await refused(act.id, 'malformed', 0, both);
  });

  it('S11, A9: what was approved ends with its policy, with the epoch of factors, with time, and stands still in a freeze', async () => {
    const other = chunkOf(new OldPasskey('bob').line());
    const act = await approveImport(station, chunk, other);
    await station.operators.sign('olivia', 'freeze', 'station', 'drill');
    await refused(act, 'frozen');
    await station.operators.act(two, 'thaw', 'station', '');
    await station.operators.ripen();
    await send(station, act, 0, chunk);
    station.time.pass(15 * day);
    await refused(act, 'import-over', 1, other);
    const again = await approveImport(station, other);
    await station.operators.act(two, 'epoch', 'factors');
    await refused(again, 'act-lapsed', 0, other);
  });

  it('A9: raising the epoch ends an act that still ripens, too; one that was opened since imports', async () => {
    const { act } = await station.operators.act(two, 'import', 'onboarding', manifestOf(station, chunk));
    await station.operators.act(two, 'epoch', 'factors');
    await station.operators.ripen();
    expect(station.store.read('acts', act.id)?.state).toBe('LAPSED');
    await refused(act.id, 'act-settled');
    expect(factors()).toEqual([]);
    await send(station, await approveImport(station, chunk), 0, chunk);
    expect(factors()).toEqual([alice.credential]);
  });

  it('S11: a policy that came into force since ends it', async () => {
    const act = await approveImport(station, chunk);
    const changed = station.document((document) => document.replace('nonce_window: 4', 'nonce_window: 5'));
    await station.operators.act(two, 'policy', 'document', changed);
    await station.operators.ripen();
    await refused(act, 'act-lapsed');
  });

  it('a manifest is of this station, canonical, and names each chunk once', async () => {
    const whole = parseImportManifest(manifestOf(station, chunk));
    const other = importManifestBytes({ ...whole, station: `${'0'.repeat(32)}/1` as never });
    const twice = importManifestBytes({ ...whole, chunks: [...whole.chunks, ...whole.chunks] });
    const spaced = new TextEncoder().encode(`${new TextDecoder().decode(manifestOf(station, chunk))} `);
    for (const wrong of [other, twice, spaced])
      await expect(station.operators.prepare('import', 'onboarding', wrong)).rejects.toMatchObject({
        reason: 'malformed',
      });
  });
});

const prices = '{"currency":"USD","decimals":"2","eip155:11155111/slip44:60":"300025","type":"portcullis/prices/v1"}';
