import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canEnd,
  ImpossibleMove,
  moveTransaction,
  moveWithdrawal,
  transactionMoves,
  withdrawalMoves,
} from '../../src/custody/machine.ts';
import { transactionStates, withdrawalStates } from '../../src/domain/index.ts';
import { type DeviceAct, mostPaid } from './machine.model.ts';
import { type Command, Pair, type Signing, withdrawalCount } from './machine-station.ts';

// Design §4, the two lines of its diagram and the sentences under it, move by move.
const withdrawalDesign = [
  'AUTHORIZED → CANCELLED',
  'AUTHORIZED → COMMITTED',
  'AUTHORIZED → EXPIRED',
  'AUTHORIZED → HELD',
  'COMMITTED → SIGNED',
  'COMMITTED → VOIDED',
  'HELD → AUTHORIZED',
  'HELD → CANCELLED',
  'HELD → EXPIRED',
  'HELD → REFUSED',
  'SIGNED → SIGNED',
  'SIGNED → VOIDED',
];
const transactionDesign = [
  'DECLINED → PERMITTED',
  'DECLINED → REPLACED',
  'DECLINED → VOIDED',
  'PERMITTED → SENT',
  'PERMITTED → VOIDED',
  'SENT → DECLINED',
  'SENT → PERMITTED',
  'SENT → SIGNED',
  'SENT → UNCERTAIN',
  'SENT → WITHHELD',
  'SIGNED → REPLACED',
  'SIGNED → VOIDED',
  'UNCERTAIN → REPLACED',
  'UNCERTAIN → SENT',
  'UNCERTAIN → VOIDED',
  'WITHHELD → SIGNED',
  'WITHHELD → VOIDED',
];

const arrows = (moves: Readonly<Record<string, Readonly<Partial<Record<string, string>>>>>): string[] =>
  Object.entries(moves)
    .flatMap(([from, events]) => Object.values(events).map((to) => `${from} → ${to}`))
    .sort();

describe('the transition tables', () => {
  it('I4: a withdrawal has exactly the moves of design §4', () => {
    expect(arrows(withdrawalMoves)).toEqual(withdrawalDesign);
    expect(Object.keys(withdrawalMoves).sort()).toEqual([...withdrawalStates].sort());
  });

  it('I4: a transaction has exactly the moves of design §4, and two ways out where a rule stops it for good', () => {
    expect(arrows(transactionMoves)).toEqual(transactionDesign);
    expect(Object.keys(transactionMoves).sort()).toEqual([...transactionStates].sort());
  });

  it('I4: a withdrawal that a transaction may pay ends unpaid by a void alone', () => {
    const reached = new Set<string>(['COMMITTED']);
    for (const state of reached)
      for (const to of Object.values(transitionsOf(state))) if (to !== undefined) reached.add(to);
    expect([...reached]).toEqual(['COMMITTED', 'SIGNED', 'VOIDED']);
    expect(withdrawalStates.filter(canEnd)).toEqual(['HELD', 'AUTHORIZED']);
  });

  it('a move that the table does not have throws rather than guesses', () => {
    for (const from of withdrawalStates) {
      for (const event of ['hold', 'release', 'commit', 'sign', 'refuse', 'cancel', 'expire'] as const) {
        const to = withdrawalMoves[from][event];
        if (to === undefined) expect(() => moveWithdrawal(from, event)).toThrow(ImpossibleMove);
        else expect(moveWithdrawal(from, event)).toBe(to);
      }
    }
    for (const from of transactionStates) {
      for (const event of [
        'send',
        'sign',
        'withhold',
        'release',
        'decline',
        'lose',
        'retry',
        'replace',
        'void',
      ] as const) {
        const to = transactionMoves[from][event];
        if (to === undefined) expect(() => moveTransaction(from, event)).toThrow(ImpossibleMove);
        else expect(moveTransaction(from, event)).toBe(to);
      }
    }
  });
});

function transitionsOf(state: string): Readonly<Partial<Record<string, string>>> {
  return Object.entries(withdrawalMoves).find(([from]) => from === state)?.[1] ?? {};
}

describe('the model’s chain', () => {
  it('pays twice what has versions at two nonces, and once what has many versions at one', () => {
    const versions = [
      { nonce: 0, pays: 'a' },
      { nonce: 0, pays: 'a' },
      { nonce: 1, pays: 'b' },
      { nonce: 2, pays: 'b' },
    ];
    expect(Object.fromEntries(mostPaid(versions))).toEqual({ a: 1, b: 2 });
  });
});

