import {
  type AccountId,
  type FactorRecord,
  formatInstant,
  isFormer,
  ripeness,
  second,
  shown,
  type VerifiedToken,
  type WallMs,
} from '../../domain/index.ts';
import type { Attested, Evidence, Moment, TransactionCase } from '../cases.ts';
import { factorDelay } from '../policy/ripening.ts';
import { type Judgement, pass, type Rule, refuse } from '../rule.ts';

/** What of the moment a factor is held against. */
export type Present = Pick<Moment, 'policy' | 'station' | 'now' | 'w'>;

/** A1, A2, A5: something came, and all that came verifies. Evidence that does not verify is never passed over. */
function genuine(evidence: readonly Evidence[]): Judgement {
  if (evidence.length === 0) return refuse('attestation-missing', 'no attestation came with the request');
  for (const { verification } of evidence) {
    if (verification.genuine !== true) return refuse(verification.reason, verification.message, verification.details);
  }
  return pass(`${evidence.length} attestation(s) verify over the intent’s digest`);
}

/** A1, A8, A9, A14: each factor is enrolled for this very account, not revoked, of the present epoch, and ripe. */
function usable(evidence: readonly Evidence[], account: AccountId, of: Present): Judgement {
  for (const piece of evidence) {
    const judgement = pieceUsable(piece, account, of);
    if (!judgement.passed) return judgement;
  }
  return pass('every factor is enrolled for the account, and ripe');
}

/** Of one piece of evidence, whether or not it is genuine. */
export function pieceUsable({ verification, factor }: Evidence, account: AccountId, of: Present): Judgement {
  return verification.genuine && verification.evidence.kind === 'mfa-token'
    ? tokenUsable(verification.evidence, account, of)
    : factorUsable(factor, account, of);
}

function tokenUsable(token: VerifiedToken, account: AccountId, { policy }: Present): Judgement {
  if (token.account !== account) return refuse('factor-foreign', `the token is not for account ${account}`);
  const { accepts } = policy.evidence;
  if (accepts.includes('mfa-service')) return pass(`policy accepts tokens of ${token.issuer}`);
  return refuse('factor-class-refused', `policy accepts ${accepts.join(', ')}, the token is of an MFA service`);
}

export function factorUsable(factor: FactorRecord | undefined, account: AccountId, of: Present): Judgement {
  const { policy, station, now, w } = of;
  if (factor === undefined)
    return refuse('factor-unknown', 'the attestation was made by a factor that is not enrolled');
  if (factor.account !== account) return refuse('factor-foreign', `the factor is not one of account ${account}`);
  const alive = factor.state === 'announcing' || factor.state === 'pending';
  if (!alive || factor.epoch !== station.factorEpoch) return refuse('factor-revoked', 'the factor has been revoked');
  if (!policy.evidence.accepts.includes(factor.class)) {
    return refuse(
      'factor-class-refused',
      `policy accepts ${policy.evidence.accepts.join(', ')}, the factor is ${factor.class}`,
    );
  }
  if (factor.state !== 'pending' || factor.w0 === null || factor.d0 === null) {
    return refuse('factor-unripe', 'the factor ripens only once its notice has been delivered');
  }
  const delay = factorDelay(factor, policy);
  const at = ripeness({ state: 'pending', w0: factor.w0, d0: factor.d0 }, delay, w);
  if (!at.ripe) {
    const notBefore = formatInstant((now + Math.ceil(at.remaining / second) * second) as WallMs);
    return refuse('factor-unripe', `the factor is still ripening: not before ${notBefore}`, { not_before: notBefore });
  }
  return pass(`the factor is ripe: W ${w} is past ${at.w0} + ${Math.max(at.d0, delay)} ms`);
}

export const evidenceGenuine: Rule<Pick<Attested, 'evidence'>> = {
  name: 'evidence-genuine',
  judge: ({ evidence }) => genuine(evidence),
};

export const factorsUsable: Rule<Moment & Pick<Attested, 'evidence' | 'intent'>> = {
  name: 'factors-usable',
  judge: (of) => usable(of.evidence, of.intent.intent.account, of),
};

/** D4: the evidence that was kept is judged again before a signature, against the factors as they stand. */
export const approvalsStand: Rule<TransactionCase> = {
  name: 'approvals-stand',
  judge(of) {
    for (const { record, intent, evidence } of of.withdrawals) {
      const said = intent.intent;
      const same =
        intent.digest === record.digest &&
        said.withdrawal === record.id &&
        said.account === record.account &&
        said.asset === record.asset &&
        said.amount === record.amount &&
        said.destination === record.destination &&
        said.maxFee === record.maxFee &&
        said.payBy === record.payBy;
      if (!same) return refuse('attestation-invalid', `withdrawal ${record.id} is not what its intent says`);
      // A3: what was approved for a former generation pays only what was permitted in it, on the anchor that it took then.
      const present = said.station === of.station.name;
      if (!present && !(record.anchor !== null && isFormer(said.station, of.station.name)))
        return refuse(
          'station-mismatch',
          `withdrawal ${record.id} was approved for station ${shown(said.station)}, this is ${of.station.name}`,
        );
      // A9: whatever approved it, a factor or an MFA service.
      if (record.epoch !== of.station.factorEpoch)
        return refuse('factor-revoked', `withdrawal ${record.id} was authorized before every factor was revoked`);
      for (const judgement of [genuine(evidence), usable(evidence, record.account, of)]) {
        if (!judgement.passed) return judgement;
      }
    }
    return pass('every approval still verifies, by factors that still stand');
  },
};
