import { describe, expect, it } from 'vitest';
import {
  type AccountId,
  day,
  digestOf,
  type EntryId,
  type FactorId,
  formatInstant,
  hour,
  type Reason,
  type StationName,
  second,
  type WallMs,
  type WitnessedMs,
} from '../../src/domain/index.ts';
import type { Judgement } from '../../src/gate/rule.ts';
import { factorAdmitted, factorClassAccepted, factorNew } from '../../src/gate/rules/admission.ts';
import { amountWithinCeiling } from '../../src/gate/rules/amount-within-ceiling.ts';
import { assetKnown } from '../../src/gate/rules/asset-known.ts';
import { clockTrusted } from '../../src/gate/rules/clock-trusted.ts';
import { destinationNew } from '../../src/gate/rules/destination-new.ts';
import { destinationListed, destinationRipe } from '../../src/gate/rules/destination-stands.ts';
import { evidenceGenuine, factorsUsable } from '../../src/gate/rules/evidence-genuine.ts';
import { evidenceSufficient } from '../../src/gate/rules/evidence-sufficient.ts';
import { evidenceUnspent } from '../../src/gate/rules/evidence-unspent.ts';
import { feeCeilingWithinPolicy } from '../../src/gate/rules/fee-ceiling.ts';
import { notFrozen } from '../../src/gate/rules/frozen.ts';
import { intentFresh } from '../../src/gate/rules/intent-fresh.ts';
import { intentForStation, intentPrepared } from '../../src/gate/rules/intent-prepared.ts';
import { payByAhead } from '../../src/gate/rules/pay-by-ahead.ts';
import {
  bobsAddress,
  destinationCase,
  evidence,
  factor,
  factorCase,
  factorIntent,
  listed,
  mfaToken,
  moment,
  now,
  policyOf,
  w,
  withdrawalCase,
  withdrawalIntent,
} from './hand-made.ts';

function expectPass(judgement: Judgement): void {
  expect(judgement).toMatchObject({ passed: true, explanation: expect.stringMatching(/./) });
}

function expectRefusal(judgement: Judgement, reason: Reason, message: RegExp | string = /./): void {
  expect(judgement).toMatchObject({ passed: false, reason, message: expect.stringMatching(message) });
}

const at = (ms: number): WitnessedMs => ms as WitnessedMs;

describe('rules for whatever is approved', () => {
  it('I3: not-frozen refuses while a freeze is in force, and names it', () => {
    expectPass(notFrozen.judge(moment()));
    const freeze = { scope: 'account:alice', active: true, who: 'ops', why: 'a call', since: now } as const;
    const judgement = notFrozen.judge(moment({ freezes: [freeze] }));
    expectRefusal(judgement, 'frozen', /account:alice has been frozen since 2022-01-20T12:00:00Z/);
    expect(judgement).toMatchObject({ details: { scope: 'account:alice' } });
    expectPass(notFrozen.judge(moment({ freezes: [{ ...freeze, active: false }] })));
  });

  it('I6: clock-trusted refuses on a suspect clock', () => {
    expectPass(clockTrusted.judge(moment()));
    expectRefusal(clockTrusted.judge(moment({ clockSuspect: true })), 'clock-suspect');
  });

  it('A2: intent-for-this-station refuses another id and another generation', () => {
    expectPass(intentForStation.judge(withdrawalCase()));
    const { station } = moment();
    for (const name of [`${'00'.repeat(16)}/1`, `${'9f'.repeat(16)}/2`]) {
      const other = withdrawalCase({ station: { ...station, name: name as StationName } });
      expectRefusal(intentForStation.judge(other), 'station-mismatch');
    }
  });

  it('A11: intent-prepared-here refuses a ticket that is not genuine', () => {
    expectPass(intentPrepared.judge(withdrawalCase()));
    expectRefusal(intentPrepared.judge(withdrawalCase({ ticketGenuine: false })), 'ticket-invalid');
  });

  it('A4: intent-fresh refuses from the instant of expiry on, and what comes from the future', () => {
    const later = (ms: number) => withdrawalCase({ now: (now + ms) as WallMs });
    expectPass(intentFresh.judge(later(0)));
    expectPass(intentFresh.judge(later(300_000 - 1)));
    expectRefusal(intentFresh.judge(later(300_000)), 'intent-expired');
    expectPass(intentFresh.judge(later(-second)));
    expectRefusal(intentFresh.judge(later(-second - 1)), 'intent-from-future');
  });

  it('I4: evidence-unspent refuses what was used, and names for what', () => {
    expectPass(evidenceUnspent.judge(withdrawalCase()));
    const spent = { key: 'intent:00', by: 'withdrawal w-0' };
    expectRefusal(evidenceUnspent.judge(withdrawalCase({ spent })), 'attestation-spent', /withdrawal w-0/);
  });
});

