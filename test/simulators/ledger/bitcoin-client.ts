import { createRequire } from 'node:module';
import type { BitcoinAccount } from './bitcoin-account.ts';
import type { BitcoinHolder } from './bitcoin-holder.ts';

// CommonJS only.
const require = createRequire(import.meta.url);
const { default: Transport } = require('@ledgerhq/hw-transport');
const { AppClient, PsbtV2, WalletPolicy } = require('ledger-bitcoin');

export interface PartialSignature {
  readonly pubkey: Buffer;
  readonly signature: Buffer;
  readonly tapleafHash?: Buffer;
}

/** A PSBT's maps in Ledger's client: hexadecimal keys, of which the first byte is the field. */
export interface Maps {
  readonly globalMap: Map<string, Buffer>;
  readonly inputMaps: readonly Map<string, Buffer>[];
  readonly outputMaps: readonly Map<string, Buffer>[];
}

/** A PSBT to be changed before it is signed, without anyone's checks. */
export function mapsOf(psbt: Uint8Array): Maps {
  const maps = new PsbtV2();
  maps.deserialize(Buffer.from(psbt));
  return maps;
}

/** What Ledger’s own `AppClient` is here used for. */
export interface Client {
  registerWallet(policy: object): Promise<[id: Buffer, hmac: Buffer]>;
  signPsbt(
    psbt: Buffer | Maps,
    policy: object,
    hmac: Buffer | null,
  ): Promise<[index: number, signature: PartialSignature][]>;
}

/** Ledger's client, unmodified, on a device in this process. */
export function clientOf(holder: BitcoinHolder): Client {
  class HeldTransport extends Transport {
    async exchange(apdu: Buffer): Promise<Buffer> {
      const reply = Promise.withResolvers<Buffer>();
      const stop = holder.device.listen({
        reply: (answer) => reply.resolve(Buffer.from(answer)),
        unplugged: () => reply.reject(new Error('unplugged')),
        crashed: () => reply.reject(new Error('crashed')),
      });
      try {
        holder.device.transmit(Uint8Array.from(apdu));
        return await reply.promise;
      } finally {
        stop();
      }
    }
  }
  return new AppClient(new HeldTransport());
}

export const policyOf = ({ isDefault, template, keys }: BitcoinAccount, name = 'Test account'): object =>
  new WalletPolicy(isDefault ? '' : name, template, keys);

/** Signs, as a holder who approves everything. The screens that were seen go into `seen`. */
export async function signAs(
  holder: BitcoinHolder,
  psbt: Uint8Array | Maps,
  policy: object,
  hmac: Buffer | null = null,
  seen: string[] = [],
): Promise<[index: number, signature: PartialSignature][]> {
  const signing = clientOf(holder).signPsbt(psbt instanceof Uint8Array ? Buffer.from(psbt) : psbt, policy, hmac);
  const over = signing.then(
    () => true,
    () => true,
  );
  for (let turns = 0; !(await Promise.race([over, turn()])); turns++) {
    if (turns > 20_000) throw new Error(`nothing comes of it; the screen says “${holder.screen}”`);
    await approve(holder, seen);
  }
  return signing;
}

/** Goes on wherever the screen asks: through the pages, then at what approves. */
async function approve(holder: BitcoinHolder, seen: string[]): Promise<void> {
  if (
    !/^(Review transaction|Security risk|From|Transaction output|High fees|Fees|Sign transaction)/.test(holder.screen)
  )
    return;
  const end = holder.screen.startsWith('Security risk') ? 'Continue anyway' : 'Sign transaction';
  // A page stays until the host has said what comes next.
  for (const screen of await holder.select(end)) if (screen !== seen.at(-1)) seen.push(screen);
}

const turn = (): Promise<boolean> => new Promise((resolve) => setImmediate(() => resolve(false)));

export async function register(holder: BitcoinHolder, policy: object): Promise<Buffer> {
  const registering = clientOf(holder).registerWallet(policy);
  await turn();
  for (let turns = 0; !/^Review account/.test(holder.screen); turns++) {
    if (turns > 1000) throw new Error(`no registration is asked for; the screen says “${holder.screen}”`);
    await turn();
  }
  await holder.select('Register account');
  const [, hmac] = await registering;
  await holder.press('both');
  return hmac;
}
