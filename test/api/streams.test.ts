import { type ClientReadableStream, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Refusal, type TransactionRecord, type WithdrawalRecord } from '../../src/domain/index.ts';
import { JournalServiceService } from '../../src/generated/portcullis/v1/journal.ts';
import { NoticeServiceService } from '../../src/generated/portcullis/v1/notice.ts';
import { TransactionServiceService, TransactionState } from '../../src/generated/portcullis/v1/transaction.ts';
import {
  type WatchWithdrawalsResponse,
  WithdrawalServiceService,
  WithdrawalState,
} from '../../src/generated/portcullis/v1/withdrawal.ts';
import * as fake from './fake-custody.ts';
import { drain, open, type Served, serve, until } from './served.ts';

let served: Served;
beforeEach(async () => {
  served = await serve();
});
afterEach(() => served.close());

/** The next message of a stream. */
function next<T>(stream: ClientReadableStream<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    stream.once('error', reject);
    stream.once('data', (value: T) => {
      stream.pause();
      stream.removeListener('error', reject);
      resolve(value);
    });
    stream.resume();
  });
}

/** A source that a test changes: a watcher is told the present state, then each change. */
class Source<R> {
  readonly watchers = new Set<(record: R) => void>();
  readonly #present: R;

  constructor(present: R) {
    this.#present = present;
  }

  readonly watch = (...args: readonly unknown[]): (() => void) => {
    const watcher = args[1] as (record: R) => void;
    this.watchers.add(watcher);
    watcher(this.#present);
    return () => this.watchers.delete(watcher);
  };

  change(record: R): void {
    for (const watcher of this.watchers) watcher(record);
  }
}

/** A log that grows: whoever listens is told that there is more. */
class Growing {
  readonly listeners = new Set<() => void>();
  size = 0;

