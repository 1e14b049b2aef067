import { type FactorId, type Flat, minute, Refusal, reasons, type WitnessedMs } from '../domain/index.ts';
import type { Verdict as GateVerdict } from '../gate/rule.ts';
import type { LeafDraft } from '../journal/leaf.ts';
import { type Facts, factId, type Keys } from '../store/facts.ts';
import type { Verdict } from '../store/verdict.ts';
import type { Asker, Breaker } from './breaker.ts';
import { codesAfterRefusal } from './codes.ts';
import type { Station } from './station.ts';

/** Refusals that get a leaf of their own, in a minute of witnessed time; the rest are counted and told together. */
const leavesPerMinute = 60;

/** A decision's answer: what was decided, or why not. */
export type Decided<R> = { readonly ok: true; readonly value: R } | { readonly ok: false; readonly refusal: Refusal };

/** What was asked for, as the leaf of its refusal tells it. */
export interface Asked {
  readonly what: 'withdrawal' | 'transaction' | 'destination' | 'factor' | 'act';
  readonly fields: Flat;
  readonly personal: Flat;
  /** For the circuit breaker; the account only where it is the asker's own. */
  readonly asker?: Asker;
  /** Factors of which a wrong one-time code came: that counts although nothing else of a refused request does. */
  readonly wrongCodes?: readonly FactorId[];
}

/** Malformed calls are counted, not journalled; one that lost a race was not decided at all. */
function journalled(error: Refusal): boolean {
  const { code } = reasons[error.reason];
  return code !== 'INVALID_ARGUMENT' && code !== 'NOT_FOUND' && error.reason !== 'changed-meanwhile';
}

/**
 * I5: a refusal by rule leaves proof. Threat S13: a flood of them must not fill the disk, so that beyond a rate they are
 * counted and told in one leaf a minute.
 */
export class Refusals {
  readonly #breaker: Breaker;
  #windowStart = Number.NEGATIVE_INFINITY;
  #told = 0;
  #untold = new Map<string, number>();

  constructor(breaker: Breaker) {
    this.#breaker = breaker;
  }

  /** The keys of a decision that may refuse this: what the circuit breaker counts it in is among them. */
  keys(of: Asked, keys: Keys): Keys {
    const rows = keys.rows ?? [];
    const named = new Set(rows.map(factId));
    return {
      ...keys,
      rows: [...rows, ...this.#breaker.refusalRows(of.asker ?? {}).filter((row) => !named.has(factId(row)))],
    };
  }

  /**
   * Runs a judge. A refusal that it throws becomes a verdict of its own: its leaf, if there is room for one, and wrong codes.
   * `of` names what was asked for.
   */
  judged<R>(of: Asked, facts: Facts, judge: () => Verdict<R>): Verdict<Decided<R>> {
    try {
      const verdict = judge();
      return { ...verdict, result: { ok: true, value: verdict.result } };
    } catch (error) {
      if (!(error instanceof Refusal) || !journalled(error)) throw error;
      const result: Decided<R> = { ok: false, refusal: error };
      const { what, fields, personal, asker = {}, wrongCodes = [] } = of;
      const told = this.#room(facts.w);
      if (!told) this.#untold.set(error.reason, (this.#untold.get(error.reason) ?? 0) + 1);
      const own: LeafDraft[] = told
        ? [{ kind: 'refused', fields: { ...fields, what, reason: error.reason }, personal }]
        : [];
      const by = `a ${what} refused ${error.reason}`;
      const counted = this.#breaker.refused(asker, error, facts, own.length, told, by);
      const writes = [...counted.writes, ...codesAfterRefusal(wrongCodes, facts)];
      return { result, writes, leaves: [...own, ...counted.leaves] };
    }
  }

  /** A refusal that was found before there was anything to decide: records it, and throws it. */
  async told(station: Station, of: Asked, error: unknown): Promise<never> {
    if (error instanceof Refusal && journalled(error)) {
      await station.decide(this.keys(of, {}), (facts) =>
        this.judged(of, facts, () => {
          throw error;
        }),
      );
    }
    throw error;
  }

  #room(w: WitnessedMs): boolean {
    if (w - this.#windowStart >= minute) {
      this.#windowStart = w;
      this.#told = 0;
    }
    if (this.#told >= leavesPerMinute) return false;
    this.#told++;
    return true;
  }

  /** The leaf that tells of the refusals that had none, if there were any; forgets them, unless they are restored. */
  aggregate(): { readonly leaf: LeafDraft; restore(): void } | undefined {
    if (this.#untold.size === 0) return undefined;
    const untold = this.#untold;
    const counts = [...untold].sort(([a], [b]) => (a < b ? -1 : 1)).map(([reason, count]) => `${reason}=${count}`);
    this.#untold = new Map();
    return {
      leaf: { kind: 'refusals-aggregated', fields: { counts: counts.join(' ') } },
      restore: () => {
        for (const [reason, count] of untold) this.#untold.set(reason, (this.#untold.get(reason) ?? 0) + count);
      },
    };
  }
}

/** The first refusal of a gate's verdict, as an error with every other reason in its details. */
export function refusalOf(verdict: GateVerdict): Refusal {
  const { refusal } = verdict;
  // Not approved and no refusal can only be an empty list of rules: refuse all the same.
  if (refusal === undefined) return new Refusal('internal', 'the gate came to no verdict');
  return new Refusal(refusal.reason, refusal.message, refusal.details);
}

/** The value, or the refusal thrown. */
export function unwrapped<R>(decided: Decided<R>): R {
  if (decided.ok !== true) throw decided.refusal;
  return decided.value;
}
