import { afterEach, describe, expect, it } from 'vitest';
import { checkSpellings } from '../../src/custody/chain.ts';
import { readPolicyDocument } from '../../src/custody/policy-document.ts';
import { type Address, type AssetId, parseEntryId, parseWithdrawalId } from '../../src/domain/index.ts';
import { refused } from '../attacks/attempt.ts';
import { restartUnder } from '../attacks/people.ts';
import { policyOf } from '../gate/hand-made.ts';
import { alicesAddress, policyDocument, TestStation, tokenAsset } from './station.ts';

const denied = (document: string): string => `${document}denied: ['${alicesAddress}']\n`;

describe('a denied destination', () => {
  let station: TestStation | undefined;
  afterEach(async () => {
    await station?.close();
    station = undefined;
  });

  it('is shown by Prepare and refused by AddDestination', async () => {
    station = await TestStation.open({ policy: denied });
    const of = station;
    const alice = await of.enrol('alice');
    of.passDay();
    const { intent, rules } = await of.custody.destinations.prepare({
      entry: parseEntryId('entry-1', 'entry'),
      account: alice.account,
      destination: alicesAddress,
      label: '',
      lifetime: undefined,
    });
    expect(rules.find(({ rule }) => rule === 'destination-not-denied')?.refusal?.reason).toBe('destination-denied');
    const add = () =>
      of.custody.destinations.add({ intent: intent.bytes, attestations: [alice.attest(intent.digest)] });
    await refused(of, add, 'destination-denied', 'destination');
  });

  it('I3: tightens at once: what was authorized before is not signed, what was listed before not authorized', async () => {
    station = await TestStation.open();
    const of = station;
    const alice = await of.ripeCustomer('alice');
    await alice.authorize('w-1');
    await restartUnder(of, denied);
    await refused(of, () => of.sign(['w-1']), 'destination-denied', 'transaction');
    await refused(of, () => alice.authorize('w-2'), 'destination-denied', 'withdrawal');
    expect(of.custody.withdrawals.get(parseWithdrawalId('w-1', 'id')).state).toBe('AUTHORIZED');
  });

  it('I3: stops a transaction on its way to the device', async () => {
    station = await TestStation.open();
    const of = station;
    const alice = await of.ripeCustomer('alice');
    await alice.authorize('w-1');
    of.signer.readiness = { ready: false, reason: 'device-locked', message: 'locked' };
    const { id } = await of.sign(['w-1']);
    await of.settle();
    await restartUnder(of, denied);
    of.signer.readiness = { ready: true, device: 'fake' };
    of.signer.changed();
    await of.settle();
    expect(of.custody.transactions.get(id)).toMatchObject({ state: 'PERMITTED', blockedBy: 'destination-denied' });
    expect(of.signer.seen).toHaveLength(0);
  });

  it('D7: stands in its chain’s one form, or the policy is refused', () => {
    const policy = policyOf(denied);
    expect(() => checkSpellings(policy)).not.toThrow();
    const lower = new Set([alicesAddress.toLowerCase() as Address]);
    expect(() => checkSpellings({ ...policy, denied: lower })).toThrow('policy.denied');
    expect(() => checkSpellings({ ...policy, denied: lower, chains: new Map() })).not.toThrow();
  });
});

describe('D7: what else policy names by an address', () => {
  const policy = policyOf((document) => document);

  it('a treasury destination stands in its chain’s one form: in another it would be no way to safety when it is needed', () => {
    const treasury = (address: string) => [{ address: address as Address, label: 'cold', evacuation: true }];
    expect(() => checkSpellings({ ...policy, treasury: treasury(alicesAddress) })).not.toThrow();
    expect(() => checkSpellings({ ...policy, treasury: treasury(alicesAddress.toLowerCase()) })).toThrow(
      'policy.treasury',
    );
    const noAddress = `${alicesAddress.slice(0, -1)}`;
    expect(() => checkSpellings({ ...policy, treasury: treasury(noAddress) })).toThrow('policy.treasury');
  });

  it('so does an asset: a limit on another spelling of it would count nothing', () => {
    expect(() => checkSpellings(policy)).not.toThrow();
    const [of] = policy.assets.values();
    const assets = (asset: string) => new Map(of === undefined ? [] : [[asset as AssetId, of] as const]);
    expect(() => checkSpellings({ ...policy, assets: assets(tokenAsset) })).not.toThrow();
    expect(() => checkSpellings({ ...policy, assets: assets(tokenAsset.toLowerCase()) })).toThrow('policy.assets');
  });

  it('and a document with either in another form is refused where it is read', () => {
    const read = (document: string) => readPolicyDocument(new TextEncoder().encode(document));
    const own = policyDocument({ x: 'A'.repeat(43) }, (document) => document);
    expect(() => read(own)).not.toThrow();
    const list = `treasury: [{ address: '${alicesAddress.toLowerCase()}', label: cold }]\n`;
    expect(() => read(own + list)).toThrow('policy.treasury');
    expect(() => read(own.replace(tokenAsset, tokenAsset.toLowerCase()))).toThrow('policy.assets');
  });
});
