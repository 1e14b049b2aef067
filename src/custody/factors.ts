import { creationOptions, makeEnrolmentChallenge, verifyVoucher } from '../attestation/index.ts';
import {
  type AccountId,
  type Attestation,
  type CodeRecord,
  type FactorId,
  type FactorIntent,
  type FactorKind,
  type FactorRecord,
  type FreezeScope,
  hour,
  Malformed,
  parseIntent,
  Refusal,
  type Sealed,
  type VerifiedRegistration,
  type VerifiedVoucher,
} from '../domain/index.ts';
import type { FactorCase, VoucherCheck } from '../gate/cases.ts';
import { decideFactor } from '../gate/decide.ts';
import { factorDelay } from '../gate/policy/ripening.ts';
import { factorDemand } from '../gate/rules/evidence-sufficient.ts';
import type { Facts, Keys, RowKey } from '../store/facts.ts';
import type { Verdict } from '../store/verdict.ts';
import { accountAfter, accountSeen } from './account.ts';
import { accountLookups, attestedTransitively, cancelAll } from './cancellation.ts';
import { beginCode, type CodeEnrolment, type CodeRegistration, codeRecord, openCode } from './code-enrolment.ts';
import { codesTold } from './codes.ts';
import type { EvidenceWanted, Factors, Ripened } from './custody.ts';
import {
  attesters,
  type Checked,
  checkAttestations,
  evidenceNow,
  evidenceRows,
  factorsAfterUse,
  servicesOf,
  tokenRows,
  tokensSpent,
  wrongCodes,
} from './evidence.ts';
import { historyWith } from './history.ts';
import { evidenceWanted, prepareIntent, spentBy, spentKey } from './intents.ts';
import { encodeEvidence } from './kept-evidence.ts';
import { factorLives, freezeIfLast } from './last-factor.ts';
import { checkLimit, limitOf } from './limits.ts';
import { asksAttestation } from './models.ts';
import { factorAddedText, factorRevokedText, type NoticeSeed, noticeSeed, writeNotice } from './notice.ts';
import { type Asked, type Refusals, refusalOf, unwrapped } from './refusals.ts';
import { attestedColumns, registered } from './registrations.ts';
import type { RemovalRate } from './removal-rate.ts';
import { accountReservedRows } from './reservations.ts';
import { reliedOn, ripened, stillRipening } from './ripened.ts';
import { freezeRows, type Station, toldBy } from './station.ts';

interface ReadyFactor {
  readonly intent: Sealed<FactorIntent>;
  readonly registration: VerifiedRegistration | CodeRegistration;
  readonly attestations: readonly Attestation[];
  readonly checked: readonly Checked[];
  readonly voucher: VerifiedVoucher | { readonly missing: true } | { readonly wrong: string };
  /** What is to let it in, as it came. */
  readonly evidence: Uint8Array;
  /** What one-time codes are to be checked by, where it makes some. */
  readonly code: CodeRecord | undefined;
  readonly seed: NoticeSeed;
}

export class FactorDesk implements Factors {
  readonly #station: Station;
  readonly #refusals: Refusals;
  readonly #rate: RemovalRate;

  constructor(station: Station, refusals: Refusals, rate: RemovalRate) {
    this.#station = station;
    this.#refusals = refusals;
    this.#rate = rate;
  }

  async begin(account: AccountId, payment = false): Promise<string> {
    const station = this.#station;
    if (payment && station.policy.payment === undefined)
      throw new Malformed('payment_confirmation', 'policy lets no browser confirm payments');
    const facts = station.look({ lookups: [['factorsLive', account]] });
    const { ticketEpoch } = facts.station;
    const challenge = makeEnrolmentChallenge(
      station.keys.ticket,
      ticketEpoch,
      account,
      facts.now,
      station.random.bytes(10),
    );
    // A device that holds a dead one has to make another: whoever recovers often has no other device.
    const living = facts.all('factorsLive', account).filter((factor) => factorLives(factor, facts.station));
    const enrolled = living.filter(({ kind }) => kind === 'webauthn').map((f) => f.id);
    const { rpId } = station.policy;
    const verified = station.policy.authenticatorsUse.unverified.length === 0;
    const attested = asksAttestation(station.policy);
    const party = { account, rpId, rpName: rpId, userName: account };
    return JSON.stringify(creationOptions({ ...party, challenge, enrolled, payment, verified, attested }));
  }

