import { createRequire } from 'node:module';
import type { BitcoinApp, Policy } from '../protocol.ts';
import type { Handle } from './library.ts';

// The parts of Ledger's Bitcoin clients that are used, and no more. Both are CommonJS and know no server: neither has an HTTP
// client among its dependencies (I8).

/** ledger-bitcoin. */
export interface BitcoinClient {
  /** 8 hex digits. */
  getMasterFingerprint(): Promise<string>;
  /** `path` without `m/`. */
  getExtendedPubkey(path: string): Promise<string>;
  registerWallet(policy: WalletPolicy): Promise<readonly [id: Buffer, hmac: Buffer]>;
  getWalletAddress(
    policy: WalletPolicy,
    hmac: Buffer | null,
    change: number,
    index: number,
    display: boolean,
  ): Promise<string>;
  signPsbt(psbt: Buffer, policy: WalletPolicy, hmac: Buffer | null): Promise<unknown>;
}

/** BIP-388's, as the app hashes it. */
export interface WalletPolicy {
  getId(): Buffer;
}

/** hw-app-btc. */
interface BitcoinSigner {
  signPsbtBuffer(
    psbt: Buffer,
    options: {
      readonly finalizePsbt: false;
      readonly accountPath: string;
      readonly addressFormat: string;
      readonly knownAddressDerivations: ReadonlyMap<string, unknown>;
    },
  ): Promise<unknown>;
}

interface LedgerBitcoin {
  readonly AppClient: new (handle: Handle) => BitcoinClient;
  readonly WalletPolicy: new (name: string, template: string, keys: readonly string[]) => WalletPolicy;
  readonly PsbtV2: new () => { deserialize(psbt: Buffer): void; serialize(): Buffer };
}

const require = createRequire(import.meta.url);
const ledgerBitcoin = (): LedgerBitcoin => require('ledger-bitcoin');

export function bitcoinClient(handle: Handle): BitcoinClient {
  return new (ledgerBitcoin().AppClient)(handle);
}

export function walletPolicy({ name, template, keys }: Policy): WalletPolicy {
  return new (ledgerBitcoin().WalletPolicy)(name, template, keys);
}

const currencies: Readonly<Record<BitcoinApp, string>> = { Bitcoin: 'bitcoin', 'Bitcoin Test': 'bitcoin_testnet' };

/** hw-app-btc's words for the policies of one key. */
const addressFormats: ReadonlyMap<string, string> = new Map([
  ['pkh(@0/**)', 'legacy'],
  ['sh(wpkh(@0/**))', 'p2sh'],
  ['wpkh(@0/**)', 'bech32'],
  ['tr(@0/**)', 'bech32m'],
]);

/**
 * Has hw-app-btc sign with a policy of one key. Of a version 0 it would lose taproot's derivations, and ask the device about
 * keys that it takes for missing; so it is given version 2 (BIP-370), in which ledger-bitcoin keeps every field.
 */
export async function signWithDefaultPolicy(
  handle: Handle,
  {
    app,
    path,
    template,
    psbt,
  }: { readonly app: BitcoinApp; readonly path: string; readonly template: string; readonly psbt: Buffer },
): Promise<void> {
  const library: {
    readonly default: new (options: { readonly transport: Handle; readonly currency: string }) => BitcoinSigner;
  } = require('@ledgerhq/hw-app-btc');
  const addressFormat = addressFormats.get(template);
  if (addressFormat === undefined) throw new Error(`no device knows ${template} by itself`);
  const second = new (ledgerBitcoin().PsbtV2)();
  second.deserialize(psbt);
  await new library.default({ transport: handle, currency: currencies[app] }).signPsbtBuffer(second.serialize(), {
    finalizePsbt: false,
    accountPath: path.slice('m/'.length),
    addressFormat,
    // Every input and every change output says its own.
    knownAddressDerivations: new Map(),
  });
}
