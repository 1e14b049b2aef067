import type { ScriptWallet } from '../../domain/index.ts';
import { type Branch, hardened, stepsOf } from './derive.ts';
import { fingerprintOf } from './hashes.ts';
import type { Derivation, Origin } from './psbt-field.ts';
import { scriptAt, type WalletScript } from './wallet-script.ts';

/** A place in a wallet's descriptor, as a derivation of a PSBT names it: `/branch/index`. */
export interface Place {
  /** Which of the wallet's keys, in the descriptor's order. */
  readonly key: number;
  readonly branch: Branch;
  readonly index: number;
}

/** What a PSBT claims with a derivation: where in a wallet a key lies. A claim only; derivation is the proof. */
export class Places {
  /** The one script of a wallet of raw keys: no claim is needed to find it. */
  readonly only: WalletScript | undefined;
  readonly #origins: readonly Origin[];
  readonly #taproot: boolean;

  constructor(wallet: ScriptWallet) {
    this.#taproot = wallet.script === 'tr';
    if (wallet.derives) {
      this.only = undefined;
      this.#origins = wallet.keys.map(({ fingerprint, path }) => ({ fingerprint, steps: stepsOf(path) }));
      return;
    }
    this.only = scriptAt(wallet, 0, 0);
    // Bitcoin Core gives a key without an origin its own fingerprint and no steps.
    this.#origins = this.only.keys.map(({ publicKey }) => ({
      fingerprint: fingerprintOf(publicKey),
      steps: [],
    }));
  }

  /** Undefined where it is none of the wallet's. */
  of({ fingerprint, steps }: Origin): Place | undefined {
    if (this.only !== undefined) {
      const key = this.#origins.findIndex((own) => own.fingerprint === fingerprint && steps.length === 0);
      return key < 0 ? undefined : { key, branch: 0, index: 0 };
    }
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
