import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js';
import { concatBytes } from '@noble/curves/utils.js';
import { RawTx, Transaction } from '@scure/btc-signer';
import type { BitcoinAccount } from './bitcoin-account.ts';
import type { PartialSignature } from './bitcoin-client.ts';

export interface Coin {
  readonly amount: bigint;
  readonly change: boolean;
  readonly index: number;
  readonly sequence?: number;
  readonly sighashType?: number;
  /** Left out: `non_witness_utxo`. */
  readonly unverified?: boolean;
  /** Another's: this script, without a derivation. */
  readonly foreign?: Uint8Array;
}

export interface Made {
  readonly amount: bigint;
  readonly script?: Uint8Array;
  /** Whose address of the account it is; with a script as well it only says so. */
  readonly own?: { readonly change: boolean; readonly index: number };
}

export interface Plan {
  readonly coins: readonly Coin[];
  readonly outputs: readonly Made[];
  readonly version?: number;
  readonly lockTime?: number;
}

const lax = {
  allowUnknownInputs: true,
  allowUnknownOutputs: true,
  disableScriptCheck: true,
  allowLegacyWitnessUtxo: true,
} as const;

/** A payment from an account, as a wallet's software hands it to a signer. */
export class BitcoinPayment {
  readonly account: BitcoinAccount;
  readonly plan: Plan;
  readonly transaction: Transaction;

  constructor(account: BitcoinAccount, plan: Plan) {
    this.account = account;
    this.plan = plan;
    const { version = 2, lockTime = 0 } = plan;
    this.transaction = new Transaction({ ...lax, version: version as 2, lockTime });
    for (const [i, coin] of plan.coins.entries()) this.#spend(coin, i);
    for (const made of plan.outputs) this.#pay(made);
  }

  get psbt(): Uint8Array {
    return this.transaction.toPSBT(0);
  }

  script(i: number): Uint8Array {
    const coin = this.#coin(i);
    return coin.foreign ?? this.account.script(coin.change, coin.index);
  }

  /** Whether it is a signature of the account's own key over what @scure/btc-signer says is to be signed. */
  verifies(i: number, { pubkey, signature }: PartialSignature): boolean {
    const coin = this.#coin(i);
    if (this.account.kind === 'tr') {
      const type = signature.length === 65 ? (signature[64] ?? 0) : 0;
      const scripts = this.plan.coins.map((_, at) => this.script(at));
      const amounts = this.plan.coins.map(({ amount }) => amount);
      const digest = this.transaction.preimageWitnessV1(i, scripts, type, amounts);
      return (
        Buffer.compare(pubkey, this.script(i).subarray(2)) === 0 &&
        schnorr.verify(signature.subarray(0, 64), digest, pubkey)
      );
    }
    const own = this.account.publicKey(coin.change, coin.index);
    const type = signature.at(-1) ?? 0;
    const der = secp256k1.Signature.fromBytes(signature.subarray(0, -1), 'der').toBytes('compact');
    return Buffer.compare(pubkey, own) === 0 && secp256k1.verify(der, this.#digest(i, type), own, { prehash: false });
  }

  #digest(i: number, type: number): Uint8Array {
    const { change, index, amount } = this.#coin(i);
    const { kind } = this.account;
    const payment = this.account.payment(change, index);
    if (kind === 'pkh' || kind === 'sh(sortedmulti)') {
      const transaction: { preimageLegacy?: unknown } = this.transaction as never;
      const { preimageLegacy } = transaction;
      if (typeof preimageLegacy !== 'function') throw new TypeError('preimageLegacy is gone');
      return preimageLegacy.call(this.transaction, i, payment.redeemScript ?? payment.script, type);
    }
    const program = payment.redeemScript ?? payment.script;
    const keyHash = Buffer.from(`76a914${Buffer.from(program.subarray(2)).toString('hex')}88ac`, 'hex');
    return this.transaction.preimageWitnessV0(i, payment.witnessScript ?? keyHash, type, amount);
  }

  #spend(coin: Coin, i: number): void {
    const { amount, change, index, sequence = 0xfffffffd, sighashType, unverified, foreign } = coin;
    const script = this.script(i);
    const previous = previousTransaction(amount, script, i);
    const legacy = this.account.kind === 'pkh' || this.account.kind === 'sh(sortedmulti)';
    const payment = this.account.payment(change, index);
    this.transaction.addInput(
      {
        txid: Transaction.fromRaw(previous, lax).id,
        index: 1,
        sequence,
        ...(this.account.kind === 'tr' || unverified === true ? {} : { nonWitnessUtxo: previous }),
        ...(legacy ? {} : { witnessUtxo: { amount, script } }),
        ...(sighashType === undefined ? {} : { sighashType }),
        ...(foreign === undefined ? this.account.derivations(change, index) : {}),
        ...(foreign === undefined && payment.redeemScript !== undefined ? { redeemScript: payment.redeemScript } : {}),
        ...(foreign === undefined && payment.witnessScript !== undefined
          ? { witnessScript: payment.witnessScript }
          : {}),
        ...(foreign === undefined && payment.tapInternalKey !== undefined
          ? { tapInternalKey: payment.tapInternalKey }
          : {}),
      },
      true,
    );
  }

  #pay({ amount, script, own }: Made): void {
    const to = script ?? (own === undefined ? new Uint8Array(0) : this.account.script(own.change, own.index));
    const fields = own === undefined ? {} : this.account.derivations(own.change, own.index);
    this.transaction.addOutput({ amount, script: to, ...fields }, true);
  }

  #coin(i: number): Coin {
    const coin = this.plan.coins[i];
    if (coin === undefined) throw new RangeError(`no input ${i}`);
    return coin;
  }
}

/** What paid this amount to this script: its second output. */
export function previousTransaction(amount: bigint, script: Uint8Array, salt: number): Uint8Array {
  const txid = concatBytes(Uint8Array.of(salt & 0xff, salt >> 8), new Uint8Array(30).fill(0x11));
  return RawTx.encode({
    version: 2,
    segwitFlag: false,
    inputs: [{ txid, index: 0, finalScriptSig: new Uint8Array(0), sequence: 0xffffffff }],
    outputs: [
      { amount: 1234n, script: Uint8Array.of(0x51) },
      { amount, script },
    ],
    lockTime: 0,
  } as never);
}
