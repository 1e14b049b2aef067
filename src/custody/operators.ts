import { acknowledge } from '../clock/index.ts';
import {
  type AccountId,
  type ClockReading,
  type Digest,
  type FreezeRecord,
  type FreezeScope,
  type OperatorRecord,
  parseWhy,
  Refusal,
  signersOf,
  type TransactionId,
  type TransactionRecord,
  type Wallet,
  type WalletRecord,
} from '../domain/index.ts';
import { factorDelay } from '../gate/policy/ripening.ts';
import { recovering } from '../gate/rules/recovering.ts';
import { walletStated } from '../gate/rules/wallet-stated.ts';
import type { Readiness } from '../signers/signer.ts';
import type { RowKey } from '../store/facts.ts';
import type { Verdict } from '../store/verdict.ts';
import { peopleOf } from './acts/signatures.ts';
import type {
  AccountView,
  Operators,
  OperatorsView,
  ReadinessView,
  Replay,
  StationView,
  WalletView,
} from './custody.ts';
import type { Dispatch } from './dispatch.ts';
import { behindFreeze, checkScope, scopeFields, tamperFreeze } from './freeze.ts';
import { readPolicyDocument } from './policy-document.ts';
import { replayPolicy } from './replay.ts';
import type { Resealing } from './resealing.ts';
import { ripened } from './ripened.ts';
import { freezeRows, type Station, wallAfter } from './station.ts';
import { isRegistered } from './wallet-registration.ts';
import { walletBefore } from './wallet-state.ts';

/**
 * The station at a glance, and what its people do where policy founds no operators: there one certificate of the operators' role
 * speaks for them. Where it does, their own keys do, by acts.
 */
export class OperatorDesk implements Operators {
  readonly #station: Station;
  readonly #dispatch: Dispatch;
  readonly #resealing: Pick<Resealing, 'state'>;
  readonly #readClock: () => ClockReading;

  constructor(
    station: Station,
    dispatch: Dispatch,
    resealing: Pick<Resealing, 'state'>,
    readClock: () => ClockReading,
  ) {
    this.#station = station;
    this.#dispatch = dispatch;
    this.#resealing = resealing;
    this.#readClock = readClock;
  }

  account(account: AccountId): AccountView {
    const station = this.#station;
    const { policy } = station;
    const rows: RowKey[] = [['accounts', account], ...freezeRows([`account:${account}`])];
    const facts = station.look({ rows, lookups: [['factorsOfAccount', account]] });
    const factors = facts.all('factorsOfAccount', account);
    const moment = station.moment(facts, [`account:${account}`]);
    const remaining = recovering(factors, moment);
    return {
      factors: factors.map((factor) => ripened(factor, factorDelay(factor, policy), facts)),
      everEnrolled: (facts.get('accounts', account)?.everEnrolled ?? 0) > 0,
      recoversUntil: remaining === undefined ? undefined : wallAfter(facts.now, remaining),
      freeze: moment.freezes.find((freeze) => freeze.active),
    };
  }

  policy(hash: Digest | undefined): { readonly hash: Digest; readonly document: string } {
    const station = this.#station;
    if (hash === undefined) return { hash: station.policyHash, document: station.policyDocument() };
    const document = station.store.policy(hash);
    if (document === undefined) throw new Refusal('not-found', `no policy ${hash} was in force here`);
    return { hash, document };
  }

