import {
  type DestinationIntent,
  type Digest,
  digestOf,
  type FactorIntent,
  parseAdmission,
  parseImportedFactor,
  parseInstant,
  parseIntent,
  Refusal,
  type Sealed,
  type WithdrawalIntent,
} from '../domain/index.ts';
import type {
  ReceiptAssertion,
  ReceiptAttestation,
  ReceiptCode,
  ReceiptDocument,
  ReceiptFactor,
  ReceiptToken,
} from './receipt-document.ts';
import { ReceiptError, type ReceiptReason } from './receipt-error.ts';
import { checkReceiptAssertion, type ShownAssertion } from './receipt-evidence.ts';
import { openedOf, type ProvenLeaf, type ProvenLeaves, recordedRipeness, ripeAt } from './receipt-leaves.ts';
import type { ReceiptPayable } from './receipt-payment.ts';
import { approvalsOf } from './receipt-policy.ts';
import { checkReceiptToken } from './receipt-token.ts';
import { checkReceiptVoucher } from './receipt-voucher.ts';

interface Enrolled {
  readonly shown: ReceiptFactor;
  readonly added: ProvenLeaf;
  readonly coseKey: Uint8Array;
  readonly intent: FactorSaid;
}

/** One attestation that was checked. */
export interface CheckedAttestation {
  /** Who made it: `factor … on …`, `the MFA service … under its key …`. */
  readonly who: string;
  /** What it says of the intent, and why it counts. */
  readonly sentence: string;
  /** The leaves that say that its factor was ripe, and what it approved. */
  readonly leaves: readonly number[];
}

/** What a factor's enrolment rests on: another factor's attestation, or an admission authority's voucher. */
export interface Enrolment {
  readonly leaf: ProvenLeaf;
  readonly sentence: string;
}

const utf8 = new TextEncoder();

/** The receipt's factors, each held against the leaf of its enrolment. */
export class ReceiptFactors {
  readonly #proven: ProvenLeaves;
  readonly #account: string;
  readonly #policyOf: (leaf: ProvenLeaf) => string;
  readonly #factors = new Map<string, Enrolled>();
  readonly #used = new Set<string>();

  /** `account`: whose factors they all must be. `policyOf`: the document of the policy that a leaf names. */
  constructor(receipt: ReceiptDocument, proven: ProvenLeaves, account: string, policyOf: (leaf: ProvenLeaf) => string) {
    this.#proven = proven;
    this.#account = account;
    this.#policyOf = policyOf;
    for (const shown of receipt.factors) {
      const { credential } = shown;
      const added = proven.one('factor-added', `factor ${credential}`, (l) => l.opened['factor'] === credential);
      const coseKey = Buffer.from(shown.cose_key, 'base64url');
      if (this.#factors.has(credential) || added.fields['key'] !== digestOf(coseKey)) {
        throw differs('factor-differs', `leaf ${added.index} enrolled another key for factor ${credential}`);
      }
      this.#factors.set(credential, { shown, added, coseKey, intent: this.#intent(shown, added) });
    }
  }

