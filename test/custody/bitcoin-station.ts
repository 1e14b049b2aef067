import { Transaction } from '@scure/btc-signer';
import { addressOfScript } from '../../src/chains/bitcoin/address.ts';
import type { Authorization } from '../../src/custody/custody.ts';
import {
  type Address,
  type AssetId,
  type DerivedScriptWallet,
  encodeSignatures,
  type TransactionId,
  type TransactionRecord,
  type WithdrawalId,
} from '../../src/domain/index.ts';
import type { Permit } from '../../src/store/permit.ts';
import {
  type Changes,
  type Coin,
  psbtOf,
  type Request,
  recipients,
  signaturesOf,
  type Wanted,
} from '../chains/bitcoin/requests.ts';
import { regtest, walletOf } from '../chains/bitcoin/wallets.ts';
import { FakeSigner } from './fake-signer.ts';
import { type Customer, TestStation, type TestStationOptions } from './station.ts';

// A station of both chains: that of station.ts, with wallets on Bitcoin's regtest whose keys are published test seeds'.

export const bitcoin = `${regtest}/slip44:1` as AssetId;

/** Whoever is paid, by the type of script. */
export const payees = Object.fromEntries(
  Object.entries(recipients).map(([type, script]) => [type, addressOf(script)]),
) as Readonly<Record<keyof typeof recipients, Address>>;

function addressOf(script: Uint8Array): Address {
  const address = addressOfScript(script, regtest);
  if (address === undefined) throw new Error('the script is no address');
  return address;
}

/** The signer `fake` holds the keys of the first two; of the third's it holds one, and two further signers the others. */
const wallets = {
  'btc-1': { wallet: walletOf({ script: 'wpkh', chain: regtest }), signers: ['fake'] },
  'btc-tr': { wallet: walletOf({ script: 'tr', chain: regtest }), signers: ['fake'] },
  'btc-multi': {
    wallet: walletOf({ script: 'wsh-sortedmulti', chain: regtest }),
    signers: ['fake', 'fake-2', 'fake-3'],
  },
} as const;
export type BitcoinWallet = keyof typeof wallets;

/** What Bitcoin adds to the test policy. */
export function withBitcoin(document: string): string {
  const listed = Object.entries(wallets).map(
    ([id, { wallet, signers }]) =>
      `  - { id: ${id}, chain: '${regtest}', descriptor: "${wallet.descriptor}", signers: [${signers.join(', ')}], address: '${wallet.address}' }\n`,
  );
  return document
    .replace(
      'assets:\n',
      `  - { chain: '${regtest}', max_fee: '2000000', max_fee_per_kvb: '1000000', change_gap: 20, lock_height: 900000 }\nassets:\n`,
    )
    .replace(
      'wallets:\n',
      `  - { asset: '${bitcoin}', symbol: TBTC, decimals: 8, max_payment: '2100000000000000' }\nwallets:\n`,
    )
    .replace('nonce_window:', `${listed.join('')}nonce_window:`);
}

/** Signs Ethereum's with its own key, and Bitcoin's with those of the test seeds that the wallet says are its. */
export class FakeBitcoinSigner extends FakeSigner {
  /** What it would answer a permit with. */
  makes(permit: Permit): Uint8Array {
    return this.signatureOf(permit);
  }

  protected override signatureOf(permit: Permit): Uint8Array {
    const { psbt, wallet } = permit;
    if (psbt === null || wallet.kind !== 'script' || !wallet.derives) return super.signatureOf(permit);
    return encodeSignatures(signaturesOf(psbt, wallet, coinsOf(psbt), this.name));
  }
}

/** Where the inputs of the station's own PSBT lie. */
function coinsOf(psbt: Uint8Array): Coin[] {
  const transaction = Transaction.fromPSBT(psbt, { allowUnknownVersion: true });
  return Array.from({ length: transaction.inputsLength }, (_, i) => {
    const { bip32Derivation, tapBip32Derivation } = transaction.getInput(i);
    const path = bip32Derivation?.[0]?.[1].path ?? tapBip32Derivation?.[0]?.[1].der.path ?? [];
    const [branch = 0, index = 0] = path.slice(-2);
    return { branch, index, amount: 0n };
  });
}

export interface Paying {
  readonly wallet?: BitcoinWallet;
  readonly version?: 0 | 2;
  readonly replaces?: TransactionId | undefined;
  readonly authorizations?: readonly Authorization[];
  readonly changes?: Changes;
}

export class BitcoinStation {
  readonly station: TestStation;

  private constructor(station: TestStation) {
    this.station = station;
  }

  static async open(options: TestStationOptions = {}): Promise<BitcoinStation> {
    const { policy = (document) => document } = options;
    const station = await TestStation.open({
      signer: new FakeBitcoinSigner(),
      otherSigners: [new FakeBitcoinSigner('fake-2'), new FakeBitcoinSigner('fake-3')],
      ...options,
      policy: (document) => policy(withBitcoin(document)),
    });
    return new BitcoinStation(station);
  }

  close(): Promise<void> {
    return this.station.close();
  }

  /** As policy has it. */
  wallet(id: BitcoinWallet = 'btc-1'): DerivedScriptWallet {
    const wallet = [...this.station.policy.wallets.values()].find((one) => one.id === id);
    if (wallet?.kind !== 'script' || !wallet.derives) throw new Error(`policy has no wallet ${id}`);
    return wallet;
  }

  /** Customers whose passkeys and destinations are ripe, one destination each. */
  async customers(destinations: Readonly<Record<string, Address>>): Promise<Customer[]> {
    const customers: Customer[] = [];
    for (const account of Object.keys(destinations)) customers.push(await this.station.enrol(account));
    this.station.passDay();
    for (const customer of customers) {
      const destination = destinations[customer.account];
      if (destination !== undefined) await customer.list(`entry-${customer.account}`, destination);
    }
    await this.station.deliver();
    this.station.passDay();
    return customers;
  }

  psbt(request: Request, { wallet = 'btc-1', version = 0, changes = {} }: Paying = {}): Uint8Array {
    return psbtOf(this.wallet(wallet), request, version, changes);
  }

  /** Asks for a transaction of these coins and outputs that pays these withdrawals. */
  pay(ids: readonly string[], request: Request, of: Paying = {}): Promise<TransactionRecord> {
    return this.sign(ids, this.psbt(request, of), of);
  }

  sign(ids: readonly string[], unsigned: Uint8Array, of: Paying = {}): Promise<TransactionRecord> {
    return this.station.custody.transactions.sign({
      wallet: this.wallet(of.wallet).id,
      unsigned,
      pays: ids as WithdrawalId[],
      replaces: of.replaces,
      authorizations: of.authorizations ?? [],
    });
  }

  /** As it stands once no device has anything to do. */
  async settled({ id }: Pick<TransactionRecord, 'id'>): Promise<TransactionRecord> {
    await this.station.settle();
    return this.station.custody.transactions.get(id);
  }
}

/** One output of the wallet's, at `/0/n`, told from the others by its number. */
export function coin(n: number, amount = 100_000_000n): Coin {
  return { branch: 0, index: n, amount, salt: n };
}

/** An output that pays a destination. */
export function to(destination: Address, amount: bigint): Wanted {
  const [type] = Object.entries(payees).find(([, address]) => address === destination) ?? [];
  const script = Object.entries(recipients).find(([name]) => name === type)?.[1];
  if (script === undefined) throw new Error(`${destination} is no payee of the tests`);
  return { script, amount };
}
