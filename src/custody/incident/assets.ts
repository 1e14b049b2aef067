import type { AssetId } from '../../domain/index.ts';
import { inUnits } from '../../gate/policy/english.ts';
import { type Policy, parsePolicy } from '../../gate/policy.ts';
import { parseYaml } from '../yaml.ts';
import type { StationRecords } from './record.ts';
import type { Sum } from './report.ts';

interface Named {
  readonly symbol: string;
  readonly decimals: number;
}

/** What assets are called, and how many decimals they have, by the policies that payments were made under. */
export class AssetNames {
  readonly #records: StationRecords;
  readonly #policies = new Map<string, Policy | undefined>();
  /** Undefined where two policies differ: then nothing but base units is exact. */
  readonly #names = new Map<string, Named | undefined>();

  constructor(records: StationRecords) {
    this.#records = records;
  }

  /** Takes note of an asset under a policy, by its hash. */
  learn(asset: string, policy: string): void {
    const of = this.#policy(policy)?.assets.get(asset as AssetId);
    if (of === undefined) return;
    const { symbol, decimals } = of;
    const known = this.#names.get(asset);
    const differs = known !== undefined && (known.symbol !== symbol || known.decimals !== decimals);
    if (!this.#names.has(asset)) this.#names.set(asset, { symbol, decimals });
    else if (differs) this.#names.set(asset, undefined);
  }

  of(asset: string): { readonly symbol: string | null; readonly decimals: number | null } {
    return this.#names.get(asset) ?? { symbol: null, decimals: null };
  }

  /** An amount of base units in the asset's own, exact. */
  units(asset: string, amount: bigint): string | null {
    const { decimals } = this.of(asset);
    return decimals === null ? null : inUnits(amount, decimals);
  }

  #policy(hash: string): Policy | undefined {
    if (this.#policies.has(hash)) return this.#policies.get(hash);
    const document = this.#records.policy(hash);
    let policy: Policy | undefined;
    try {
      policy = document === undefined ? undefined : parsePolicy(parseYaml(document, 'policy'));
    } catch {
      // Of an older release, or damaged, which the audit names: amounts stay in base units.
      policy = undefined;
    }
    this.#policies.set(hash, policy);
    return policy;
  }
}

/** Sums of each asset, exact. */
export class Sums {
  readonly #amounts = new Map<string, { amount: bigint; payments: number }>();

  add(asset: string, amount: bigint): void {
    const sum = this.#amounts.get(asset) ?? { amount: 0n, payments: 0 };
    this.#amounts.set(asset, { amount: sum.amount + amount, payments: sum.payments + 1 });
  }

  /** By asset. */
  amounts(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.#sorted()].map(([asset, { amount }]) => [asset, String(amount)]));
  }

  told(names: AssetNames): Sum[] {
    return this.#sorted().map(([asset, { amount, payments }]) => ({
      asset,
      ...names.of(asset),
      amount: String(amount),
      units: names.units(asset, amount),
      payments,
    }));
  }

  #sorted(): [string, { amount: bigint; payments: number }][] {
    return [...this.#amounts].sort(([a], [b]) => (a < b ? -1 : 1));
  }
}
