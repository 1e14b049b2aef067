import { acknowledge } from '../clock/index.ts';
import {
  type ClockReading,
  type FreezeRecord,
  type FreezeScope,
  Malformed,
  parseAddress,
  parseWhy,
  Refusal,
  shown,
} from '../domain/index.ts';
import type { Policy } from '../gate/policy.ts';
import type { Verdict } from '../store/verdict.ts';
import type { Operators, StationView } from './custody.ts';
import type { Dispatch } from './dispatch.ts';
import type { Station } from './station.ts';
import { canonicalDestination } from './withdrawals.ts';

/** What the station's people do. Until operators are founded, one certificate of the operators' role speaks for them. */
export class OperatorDesk implements Operators {
  readonly #station: Station;
  readonly #dispatch: Dispatch;
  readonly #readClock: () => ClockReading;

  constructor(station: Station, dispatch: Dispatch, readClock: () => ClockReading) {
    this.#station = station;
    this.#dispatch = dispatch;
    this.#readClock = readClock;
  }

  station(): StationView {
    const station = this.#station;
    const facts = station.look({ lookups: [['activeFreezes'], ['noticesWaiting', -1, 1000]] });
    const { tampered } = station.store;
    const forged: FreezeRecord[] =
      tampered === undefined
        ? []
        : [{ scope: 'station', active: true, who: 'station', why: tampered.message, since: facts.now }];
    const recorded = facts.all('activeFreezes');
    const next = station.reading(
      () => new Map([...station.policy.wallets.keys()].map((id) => [id, station.store.read('wallets', id)?.nextNonce])),
    );
    return {
      station: facts.station.name,
      policy: facts.station.policy,
      simulatedTime: station.simulated,
      now: facts.now,
      w: facts.w,
      clockSuspect: facts.clock.suspect,
      freezes: recorded.some((f) => f.scope === 'station') ? recorded : [...forged, ...recorded],
      wallets: [...station.policy.wallets.values()].map((wallet) => {
        const readiness = this.#dispatch.readiness(wallet);
        return {
          id: wallet.id,
          address: wallet.address,
          nextNonce: next.get(wallet.id) ?? wallet.firstNonce,
          readiness: readiness.ready
            ? { ready: true }
            : { ready: false, reason: readiness.reason, message: readiness.message },
        };
      }),
      noticesWaiting: facts.all('noticesWaiting', -1, 1000).length,
      journalSize: station.store.size,
    };
  }

  async freeze(scope: FreezeScope, who: string, why: string): Promise<FreezeRecord> {
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
    const said = parseWhy(why, 'why');
    const committed = await this.#station.decide({ rows: [['freezes', scope]] }, (facts) => {
      // A forged row froze the station in memory at once, and on the disk only if there was room for it.
      const tampered = scope === 'station' ? this.#station.store.tampered : undefined;
      const recorded = facts.get('freezes', scope);
      const unrecorded: FreezeRecord | undefined =
        tampered === undefined
          ? undefined
          : { scope, active: true, who: 'station', why: 'fact-tampered', since: facts.now };
      const before = recorded?.active === true ? recorded : unrecorded;
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

/**
 * A freeze acts on exact names (D7): one that names nothing, or names it in another spelling, would stop nothing while people
 * believe that it does.
 */
function checkScope(scope: FreezeScope, policy: Policy): void {
  const subject = scope.slice(scope.indexOf(':') + 1);
  const known = (named: boolean, what: string): void => {
    if (!named) throw new Malformed('scope', `policy names no ${what} ${shown(subject)}: this would stop nothing`);
  };
  if (scope.startsWith('wallet:'))
    known(
      [...policy.wallets.keys()].some((id) => id === subject),
      'wallet',
    );
  if (scope.startsWith('chain:'))
    known(
      [...policy.chains.keys()].some((id) => id === subject),
      'chain',
    );
  if (scope.startsWith('asset:'))
    known(
      [...policy.assets.keys()].some((id) => id === subject),
      'asset',
    );
  if (scope.startsWith('destination:')) canonicalDestination(parseAddress(subject, 'scope'), 'scope');
}

/** The account of a scope is a person's: the log gets a commitment to it. */
function scopeFields(
  scope: FreezeScope,
  who: string,
  why: string,
): { fields: Record<string, string>; personal?: Record<string, string> } {
  const kind = scope.split(':')[0] ?? scope;
  if (kind === 'account' || kind === 'destination') {
    return { fields: { scope_kind: kind, who, why }, personal: { [kind]: scope.slice(kind.length + 1) } };
  }
  return { fields: { scope, who, why } };
}