  readonly listen = (...args: readonly unknown[]): (() => void) => {
    const listener = args[0] as () => void;
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  grow(by: number): void {
    this.size += by;
    for (const listener of this.listeners) listener();
  }
}

describe('Watch', () => {
  it('sends now, then on each change, until the client leaves; then nobody watches any more', async () => {
    const source = new Source<WithdrawalRecord>(fake.withdrawal);
    served.fake.behaviours.set('withdrawals.watch', source.watch);
    const stream = open(await served.client('withdrawals'), WithdrawalServiceService.watchWithdrawals, {
      withdrawalIds: ['w-1', 'w-1'],
    });
    stream.on('error', () => {});
    expect((await next(stream)).withdrawal?.state).toBe(WithdrawalState.AUTHORIZED);
    expect(served.fake.last('withdrawals.watch')?.[0]).toEqual(['w-1']);
    source.change({ ...fake.withdrawal, state: 'COMMITTED' });
    expect((await next(stream)).withdrawal?.state).toBe(WithdrawalState.COMMITTED);
    source.change({ ...fake.withdrawal, state: 'SIGNED' });
    expect((await next(stream)).withdrawal?.state).toBe(WithdrawalState.SIGNED);
    expect(source.watchers.size).toBe(1);
    stream.cancel();
    await until(() => source.watchers.size === 0);
  });

  it('transactions likewise', async () => {
    const source = new Source<TransactionRecord>(fake.transaction);
    served.fake.behaviours.set('transactions.watch', source.watch);
    const stream = open(await served.client('withdrawals'), TransactionServiceService.watchTransactions, {
      transactionIds: [fake.transactionId],
    });
    stream.on('error', () => {});
    expect((await next(stream)).transaction?.state).toBe(TransactionState.PERMITTED);
    source.change({ ...fake.transaction, state: 'SIGNED', signed: Buffer.from('signed'), blockedBy: null });
    expect((await next(stream)).transaction).toMatchObject({
      state: TransactionState.SIGNED,
      signed: Buffer.from('signed'),
      blockedBy: '',
    });
    stream.cancel();
    await until(() => source.watchers.size === 0);
  });

  it('S2: a client that does not read costs one record a withdrawal, and gets the newest when it reads', async () => {
    const source = new Source<WithdrawalRecord>({ ...fake.withdrawal, amount: 0n });
    served.fake.behaviours.set('withdrawals.watch', source.watch);
    const stream = open(await served.client('withdrawals'), WithdrawalServiceService.watchWithdrawals, {
      withdrawalIds: ['w-1'],
    });
    stream.on('error', () => {});
    await next(stream);
    // 64 MB of changes, were each of them kept. The evidence is not sent, but shows what is held.
    const changes = 20_000;
    for (let i = 1; i <= changes; i += 1) {
      source.change({ ...fake.withdrawal, amount: BigInt(i), destination: fake.address });
      if (i % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const seen: WatchWithdrawalsResponse[] = [];
    stream.on('data', (value: WatchWithdrawalsResponse) => seen.push(value));
    stream.resume();
    await until(() => seen.at(-1)?.withdrawal?.amount === String(changes));
    expect(seen.length).toBeLessThan(changes / 2);
    stream.cancel();
  });

  it('ends with the reason when custody knows no such withdrawal', async () => {
    served.fake.behaviours.set('withdrawals.watch', () => {
      throw new Refusal('not-found');
    });
    const stream = open(await served.client('withdrawals'), WithdrawalServiceService.watchWithdrawals, {
      withdrawalIds: ['w-2'],
    });
    expect((await drain(stream)).error).toMatchObject({ code: status.NOT_FOUND, reason: 'not-found' });
  });

  it.each([
    ['none', [], 'withdrawal_ids'],
    ['more than 100', Array.from({ length: 101 }, (_, i) => `w-${i}`), 'withdrawal_ids'],
    ['one that is none', ['w-1', 'w 2'], 'withdrawal_ids[1]'],
  ])('refuses a list of ids with %s', async (_, withdrawalIds, field) => {
    const client = await served.client('withdrawals');
    const { error } = await drain(open(client, WithdrawalServiceService.watchWithdrawals, { withdrawalIds }));
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, reason: 'malformed', field });
    expect(served.fake.asked).toEqual([]);
  });

  it('a fault in the middle ends the stream as INTERNAL and stops watching', async () => {
    const source = new Source<WithdrawalRecord>(fake.withdrawal);
    served.fake.behaviours.set('withdrawals.watch', source.watch);
    const stream = open(await served.client('withdrawals'), WithdrawalServiceService.watchWithdrawals, {
      withdrawalIds: ['w-1'],
    });
    await next(stream);
    const ended = drain(stream);
    source.change({ ...fake.withdrawal, digest: undefined as never });
    expect((await ended).error).toMatchObject({ code: status.INTERNAL, reason: 'internal' });
    await until(() => source.watchers.size === 0);
  });
});

describe('StreamNotices', () => {
  const outbox = () => {
    const growing = new Growing();
    served.fake.behaviours.set('notices.onNotice', growing.listen);
    served.fake.behaviours.set('notices.waiting', (after, limit) =>
      Array.from({ length: growing.size }, (_, i) => ({ ...fake.notice, sequence: i + 1 }))
        .filter(({ sequence }) => sequence > Number(after))
        .slice(0, Number(limit)),
    );
    return growing;
  };

  it('until_empty: all that waits after the cursor, page by page, then the end', async () => {
    outbox().size = 250;
    const client = await served.client('courier');
    const request = { afterCursor: 5n, untilEmpty: true };
    const { values, error } = await drain(open(client, NoticeServiceService.streamNotices, request));
    expect(error).toBeUndefined();
    expect(values.map(({ notice }) => notice?.cursor)).toEqual(Array.from({ length: 245 }, (_, i) => BigInt(i + 6)));
    expect(served.fake.asked.filter(({ path }) => path === 'notices.waiting').map(({ args }) => args)).toEqual([
      [5, 100],
      [105, 100],
      [205, 100],
      [250, 100],
    ]);
  });

  it('goes on with new ones as they come, and nobody listens once the client has left', async () => {
    const growing = outbox();
    const client = await served.client('courier');
    const stream = open(client, NoticeServiceService.streamNotices, { afterCursor: 0n, untilEmpty: false });
    stream.on('error', () => {});
    const first = next(stream);
    await until(() => growing.listeners.size === 1);
    growing.grow(1);
    expect((await first).notice?.cursor).toBe(1n);
    growing.grow(2);
    expect((await next(stream)).notice?.cursor).toBe(2n);
    expect((await next(stream)).notice?.cursor).toBe(3n);
    stream.cancel();
    await until(() => growing.listeners.size === 0);
  });

  it('I9: after a restore goes on from no cursor of before, whose numbers are given once more; and refuses one of a later generation', async () => {
    outbox().size = 3;
    const client = await served.client('courier');
    const cursors = async (afterCursor: bigint) => {
      const stream = open(client, NoticeServiceService.streamNotices, { afterCursor, untilEmpty: true });
      const { values, error } = await drain(stream);
      return error ?? values.map(({ notice }) => notice?.cursor);
    };
    const base = 2n ** 40n;
    expect(await cursors(2n)).toEqual([3n]);
    Object.assign(served.fake.custody.notices, { generation: 2 });
    try {
      expect(await cursors(25n)).toEqual([base + 1n, base + 2n, base + 3n]);
      expect(await cursors(base)).toEqual([base + 1n, base + 2n, base + 3n]);
      expect(await cursors(base + 2n)).toEqual([base + 3n]);
      expect(await cursors(2n * base + 1n)).toMatchObject({
        code: status.INVALID_ARGUMENT,
        field: 'after_cursor',
        message: expect.stringContaining('begin with 0'),
      });
    } finally {
      Object.assign(served.fake.custody.notices, { generation: 1 });
    }
  });

  it('refuses a cursor beyond 2^53', async () => {
    const client = await served.client('courier');
    const request = { afterCursor: 2n ** 63n, untilEmpty: true };
    const { error } = await drain(open(client, NoticeServiceService.streamNotices, request));
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, field: 'after_cursor' });
  });
});