  beginCode(account: AccountId): ReturnType<Factors['beginCode']> {
    return beginCode(this.#station, account);
  }

  async prepare(request: Parameters<Factors['prepare']>[0]): ReturnType<Factors['prepare']> {
    const station = this.#station;
    const { account, attestedBy } = request;
    const registration = await this.#registered(account, request.registration);
    const scopes = factorScopes(account);
    const facts = station.look({
      rows: [...freezeRows(scopes), ['accounts', account]],
      lookups: [['factorsOfAccount', account]],
    });
    const members = {
      account,
      kind: kindOf(registration),
      class: registration.class,
      credential: registration.credential,
      key: registration.key,
      attested_by: attestedBy ?? '',
    };
    const { now, station: record } = facts;
    const intent = prepareIntent(station, 'portcullis/factor/v1', members, { record, now, lifetime: request.lifetime });
    return {
      intent,
      credential: registration.credential,
      class: registration.class,
      key: registration.key,
      station: record.name,
      evidenceWanted: attestedBy === undefined ? undefined : this.#wanted(account, facts),
    };
  }

  async add(request: Parameters<Factors['add']>[0]): Promise<Ripened<FactorRecord>> {
    const intent = parseIntent(request.intent, 'portcullis/factor/v1');
    const { account, credential } = intent.intent;
    const asked: Asked = {
      what: 'factor',
      fields: { intent: intent.digest },
      personal: { account, factor: credential },
      asker: { account },
    };
    let ready: ReadyFactor;
    try {
      ready = await this.#ready(request, intent);
    } catch (error) {
      return this.#refusals.told(this.#station, asked, error);
    }
    const committed = await this.#station.decide(this.#refusals.keys(asked, this.#keys(ready)), (facts) =>
      this.#refusals.judged(
        { ...asked, wrongCodes: wrongCodes(ready.checked) },
        facts,
        (): Verdict<Ripened<FactorRecord>> => {
          const existing = facts.get('factors', credential);
          if (existing !== undefined && existing.digest === ready.intent.digest)
            return { result: this.#view(existing, facts) };
          return this.#enrol(ready, facts);
        },
      ),
    );
    return unwrapped(committed.result);
  }

