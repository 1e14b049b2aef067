import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AcceptedClass, FactorId } from '../../src/domain/index.ts';
import {
  acceptedKinds,
  allOf,
  asFarAs,
  atLeast,
  completed,
  countsOf,
  type EvidenceDemand,
  meets,
  missing,
  noDemand,
  reachOf,
  sayDemand,
  type Tally,
} from '../../src/gate/demand.ts';
import { tallyOf } from '../../src/gate/tally.ts';
import { evidence, factor, mfaToken } from './hand-made.ts';

const nothing: Tally = { webauthn: 0, hardware: 0, totp: 0, services: 0 };
const demand = (of: Partial<EvidenceDemand>): EvidenceDemand => completed({ ...noDemand, ...of });
const all: readonly AcceptedClass[] = ['device', 'synced', 'hardware', 'totp', 'mfa-service'];

const upTo = (most: number) => fc.integer({ min: 0, max: most });
const stated: fc.Arbitrary<EvidenceDemand> = fc.record({
  assertions: upTo(4),
  classes: upTo(3),
  enrolments: upTo(4),
  webauthn: upTo(3),
  hardware: upTo(3),
});
const demands = stated.map(completed);
const tallies: fc.Arbitrary<Tally> = fc
  .record({ webauthn: upTo(4), hardware: upTo(4), totp: upTo(3), services: upTo(3) })
  .map((tally) => ({ ...tally, hardware: Math.min(tally.hardware, tally.webauthn) }));

/** Every tally of up to so many of each. */
const everyTally: readonly Tally[] = [0, 1, 2, 3, 4, 5].flatMap((webauthn) =>
  Array.from({ length: webauthn + 1 }, (_, hardware) => hardware).flatMap((hardware) =>
    [0, 1, 2, 3, 4].flatMap((totp) =>
      [0, 1, 2, 3, 4].map((services): Tally => ({ webauthn, hardware, totp, services })),
    ),
  ),
);

describe('a tally of evidence', () => {
  const id = (letter: string): FactorId => letter.repeat(43) as FactorId;

  it('A1: a factor counts once, however often it attests; so does an MFA service', () => {
    const twice = [evidence(), evidence(), mfaToken('mfa.example'), mfaToken('mfa.example', { jti: 'j2', kid: 'm2' })];
    expect(tallyOf(twice)).toEqual({ webauthn: 1, hardware: 0, totp: 0, services: 1 });
    const more = [...twice, evidence({ id: id('B'), class: 'hardware' }), mfaToken('other.example')];
    expect(tallyOf(more)).toEqual({ webauthn: 2, hardware: 1, totp: 0, services: 2 });
  });

  it('a secret of one-time codes and a passkey of one account are two', () => {
    const both = tallyOf([evidence(), evidence({ id: id('C'), kind: 'totp', class: 'totp' })]);
    expect(both).toEqual({ webauthn: 1, hardware: 0, totp: 1, services: 0 });
    expect(reachOf(both)).toEqual({ assertions: 2, classes: 2, enrolments: 2, webauthn: 1, hardware: 0 });
  });

  it('A1: what does not verify, or is of no enrolled factor, is nothing', () => {
    const bad = { genuine: false, reason: 'signature-invalid', message: 'no' } as const;
    expect(
      tallyOf([
        { verification: bad, factor: factor() },
        { ...evidence(), factor: undefined },
      ]),
    ).toEqual(nothing);
  });

  it('an MFA service is no enrolled factor, and names no hardware', () => {
    expect(reachOf({ ...nothing, services: 2 })).toEqual({
      assertions: 2,
      classes: 1,
      enrolments: 0,
      webauthn: 0,
      hardware: 0,
    });
  });
});

