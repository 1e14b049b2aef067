import {
  Metadata,
  type MethodDefinition,
  type ServerInterceptingCallInterface,
  type ServerUnaryCall,
  status,
} from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { Ceiling } from '../../src/api/ceiling.ts';
import { interceptor } from '../../src/api/interceptor.ts';
import { Identities, type Role } from '../../src/api/roles.ts';
import { bind } from '../../src/api/service.ts';
import { TimeServiceService } from '../../src/generated/portcullis/dev/v1/time.ts';
import { trustDomain } from '../certificates.ts';

const { advanceTime } = TimeServiceService;

describe('S1: should TLS ever let a stranger through', () => {
  it('a call without a verified certificate is UNAUTHENTICATED and passed on to nobody', () => {
    const sent: (status | undefined)[] = [];
    const passed: unknown[] = [];
    const begin: { listener?: { onReceiveMetadata(metadata: Metadata): void } } = {};
    const call = {
      getAuthContext: () => ({}),
      sendStatus: ({ code }: { code?: status }) => sent.push(code),
      start: (listener: { onReceiveMetadata(metadata: Metadata): void }) => {
        begin.listener = listener;
      },
    } as unknown as ServerInterceptingCallInterface;
    const door = interceptor({
      identities: new Identities(trustDomain),
      rights: new Map([[advanceTime.path, new Set<Role>(['dev'])]]),
      calls: new Map([['dev', new Ceiling(1)]]),
      callers: new WeakMap(),
      deadline: 1_000,
      log: () => {},
    });
    door(advanceTime as MethodDefinition<unknown, unknown>, call).start({
      onReceiveMetadata: (metadata: Metadata) => passed.push(metadata),
      onReceiveMessage: (message: unknown) => passed.push(message),
      onReceiveHalfClose: () => passed.push('half-close'),
      onCancel: () => {},
    });
    begin.listener?.onReceiveMetadata(new Metadata());
    expect(sent).toEqual([status.UNAUTHENTICATED]);
    expect(passed).toEqual([]);
  });

  it('a call that the interceptor did not see is served to nobody', async () => {
    let reached = 0;
    const service = bind(
      TimeServiceService,
      { advanceTime: ['dev'] },
      {
        advanceTime: () => {
          reached += 1;
          return { now: undefined };
        },
      },
    );
    const [method] = service.methods;
    if (method?.type !== 'unary') throw new Error('AdvanceTime is a unary method');
    const handler = method.serve({
      log: () => {},
      callers: new WeakMap(),
      work: new Map([['dev', new Ceiling(1)]]),
      outlets: new Set(),
    });
    const request = method.deserialize(advanceTime.requestSerialize({ seconds: 1n }));
    const answer = await new Promise<{ readonly code?: status } | null>((resolve) => {
      const call = { metadata: new Metadata(), request } as ServerUnaryCall<typeof request, unknown>;
      handler(call, (error) => resolve(error as { readonly code?: status } | null));
    });
    expect(answer?.code).toBe(status.PERMISSION_DENIED);
    expect(reached).toBe(0);
  });

  it('a ceiling is left once, however often it is said', () => {
    const ceiling = new Ceiling(1);
    const leave = ceiling.enter();
    expect(ceiling.enter()).toBeUndefined();
    leave?.();
    leave?.();
    expect(ceiling.enter()).toBeDefined();
    expect(ceiling.enter()).toBeUndefined();
  });
});