describe('rules for evidence', () => {
  it('A1: evidence-genuine refuses none, and one bad piece among good ones', () => {
    expectPass(evidenceGenuine.judge(withdrawalCase()));
    expectRefusal(evidenceGenuine.judge(withdrawalCase({ evidence: [] })), 'attestation-missing');
    const bad = { genuine: false, reason: 'signature-invalid', message: 'no' } as const;
    const mixed = withdrawalCase({ evidence: [evidence(), { verification: bad, factor: factor() }] });
    expectRefusal(evidenceGenuine.judge(mixed), 'signature-invalid');
  });

  const usable = (of: Parameters<typeof evidence>[0]) =>
    factorsUsable.judge(withdrawalCase({ evidence: [evidence(of)] }));

  it('A1, A8, A9: factors-usable refuses what is not a live, ripe factor of the account', () => {
    expectPass(usable({}));
    const { verification } = evidence();
    const unknown = withdrawalCase({ evidence: [{ verification, factor: undefined }] });
    expectRefusal(factorsUsable.judge(unknown), 'factor-unknown');
    expectRefusal(usable({ account: 'bob' as AccountId }), 'factor-foreign');
    expectRefusal(usable({ state: 'removed' }), 'factor-revoked');
    expectRefusal(usable({ state: 'cancelled' }), 'factor-revoked');
    expectRefusal(usable({ epoch: 0 }), 'factor-revoked');
    expectRefusal(usable({ epoch: 2 }), 'factor-revoked');
    expectRefusal(usable({ class: 'hardware' }), 'factor-class-refused');
    expectRefusal(usable({ state: 'announcing', w0: null, d0: null }), 'factor-unripe');
    expectRefusal(usable({ w0: null }), 'factor-unripe');
    expectRefusal(usable({ d0: null }), 'factor-unripe');
  });

  it('I6: a factor is ripe from W0 + max(d0, delay in force) on', () => {
    expectPass(usable({ w0: at(w - day) }));
    const judgement = usable({ w0: at(w - day + 1) });
    expectRefusal(judgement, 'factor-unripe');
    expect(judgement).toMatchObject({ details: { not_before: formatInstant((now + second) as WallMs) } });
    expectRefusal(usable({ w0: at(w - day), d0: 2 * day }), 'factor-unripe');
    expectRefusal(usable({ w0: at(w - hour), d0: hour }), 'factor-unripe');
  });

  it('A1: every factor must be usable, not one of them', () => {
    const both = withdrawalCase({ evidence: [evidence(), evidence({ state: 'removed' })] });
    expectRefusal(factorsUsable.judge(both), 'factor-revoked');
  });

  it('A1: evidence-sufficient counts different factors', () => {
    const policy = policyOf((d) => d.replace('webauthn: 1', 'webauthn: 2'));
    const judge = (...ids: string[]) =>
      evidenceSufficient.judge(
        withdrawalCase({ policy, evidence: ids.map((id) => evidence({ id: id.repeat(43) as FactorId })) }),
      );
    expectPass(judge('A', 'B'));
    expectRefusal(judge('A'), 'attestation-insufficient', /^needs one more WebAuthn assertion$/);
    expectRefusal(judge('A', 'A'), 'attestation-insufficient');
    expectRefusal(judge(), 'attestation-insufficient', /^needs 2 more WebAuthn assertions$/);
  });
});