const withdrawal = fc.nat({ max: withdrawalCount - 1 });
const act = fc.constantFrom<DeviceAct>('signs', 'declines', 'times-out', 'answers-wrongly', 'signs-under-freeze');
const acts = fc.oneof(
  { weight: 2, arbitrary: fc.constant([]) },
  { weight: 3, arbitrary: fc.array(act, { maxLength: 2 }) },
);
const signing: fc.Arbitrary<Signing> = fc
  .record({
    withdrawal,
    nonce: fc.nat({ max: 5 }),
    fee: fc.nat({ max: 3 }),
    replaces: fc.constantFrom('none', 'none', 'none', 'newest', 'oldest', 'foreign'),
    other: fc.option(withdrawal, { freq: 6 }),
    acts,
  })
  .map(({ other, ...rest }) => ({ ...rest, payment: other ?? rest.withdrawal }));
const scope = fc.constantFrom('station', 'wallet');
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('authorize'), withdrawal }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('replay', 'cancel'), withdrawal }) },
  { weight: 7, arbitrary: fc.record({ do: fc.constant('pay'), withdrawal, fee: fc.nat({ max: 3 }), acts }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('sign'), of: signing }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('race'), of: signing, and: signing }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('retry'), withdrawal, fee: fc.constant(0), acts }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('freeze', 'thaw', 'thaw', 'thaw'), scope }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('thaw'), scope }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('revoke'), account: fc.nat({ max: 1 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('pass'), hours: fc.constantFrom(1, 25), swept: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('restart', 'wake', 'unplug', 'plug', 'plug') }) },
) as fc.Arbitrary<Command>;

const signs = (of: number, nonce: number, more: Partial<Signing> = {}): Command => ({
  do: 'sign',
  of: { withdrawal: of, nonce, fee: 0, replaces: 'none', payment: of, acts: [], ...more },
});
const pays = (of: number, fee = 0, ...does: DeviceAct[]): Command => ({ do: 'pay', withdrawal: of, fee, acts: does });
const authorizes = (of: number): Command => ({ do: 'authorize', withdrawal: of });
const retries = (of: number): Command => ({ do: 'retry', withdrawal: of, fee: 0, acts: [] });
const thaws = (what: 'station' | 'wallet'): Command => ({ do: 'thaw', scope: what });
const done = 'done';