  /**
   * Attestations over an intent's digest, by exactly the factors that the leaf's member `by` names, each of them ripe and not
   * revoked at that leaf, as its members `by_w0` and `by_d0` recorded; and by exactly the MFA services that it names.
   */
  attested(
    attestations: readonly ReceiptAttestation[],
    digest: string,
    at: ProvenLeaf,
    by: 'factors' | 'attested_by',
    named = openedOf(at, by),
    payable?: ReceiptPayable,
  ): CheckedAttestation[] {
    if (attestations.length === 0) throw differs('evidence-invalid', `leaf ${at.index} was approved by nobody`);
    const ofFactors = attestations.filter((a): a is ReceiptAssertion | ReceiptCode => a.kind !== 'mfa-token');
    const tokens = attestations.filter((a): a is ReceiptToken => a.kind === 'mfa-token');
    const byFactors = this.#byFactors(ofFactors, { digest, payable }, at, by, named);
    // One without only adds to another.
    if (tokens.length === 0 && !byFactors.some(({ userVerified }) => userVerified))
      throw differs('evidence-invalid', `leaf ${at.index} was approved without a verified person`);
    const payments = byFactors.filter(({ payment }) => payment !== undefined).length;
    if ((at.fields['payments_shown'] ?? '0') !== String(payments))
      throw differs('evidence-invalid', `leaf ${at.index} tells of another number of payments that browsers showed`);
    return [...byFactors, ...this.#byServices(tokens, digest, at)];
  }

  #byFactors(
    attestations: readonly (ReceiptAssertion | ReceiptCode)[],
    { digest, payable }: { readonly digest: string; readonly payable: ReceiptPayable | undefined },
    at: ProvenLeaf,
    by: 'factors' | 'attested_by',
    named: string,
  ): (CheckedAttestation & ShownAssertion)[] {
    const credentials = [...new Set(attestations.map(credentialOf))];
    if (credentials.join(' ') !== named) {
      throw differs('evidence-invalid', `leaf ${at.index} was approved by other factors`);
    }
    const steps = stepsTold(at, attestations);
    return attestations.map((attestation) => {
      const credential = credentialOf(attestation);
      const factor = this.#use(credential);
      const ripening = this.#ripe(factor, at);
      const [w0, d0] = recordedRipeness(at, by, credentials.indexOf(credential), credentials.length);
      if (w0 !== ripening.fields['w0'] || d0 !== ripening.fields['d0']) {
        throw differs('factor-differs', `leaf ${at.index} relied on another ripening of factor ${credential}`);
      }
      const leaves = [factor.added.index, ripening.index, at.index];
      if (attestation.kind === 'totp') return { ...codeAccepted(factor, steps.get(credential)), leaves };
      const approvals = approvalsOf(this.#policyOf(at));
      const made = checkReceiptAssertion(attestation, factor.coseKey, digest, approvals, payable);
      const { origin, userVerified, payment } = made;
      const without = userVerified ? '' : ', without verifying its user';
      const screen = payment === undefined ? '' : `; ${payment}`;
      const sentence = `Factor ${credential} signed this intent on ${origin}${without}${screen}; it was enrolled, announced and ripe.`;
      return { ...made, who: `factor ${credential} on ${origin}`, sentence, leaves };
    });
  }

  #byServices(tokens: readonly ReceiptToken[], digest: string, at: ProvenLeaf): CheckedAttestation[] {
    const time = parseInstant(at.time, 'time');
    const expected = { policy: this.#policyOf(at), aud: at.station, sub: this.#account, digest, time };
    const checked = tokens.map(({ token }) => checkReceiptToken(token, expected));
    if ([...new Set(checked.map(({ iss }) => iss))].join(' ') !== (at.fields['services'] ?? ''))
      throw differs('evidence-invalid', `leaf ${at.index} was approved by other MFA services`);
    return checked.map(({ iss, kid }) => ({
      who: `the MFA service ${iss} under its key ${kid}`,
      sentence: `The MFA service ${iss} attested this intent, after two kinds of proof, under its key ${kid} of the policy.`,
      leaves: [at.index],
    }));
  }

  /** How each factor that something rests on came in. To be called last: a factor on which nothing rests is refused. */
  enrolments(): Enrolment[] {
    // Checking one may lead to the factor that attested it, which the set then yields too.
    const enrolments: Enrolment[] = [];
    for (const credential of this.#used) enrolments.push(this.#enrolment(this.#use(credential)));
    for (const credential of this.#factors.keys()) {
      if (!this.#used.has(credential)) throw differs('factor-differs', `nothing rests on factor ${credential}`);
    }
    return enrolments;
  }

  #use(credential: string): Enrolled {
    const factor = this.#factors.get(credential);
    if (factor === undefined) throw differs('factor-differs', `factor ${credential} is not in the receipt`);
    this.#used.add(credential);
    return factor;
  }

  #enrolment({ shown, added, intent }: Enrolled): Enrolment {
    const { credential, voucher, evidence } = shown;
    const { attestedBy } = intent;
    const issuer = added.fields['admitted_by'] ?? '';
    if (attestedBy !== undefined) {
      if (voucher !== '' || issuer !== '')
        throw differs('evidence-invalid', `factor ${credential} has a voucher as well`);
      const named = added.opened['attested_by'] ?? attestedBy;
      const by = this.attested(evidence.attestations, intent.digest, added, 'attested_by', named);
      const who = by.map((one) => one.who).join(' and ');
      const sentence = `Factor ${credential} was enrolled at ${added.time}, attested by ${who}.`;
      return { leaf: added, sentence };
    }
    if (intent.byOperators) return byOperators(shown, added);
    if (
      evidence.attestations.length > 0 ||
      issuer === '' ||
      recordedRipeness(added, 'attested_by', 0, 1).join('') !== ''
    )
      throw differs('evidence-invalid', `factor ${credential} was not admitted by a voucher alone`);
    const kid = checkReceiptVoucher(voucher, {
      policy: this.#policyOf(added),
      iss: issuer,
      aud: added.station,
      sub: intent.account,
      credential,
      key: intent.key,
      time: parseInstant(added.time, 'time'),
    });
    const sentence = `Factor ${credential} was enrolled at ${added.time}, vouched for by ${issuer} under its key ${kid} of the policy.`;
    return { leaf: added, sentence };
  }

  /** The intent of an enrolment, and that the leaf and the receipt say the same as it. */
  #intent(shown: ReceiptFactor, added: ProvenLeaf): FactorSaid {
    const intent = factorSaid(shown.intent, added);
    const { kind_of_factor, class: kind, key, intent: told } = added.fields;
    const by = intent.attestedBy ?? '';
    const same =
      intent.digest === told &&
      intent.account === this.#account &&
      intent.account === openedOf(added, 'account') &&
      intent.kind === kind_of_factor &&
      intent.class === kind &&
      intent.class === shown.class &&
      intent.credential === shown.credential &&
      intent.key === key &&
      (added.opened['attested_by'] ?? by).split(' ').includes(by) &&
      intent.timely;
    if (!same) throw differs('factor-differs', `leaf ${added.index} enrolled something else than its intent says`);
    return intent;
  }

