import { second, type Wallet } from './domain/index.ts';
import { openSigner } from './open-signer.ts';
import { type Pkcs11SignerConfig, readPin, type SignerConfig } from './signer-config.ts';
import { type SeenToken, surveyToken } from './signers/pkcs11/survey.ts';
import type { Failed, Readiness } from './signers/signer.ts';

/** What a signer said, asked once. */
export interface Probed {
  /** What a PKCS#11 token says of itself, or why it says nothing; undefined of other signers. */
  readonly token: SeenToken | Failed | undefined;
  /** Of the wallets that it was asked for, in their order; empty where its token says nothing. */
  readonly wallets: readonly Readiness[];
}

/**
 * Asks a signer once, through child processes of its own, what it is, whether it holds these wallets' keys, and whether it could sign
 * now. For a station that isn't running: a device answers one process at a time. Throws `Malformed` for a PIN that can't be read.
 */
export async function probeSigner(config: SignerConfig, wallets: readonly Wallet[]): Promise<Probed> {
  const token = config.kind === 'pkcs11' ? await survey(config) : undefined;
  // Whatever kept it from being looked at keeps it from signing; and a PIN that was refused is not tried again (F4).
  if (token !== undefined && 'kind' in token) return { token, wallets: [] };
  if (wallets.length === 0) return { token, wallets: [] };
  const signer = openSigner(config, () => {});
  try {
    const answers: Readiness[] = [];
    for (const wallet of wallets) answers.push(await signer.check(wallet));
    return { token, wallets: answers };
  } finally {
    await signer.close();
  }
}

/** Far above what a network HSM takes to be connected, ms. */
const deadline = 30 * second;

async function survey({
  name,
  module,
  token,
  environment,
  pin: source,
}: Pkcs11SignerConfig): Promise<SeenToken | Failed> {
  const pin = readPin(source, `config.signers.${name}.pin`);
  return surveyToken({ module, token, pin, environment, deadline });
}
