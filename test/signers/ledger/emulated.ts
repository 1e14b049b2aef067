import { startEmulator } from '../../../simulators/ledger/emulator.ts';
import { decodeUnsigned } from '../../../src/chains/bitcoin/index.ts';
import { type DerivedScriptWallet, parseTransactionId, type ScriptType } from '../../../src/domain/index.ts';
import { createLedgerSigner } from '../../../src/signers/ledger/signer.ts';
import type { Signer } from '../../../src/signers/signer.ts';
import type { Permit } from '../../../src/store/permit.ts';
import { psbtOf, recipients } from '../../chains/bitcoin/requests.ts';
import { seeds, testnet4, walletOf } from '../../chains/bitcoin/wallets.ts';
import { Operator } from '../../simulators/ledger/operator.ts';
import { HandTimers } from '../hand-timers.ts';

// Emulated devices with Bitcoin's test app open, signers that drive them, and people who hold them. All keys are test keys.

export const words = {
  abandon: `${'abandon '.repeat(11)}about`,
  glory:
    'glory promote mansion idle axis finger extra february uncover one trip resource lawn turtle enact monster seven myth punch hobby comfort wild raise skin',
  zoo: `${'zoo '.repeat(11)}wrong`,
} as const;

export const deadlines = { start: 60_000, identify: 60_000, sign: 300_000 };
export const poll = 3_000;
export const backOff = 500;

export interface Held {
  readonly signer: Signer;
  readonly operator: Operator;
  readonly timers: HandTimers;
  readonly apiUrl: string;
  close(): Promise<void>;
}

/** A device with a seed, and the signer of this name that drives it. */
export async function hold(
  name: string,
  seed: keyof typeof words,
  app: 'bitcoin' | 'bitcoin-test' | 'ethereum' = 'bitcoin-test',
): Promise<Held> {
  const emulator = await startEmulator({ model: 'nanosp', app, apiPort: 0, seed: words[seed] });
  const timers = new HandTimers();
  const signer = createLedgerSigner({
    name,
    transport: { transport: 'speculos', url: emulator.apiUrl },
    deadlines,
    poll,
    backOff: () => backOff,
    timers,
    log: () => undefined,
  });
  return {
    signer,
    operator: new Operator(emulator.apiUrl),
    timers,
    apiUrl: emulator.apiUrl,
    close: async () => {
      await signer.close();
      await emulator.close();
    },
  };
}

/** A wallet of one key, of the seed `glory`, on the signer `device-1`. */
export const single = (script: ScriptType, account = 0): DerivedScriptWallet =>
  walletOf({ script, chain: testnet4, seeds: [seeds.glory], account });

/** Two of three: `abandon` on `device-1`, `glory` on `device-2`, `zoo` on `device-3`. */
export const several: DerivedScriptWallet = walletOf({ script: 'wsh-sortedmulti', chain: testnet4 });

const request = {
  coins: [
    { branch: 0, index: 2, amount: 1_000_000n },
    { branch: 1, index: 7, amount: 500_000n },
  ],
  outputs: [
    { script: recipients.wpkh, amount: 900_000n },
    { index: 5, amount: 590_000n },
  ],
};

/** What a permit says of a payment of two inputs with change, as the daemon itself decoded it. */
export function permitFor(
  wallet: DerivedScriptWallet,
  signer = 'device-1',
  registration: Uint8Array | null = null,
): Permit {
  const decoded = decodeUnsigned(psbtOf(wallet, request), wallet);
  if (!decoded.ok) throw new Error(decoded.message);
  const transaction = parseTransactionId('22'.repeat(32), 'transaction');
  return { transaction, wallet, signer, ...decoded.transaction, digests: [], registration, tokenDescriptors: [] };
}

/** A PSBT whose first input states another amount than its previous transaction, in its field 01. */
export function misstated(wallet: DerivedScriptWallet): Uint8Array {
  const { psbt } = permitFor(wallet);
  const hex = Buffer.from(psbt ?? []).toString('hex');
  const wrong = hex.replace('01011f40420f0000000000', '01011f41420f0000000000');
  if (wrong === hex) throw new Error('no input states 1,000,000');
  return Uint8Array.from(Buffer.from(wrong, 'hex'));
}

/** A person who signs. */
export async function approve(operator: Operator): Promise<void> {
  await operator.sees('Review transaction\nto send bitcoin');
  await operator.select(/^Sign transaction/);
}

export async function refuse(operator: Operator): Promise<void> {
  await operator.sees('Review transaction\nto send bitcoin');
  await operator.select(/^Reject transaction/);
}
