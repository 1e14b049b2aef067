import { status } from '@grpc/grpc-js';
import { service } from 'grpc-health-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bind } from '../../src/api/service.ts';
import { TimeServiceService } from '../../src/generated/portcullis/dev/v1/time.ts';
import { accepted, call, drain, open, refused, type Served, sendBytes, serve } from './served.ts';

function method(name: string) {
  const found = service[name];
  if (found === undefined) throw new Error(`grpc.health.v1 has no ${name}`);
  return found;
}
const check = method('Check');
const watch = method('Watch');
const list = method('List');

let served: Served;
beforeEach(async () => {
  served = await serve();
});
afterEach(() => served.close());

describe('grpc.health.v1', () => {
  it.each(['withdrawals', 'operators', 'courier', 'auditors'] as const)(
    'answers %s on each listener that lets it connect',
    async (role) => {
      for (const listener of role === 'operators' ? (['main', 'operators'] as const) : (['main'] as const)) {
        const client = await served.client(role, listener);
        expect(accepted(await call(client, check, { service: '' }))).toEqual({ status: 'SERVING' });
      }
    },
  );

  it('answers nobody without a role', async () => {
    const nobody = await served.ca.issue({ names: [] });
    expect(refused(await call(await served.client(nobody), check, { service: '' })).code).toBe(status.UNAUTHENTICATED);
    const dev = await served.client('dev');
    expect(refused(await call(dev, check, { service: '' }))).toMatchObject({ code: status.PERMISSION_DENIED });
  });

  it('knows the services of its own listener', async () => {
    const main = await served.client('withdrawals', 'main');
    const operators = await served.client('operators', 'operators');
    const name = 'portcullis.v1.WithdrawalService';
    expect(accepted(await call(main, check, { service: name }))).toEqual({ status: 'SERVING' });
    expect(refused(await call(operators, check, { service: name }))).toMatchObject({
      code: status.NOT_FOUND,
      reason: 'not-found',
    });
    const { statuses } = accepted(await call(operators, list, {})) as { statuses: Record<string, unknown> };
    expect(Object.keys(statuses).sort()).toEqual(['', 'portcullis.v1.OperatorService']);
  });

  it('S10: a name that is not printable comes back escaped', async () => {
    const client = await served.client('withdrawals');
    const error = refused(await call(client, check, { service: 'x\n\u202e' }));
    expect(error.message).toMatch(/^[\x20-\x7e]+$/);
  });

  it('Watch tells when the station begins to stop, and of a service that it does not know', async () => {
    const client = await served.client('courier');
    const stranger = open(client, watch, { service: 'nothing' });
    expect(await drain(stranger, 1)).toMatchObject({ values: [{ status: 'SERVICE_UNKNOWN' }] });
    const stream = open(client, watch, { service: '' });
    const ended = drain(stream);
    await new Promise((resolve) => stream.once('data', resolve));
    await served.api.close(5_000);
    expect(await ended).toMatchObject({
      values: [{ status: 'SERVING' }, { status: 'NOT_SERVING' }],
      error: { code: status.UNAVAILABLE },
    });
  });

  it('bytes that are no message are INVALID_ARGUMENT here too', async () => {
    const client = await served.client('courier');
    const error = await sendBytes(client, check, Buffer.from([0xff, 0xff]));
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, reason: 'malformed' });
  });
});

describe('an emulated station’s own services', () => {
  it('are served to dev alone, beside health', async () => {
    const advanced: bigint[] = [];
    const time = bind(
      TimeServiceService,
      { advanceTime: ['dev'] },
      {
        advanceTime: ({ seconds }) => {
          advanced.push(seconds);
          return { now: new Date(0) };
        },
      },
    );
    const emulated = await serve({ extraServices: [time] });
    const dev = await emulated.client('dev');
    const { advanceTime } = TimeServiceService;
    expect(accepted(await call(dev, advanceTime, { seconds: 60n }))).toEqual({ now: new Date(0) });
    expect(advanced).toEqual([60n]);
    expect(accepted(await call(dev, check, { service: 'portcullis.dev.v1.TimeService' }))).toEqual({
      status: 'SERVING',
    });
    for (const role of ['withdrawals', 'operators', 'courier', 'auditors'] as const) {
      const client = await emulated.client(role, 'main');
      expect(refused(await call(client, advanceTime, { seconds: 1n })).code).toBe(status.PERMISSION_DENIED);
    }
    await emulated.close();
    const real = await served.client('withdrawals');
    expect(refused(await call(real, advanceTime, { seconds: 1n })).code).toBe(status.UNIMPLEMENTED);
  });
});
