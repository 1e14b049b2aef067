import { signersOf, type Wallet } from './domain/index.ts';
import type { SignerConfig } from './signer-config.ts';

/** Two of a wallet's signers that the config has on one token: its threshold asks one party several times. */
export function sharedToken(wallet: Wallet, signers: readonly SignerConfig[]): readonly [string, string] | undefined {
  const tokens = new Map<string, string>();
  for (const name of signersOf(wallet)) {
    const signer = signers.find((one) => one.name === name);
    if (signer?.kind !== 'pkcs11') continue;
    const token = JSON.stringify([signer.module, signer.token]);
    const other = tokens.get(token);
    if (other !== undefined) return [other, name];
    tokens.set(token, name);
  }
  return undefined;
}
