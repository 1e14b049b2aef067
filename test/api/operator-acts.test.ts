import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ActState,
  type FreezeState,
  OperatorServiceService,
  SubmitOperatorActRequest,
} from '../../src/generated/portcullis/v1/operator.ts';
import { TestStation } from '../custody/station.ts';
import { accepted, call, type Served, serve } from './served.ts';

describe('operators’ acts over gRPC, before a whole station', () => {
  let station: TestStation;
  let served: Served;
  beforeAll(async () => {
    station = await TestStation.open({ operators: {} });
    served = await serve();
    const { acts, operators } = station.custody;
    served.fake.behaviours.set('acts.prepare', (request) => acts.prepare(request as never));
    served.fake.behaviours.set('acts.submit', (request) => acts.submit(request as never));
    served.fake.behaviours.set('acts.get', (id) => acts.get(id as never));
    served.fake.behaviours.set('acts.list', (of) => acts.list(of as never));
    served.fake.behaviours.set('operators.station', () => operators.station());
    served.fake.behaviours.set('operators.freeze', (scope, who, why) =>
      operators.freeze(scope as never, who as never, why as never),
    );
  });
  afterAll(async () => {
    await served.close();
    await station.close();
  });

  it('S5: one operator’s certificate carries two operators’ signatures; neither is its own', async () => {
    const o = OperatorServiceService;
    const client = await served.client('operators');
    const sign = async (name: string, verb: string, why = '') => {
      const payload = Buffer.from(why);
      const prepared = accepted(
        await call(client, o.prepareOperatorAct, { verb, subject: 'station', payload, lifetimeSeconds: 0 }),
      );
      const digest = prepared.intent?.digest.toString('hex') ?? '';
      const signed = station.operators.named(name).sign({ digest: digest as never });
      expect(prepared.credentialIds).toContain(signed.credential);
      const request = SubmitOperatorActRequest.fromPartial({
        intent: prepared.intent?.canonical ?? Buffer.alloc(0),
        attestation: {
          evidence: {
            $case: 'webauthn',
            value: {
              credentialId: signed.credential,
              rawId: Buffer.from(signed.credential, 'base64url'),
              authenticatorData: Buffer.from(signed.authenticatorData),
              clientDataJson: Buffer.from(signed.clientData),
              signature: Buffer.from(signed.signature),
            },
          },
        },
        payload,
      });
      return accepted(await call(client, o.submitOperatorAct, request)).act;
    };
    const refusal = await call(client, o.freeze, { scope: 'station', why: 'drill' });
    expect(refusal).toMatchObject({ ok: false, error: { reason: 'operators-founded' } });
    expect(await sign('olivia', 'freeze', 'drill')).toMatchObject({ state: ActState.DONE, operators: ['olivia'] });
    const frozen: readonly FreezeState[] = accepted(await call(client, o.getStation, {})).freezes;
    expect(frozen).toMatchObject([{ scope: 'station', who: 'olivia', why: 'drill' }]);
    const open = await sign('omar', 'thaw');
    expect(open).toMatchObject({ state: ActState.OPEN, waitingFor: { reason: 'quorum-missing' }, signaturesNeeded: 2 });
    expect(await sign('oscar', 'thaw')).toMatchObject({ id: open?.id, state: ActState.ANNOUNCING });
    const listed = accepted(await call(client, o.listActs, { unsettled: true, limit: 0 }));
    expect(listed.acts).toMatchObject([{ id: open?.id, verb: 'thaw', operators: ['omar', 'oscar'] }]);
    await station.operators.ripen();
    expect(accepted(await call(client, o.getAct, { actId: open?.id ?? '' })).act).toMatchObject({
      state: ActState.DONE,
    });
  });
});