describe('rules for a withdrawal', () => {
  const saying = (members: Record<string, string>) => withdrawalCase({ intent: withdrawalIntent(members) });

  it('asset-known refuses what policy does not name', () => {
    expectPass(assetKnown.judge(saying({})));
    expectRefusal(assetKnown.judge(saying({ asset: 'eip155:1/slip44:60' })), 'asset-unknown');
  });

  it('amount-within-ceiling refuses one unit more than policy’s ceiling', () => {
    expectPass(amountWithinCeiling.judge(saying({ amount: '100000000000000000000' })));
    expectRefusal(amountWithinCeiling.judge(saying({ amount: '100000000000000000001' })), 'amount-above-ceiling');
    expectRefusal(
      amountWithinCeiling.judge(saying({ asset: 'eip155:1/slip44:60', amount: '1' })),
      'amount-above-ceiling',
    );
  });

  it('E5: fee-ceiling-within-policy refuses one wei more than policy’s ceiling', () => {
    expectPass(feeCeilingWithinPolicy.judge(saying({ max_fee: '10000000000000000' })));
    expectRefusal(feeCeilingWithinPolicy.judge(saying({ max_fee: '10000000000000001' })), 'fee-ceiling-above-policy');
    const unknown = saying({ asset: 'eip155:1/slip44:60', max_fee: '1' });
    expectRefusal(feeCeilingWithinPolicy.judge(unknown), 'fee-ceiling-above-policy');
  });

  it('pay-by-ahead refuses from the instant on', () => {
    expectPass(payByAhead.judge(withdrawalCase({ now: (now + hour - 1) as WallMs })));
    expectRefusal(payByAhead.judge(withdrawalCase({ now: (now + hour) as WallMs })), 'pay-by-passed');
  });

  const judgeListed = (of: ReturnType<typeof listed>) => destinationListed.judge(withdrawalCase({ listed: of }));

  it('D1: destination-listed refuses all but the live entry of this account and address', () => {
    expectPass(judgeListed(listed()));
    expectPass(judgeListed(listed({ state: 'announcing' })));
    expectRefusal(judgeListed({ listing: undefined, entry: undefined }), 'destination-unlisted');
    expectRefusal(judgeListed({ listing: undefined, entry: listed().entry }), 'destination-unlisted');
    expectRefusal(judgeListed({ listing: listed().listing, entry: undefined }), 'destination-unlisted');
    expectRefusal(judgeListed(listed({ state: 'removed' })), 'destination-unlisted');
    expectRefusal(judgeListed(listed({ state: 'cancelled' })), 'destination-unlisted');
    expectRefusal(judgeListed(listed({ account: 'bob' as AccountId })), 'destination-unlisted');
    expectRefusal(judgeListed(listed({ destination: bobsAddress })), 'destination-unlisted');
    const other = { listing: listed().listing, entry: listed({ entry: 'entry-9' as EntryId }).entry };
    expectRefusal(judgeListed(other), 'destination-unlisted');
  });

  const judgeRipe = (of: Parameters<typeof listed>[0]) => destinationRipe.judge(withdrawalCase({ listed: listed(of) }));

  it('D2, I6: destination-ripe refuses until W0 + max(d0, delay in force)', () => {
    expectPass(judgeRipe({ w0: at(w - day) }));
    const judgement = judgeRipe({ w0: at(w - day + 1) });
    expectRefusal(judgement, 'destination-unripe');
    expect(judgement).toMatchObject({ details: { not_before: formatInstant((now + second) as WallMs) } });
    expectRefusal(judgeRipe({ w0: at(w - day), d0: 2 * day }), 'destination-unripe');
    expectRefusal(judgeRipe({ w0: at(w - hour), d0: 0 }), 'destination-unripe');
    expectRefusal(judgeRipe({ state: 'announcing', w0: null, d0: null }), 'destination-unripe');
    expectRefusal(judgeRipe({ w0: null }), 'destination-unripe');
    expectRefusal(judgeRipe({ d0: null }), 'destination-unripe');
    expectRefusal(judgeRipe({ state: 'removed' }), 'destination-unripe');
    expectRefusal(judgeRipe({ epoch: 0 }), 'destination-unripe');
  });

  it('D2: destination-new refuses an address that has a live entry', () => {
    expectPass(destinationNew.judge(destinationCase()));
    expectPass(destinationNew.judge(destinationCase({ listed: listed({ state: 'removed' }) })));
    expectPass(destinationNew.judge(destinationCase({ listed: listed({ state: 'cancelled' }) })));
    expectRefusal(destinationNew.judge(destinationCase({ listed: listed() })), 'destination-listed');
    expectRefusal(
      destinationNew.judge(destinationCase({ listed: listed({ state: 'announcing' }) })),
      'destination-listed',
    );
  });
});

