import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { type Client, type ServiceError, status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { defaultLimits } from '../../src/api/listener.ts';
import type { Role } from '../../src/api/roles.ts';
import { JournalServiceService } from '../../src/generated/portcullis/v1/journal.ts';
import { OperatorServiceService } from '../../src/generated/portcullis/v1/operator.ts';
import { SignTransactionRequest, TransactionServiceService } from '../../src/generated/portcullis/v1/transaction.ts';
import { WithdrawalServiceService } from '../../src/generated/portcullis/v1/withdrawal.ts';
import { psbtOf, recipients } from '../chains/bitcoin/requests.ts';
import { regtest, walletOf } from '../chains/bitcoin/wallets.ts';
import * as fake from './fake-custody.ts';
import {
  accepted,
  call,
  drain,
  errorView,
  methods,
  open,
  refused,
  type Served,
  sendBytes,
  serve,
  until,
} from './served.ts';

let served: Served;
afterEach(() => served.close());

const get = WithdrawalServiceService.getWithdrawal;
const cancel = WithdrawalServiceService.cancelWithdrawal;
const request = { withdrawalId: 'w-1' };
const calls = (withdrawals: number) => ({ ...defaultLimits.calls, withdrawals });

/** Makes a method of the fake hang until `release`. */
function hang(path: string): { readonly waiting: () => number; release(): void } {
  const waiting: (() => void)[] = [];
  served.fake.behaviours.set(
    path,
    () =>
      new Promise((resolve) => {
        waiting.push(() => resolve(fake.withdrawal));
      }),
  );
  return {
    waiting: () => waiting.length,
    release: () => {
      for (const go of waiting.splice(0)) go();
    },
  };
}

describe('S2: size', () => {
  it('a request over 1 MiB is not read, by any method', async () => {
    served = await serve();
    const clients = new Map<string, Client>();
    for (const method of methods) {
      const client = clients.get(method.role) ?? (await served.client(method.role));
      clients.set(method.role, client);
      const error = await sendBytes(client, method, Buffer.alloc(1024 * 1024 + 1));
      expect(error?.code, method.path).toBe(status.RESOURCE_EXHAUSTED);
      expect(error, method.path).toMatchObject({ reason: 'message-too-large', domain: 'portcullis' });
    }
    expect(served.fake.asked).toEqual([]);
  });

  it('B2: a PSBT of 20 inputs with 16 KB before each and of 200 outputs is read, with its authorizations inline', async () => {
    served = await serve();
    const wallet = walletOf({ script: 'wpkh', chain: regtest });
    const coins = Array.from({ length: 20 }, (_, n) => ({ branch: 0, index: n, amount: 10n ** 8n, vout: 500 }));
    const outputs = Array.from({ length: 200 }, (_, i) => ({ script: recipients.wpkh, amount: 10_000n + BigInt(i) }));
    const unsigned = Buffer.from(psbtOf(wallet, { coins, outputs }));
    expect(unsigned.length).toBeGreaterThan(20 * 15_000);
    const assertion = {
      credentialId: fake.credential,
      rawId: Buffer.from(fake.credential, 'base64url'),
      authenticatorData: Buffer.alloc(37, 1),
      clientDataJson: Buffer.alloc(200, 1),
      signature: Buffer.alloc(72, 1),
    };
    const authorization = {
      intent: Buffer.alloc(700, 1),
      attestations: [{ evidence: { $case: 'webauthn' as const, value: assertion } }],
    };
    const sent = SignTransactionRequest.fromPartial({
      wallet: 'hot',
      unsigned,
      withdrawalIds: outputs.map((_, i) => `${'w'.repeat(60)}${i}`),
      authorizations: outputs.map(() => authorization),
    });
    accepted(await call(await served.client('withdrawals'), TransactionServiceService.signTransaction, sent));
    expect(served.fake.last('transactions.sign')).toMatchObject([{ unsigned }]);
  });

  it('an answer over 4 MiB is not sent', async () => {
    served = await serve();
    served.fake.behaviours.set('journal.receipt', () => Buffer.alloc(4 * 1024 * 1024));
    const client = await served.client('auditors');
    const error = refused(await call(client, JournalServiceService.getReceipt, { withdrawalId: 'w-1' }));
    expect(error).toMatchObject({ code: status.RESOURCE_EXHAUSTED, reason: 'message-too-large' });
  });
});

describe('S2: work in flight', () => {
  it('above the ceiling is refused as overloaded, and let in again when there is room', async () => {
    served = await serve({ limits: { calls: calls(3) } });
    const held = hang('withdrawals.cancel');
    const client = await served.client('withdrawals');
    const pending = [1, 2, 3].map(() => call(client, cancel, request));
    await until(() => held.waiting() === 3);
    const error = refused(await call(client, get, request));
    expect(error).toMatchObject({ code: status.RESOURCE_EXHAUSTED, reason: 'overloaded', domain: 'portcullis' });
    // Another connection of the same role is no way around it.
    expect(refused(await call(await served.client('withdrawals'), get, request)).reason).toBe('overloaded');
    held.release();
    for (const outcome of await Promise.all(pending)) expect(outcome.ok).toBe(true);
    await until(async () => (await call(client, get, request)).ok);
  });

  it('of one role takes nothing from the others', async () => {
    served = await serve({ limits: { calls: calls(1) } });
    const held = hang('withdrawals.cancel');
    const pending = call(await served.client('withdrawals'), cancel, request);
    await until(() => held.waiting() === 1);
    const auditors = await served.client('auditors');
    accepted(await call(auditors, JournalServiceService.getCheckpoint, { consistentWithSize: 0n }));
    held.release();
    await pending;
  });

  it('a freeze gets through while the main listener is full', async () => {
    served = await serve({ limits: { calls: calls(2), connections: 2 } });
    const held = hang('withdrawals.cancel');
    const client = await served.client('withdrawals');
    const pending = [1, 2].map(() => call(client, cancel, request));
    await until(() => held.waiting() === 2);
    expect(refused(await call(client, get, request)).reason).toBe('overloaded');
    const operators = await served.client('operators');
    accepted(await call(operators, OperatorServiceService.freeze, { scope: 'station', why: 'flood' }));
    expect(served.fake.last('operators.freeze')).toEqual(['station', 'test-operators', 'flood']);
    held.release();
    await Promise.all(pending);
  });

  it('streams count until they end', async () => {
    served = await serve({ limits: { calls: calls(2) } });
    const client = await served.client('withdrawals');
    const watch = () => {
      const stream = open(client, WithdrawalServiceService.watchWithdrawals, { withdrawalIds: ['w-1'] });
      stream.on('error', () => {});
      return stream;
    };
    const streams = [watch(), watch()];
    await Promise.all(streams.map((stream) => new Promise((resolve) => stream.once('data', resolve))));
    expect((await drain(watch())).error).toMatchObject({ code: status.RESOURCE_EXHAUSTED, reason: 'overloaded' });
    streams[0]?.cancel();
    await until(async () => (await call(client, get, request)).ok);
    streams[1]?.cancel();
  });

  it('counts though its callers hung up: cancelling frees no room for more work', async () => {
    served = await serve({ limits: { calls: calls(2) } });
    const held = hang('withdrawals.cancel');
    const client = await served.client('withdrawals');
    const abandon = async () => {
      const before = held.waiting();
      await new Promise<void>((resolve) => {
        const pending = client.makeUnaryRequest(
          cancel.path,
          cancel.requestSerialize,
          cancel.responseDeserialize,
          request,
          () => resolve(),
        );
        void until(() => held.waiting() > before).then(() => pending.cancel());
      });
    };
    await abandon();
    await abandon();
    // The calls are gone, their work is not.
    const error = refused(await call(client, cancel, request));
    expect(error).toMatchObject({ code: status.RESOURCE_EXHAUSTED, reason: 'overloaded' });
    held.release();
    await until(async () => (await call(client, get, request)).ok);
  });
});

describe('S2: time', () => {
  it('a call that gets no answer ends by the station’s own deadline, and its work goes on', async () => {
    served = await serve({ limits: { deadline: 250 } });
    const held = hang('withdrawals.cancel');
    const client = await served.client('withdrawals');
    const error = refused(await call(client, cancel, request));
    expect(error).toMatchObject({ code: status.DEADLINE_EXCEEDED, reason: 'deadline-exceeded', domain: 'portcullis' });
    expect(held.waiting()).toBe(1);
    held.release();
  });

  it('a client’s deadline or cancellation stops nothing: custody finishes what it began', async () => {
    served = await serve();
    let finished = 0;
    const held = hang('withdrawals.cancel');
    const inner = served.fake.behaviours.get('withdrawals.cancel');
    served.fake.behaviours.set('withdrawals.cancel', async (...args) => {
      await inner?.(...args);
      finished += 1;
      return fake.withdrawal;
    });
    const client = await served.client('withdrawals');
    accepted(await call(client, get, request));
    const error = await new Promise<ServiceError | null>((resolve) => {
      const options = { deadline: Date.now() + 500 };
      client.makeUnaryRequest(
        cancel.path,
        cancel.requestSerialize,
        cancel.responseDeserialize,
        request,
        options,
        (failed) => resolve(failed),
      );
    });
    expect(error?.code).toBe(status.DEADLINE_EXCEEDED);
    await until(() => held.waiting() === 1);
    held.release();
    await until(() => finished === 1);
  });

  it('a request that does not arrive ends by the deadline and gives its room back', async () => {
    served = await serve({ limits: { deadline: 250, calls: calls(1) } });
    const client = await served.client('withdrawals');
    for (const path of [cancel.path, WithdrawalServiceService.watchWithdrawals.path]) {
      const error = await new Promise<ServiceError>((resolve) => {
        const slow = client.makeClientStreamRequest(
          path,
          cancel.requestSerialize,
          cancel.responseDeserialize,
          (failed) => {
            if (failed !== null) resolve(failed);
          },
        );
        slow.on('error', () => {});
      });
      expect(errorView(error).code).toBe(status.DEADLINE_EXCEEDED);
    }
    await until(async () => (await call(client, get, request)).ok);
  });

  it('a request that is still arriving counts: so many are open, and no more', async () => {
    served = await serve({ limits: { calls: calls(1) } });
    const client = await served.client('withdrawals');
    const slow = client.makeClientStreamRequest(
      cancel.path,
      cancel.requestSerialize,
      cancel.responseDeserialize,
      () => {},
    );
    slow.on('error', () => {});
    await until(async () => {
      const outcome = await call(client, get, request);
      return !outcome.ok && outcome.error.reason === 'overloaded';
    });
    slow.cancel();
    await until(async () => (await call(client, get, request)).ok);
  });

  it('a stream whose request has arrived may stay open beyond the deadline', async () => {
    served = await serve({ limits: { deadline: 250 } });
    let tell: (() => void) | undefined;
    served.fake.behaviours.set('withdrawals.watch', (...args) => {
      const watcher = args[1] as (record: unknown) => void;
      watcher(fake.withdrawal);
      tell = () => watcher({ ...fake.withdrawal, amount: 7n });
      return () => {};
    });
    const held = hang('withdrawals.cancel');
    const client = await served.client('withdrawals');
    const stream = open(client, WithdrawalServiceService.watchWithdrawals, { withdrawalIds: ['w-1'] });
    const seen: string[] = [];
    stream.on('data', ({ withdrawal }) => seen.push(String(withdrawal?.amount)));
    stream.on('error', (error: ServiceError) => seen.push(status[error.code] ?? ''));
    await until(() => seen.length === 1);
    // A call begun after the stream and ended by its own deadline: the stream's has passed as well.
    expect(refused(await call(client, cancel, request)).code).toBe(status.DEADLINE_EXCEEDED);
    tell?.();
    await until(() => seen.length === 2);
    expect(seen).toEqual([String(fake.withdrawal.amount), '7']);
    held.release();
    stream.cancel();
  });
});

describe('S2: connections', () => {
  it('beyond the ceiling are dropped, those of the other listener are not', async () => {
    served = await serve({ limits: { connections: 2 } });
    const sockets: Socket[] = [];
    const dial = (port: number) =>
      new Promise<Socket>((resolve, reject) => {
        const socket = connect({ host: '127.0.0.1', port }, () => resolve(socket));
        socket.on('error', reject);
        sockets.push(socket);
      });
    await dial(served.api.port);
    await dial(served.api.port);
    const third = await dial(served.api.port);
    await new Promise((resolve) => third.once('close', resolve));
    expect(served.logged.some(({ event }) => event === 'connection-dropped')).toBe(true);
    const operators = await served.client('operators');
    accepted(await call(operators, OperatorServiceService.getStation, {}));
    for (const socket of sockets) socket.destroy();
  });
});

describe('S2: connections that show a certificate', () => {
  const sockets: TLSSocket[] = [];
  const dial = async (role: Role, port: number): Promise<TLSSocket> => {
    const { cert, key } = await served.ca.issue({ role, name: `flood-${role}` });
    const socket = connectTls({
      host: '127.0.0.1',
      port,
      ca: served.ca.certificate,
      servername: 'localhost',
      cert,
      key,
      ALPNProtocols: ['h2'],
    });
    socket.on('error', () => {});
    sockets.push(socket);
    return socket;
  };
  const gone = async (socket: TLSSocket): Promise<void> => {
    socket.resume();
    if (!socket.closed) await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  };
  const freeze = async () => {
    const operators = await served.client('operators');
    return call(operators, OperatorServiceService.freeze, { scope: 'station', why: 'flood' });
  };
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  it('a freeze gets through a flood of the operators’ listener with another role’s certificate', async () => {
    served = await serve({ limits: { connections: 2, roleConnections: 2 } });
    for (let i = 0; i < 4; i++) await gone(await dial('withdrawals', served.api.operatorsPort));
    accepted(await freeze());
  });

  it('one role’s take no other’s room on the main listener', async () => {
    served = await serve({ limits: { roleConnections: 2 } });
    const held = [await dial('withdrawals', served.api.port), await dial('withdrawals', served.api.port)];
    await Promise.all(held.map((socket) => new Promise((resolve) => socket.once('data', resolve))));
    await gone(await dial('withdrawals', served.api.port));
    const auditors = await served.client('auditors');
    accepted(await call(auditors, JournalServiceService.getCheckpoint, { consistentWithSize: 0n }));
    held[0]?.destroy();
    await until(async () => (await call(await served.client('withdrawals'), get, request)).ok);
  });

  it('have room beside those that show none', async () => {
    served = await serve({ limits: { connections: 4, handshakes: 2 } });
    const mute = () =>
      new Promise<Socket>((resolve) => {
        const socket = connect({ host: '127.0.0.1', port: served.api.operatorsPort }, () => resolve(socket));
        socket.on('error', () => {});
        socket.resume();
      });
    const silent = [await mute(), await mute()];
    const third = await mute();
    await new Promise((resolve) => third.once('close', resolve));
    silent[0]?.destroy();
    await until(async () => (await freeze()).ok);
    for (const socket of silent) socket.destroy();
  });
});

describe('closing', () => {
  it('lets calls in flight finish within the grace', async () => {
    served = await serve();
    const held = hang('withdrawals.cancel');
    const client = await served.client('withdrawals');
    const pending = call(client, cancel, request);
    await until(() => held.waiting() === 1);
    const closed = served.api.close(20_000);
    held.release();
    expect((await pending).ok).toBe(true);
    client.close();
    await closed;
  });

  it('cuts off what does not finish', async () => {
    served = await serve();
    hang('withdrawals.cancel');
    const pending = call(await served.client('withdrawals'), cancel, request);
    await until(() => served.fake.asked.length === 1);
    await served.api.close(10);
    expect(refused(await pending).code).toBe(status.UNAVAILABLE);
  });

  it('may be asked for twice', async () => {
    served = await serve();
    await served.api.close(10);
    await served.api.close(10);
  });
});