  list(account: AccountId): Ripened<FactorRecord>[] {
    const facts = this.#station.look({ lookups: [['factorsOfAccount', account]] });
    return facts.all('factorsOfAccount', account).map((record) => this.#view(record, facts));
  }

  /** At once, and with it, transitively, whatever it attested that is not ripe yet, and the withdrawals that it approved. */
  async revoke(id: FactorId): Promise<{ factor: Ripened<FactorRecord>; cancelled: readonly string[] }> {
    const station = this.#station;
    const known = station.reading(() => station.store.read('factors', id));
    if (known === undefined) throw new Refusal('not-found', 'there is no such factor');
    const { account } = known;
    const seed = noticeSeed(station);
    const frozenSeed = station.policy.operators === undefined ? undefined : noticeSeed(station);
    const rows: RowKey[] = [['factors', id], ...accountReservedRows(station.policy, account)];
    const keys: Keys = { rows, lookups: accountLookups(account) };
    const asked: Asked = { what: 'factor', fields: {}, personal: { account, factor: id }, asker: { account } };
    const committed = await station.decide(this.#refusals.keys(asked, keys), (facts) =>
      this.#refusals.judged(asked, facts, () => this.#revoke(id, facts, seed, frozenSeed)),
    );
    return unwrapped(committed.result);
  }

  #revoke(
    id: FactorId,
    facts: Facts,
    seed: NoticeSeed,
    frozenSeed: NoticeSeed | undefined,
  ): Verdict<{ factor: Ripened<FactorRecord>; cancelled: readonly string[] }> {
    const station = this.#station;
    const record = facts.get('factors', id);
    if (record === undefined) throw new Refusal('not-found', 'there is no such factor');
    const { account } = record;
    if (record.state === 'removed' || record.state === 'cancelled') {
      return { result: { factor: this.#view(record, facts), cancelled: [] } };
    }
    this.#rate.take(account, facts);
    const revoked: FactorRecord = {
      ...record,
      state: 'removed',
      history: historyWith(record.history, toldBy(facts, 0)),
    };
    const factors = attestedTransitively(station, facts, account, new Set([id]));
    const gone = new Set<string>([id, ...factors.map((f) => f.id)]);
    const destinations = facts
      .all('destinationsLive', account)
      .filter(
        (d) => d.attestedBy.some((f) => gone.has(f)) && stillRipening(d, station.policy.ripening.destination, facts),
      );
    const withdrawals = [
      ...facts.all('withdrawalsOfAccount', account, 'HELD'),
      ...facts.all('withdrawalsOfAccount', account, 'AUTHORIZED'),
    ];
    const cancellation = cancelAll(facts, 1, 'factor-revoked', {
      factors,
      destinations,
      withdrawals: withdrawals.filter((w) => w.factors.some((f) => gone.has(f))),
    });
    const frozen = freezeIfLast(facts, { account, gone, position: 1 + cancellation.leaves.length }, frozenSeed);
    const notice = writeNotice(seed, facts, {
      account,
      kind: 'factor-revoked',
      subject: id,
      text: factorRevokedText(record),
    });
    return {
      result: { factor: this.#view(revoked, facts), cancelled: cancellation.cancelled },
      writes: [
        { table: 'factors', record: revoked, leaf: 0 },
        { table: 'notices', record: notice, leaf: 0 },
        ...cancellation.writes,
        ...frozen.writes,
      ],
      removals: cancellation.removals,
      leaves: [
        {
          kind: 'factor-revoked',
          fields: { intent: record.digest, by: 'client', notice: seed.id },
          personal: { account, factor: id },
        },
        ...cancellation.leaves,
        ...frozen.leaves,
      ],
    };
  }

  async #registered(
    account: AccountId,
    registration: Uint8Array | CodeEnrolment,
  ): Promise<VerifiedRegistration | CodeRegistration> {
    if (registration instanceof Uint8Array) return registered(this.#station, account, registration);
    return openCode(this.#station, account, registration);
  }

  async #ready(request: Parameters<Factors['add']>[0], intent: Sealed<FactorIntent>): Promise<ReadyFactor> {
    const station = this.#station;
    const said = intent.intent;
    const registration = await this.#registered(said.account, request.registration);
    if (
      registration.credential !== said.credential ||
      registration.key !== said.key ||
      registration.class !== said.class
    ) {
      const field = said.kind === 'totp' ? 'enrollment' : 'registration_json';
      throw new Malformed(field, 'is not the registration that the intent was prepared for');
    }
    const { approval } = request;
    const attestations = approval?.kind === 'attestations' ? approval.attestations : [];
    const checked = station.reading(() =>
      checkAttestations(attestations, station.approved(intent.digest, said.account)),
    );
    const jws = approval?.kind === 'voucher' ? approval.jws : undefined;
    const voucher = this.#voucher(jws, intent);
    const evidence = jws === undefined ? encodeEvidence(attestations) : new TextEncoder().encode(jws);
    const code = 'secret' in registration ? codeRecord(station, registration, said) : undefined;
    return { intent, registration, attestations, checked, voucher, evidence, code, seed: noticeSeed(station) };
  }

  #voucher(jws: string | undefined, intent: Sealed<FactorIntent>): ReadyFactor['voucher'] {
    if (jws === undefined) return { missing: true };
    const facts = this.#station.look({});
    const { account, credential, key } = intent.intent;
    const keys = this.#station.policy.admission;
    const expected = { keys, station: facts.station.name, account, credential, key, now: facts.now };
    const result = verifyVoucher(jws, expected);
    return result.genuine ? result.voucher : { wrong: result.message };
  }

  #wanted(account: AccountId, facts: Facts): EvidenceWanted {
    const factors = facts.all('factorsOfAccount', account);
    const moment = this.#station.moment(facts, factorScopes(account));
    const { usesService } = facts.get('accounts', account) ?? accountSeen(account, facts);
    return evidenceWanted(factorDemand(account, { ...moment, factors, usesService }), factors, moment);
  }

  #keys(ready: ReadyFactor): Keys {
    const { account, credential } = ready.intent.intent;
    const rows: RowKey[] = [
      ['factors', credential],
      ['accounts', account],
      ['spent', spentKey(ready.intent.digest)],
      ...freezeRows(factorScopes(account)),
      ...evidenceRows(ready.attestations),
      ...tokenRows(ready.checked),
    ];
    if ('jti' in ready.voucher) rows.push(['spent', voucherKey(ready.voucher)]);
    return { rows, lookups: [['factorsOfAccount', account], limitOf('nthFactorLive', account)] };
  }