describe('StreamEntries', () => {
  const log = (size: number) => {
    const growing = new Growing();
    growing.size = size;
    served.fake.behaviours.set('journal.size', () => growing.size);
    served.fake.behaviours.set('journal.onGrowth', growing.listen);
    served.fake.behaviours.set('journal.entries', (from, limit) =>
      Array.from({ length: Math.max(0, Math.min(Number(limit), growing.size - Number(from))) }, (_, i) => ({
        index: Number(from) + i,
        leaf: Buffer.from('leaf'),
      })),
    );
    return growing;
  };
  const indexes = (values: readonly { readonly entry: { readonly index: bigint } | undefined }[]) =>
    values.map(({ entry }) => Number(entry?.index));

  it('until_head: up to the head at the call, though the journal grows faster than it is read', async () => {
    const growing = log(250);
    const entries = served.fake.behaviours.get('journal.entries');
    served.fake.behaviours.set('journal.entries', (...args) => {
      if (growing.size < 5_000) growing.grow(1_000);
      return entries?.(...args);
    });
    const client = await served.client('auditors');
    const request = { fromIndex: 3n, untilHead: true };
    const { values, error } = await drain(open(client, JournalServiceService.streamEntries, request));
    expect(error).toBeUndefined();
    expect(indexes(values)).toEqual(Array.from({ length: 247 }, (_, i) => i + 3));
  });

  it('until_head from beyond the head ends at once', async () => {
    log(2);
    const client = await served.client('auditors');
    for (const fromIndex of [2n, 3n]) {
      const request = { fromIndex, untilHead: true };
      expect(await drain(open(client, JournalServiceService.streamEntries, request))).toEqual({
        values: [],
        error: undefined,
      });
    }
  });

  it('follows the journal as it grows', async () => {
    const growing = log(1);
    const client = await served.client('auditors');
    const stream = open(client, JournalServiceService.streamEntries, { fromIndex: 0n, untilHead: false });
    stream.on('error', () => {});
    expect((await next(stream)).entry?.index).toBe(0n);
    growing.grow(1);
    expect((await next(stream)).entry?.index).toBe(1n);
    stream.cancel();
    await until(() => growing.listeners.size === 0);
  });

  it('S2: a client that does not read makes the server read a page, not the journal', async () => {
    log(1_000_000);
    const client = await served.client('auditors');
    const stream = open(client, JournalServiceService.streamEntries, { fromIndex: 0n, untilHead: false });
    stream.on('error', () => {});
    await next(stream);
    const pages = () => served.fake.asked.filter(({ path }) => path === 'journal.entries').length;
    // Until the windows of the stream are full; then nothing moves however long one waits.
    let before = -1;
    while (before !== pages()) {
      before = pages();
      for (let i = 0; i < 200; i += 1) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(pages()).toBeLessThan(1_000);
    stream.cancel();
  });
});

describe('a station that stops', () => {
  it('ends its streams at once and says so', async () => {
    const source = new Source<WithdrawalRecord>(fake.withdrawal);
    served.fake.behaviours.set('withdrawals.watch', source.watch);
    const stream = open(await served.client('withdrawals'), WithdrawalServiceService.watchWithdrawals, {
      withdrawalIds: ['w-1'],
    });
    await next(stream);
    const ended = drain(stream);
    await served.api.close(5_000);
    expect((await ended).error).toMatchObject({ code: status.UNAVAILABLE, reason: 'stopping', domain: 'portcullis' });
    expect(source.watchers.size).toBe(0);
  });
});
