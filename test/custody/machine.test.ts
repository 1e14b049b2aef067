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
  'HELD → AUTHORIZED',
  'HELD → CANCELLED',
  'HELD → EXPIRED',
  'HELD → REFUSED',
  'SIGNED → SIGNED',
];
const transactionDesign = [
  'DECLINED → PERMITTED',
  'DECLINED → REPLACED',
  'DECLINED → VOIDED',
  'PERMITTED → SENT',
  'SENT → DECLINED',
  'SENT → SIGNED',
  'SENT → UNCERTAIN',
  'SENT → WITHHELD',
  'SIGNED → REPLACED',
  'SIGNED → VOIDED',
  'UNCERTAIN → REPLACED',
  'UNCERTAIN → SENT',
  'UNCERTAIN → VOIDED',
  'WITHHELD → SIGNED',
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

  it('I4: a transaction has exactly the moves of design §4', () => {
    expect(arrows(transactionMoves)).toEqual(transactionDesign);
    expect(Object.keys(transactionMoves).sort()).toEqual([...transactionStates].sort());
  });

  it('I4: a withdrawal that a transaction may pay has no way to end unpaid', () => {
    const reached = new Set<string>(['COMMITTED']);
    for (const state of reached)
      for (const to of Object.values(transitionsOf(state))) if (to !== undefined) reached.add(to);
    expect([...reached]).toEqual(['COMMITTED', 'SIGNED']);
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
    replaces: fc.constantFrom('none', 'none', 'newest', 'oldest'),
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

describe('the station against its model', () => {
  it('I1, I4, I5: whatever is asked in whatever order, states agree, nothing pays twice, nothing is unsaid or said too soon', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 20, maxLength: 40 }), async (commands) => {
        const pair = await Pair.open();
        try {
          for (const each of commands) await pair.run(each);
        } finally {
          await pair.close();
        }
      }),
      { seed: 20220117, numRuns: Number(process.env['PORTCULLIS_MODEL_RUNS'] ?? 20), endOnFailure: true },
    );
  }, 600_000);
});