  #enrol(ready: ReadyFactor, facts: Facts): Verdict<Ripened<FactorRecord>> {
    const station = this.#station;
    const { intent, registration, voucher } = ready;
    const { account, credential } = intent.intent;
    const past = facts.get('accounts', account) ?? accountSeen(account, facts);
    const of: FactorCase = {
      ...station.moment(facts, factorScopes(account)),
      intent,
      notHardware: 'secret' in registration ? undefined : registration.notHardware,
      ticketGenuine: station.ticketGenuine(facts.station, intent.fields),
      spent: facts.get('spent', spentKey(intent.digest)),
      evidence: evidenceNow(ready.checked, facts),
      voucher: voucherCheck(voucher, facts),
      everEnrolled: past.everEnrolled,
      usesService: past.usesService,
      factors: facts.all('factorsOfAccount', account),
      existing: facts.get('factors', credential),
    };
    const verdict = decideFactor(of);
    if (!verdict.approved) throw refusalOf(verdict);
    checkLimit(limitOf('nthFactorLive', account), facts);
    const record: FactorRecord = {
      id: credential,
      account,
      kind: kindOf(registration),
      class: registration.class,
      coseKey: registration.coseKey,
      signCount: registration.signCount,
      backupEligible: registration.backupEligible,
      backupState: registration.backupState,
      aaguid: registration.aaguid,
      ...('secret' in registration ? { authority: null, attestation: null } : attestedColumns(registration)),
      epoch: facts.station.factorEpoch,
      admission: intent.intent.attestedBy === undefined ? 'voucher' : 'attested',
      attestedBy: intent.intent.attestedBy === undefined ? [] : attesters(ready.attestations),
      digest: intent.digest,
      intent: intent.bytes,
      evidence: ready.evidence,
      state: 'announcing',
      w0: null,
      d0: null,
      notice: ready.seed.id,
      history: toldBy(facts, 0),
    };
    const text = factorAddedText(record, station.policy.ripening.factor / hour);
    const issuer = 'issuer' in voucher ? voucher.issuer : '';
    const services = servicesOf(of.evidence);
    const attested = reliedOn(record.attestedBy.map((id) => facts.get('factors', id)));
    return {
      result: this.#view(record, facts),
      writes: [
        { table: 'factors', record, leaf: 0 },
        ...(ready.code === undefined ? [] : [{ table: 'codes' as const, record: ready.code, leaf: 0 }]),
        {
          table: 'accounts',
          record: { ...accountAfter(account, of.evidence, facts), everEnrolled: past.everEnrolled + 1 },
          leaf: 0,
        },
        { table: 'spent', record: spentBy(intent.digest, 'a factor'), leaf: 0 },
        ...tokensSpent(of.evidence, 'a factor', 0),
        ...('jti' in voucher
          ? [{ table: 'spent' as const, record: { key: voucherKey(voucher), by: 'a factor' }, leaf: 0 }]
          : []),
        {
          table: 'notices',
          record: writeNotice(ready.seed, facts, { account, kind: 'factor-added', subject: credential, text }),
          leaf: 0,
        },
        ...factorsAfterUse(of.evidence, facts),
      ],
      leaves: [
        {
          kind: 'factor-added',
          fields: {
            intent: intent.digest,
            kind_of_factor: record.kind,
            class: record.class,
            key: registration.key,
            admitted_by: issuer,
            notice: ready.seed.id,
            policy: facts.station.policy,
            attested_by_w0: attested.w0,
            attested_by_d0: attested.d0,
            ...(services === '' ? {} : { services }),
          },
          personal: {
            account,
            factor: credential,
            attested_by: record.attestedBy.join(' '),
            ...codesTold(of.evidence),
          },
        },
      ],
    };
  }

  #view(record: FactorRecord, facts: Facts): Ripened<FactorRecord> {
    return ripened(record, factorDelay(record, this.#station.policy), facts);
  }
}

function kindOf({ class: of }: VerifiedRegistration | CodeRegistration): FactorKind {
  return of === 'totp' ? 'totp' : 'webauthn';
}

function voucherKey(voucher: VerifiedVoucher): string {
  return `voucher:${voucher.issuer}:${voucher.jti}`;
}

function voucherCheck(voucher: ReadyFactor['voucher'], facts: Facts): VoucherCheck {
  if ('missing' in voucher) return { present: false };
  if ('wrong' in voucher) return { present: true, genuine: false, message: voucher.wrong };
  return { present: true, genuine: true, spent: facts.get('spent', voucherKey(voucher)) !== undefined };
}

function factorScopes(account: AccountId): FreezeScope[] {
  return ['station', `account:${account}`];
}
