import type { DerivedScriptWallet } from '../../domain/index.ts';
import type { Policy } from '../protocol.ts';

/**
 * A wallet as BIP-388 writes it. One key at a standard path needs no name, and every device knows it; several keys are
 * registered under the wallet's id, and whoever renames it registers it anew.
 */
export function policyOf({ id, script, threshold, keys }: DerivedScriptWallet): Policy {
  const places = keys.map((_, i) => `@${i}/**`).join(',');
  return {
    name: script === 'wsh-sortedmulti' ? id : '',
    template: templates[script](places, threshold),
    keys: keys.map(({ fingerprint, path, xpub }) => `[${fingerprint}${path.slice('m'.length)}]${xpub}`),
  };
}

const templates: Readonly<Record<DerivedScriptWallet['script'], (places: string, threshold: number) => string>> = {
  pkh: (places) => `pkh(${places})`,
  'sh-wpkh': (places) => `sh(wpkh(${places}))`,
  wpkh: (places) => `wpkh(${places})`,
  tr: (places) => `tr(${places})`,
  'wsh-sortedmulti': (places, threshold) => `wsh(sortedmulti(${threshold},${places}))`,
};