  /** The leaf since which a factor ripened that was ripe, and not revoked, at another leaf. */
  #ripe({ added }: Enrolled, at: ProvenLeaf): ProvenLeaf {
    const { intent, notice } = added.fields;
    const told = (l: ProvenLeaf): boolean => l.fields['intent'] === intent;
    const ripening = this.#proven.one(
      'factor-ripening',
      `leaf ${added.index}`,
      (l) => told(l) && l.fields['notice'] === notice && l.index > added.index,
    );
    const gone = this.#proven.of('factor-revoked', (l) => told(l) && l.index < at.index);
    if (!ripeAt(ripening, at) || gone.length > 0) {
      throw differs(
        'factor-differs',
        `the factor of leaf ${added.index} was not ripe, or revoked, at leaf ${at.index}`,
      );
    }
    return ripening;
  }
}

/** What a factor's enrolment says of it: its owner's intent, or what operators admitted. */
interface FactorSaid extends Pick<FactorIntent, 'account' | 'kind' | 'class' | 'credential' | 'key' | 'attestedBy'> {
  readonly digest: Digest;
  readonly byOperators: boolean;
  /** Of the leaf's station, and good at its time. */
  readonly timely: boolean;
}

function factorSaid(text: string, added: ProvenLeaf): FactorSaid {
  const bytes = utf8.encode(text);
  if ((added.fields['operators'] ?? '') === '') {
    const sealed = intentOf(() => parseIntent(bytes, 'portcullis/factor/v1'));
    return { ...sealed.intent, digest: sealed.digest, byOperators: false, timely: ofItsTime(sealed, added) };
  }
  const imported = added.fields['admission'] === 'import';
  const admission = intentOf(() => (imported ? parseImportedFactor(bytes).record : parseAdmission(bytes)));
  // The leaf has the digest of all of it, and the act of a quorum of that moment stands behind the leaf.
  const digest = digestOf(bytes);
  return { ...admission, kind: 'webauthn', attestedBy: undefined, digest, byOperators: true, timely: true };
}