  async replay(document: Uint8Array, back: number): Promise<Replay> {
    return replayPolicy(this.#station, readPolicyDocument(document).policy, back);
  }

  station(): StationView {
    const station = this.#station;
    const facts = station.look({ lookups: [['activeFreezes'], ['noticesWaiting', -1, 1000]] });
    const { tampered } = station.store;
    // Operators, and nobody else, are told which row it was.
    const forged: FreezeRecord | undefined = tampered && {
      scope: 'station',
      active: true,
      who: 'station',
      why: tampered.message,
      since: facts.now,
    };
    const recorded = facts.all('activeFreezes');
    const { behind } = station.store;
    const told = forged === undefined || recorded.some((f) => f.scope === 'station') ? recorded : [forged, ...recorded];
    const wallets = [...station.policy.wallets.values()];
    const kept = station.reading(() => new Map(wallets.map(({ id }) => [id, station.store.read('wallets', id)])));
    return {
      station: facts.station.name,
      policy: facts.station.policy,
      simulatedTime: station.simulated,
      now: facts.now,
      w: facts.w,
      clockSuspect: facts.clock.suspect,
      // Before whatever the database has of its own: it may be anyone's.
      freezes: behind === undefined ? told : [behindFreeze(behind, facts.now), ...told],
      wallets: wallets.map((wallet) => this.#wallet(wallet, kept.get(wallet.id))),
      noticesWaiting: facts.all('noticesWaiting', -1, 1000).length,
      journalSize: station.store.size,
      operators: this.#operators(),
      sealing: this.#resealing.state(),
    };
  }

  #wallet(wallet: Wallet, kept: WalletRecord | undefined): WalletView {
    const { id, chain, address } = wallet;
    const { nextNonce, nextChange } = walletBefore(wallet, kept);
    const { station } = this.#station.look({});
    const stated = walletStated.judge({ station, wallet, walletState: kept });
    return {
      ...{ id, chain, address, nextNonce, nextChange },
      readiness: stated.passed
        ? readinessView(this.#dispatch.readiness(wallet))
        : { ready: false, reason: stated.reason, message: stated.message },
      signers: signersOf(wallet).map((signer) => ({
        signer,
        readiness: readinessView(this.#dispatch.readinessOf(wallet, signer)),
        registered: isRegistered(this.#station, wallet, signer),
      })),
    };
  }

  #operators(): OperatorsView | undefined {
    const { operators } = this.#station.policy;
    if (operators === undefined) return undefined;
    const people = peopleOf(operators).map(({ name }) => {
      const row = this.#station.reading(() => this.#station.store.read('operators', name));
      return { name, recovery: operators.recovery.people.some((p) => p.name === name), suspended: suspension(row) };
    });
    return { quorum: operators.quorum, recoveryQuorum: operators.recovery.quorum, people };
  }

  /** One certificate speaks for nobody where people have keys of their own. */
  #withoutOperators(): void {
    if (this.#station.policy.operators === undefined) return;
    throw new Refusal('operators-founded', 'policy names operators: this needs an act that they sign');
  }

  transactions(id: TransactionId | undefined): readonly TransactionRecord[] {
    const { store, policy } = this.#station;
    return this.#station.reading(() => {
      if (id === undefined)
        return [...policy.wallets.keys()].flatMap((wallet) => store.find('transactionsOpen', wallet));
      const record = store.read('transactions', id);
      if (record === undefined) throw new Refusal('not-found', `there is no transaction ${id}`);
      return [record];
    });
  }

  async freeze(scope: FreezeScope, who: string, why: string): Promise<FreezeRecord> {
    this.#withoutOperators();
    const said = parseWhy(why, 'why');
    checkScope(scope, this.#station.policy);
    const committed = await this.#station.decide({ rows: [['freezes', scope]] }, (facts): Verdict<FreezeRecord> => {
      const before = facts.get('freezes', scope);
      if (before?.active === true) return { result: before };
      const record: FreezeRecord = { scope, active: true, who, why: said, since: facts.now };
      return {
        result: record,
        writes: [{ table: 'freezes', record, leaf: 0 }],
        leaves: [{ kind: 'frozen', ...scopeFields(scope, who, said) }],
      };
    });
    return committed.result;
  }

  async thaw(scope: FreezeScope, who: string, why: string): Promise<void> {
    this.#withoutOperators();
    const said = parseWhy(why, 'why');
    const committed = await this.#station.decide({ rows: [['freezes', scope]] }, (facts) => {
      // A forged row froze the station in memory at once, and on the disk only if there was room for it.
      const tampered = scope === 'station' ? this.#station.store.tampered : undefined;
      const recorded = facts.get('freezes', scope);
      const before = recorded?.active === true ? recorded : tamperFreeze(tampered, facts.now);
      if (before === undefined) throw new Refusal('not-found', `${scope} is not frozen`);
      return {
        result: tampered,
        writes: [{ table: 'freezes' as const, record: { ...before, active: false }, leaf: 0 }],
        leaves: [{ kind: 'thawed' as const, ...scopeFields(scope, who, said) }],
      };
    });
    if (scope === 'station') this.#station.forgetTampered(committed.result);
    this.#dispatch.kickAll();
  }

  /** The clock is right again, a person says. Whatever was prepared on the wrong one is void: the ticket epoch rises. */
  async acknowledgeClock(who: string, why: string): Promise<void> {
    this.#withoutOperators();
    const said = parseWhy(why, 'why');
    await this.#station.decide({}, (facts): Verdict<undefined> => {
      const clock = acknowledge(facts.clock, this.#readClock());
      const station = { ...facts.station, ticketEpoch: facts.station.ticketEpoch + 1 };
      return {
        result: undefined,
        writes: [
          { table: 'clock', record: clock, leaf: 0 },
          { table: 'station', record: station, leaf: 0 },
        ],
        leaves: [{ kind: 'clock-acknowledged', fields: { who, why: said, ticket_epoch: String(station.ticketEpoch) } }],
      };
    });
    this.#dispatch.kickAll();
  }
}

function readinessView(readiness: Readiness): ReadinessView {
  return readiness.ready ? { ready: true } : { ready: false, reason: readiness.reason, message: readiness.message };
}

function suspension(row: OperatorRecord | undefined): OperatorsView['people'][number]['suspended'] {
  return row?.suspended === true ? { by: row.by, why: row.why, since: row.since } : undefined;
}
