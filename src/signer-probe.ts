import type { Wallet } from './domain/index.ts';
import { openSigner } from './open-signer.ts';
import type { SignerConfig } from './signer-config.ts';
import type { Readiness } from './signers/signer.ts';

/**
 * Asks a signer once, through a child process of its own, whether it holds these wallets' keys and could sign now. For a station
 * that isn't running: a device answers one process at a time.
 */
export async function probeSigner(config: SignerConfig, wallets: readonly Wallet[]): Promise<readonly Readiness[]> {
  const signer = openSigner(config, () => {});
  try {
    const answers: Readiness[] = [];
    for (const wallet of wallets) answers.push(await signer.check(wallet));
    return answers;
  } finally {
    await signer.close();
  }
}