/** Their signatures are in the station, not in the receipt: it shows that the log says who admitted exactly this factor. */
function byOperators({ credential, voucher, evidence }: ReceiptFactor, added: ProvenLeaf): Enrolment {
  const { operators = '', admission, act, admitted_by: issuer = '' } = added.fields;
  if (voucher !== '' || issuer !== '' || evidence.attestations.length > 0)
    throw differs('evidence-invalid', `factor ${credential} was not admitted by operators alone`);
  const who = operators.split(' ').join(', ');
  if (admission === 'import') {
    const sentence = `Factor ${credential} was brought from what the exchange had at ${added.time}, imported by the operators ${who} (act ${act}).`;
    return { leaf: added, sentence };
  }
  const what = admission === 'first' ? 'as the account’s first' : 'for the account to recover';
  const sentence = `Factor ${credential} was enrolled at ${added.time} ${what}, admitted by the operators ${who} (act ${act}).`;
  return { leaf: added, sentence };
}

function credentialOf(attestation: ReceiptAssertion | ReceiptCode): string {
  return attestation.kind === 'totp' ? attestation.factor : attestation.credential;
}

/** The time steps of the codes that the leaf says were accepted, by factor: exactly of those that the evidence names. */
function stepsTold(
  at: ProvenLeaf,
  attestations: readonly (ReceiptAssertion | ReceiptCode)[],
): ReadonlyMap<string, string> {
  const codes = attestations.filter(({ kind }) => kind === 'totp').map(credentialOf);
  const told = at.fields['codes'] === undefined ? [] : openedOf(at, 'codes').split(' ');
  const steps = told.map((code) => /^(.*):([0-9]{1,12})$/.exec(code) ?? []);
  if (steps.map(([, factor]) => factor).join(' ') !== codes.join(' '))
    throw differs('evidence-invalid', `leaf ${at.index} tells of other one-time codes`);
  return new Map(steps.map(([, factor = '', step = '']) => [factor, step]));
}

/** What the log says of a code, and nobody else can: it verifies nothing, and counts for nothing that verifies. */
function codeAccepted(
  { shown: { credential }, intent }: Enrolled,
  step: string | undefined,
): Omit<CheckedAttestation, 'leaves'> & ShownAssertion {
  if (intent.kind !== 'totp') throw differs('factor-differs', `factor ${credential} makes no one-time codes`);
  return {
    who: `a one-time code of factor ${credential}`,
    sentence: `The log says that a one-time code of factor ${credential}, of time step ${step}, was right; it was enrolled, announced and ripe. Without its secret nobody can check the code.`,
    origin: '',
    userVerified: false,
    payment: undefined,
  };
}

/** Whether the leaf decided on the intent at its station and while it was good. */
export function ofItsTime(
  { intent }: Sealed<WithdrawalIntent | DestinationIntent | FactorIntent>,
  leaf: ProvenLeaf,
): boolean {
  const time = parseInstant(leaf.time, 'time');
  return leaf.station === intent.station && time >= intent.issued && time <= intent.expires;
}

/** What parsing an intent of the receipt yields; what is no such intent is told as a receipt's fault. */
export function intentOf<I>(parse: () => I): I {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new ReceiptError('intent-differs', error.message, { cause: error });
  }
}

function differs(reason: ReceiptReason, message: string): ReceiptError {
  return new ReceiptError(reason, message);
}