describe('a demand', () => {
  it('completed, has in each count the least of whatever evidence meets it: two that ask for the same are the same', () => {
    fc.assert(
      fc.property(stated, (of) => {
        const meeting = everyTally.filter((tally) => meets(tally, of)).map(reachOf);
        const least = (member: keyof EvidenceDemand): number => Math.min(...meeting.map((reach) => reach[member]));
        expect(completed(of)).toEqual({
          assertions: least('assertions'),
          classes: least('classes'),
          enrolments: least('enrolments'),
          webauthn: least('webauthn'),
          hardware: least('hardware'),
        });
      }),
      { numRuns: 300 },
    );
  });

  it('is at least another exactly where whatever meets it meets that one, too', () => {
    fc.assert(
      fc.property(demands, demands, (one, other) => {
        const implies = everyTally.every((tally) => !meets(tally, one) || meets(tally, other));
        expect(atLeast(one, other)).toBe(implies);
      }),
      { numRuns: 300 },
    );
  });

  it('of classes alone takes as many assertions, and enrolled factors for all of them but one', () => {
    const of = (classes: number) => completed({ ...noDemand, classes });
    expect(of(1)).toEqual({ assertions: 1, classes: 1, enrolments: 0, webauthn: 0, hardware: 0 });
    expect(of(2)).toEqual({ assertions: 2, classes: 2, enrolments: 1, webauthn: 0, hardware: 0 });
    expect(of(3)).toEqual({ assertions: 3, classes: 3, enrolments: 2, webauthn: 1, hardware: 0 });
  });

  it('is its counts alone, whatever stands beside them', () => {
    const counts = { assertions: 5, classes: 3, enrolments: 4, webauthn: 2, hardware: 1 };
    expect(countsOf({ ...counts, accepts: ['device'] } as EvidenceDemand)).toEqual(counts);
  });

  it('of several, all are met by what meets each', () => {
    fc.assert(
      fc.property(fc.array(demands, { maxLength: 3 }), tallies, (several, tally) => {
        expect(meets(tally, allOf(several))).toBe(several.every((each) => meets(tally, each)));
      }),
    );
  });

  it('is met the better the more there is: nothing that is added makes it unmet', () => {
    fc.assert(
      fc.property(demands, tallies, tallies, (of, tally, more) => {
        fc.pre(meets(tally, of));
        const sum = {
          webauthn: tally.webauthn + more.webauthn,
          hardware: tally.hardware + more.hardware,
          totp: tally.totp + more.totp,
          services: tally.services + more.services,
        };
        expect(meets(sum, of)).toBe(true);
      }),
    );
  });

  it('reads otherwise wherever it is another', () => {
    fc.assert(
      fc.property(demands, demands, (one, other) => {
        expect(sayDemand(one) === sayDemand(other)).toBe(atLeast(one, other) && atLeast(other, one));
      }),
      { numRuns: 2_000 },
    );
  });

  it.each<[Partial<EvidenceDemand>, string]>([
    [{}, 'nothing'],
    [{ assertions: 1 }, 'evidence of one factor'],
    [{ assertions: 2 }, 'evidence of 2 different factors'],
    [{ webauthn: 1 }, 'one WebAuthn assertion'],
    [{ webauthn: 2 }, '2 WebAuthn assertions by different factors'],
    [{ hardware: 1 }, 'one WebAuthn assertion by a factor of class hardware'],
    [{ hardware: 2 }, '2 WebAuthn assertions by different factors of class hardware'],
    [{ webauthn: 2, hardware: 1 }, '2 WebAuthn assertions by different factors, 1 of them of class hardware'],
    [{ webauthn: 1, classes: 2 }, 'one WebAuthn assertion and evidence of 2 different classes'],
    [
      { webauthn: 1, classes: 2, enrolments: 2 },
      'one WebAuthn assertion, evidence of 2 different classes and evidence of 2 different enrolled factors',
    ],
    [{ enrolments: 1 }, 'evidence of one enrolled factor'],
  ])('%j reads "%s"', (of, english) => {
    expect(sayDemand(demand(of))).toBe(english);
  });
});

