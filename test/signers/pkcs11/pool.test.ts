import { afterEach, describe, expect, it } from 'vitest';
import { Pool } from '../../../src/signers/pkcs11/pool.ts';
import type { DigestToSign } from '../../../src/signers/pkcs11/protocol.ts';
import { HandTimers } from '../hand-timers.ts';
import { Hand, settled, signatureOf } from './hand.ts';

const publicKey = `02${'11'.repeat(32)}`;
const itemOf = (n: number): DigestToSign => ({
  key: 'a1',
  publicKey,
  digest: n.toString(16).padStart(64, '0'),
});
const startDeadline = 9_000;
const deadline = 10_000;

const pools: Pool[] = [];
afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.close())));

async function poolOf(processes: number) {
  const timers = new HandTimers();
  const hands: Hand[] = [];
  const clock = { ms: 0 };
  const pool = new Pool({
    processes,
    now: () => clock.ms,
    deadlines: { sign: deadline },
    child: {
      start: () => {
        const hand = new Hand();
        hands.push(hand);
        return hand;
      },
      configuration: { op: 'configure', module: '/m.so', token: { by: 'label', value: 'test' }, pin: '1234' },
      startDeadline,
      timers,
      backOff: (restarts) => 100 + restarts,
      log: () => undefined,
    },
  });
  pools.push(pool);
  await settled();
  const hand = (i: number): Hand => hands[i] ?? new Hand();
  /** Each with a digest of its own. */
  let digests = 0;
  const sign = (count: number) =>
    Array.from({ length: count }, () => {
      const item = itemOf(++digests);
      return { item, ended: pool.sign(item) };
    });
  /** So that no child has to log in any more. */
  const logIn = async () => {
    for (let i = 0; i < processes; i++) {
      const asked = Array.from({ length: i + 1 }, () => pool.ask({ op: 'identify', keys: [] }, deadline));
      await settled();
      for (const one of hands) if (one.asked.length > 0) await one.answer();
      await Promise.all(asked);
    }
  };
  return { pool, timers, clock, hands, hand, sign, logIn };
}

describe('F4: a token that is slow', () => {
  it('is asked for as few together as it signs in a quarter of the deadline, and for more once it is faster', async () => {
    const { hand, sign, clock } = await poolOf(1);
    const all = sign(60);
    const answered = async (each: number): Promise<number> => {
      await settled();
      const { batch } = hand(0);
      clock.ms += each * batch;
      await hand(0).answer();
      return batch;
    };
    expect(await answered(700)).toBe(1);
    expect(await answered(700)).toBe(3);
    expect(await answered(2_000)).toBe(3);
    expect(await answered(3_000)).toBe(1);
    const sizes: number[] = [];
    for (let signed = 8; signed < 60; ) {
      const size = await answered(1);
      sizes.push(size);
      signed += size;
    }
    expect(sizes.slice(0, 6)).toEqual([1, 1, 1, 1, 2, 3]);
    expect(Math.max(...sizes)).toBeGreaterThan(8);
    await expectSigned(all);
  });

  it('is asked for one again after it missed the deadline', async () => {
    const { hand, sign, timers, logIn } = await poolOf(1);
    await logIn();
    const first = sign(17);
    await settled();
    await hand(0).answer();
    await settled();
    expect(hand(0).batch).toBe(16);
    await timers.goOff(deadline);
    await timers.goOff(100);
    await settled();
    const [next] = sign(3);
    await settled();
    expect(hand(1).batch).toBe(1);
    await hand(1).answer();
    expect(await next?.ended).toHaveProperty('signature');
    expect(await first[5]?.ended).toMatchObject({ reason: 'device-timeout' });
  });
});

async function expectSigned(all: readonly { readonly item: DigestToSign; readonly ended: Promise<unknown> }[]) {
  for (const { item, ended } of all) expect(await ended).toEqual({ signature: signatureOf(item) });
}