/** Told one by one, so that none of them hangs on what the generator happens to draw. */
const stories: readonly (readonly [string, readonly Command[], readonly string[]])[] = [
  ['E7: the same withdrawal at two nonces', [pays(0), signs(0, 1)], [done, done, 'anchor-taken']],
  ['E7: two withdrawals at one nonce', [pays(0), authorizes(2), signs(2, 0)], [done, done, done, 'nonce-used']],
  [
    'E7: two withdrawals at one nonce, as a replacement',
    [pays(0), authorizes(2), signs(2, 0, { replaces: 'newest' })],
    [done, done, done, 'nonce-used'],
  ],
  [
    'E7: a nonce far ahead',
    [authorizes(0), signs(0, 4), signs(0, 3), authorizes(2), signs(2, 8)],
    [done, 'nonce-out-of-window', done, done, 'nonce-out-of-window'],
  ],
  [
    'E7: a declined transaction’s nonce paid around',
    [pays(0, 0, 'declines'), signs(0, 1), signs(0, 0, { fee: 1 }), retries(0), retries(0)],
    [done, done, 'anchor-taken', 'replacement-missing', done, 'transaction-not-retryable'],
  ],
  [
    'E7: a timed-out transaction’s nonce paid around',
    [pays(0, 0, 'times-out'), signs(0, 1), signs(0, 0, { fee: 1, replaces: 'newest' }), { do: 'wake' }],
    [done, done, 'anchor-taken', done],
  ],
  [
    'a replacement that names no transaction, an older one, one of another nonce',
    [
      pays(0),
      pays(2),
      pays(0, 1),
      signs(0, 0, { fee: 2 }),
      signs(0, 0, { fee: 2, replaces: 'oldest' }),
      signs(0, 0, { fee: 2, replaces: 'foreign' }),
    ],
    [done, done, done, done, done, 'replacement-missing', 'replacement-missing', 'replacement-missing'],
  ],
  [
    'a replacement of nothing',
    [pays(0), authorizes(2), signs(2, 1, { replaces: 'foreign' })],
    [done, done, done, 'replacement-differs'],
  ],
  [
    'a replacement of what waits for its device',
    [{ do: 'unplug' }, pays(0), pays(0, 1), { do: 'plug' }, pays(0, 1)],
    [done, done, 'replacement-in-flight', done],
  ],
  [
    'the same payment approved twice is paid twice, at two nonces',
    [pays(0), authorizes(1), signs(1, 0), signs(1, 1)],
    // The bytes at nonce 0 are known: they pay w-0, whatever is said of them.
    [done, done, done, done, done],
  ],
  [
    'a signature under a freeze is withheld, and released by a thaw',
    [pays(0, 0, 'signs-under-freeze'), pays(0, 1), { do: 'restart' }, thaws('station'), pays(0, 1)],
    [done, done, 'frozen', done, done],
  ],
  [
    'a signature under a freeze by an approval that was revoked meanwhile stays withheld',
    [pays(0, 0, 'signs-under-freeze'), { do: 'revoke', account: 0 }, thaws('station'), { do: 'restart' }],
    [done, done, done],
  ],
  [
    'a wrong signature freezes the wallet; what it was for goes on after a thaw',
    [pays(0, 0, 'answers-wrongly'), pays(2), { do: 'wake' }, thaws('wallet'), pays(2)],
    [done, done, done, 'frozen', done, done],
  ],
  [
    'two at once: the same withdrawal at two nonces',
    [authorizes(0), { do: 'race', of: signingOf(0, 0), and: signingOf(0, 1) }],
    [done, done, 'anchor-taken'],
  ],
  [
    'two at once: two withdrawals at one nonce',
    [authorizes(0), authorizes(2), { do: 'race', of: signingOf(0, 0), and: signingOf(2, 0) }],
    [done, done, done, 'nonce-used'],
  ],
  [
    'two at once: the very same bytes',
    [authorizes(0), { do: 'race', of: signingOf(0, 0), and: signingOf(0, 0) }],
    [done, done, done],
  ],
  [
    'two at once: two replacements',
    [
      pays(0),
      {
        do: 'race',
        of: { ...signingOf(0, 0), fee: 1, replaces: 'newest' },
        and: { ...signingOf(0, 0), fee: 2, replaces: 'newest' },
      },
    ],
    [done, done, done, 'replacement-missing'],
  ],
  [
    'too late for a first permit, not for a replacement',
    [
      pays(0),
      authorizes(2),
      { do: 'pass', hours: 25, swept: false },
      signs(2, 1),
      pays(0, 1),
      { do: 'pass', hours: 1, swept: true },
      signs(2, 1),
    ],
    [done, done, done, 'pay-by-passed', done, 'withdrawal-not-payable'],
  ],
  [
    'what was cancelled, and what was never approved',
    [
      authorizes(0),
      { do: 'cancel', withdrawal: 0 },
      signs(0, 0),
      signs(2, 0),
      { do: 'cancel', withdrawal: 0 },
      pays(3),
      { do: 'cancel', withdrawal: 3 },
    ],
    [done, done, 'withdrawal-not-payable', 'withdrawal-unknown', done, done, done, 'withdrawal-not-cancellable'],
  ],
  [
    'a revoked factor cancels what waits, and stops what was permitted',
    [authorizes(0), { do: 'unplug' }, pays(2), { do: 'revoke', account: 0 }, { do: 'plug' }, signs(0, 1), pays(3)],
    [done, done, done, 'frozen', done, done],
  ],
];

function signingOf(of: number, nonce: number): Signing {
  return { withdrawal: of, nonce, fee: 0, replaces: 'none', payment: of, acts: [] };
}

describe.each([
  ['whose signer asks a person', false],
  ['whose signer asks nobody', true],
])('the station, %s, against its model', (_signer, automatic) => {
  it.each(stories)('I4: %s', async (_name, commands, answers) => {
    const pair = await Pair.open(automatic);
    try {
      for (const each of commands) await pair.run(each);
      expect(pair.answers).toEqual(answers);
      expect(pair.audited()).toEqual([]);
    } finally {
      await pair.close();
    }
  });

  it('I1, I4, I5: whatever is asked in whatever order, states agree, nothing pays twice, nothing is unsaid or said too soon', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 20, maxLength: 40 }), async (commands) => {
        const pair = await Pair.open(automatic);
        try {
          for (const each of commands) await pair.run(each);
          expect(pair.audited()).toEqual([]);
        } finally {
          await pair.close();
        }
      }),
      { seed: 20220117, numRuns: Number(process.env['PORTCULLIS_MODEL_RUNS'] ?? 12), endOnFailure: true },
    );
  }, 600_000);
});
