import {
  type AccountId,
  type Admission,
  admissionBytes,
  digestOf,
  type FactorRecord,
  hour,
  parseAccountId,
  type VerifiedRegistration,
} from '../../../domain/index.ts';
import { decideAdmission } from '../../../gate/decide.ts';
import { factorDelay } from '../../../gate/policy/ripening.ts';
import { accountSeen } from '../../account.ts';
import { accountLookups, cancelAll } from '../../cancellation.ts';
import { spentBy } from '../../intents.ts';
import { encodeEvidence } from '../../kept-evidence.ts';
import { factorLives } from '../../last-factor.ts';
import { factorAddedText, noticeSeed, recoveryBegunText, writeNotice } from '../../notice.ts';
import { refusalOf } from '../../refusals.ts';
import { attestedColumns, decodeRegistration, encodeRegistration, registered } from '../../registrations.ts';
import { stillRipening } from '../../ripened.ts';
import type { Facts, Station } from '../../station.ts';
import { toldBy } from '../../station.ts';
import type { Applied, Ask, Effect, TakenBy } from '../effect.ts';

const prefix = 'account:';
/** Of the verified registration, as the act keeps it. */
const registrationMost = 8 * 1024;

/**
 * A8, A10: by a quorum, an account's first factor, or one in the place of those that it lost. It ripens as any, or as long as a
 * recovery does, once its owner was told by every channel; its owner can object, whoever has another of its factors can revoke it.
 * A freeze of the account does not stop it, nor does it lift one: that is how an account whose factors are gone is frozen.
 */
export const admitEffect: Effect = {
  verb: 'admit',
  form: 'account:ID',
  payload: { most: registrationMost },
  async receive(subject, payload, { station }) {
    return encodeRegistration(await registered(station, accountOf(subject), payload, 'payload'));
  },
  ask(subject, payload, { station }) {
    if (!subject.startsWith(prefix)) return undefined;
    return admitting(accountOf(subject), decodeRegistration(payload, 'payload'), station);
  },
};

function accountOf(subject: string): AccountId {
  return parseAccountId(subject.startsWith(prefix) ? subject.slice(prefix.length) : '', 'subject');
}

function admitting(account: AccountId, registration: VerifiedRegistration, station: Station): Ask {
  const { credential, key, class: kind } = registration;
  const seed = noticeSeed(station);
  const admission = (facts: Facts): Admission => {
    const verdict = decideAdmission({
      ...station.moment(facts, []),
      intent: { intent: { key, class: kind } },
      notHardware: registration.notHardware,
      factors: facts.all('factorsOfAccount', account),
      existing: facts.get('factors', credential),
    });
    if (!verdict.approved) throw refusalOf(verdict);
    const first = (facts.get('accounts', account)?.everEnrolled ?? 0) === 0;
    return { station: facts.station.name, account, credential, key, class: kind, as: first ? 'first' : 'recovery' };
  };
  return {
    rows: [
      ['factors', credential],
      ['accounts', account],
    ],
    // However many a thief heaped up, or the epoch left behind: what an account may have at most keeps nobody from recovering.
    lookups: [['factorsOfAccount', account], ...accountLookups(account)],
    tightens: false,
    whileSuspect: false,
    recovery: false,
    stoppedBy: ['station'],
    personal: true,
    approved: (facts) => admissionBytes(admission(facts)),
    describe: (facts) => described(admission(facts), facts, station),
    signatures: () => station.policy.operators?.quorum ?? Number.POSITIVE_INFINITY,
    // What loosens is the factor, and it ripens itself.
    delay: () => undefined,
    apply(facts, by) {
      const of = admission(facts);
      const bytes = admissionBytes(of);
      const record: FactorRecord = {
        id: credential,
        account,
        kind: 'webauthn',
        class: kind,
        coseKey: registration.coseKey,
        signCount: registration.signCount,
        backupEligible: registration.backupEligible,
        backupState: registration.backupState,
        aaguid: registration.aaguid,
        ...attestedColumns(registration),
        epoch: facts.station.factorEpoch,
        admission: of.as === 'first' ? 'operators' : 'recovery',
        attestedBy: [],
        digest: digestOf(bytes),
        intent: bytes,
        evidence: encodeEvidence([]),
        state: 'announcing',
        w0: null,
        d0: null,
        notice: seed.id,
        history: toldBy(facts, by.position),
      };
      const hours = factorDelay(record, station.policy) / hour;
      const notice = writeNotice(seed, facts, {
        account,
        kind: of.as === 'first' ? 'factor-added' : 'recovery-begun',
        subject: credential,
        text: of.as === 'first' ? factorAddedText(record, hours) : recoveryBegunText(record, hours),
        leaf: by.position,
      });
      return enrolled(record, of, by, facts, station, [{ table: 'notices', record: notice, leaf: by.position }]);
    },
  };
}

function enrolled(
  record: FactorRecord,
  { as, key }: Admission,
  by: TakenBy,
  facts: Facts,
  station: Station,
  told: Applied['writes'],
): Applied {
  const { account, id, digest } = record;
  const past = facts.get('accounts', account) ?? accountSeen(account, facts);
  const { position: leaf } = by;
  const fields = {
    intent: digest,
    kind_of_factor: record.kind,
    class: record.class,
    key,
    admitted_by: '',
    admission: as,
    operators: by.operators.join(' '),
    act: by.act,
    notice: record.notice,
    policy: facts.station.policy,
    attested_by_w0: '',
    attested_by_d0: '',
  };
  const cancelled = as === 'first' ? undefined : superseded(account, station, leaf + 1, facts);
  return {
    writes: [
      { table: 'factors', record, leaf },
      { table: 'accounts', record: { ...past, everEnrolled: past.everEnrolled + 1 }, leaf },
      { table: 'spent', record: spentBy(digest, 'a factor'), leaf },
      ...told,
      ...(cancelled?.writes ?? []),
    ],
    removals: cancelled?.removals ?? [],
    leaves: [
      { kind: 'factor-added', fields, personal: { account, factor: id, attested_by: '' } },
      ...(cancelled?.leaves ?? []),
    ],
  };
}

/** Whatever of the account still ripens as it begins to recover: an owner who lost their factors no longer vouches for it. */
function superseded(
  account: AccountId,
  station: Station,
  position: number,
  facts: Facts,
): ReturnType<typeof cancelAll> {
  const { policy } = station;
  return cancelAll(facts, position, 'recovery', {
    factors: facts.all('factorsLive', account).filter((f) => stillRipening(f, factorDelay(f, policy), facts)),
    destinations: facts
      .all('destinationsLive', account)
      .filter((d) => stillRipening(d, policy.ripening.destination, facts)),
    withdrawals: [],
  });
}

function described({ account, credential, key, class: kind, as }: Admission, facts: Facts, station: Station): string {
  const what = `the ${kind} passkey ${credential}, key ${key}`;
  const { factor, recovery } = station.policy.ripening;
  if (as === 'first')
    return `Admit ${what} as the first factor of account ${account}. It approves nothing for ${factor / hour} hours after its owner was told.`;
  const living = facts.all('factorsLive', account).filter((one) => factorLives(one, facts.station)).length;
  return `Let account ${account} recover with ${what}. It approves nothing for ${recovery / hour} hours after its owner was told by every channel; until then nothing else is added to the account, and what still ripens of it is cancelled. ${living} of its factors live.`;
}