describe('A5: what is missing is told exactly', () => {
  const passkey = { ...nothing, webauthn: 1 };

  it.each<[Partial<EvidenceDemand>, Tally, readonly AcceptedClass[], string]>([
    [{ webauthn: 1, classes: 2 }, passkey, all, 'needs one more factor of a class other than webauthn'],
    [
      { webauthn: 1, classes: 2 },
      { ...passkey, webauthn: 2 },
      all,
      'needs one more factor of a class other than webauthn',
    ],
    [{ webauthn: 1, classes: 2 }, passkey, ['device', 'totp'], 'needs one more factor of a class other than webauthn'],
    [{ webauthn: 1 }, { ...nothing, totp: 1 }, all, 'needs one more WebAuthn assertion'],
    [{ webauthn: 3 }, passkey, all, 'needs 2 more WebAuthn assertions'],
    [{ assertions: 3 }, passkey, all, 'needs 2 more factors'],
    [{ assertions: 2 }, passkey, all, 'needs one more factor'],
    [{ hardware: 1 }, passkey, all, 'needs one more factor of class hardware'],
    [{ hardware: 2 }, nothing, all, 'needs 2 more factors of class hardware'],
    [
      { webauthn: 2, hardware: 1 },
      nothing,
      all,
      'needs one more factor of class hardware; needs one more WebAuthn assertion',
    ],
    // The one makes the other good: it is told once.
    [{ webauthn: 2, hardware: 1 }, passkey, all, 'needs one more factor of class hardware'],
    [{ hardware: 1, assertions: 2 }, passkey, all, 'needs one more factor of class hardware'],
    [
      { webauthn: 2, classes: 2 },
      passkey,
      all,
      'needs one more WebAuthn assertion; needs one more factor of a class other than webauthn',
    ],
    [{ webauthn: 1, classes: 2 }, { ...nothing, totp: 1 }, all, 'needs one more WebAuthn assertion'],
    [{ classes: 3 }, passkey, all, 'needs 2 more factors of different classes other than webauthn'],
    [{ classes: 3 }, { ...passkey, totp: 1 }, all, 'needs one more factor of a class other than webauthn and totp'],
    [{ classes: 2 }, { ...nothing, services: 1 }, all, 'needs one more factor of a class other than mfa-service'],
    [{ classes: 2 }, { ...nothing, services: 1 }, ['device', 'mfa-service'], 'needs one more WebAuthn assertion'],
    [{ classes: 2 }, nothing, all, 'needs 2 more factors of different classes'],
    [{ assertions: 1 }, nothing, all, 'needs one more factor'],
    [{ enrolments: 2 }, passkey, all, 'needs one more enrolled factor'],
    // Where no token counts, every factor is enrolled.
    [{ enrolments: 2 }, passkey, ['device', 'totp'], 'needs one more factor'],
    [{ classes: 2, enrolments: 2 }, passkey, all, 'needs one more enrolled factor of a class other than webauthn'],
    [
      { classes: 2, enrolments: 2 },
      passkey,
      ['device', 'totp'],
      'needs one more factor of a class other than webauthn',
    ],
    [
      { classes: 2, enrolments: 2 },
      passkey,
      ['device', 'mfa-service'],
      'needs one more factor of a class other than webauthn; needs one more enrolled factor',
    ],
    [
      { classes: 2, assertions: 4 },
      passkey,
      all,
      'needs one more factor of a class other than webauthn; needs 2 more factors',
    ],
    [{ webauthn: 1, classes: 2 }, { ...passkey, totp: 1 }, all, ''],
  ])('%j, of %j where %j count: %s', (of, has, accepts, words) => {
    expect(missing(demand(of), has, accepts).join('; ')).toBe(words);
    expect(meets(has, demand(of))).toBe(words === '');
  });

  it('as many as it tells of are needed, no fewer do, and there are as many that do', () => {
    const some = fc.constantFrom<readonly AcceptedClass[]>(
      all,
      ['device', 'totp'],
      ['hardware', 'mfa-service'],
      ['hardware'],
    );
    fc.assert(
      fc.property(demands, tallies, some, (of, has, accepts) => {
        const kinds = acceptedKinds(accepts);
        const unaccepted = { webauthn: false, totp: !kinds.includes('totp'), services: !kinds.includes('mfa-service') };
        fc.pre(!(unaccepted.totp && has.totp > 0) && !(unaccepted.services && has.services > 0));
        fc.pre(accepts.includes('hardware') || of.hardware === 0);
        fc.pre(of.classes <= kinds.length);
        const told = missing(of, has, accepts);
        expect(told.length === 0).toBe(meets(has, of));
        const count = told
          .map((phrase) => /^needs (one|\d+) more /.exec(phrase)?.[1] ?? '')
          .reduce((sum, number) => sum + (number === 'one' ? 1 : Number(number)), 0);
        const fewest = Math.min(
          ...everyTally
            .filter(
              (more) =>
                (kinds.includes('totp') || more.totp === 0) &&
                (kinds.includes('mfa-service') || more.services === 0) &&
                meets(
                  {
                    webauthn: has.webauthn + more.webauthn,
                    hardware: has.hardware + more.hardware,
                    totp: has.totp + more.totp,
                    services: has.services + more.services,
                  },
                  of,
                ),
            )
            .map((more) => more.webauthn + more.totp + more.services),
        );
        expect(count).toBe(fewest);
      }),
      { numRuns: 500 },
    );
  });
});

describe('A8: as much of a demand as an account has factors for', () => {
  it('is met by all that it has, but where it lacks what it may not lack', () => {
    fc.assert(
      fc.property(demands, tallies, (of, has) => {
        const wanted = asFarAs(of, has);
        const lacks =
          (of.webauthn > 0 && has.webauthn === 0) ||
          (of.enrolments > 0 && has.webauthn + has.totp === 0) ||
          (of.assertions > 0 && has.webauthn + has.totp + has.services === 0);
        expect(meets(has, wanted)).toBe(!lacks);
        expect(atLeast(of, wanted)).toBe(true);
        if (meets(has, of)) expect(wanted).toEqual(of);
      }),
    );
  });

  it('grows with what the account has', () => {
    fc.assert(
      fc.property(demands, tallies, tallies, (of, has, more) => {
        const sum = {
          webauthn: has.webauthn + more.webauthn,
          hardware: has.hardware + more.hardware,
          totp: has.totp + more.totp,
          services: has.services + more.services,
        };
        expect(atLeast(asFarAs(of, sum), asFarAs(of, has))).toBe(true);
      }),
    );
  });
});
