import type { ScriptWallet } from '../../domain/index.ts';
import { type Branch, hardened, stepsOf } from './derive.ts';
import type { Derivation, Origin } from './psbt-field.ts';

/** A place in a wallet's descriptor, as the origin of one of its keys names it: `/branch/index`. */
export interface Place {
  /** Which of the wallet's keys, in the descriptor's order. */
  readonly key: number;
  readonly branch: Branch;
  readonly index: number;
}

/** What a PSBT claims with an origin: where in a wallet a key lies. A claim only; derivation is the proof. */
export class Places {
  readonly #origins: readonly Origin[];
  readonly #taproot: boolean;

  constructor({ keys, script }: ScriptWallet) {
    this.#origins = keys.map(({ fingerprint, path }) => ({ fingerprint, steps: stepsOf(path) }));
    this.#taproot = script === 'tr';
  }

  /** Undefined where the origin is none of the wallet's. */
  of({ fingerprint, steps }: Origin): Place | undefined {
    const [branch, index] = steps.slice(-2);
    if ((branch !== 0 && branch !== 1) || index === undefined || index >= hardened) return undefined;
    const key = this.#origins.findIndex(
      (own) =>
        own.fingerprint === fingerprint &&
        own.steps.length === steps.length - 2 &&
        own.steps.every((step, i) => step === steps[i]),
    );
    return key < 0 ? undefined : { key, branch, index };
  }

  /** The derivations that a map names, of the kind that the wallet's script has (BIP-371 for taproot), and of the other kind. */
  named(map: { readonly derivations: readonly Derivation[]; readonly tapDerivations: readonly Derivation[] }): {
    readonly own: readonly Derivation[];
    readonly other: readonly Derivation[];
  } {
    const { derivations, tapDerivations } = map;
    return this.#taproot ? { own: tapDerivations, other: derivations } : { own: derivations, other: tapDerivations };
  }
}

/** BIP-32's numbers as people write them: `[f5acc2fd/84'/1'/0'/0/5]`. */
export function shownOrigin({ fingerprint, steps }: Origin): string {
  const written = steps.slice(0, 12).map((step) => (step >= hardened ? `/${step - hardened}'` : `/${step}`));
  return `[${fingerprint}${written.join('')}${steps.length > 12 ? '/…' : ''}]`;
}