describe('the children of one token', () => {
  it('get together what came while they were busy, 16 in a message, and each gets its own', async () => {
    const { hand, sign } = await poolOf(1);
    const first = sign(1);
    await settled();
    expect(hand(0).batch).toBe(1);
    const rest = sign(40);
    await settled();
    expect(hand(0).asked).toHaveLength(1);
    for (const size of [1, 16, 16, 8]) {
      expect(hand(0).batch).toBe(size);
      await hand(0).answer();
    }
    expect(hand(0).asked).toEqual([]);
    await expectSigned([...first, ...rest]);
  });

  it('share what waits', async () => {
    const { hand, sign, logIn } = await poolOf(2);
    await logIn();
    const all = sign(2);
    await settled();
    expect([hand(0).batch, hand(1).batch]).toEqual([1, 1]);
    all.push(...sign(40));
    await hand(1).answer();
    await hand(0).answer();
    expect([hand(0).batch, hand(1).batch]).toEqual([16, 16]);
    await hand(0).answer();
    expect([hand(0).batch, hand(1).batch]).toEqual([8, 16]);
    for (const i of [0, 1]) await hand(i).answer();
    await expectSigned(all);
  });

  it('F4: one alone logs in; the others once it has', async () => {
    const { hand, sign } = await poolOf(3);
    const all = [...sign(1), ...sign(40)];
    await settled();
    expect([hand(0).asked, hand(1).asked, hand(2).asked].map((asked) => asked.length)).toEqual([1, 0, 0]);
    await hand(0).answer();
    expect([hand(0).batch, hand(1).batch]).toEqual([16, 16]);
    await hand(1).answer();
    await hand(0).answer();
    for (const i of [0, 1, 2]) if (hand(i).asked.length > 0) await hand(i).answer();
    await expectSigned(all);
  });

  it('F4: one alone logs in again, after all have crashed', async () => {
    const { timers, hand, sign, logIn } = await poolOf(2);
    await logIn();
    await hand(0).crash();
    await hand(1).crash();
    for (const _ of [0, 1]) await timers.goOff(100);
    await settled();
    const all = sign(40);
    await settled();
    expect([hand(2).asked.length, hand(3).asked.length]).toEqual([1, 0]);
    await hand(2).answer();
    for (const i of [2, 3]) while (hand(i).asked.length > 0) await hand(i).answer();
    await expectSigned(all);
  });

  it.each([
    ['fewer', 2],
    ['more', 4],
  ])('F4: %s signatures than were asked for are nobody’s', async (_, count) => {
    const { hand, sign } = await poolOf(1);
    const before = sign(1);
    await settled();
    const all = sign(3);
    await hand(0).answer();
    await expectSigned(before);
    await hand(0).answer({
      result: 'signatures',
      items: Array.from({ length: count }, () => ({ signature: 'ab'.repeat(64) })),
    });
    for (const { ended } of all) expect(await ended).toMatchObject({ kind: 'failed', reason: 'signer-failed' });
  });

  it('F4: what a child had when it crashed is uncertain; what waited goes to another', async () => {
    const { hand, sign, logIn } = await poolOf(2);
    await logIn();
    const [lost, ...busy] = sign(2);
    await settled();
    const waiting = sign(20);
    await hand(0).crash();
    expect(await lost?.ended).toMatchObject({
      kind: 'failed',
      reason: 'device-lost',
      message: expect.stringContaining('SIGSEGV'),
    });
    for (const size of [1, 16, 4]) {
      expect(hand(1).batch).toBe(size);
      await hand(1).answer();
    }
    await expectSigned([...busy, ...waiting]);
  });

  it('F4: while one is down, the others do its work; and it does its own when it is back', async () => {
    const { pool, timers, hands, hand, sign, logIn } = await poolOf(2);
    await logIn();
    await hand(0).crash();
    const asked = pool.ask({ op: 'identify', keys: [] }, deadline);
    await settled();
    await hand(1).answer();
    expect(await asked).toMatchObject({ kind: 'result', result: { result: 'token' } });
    const all = sign(5);
    await settled();
    await hand(1).answer();
    await hand(1).answer();
    await timers.goOff(100);
    await settled();
    expect(hands).toHaveLength(3);
    all.push(...sign(1));
    await settled();
    expect(hand(2).batch).toBe(1);
    await hand(2).answer();
    await expectSigned(all);
  });

  it('F4: where none is up, it is said that nothing was sent', async () => {
    const { hand, sign } = await poolOf(1);
    await hand(0).crash();
    const [one] = sign(1);
    expect(await one?.ended).toMatchObject({
      kind: 'failed',
      reason: 'signer-failed',
      message: expect.stringContaining('(nothing was sent)'),
    });
  });

  it('F3: what was sent and not answered in time is uncertain, and the child is killed', async () => {
    const { timers, hand, sign } = await poolOf(1);
    const [one] = sign(1);
    await settled();
    expect(hand(0).batch).toBe(1);
    await timers.goOff(deadline);
    expect(await one?.ended).toMatchObject({ kind: 'failed', reason: 'device-timeout' });
    await timers.isSet(100);
  });

  it.each(['hsm-pin-refused', 'hsm-pin-locked'])(
    'F4: after %s no child is asked any more, nor one that follows',
    async (reason) => {
      const { timers, hands, hand, sign } = await poolOf(2);
      const [first] = sign(1);
      await settled();
      const waiting = sign(3);
      await hand(0).answer({ result: 'signatures', items: [{ reason, message: 'no' }] });
      expect(await first?.ended).toMatchObject({ reason });
      for (const { ended } of waiting) expect(await ended).toEqual({ kind: 'failed', reason, message: 'no' });
      await hand(0).crash();
      await timers.goOff(100);
      await settled();
      const [later] = sign(1);
      expect(await later?.ended).toMatchObject({ reason });
      expect(hands.map(({ asked }) => asked.length)).toEqual([0, 0, 0]);
    },
  );
});
