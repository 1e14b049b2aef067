import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { defaultLimits } from '../../src/api/listener.ts';
import type { Attestation, WithdrawalId } from '../../src/domain/index.ts';
import {
  ActState,
  type OperatorAct,
  OperatorServiceService,
  SubmitOperatorActRequest,
} from '../../src/generated/portcullis/v1/operator.ts';
import { WithdrawalServiceService } from '../../src/generated/portcullis/v1/withdrawal.ts';
import { accepted, call, refused, type Served, serve, until } from '../api/served.ts';
import { type Customer, TestStation } from '../custody/station.ts';

const pending = 5_000;

function onTheWire({ credential, authenticatorData, clientData, signature }: Attestation & { kind: 'webauthn' }) {
  const value = {
    credentialId: credential,
    rawId: Buffer.from(credential, 'base64url'),
    authenticatorData: Buffer.from(authenticatorData),
    clientDataJson: Buffer.from(clientData),
    signature: Buffer.from(signature),
  };
  return { evidence: { $case: 'webauthn' as const, value } };
}

describe('S2: an operator’s freeze under a flood', () => {
  let station: TestStation;
  let served: Served;
  let alice: Customer;
  let letGo: (() => void)[];

  beforeEach(async () => {
    station = await TestStation.open({ operators: {} });
    alice = await station.ripeCustomer('alice');
    served = await serve();
    const { acts } = station.custody;
    served.fake.behaviours.set('acts.prepare', (request) => acts.prepare(request as never));
    served.fake.behaviours.set('acts.submit', (request) => acts.submit(request as never));
    letGo = [];
    served.fake.behaviours.set(
      'withdrawals.cancel',
      () => new Promise((resolve) => letGo.push(() => resolve(alice.authorize('w-0')))),
    );
    // As if they had been asked for: rows of the same shape, under the station's own key.
    const { id } = await alice.authorize('w-1');
    const record = station.store.read('withdrawals', id);
    if (record === undefined) throw new Error('not authorized');
    const more = Array.from({ length: pending }, (_, i) => {
      const state = i % 2 === 0 ? ('HELD' as const) : record.state;
      const own = { ...record, id: `heap-${i}` as WithdrawalId, state, operators: i % 2 === 0 ? 2 : 0 };
      return { table: 'withdrawals', record: own } as const;
    });
    await station.store.decide({}, () => ({ result: undefined, writes: more }));
  });
  afterEach(async () => {
    for (const go of letGo) go();
    await served.close();
    await station.close();
  });

  /** One operator prepares and signs, over the operators' own listener. */
  async function freeze(name: string): Promise<OperatorAct | undefined> {
    const client = await served.client('operators');
    const { prepareOperatorAct, submitOperatorAct } = OperatorServiceService;
    const payload = Buffer.from('a flood');
    const asked = { verb: 'freeze', subject: 'station', payload, lifetimeSeconds: 0 };
    const { intent } = accepted(await call(client, prepareOperatorAct, asked));
    if (intent === undefined) throw new Error('nothing was prepared');
    const signed = station.operators.named(name).sign({ digest: intent.digest.toString('hex') as never });
    if (signed.kind !== 'webauthn') throw new Error('an operator signs with a security key');
    const request = SubmitOperatorActRequest.fromPartial({
      intent: intent.canonical,
      attestation: onTheWire(signed),
      payload,
    });
    return accepted(await call(client, submitOperatorAct, request)).act;
  }

  it('S2: gets through while the withdrawals’ listener has no room and thousands of withdrawals wait', async () => {
    const client = await served.client('withdrawals');
    const { cancelWithdrawal, getWithdrawal } = WithdrawalServiceService;
    const flood = Array.from({ length: defaultLimits.calls.withdrawals }, () =>
      call(client, cancelWithdrawal, { withdrawalId: 'w-1' }),
    );
    await until(() => letGo.length === defaultLimits.calls.withdrawals);
    expect(refused(await call(client, getWithdrawal, { withdrawalId: 'w-1' })).reason).toBe('overloaded');
    // What was let in is being decided on, too.
    const { intent } = await alice.prepare('w-2');
    const attempts = Array.from({ length: 500 }, () =>
      station.custody.withdrawals.authorize({ intent: intent.bytes, attestations: [] }),
    );
    const deciding = Promise.allSettled(attempts);
    expect(await freeze('olivia')).toMatchObject({ state: ActState.DONE, operators: ['olivia'] });
    expect(letGo, 'the flood is still in flight').toHaveLength(defaultLimits.calls.withdrawals);
    expect(station.custody.operators.station().freezes).toMatchObject([{ scope: 'station', who: 'olivia' }]);
    await expect(alice.authorize('w-3')).rejects.toMatchObject({ reason: 'frozen' });
    await deciding;
    for (const go of letGo.splice(0)) go();
    await Promise.all(flood);
  });

  it('S2: looks at none of what waits', async () => {
    const [read, find] = [vi.spyOn(station.store, 'read'), vi.spyOn(station.store, 'find')];
    const decide = vi.spyOn(station.store, 'decide');
    await freeze('olivia');
    expect(read.mock.calls.map(([table]) => table)).not.toContain('withdrawals');
    const named = decide.mock.calls.flatMap(([{ rows = [], lookups = [] }]) =>
      [...rows, ...lookups].map(([what]) => what),
    );
    const looked = [...find.mock.calls.map(([what]) => what), ...named].filter((what) =>
      what.startsWith('withdrawals'),
    );
    expect(looked).toEqual([]);
    expect(decide).toHaveBeenCalled();
  });
});