describe('rules for a factor', () => {
  it('A10: a first factor needs a genuine voucher that is not spent, for an account that never had one', () => {
    expectPass(factorAdmitted.judge(factorCase()));
    expectRefusal(factorAdmitted.judge(factorCase({ voucher: { present: false } })), 'voucher-missing');
    const wrong = { present: true, genuine: false, message: 'no' } as const;
    expectRefusal(factorAdmitted.judge(factorCase({ voucher: wrong })), 'voucher-invalid');
    const spent = { present: true, genuine: true, spent: true } as const;
    expectRefusal(factorAdmitted.judge(factorCase({ voucher: spent })), 'voucher-spent');
    expectRefusal(factorAdmitted.judge(factorCase({ everEnrolled: 1 })), 'voucher-not-first');
  });

  const attested = (of: Partial<Parameters<typeof factorCase>[0]> = {}) =>
    factorCase({
      intent: factorIntent({ attested_by: factor().id }),
      evidence: [evidence()],
      voucher: { present: false },
      everEnrolled: 1,
      ...of,
    });

  it('A8: a further factor needs the ripe factor that its intent names', () => {
    expectPass(factorAdmitted.judge(attested()));
    expectRefusal(factorAdmitted.judge(attested({ evidence: [] })), 'attestation-missing');
    const voucher = { present: true, genuine: true, spent: false } as const;
    expectRefusal(factorAdmitted.judge(attested({ evidence: [], voucher })), 'attestation-missing');
    expectRefusal(factorAdmitted.judge(attested({ evidence: [evidence({ epoch: 0 })] })), 'factor-revoked');
    expectRefusal(factorAdmitted.judge(attested({ evidence: [evidence({ w0: w })] })), 'factor-unripe');
    const other = attested({ evidence: [evidence({ id: 'C'.repeat(43) as FactorId })] });
    expectRefusal(factorAdmitted.judge(other), 'attestation-invalid');
    const bad = { genuine: false, reason: 'signature-invalid', message: 'no' } as const;
    const forged = attested({ evidence: [{ verification: bad, factor: factor() }] });
    expectRefusal(factorAdmitted.judge(forged), 'signature-invalid');
  });

  it('A8: where policy wants two for a payment, one attests a further factor: an account with one could never have two', () => {
    const policy = policyOf((d) => d.replace('webauthn: 1', 'webauthn: 2'));
    expectPass(factorAdmitted.judge(attested({ policy, factors: [factor()] })));
  });

  it('A8: an account that has two needs both to attest a third: one stolen factor does not make its own second', () => {
    const policy = policyOf((d) => d.replace('webauthn: 1', 'webauthn: 2'));
    const second = factor({ id: 'C'.repeat(43) as FactorId });
    const factors = [factor(), second];
    expectRefusal(factorAdmitted.judge(attested({ policy, factors })), 'attestation-insufficient');
    const both = [evidence(), evidence({ id: second.id })];
    expectPass(factorAdmitted.judge(attested({ policy, factors, evidence: both })));
    // One that is not ripe yet can't attest, and is not waited for.
    expectPass(factorAdmitted.judge(attested({ policy, factors: [factor(), { ...second, w0: w }] })));
  });

  describe('A8: where payments take two classes', () => {
    const band = "\nbands:\n  - { asset: 'eip155:31337/slip44:60', above: '1', classes: 2 }\n";
    const services = `attesters:\n  - { issuer: mfa.example, kid: m1, jwk: { kty: OKP, crv: Ed25519, x: ${'D'.repeat(43)} } }\n`;
    const accepting = (accepts: string, more = '') =>
      policyOf((d) => `${d.replace('accepts: [device, synced]', `accepts: [${accepts}]`)}${band}${more}`);
    const policy = accepting('device, hardware, totp');
    const passkey = factor();
    const secret = factor({ id: 'C'.repeat(43) as FactorId, kind: 'totp', class: 'totp' });
    const [byPasskey, byCode] = [evidence(), evidence({ id: secret.id, kind: 'totp', class: 'totp' })];
    const token = mfaToken('mfa.example');
    const judged = (of: Parameters<typeof attested>[0]) => factorAdmitted.judge(attested({ policy, ...of }));

    it('A8: an account with a passkey only comes by its codes with the passkey alone', () => {
      expectPass(judged({ factors: [passkey] }));
      // One that is not ripe is not had.
      expectPass(judged({ factors: [passkey, { ...secret, w0: w }] }));
    });

    it('A8: one with both needs both for a third, although a small payment takes the passkey alone', () => {
      const factors = [passkey, secret];
      const message = /^needs one more factor of a class other than webauthn$/;
      expectRefusal(judged({ factors }), 'attestation-insufficient', message);
      expectPass(judged({ factors, evidence: [byPasskey, byCode] }));
      // Two passkeys are one class.
      const second = factor({ id: 'D'.repeat(43) as FactorId });
      const two = [byPasskey, evidence({ id: second.id })];
      expectRefusal(judged({ factors: [...factors, second], evidence: two }), 'attestation-insufficient', message);
    });

    it('A8: one with two passkeys needs both for its codes: what takes two factors is not made by one', () => {
      const second = factor({ id: 'D'.repeat(43) as FactorId });
      const factors = [passkey, second];
      expectRefusal(judged({ factors }), 'attestation-insufficient', /^needs one more factor$/);
      expectPass(judged({ factors, evidence: [byPasskey, evidence({ id: second.id })] }));
    });

    it('A6: codes attest no factor, not even where the account has nothing else', () => {
      const intent = factorIntent({ attested_by: secret.id });
      const judge = (of: Parameters<typeof attested>[0]) => judged({ intent, factors: [secret], ...of });
      expectRefusal(judge({ evidence: [byCode] }), 'attestation-insufficient', /^needs one more WebAuthn assertion$/);
      // Where nobody has to have a passkey, codes still are a second factor only.
      const services_ = policyOf(
        (d) =>
          `${d.replace('webauthn: 1, accepts: [device, synced]', 'webauthn: 0, accepts: [device, totp, mfa-service]')}${services}`,
      );
      expectRefusal(
        judge({ policy: services_, evidence: [byCode] }),
        'attestation-insufficient',
        /^a one-time code is a second factor only: needs one more factor of class webauthn or mfa-service$/,
      );
      expectPass(judge({ policy: services_, evidence: [byCode, token] }));
    });

    it('A8: one that uses an MFA service needs its token: the thief of the passkey does not make codes in its place', () => {
      const of = { policy: accepting('device, totp, mfa-service', services), factors: [passkey] };
      expectPass(judged({ ...of, usesService: false }));
      expectRefusal(judged({ ...of, usesService: true }), 'attestation-insufficient');
      expectPass(judged({ ...of, usesService: true, evidence: [byPasskey, token] }));
      // Where policy takes no tokens any more, nobody could send one.
      expectPass(judged({ factors: [passkey], usesService: true }));
    });

    it('A8: an account that lost its passkey does not come by another with what payments do not take alone', () => {
      const of = { policy: accepting('device, totp, mfa-service', services), factors: [secret], usesService: true };
      const intent = factorIntent({ attested_by: secret.id });
      expectRefusal(
        judged({ ...of, intent, evidence: [byCode, token] }),
        'attestation-insufficient',
        /^needs one more WebAuthn assertion$/,
      );
    });

    it('A8: a hardware key attests, where it is demanded and there is one; the first comes by what there is', () => {
      const demanding = policyOf((d) =>
        d.replace('webauthn: 1, accepts: [device, synced]', 'hardware: 1, accepts: [device, hardware]'),
      );
      const hard = factor({ id: 'H'.repeat(43) as FactorId, class: 'hardware' });
      expectPass(judged({ policy: demanding, factors: [passkey] }));
      const factors = [passkey, hard];
      expectRefusal(
        judged({ policy: demanding, factors }),
        'attestation-insufficient',
        /^needs one more factor of class hardware$/,
      );
      const both = [byPasskey, evidence({ id: hard.id, class: 'hardware' })];
      expectPass(judged({ policy: demanding, factors, evidence: both }));
    });
  });

  it('A10: factor-new refuses a credential that is known, whoever’s it is', () => {
    expectPass(factorNew.judge(factorCase()));
    expectRefusal(factorNew.judge(factorCase({ existing: factor({ state: 'removed' }) })), 'factor-exists');
    // The same key under another id would count as a second factor.
    const twin = factor({ id: 'C'.repeat(43) as FactorId });
    const key = factorIntent({ key: digestOf(twin.coseKey) });
    expectRefusal(factorNew.judge(factorCase({ intent: key, factors: [twin] })), 'factor-exists');
  });

  it('A5: factor-class-accepted refuses a class that policy does not name', () => {
    expectPass(factorClassAccepted.judge(factorCase()));
    expectPass(factorClassAccepted.judge(factorCase({ intent: factorIntent({ class: 'synced' }) })));
    const hardware = factorCase({ intent: factorIntent({ class: 'hardware', key: digestOf() }) });
    expectRefusal(factorClassAccepted.judge(hardware), 'factor-class-refused');
  });
});
