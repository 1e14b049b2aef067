import { Transaction } from '@scure/btc-signer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditReceipt } from '../../src/custody/audit/receipt.ts';
import { digestOf, paymentSet, transactionId, type WalletId, type WithdrawalId } from '../../src/domain/index.ts';
import { verifyReceipt } from '../../src/journal/receipt.ts';
import { ReceiptError } from '../../src/journal/receipt-error.ts';
import { forge, type LooseReceipt } from '../journal/forged-log.ts';
import { BitcoinStation, type BitcoinWallet, bitcoin, coin, payees, to } from './bitcoin-station.ts';
import { alicesAddress, type Customer } from './station.ts';

// What a log says of transactions is held against their bytes: each receipt here but the genuine ones is one that a lying log's key signed.

let of: BitcoinStation;
let alice: Customer;
let bob: Customer;

beforeAll(async () => {
  of = await BitcoinStation.open();
  const people = await of.customers({ alice: payees.wpkh, bob: payees.tr });
  const [first, second] = people;
  if (first === undefined || second === undefined) throw new Error('no customers');
  [alice, bob] = [first, second];
});
afterAll(() => of.close());

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const receiptOf = async (id: string): Promise<LooseReceipt> =>
  JSON.parse(new TextDecoder().decode(await of.station.custody.journal.receipt(id as WithdrawalId)));
const judged = (receipt: Uint8Array, key: string): string => {
  const audited = auditReceipt(receipt, key);
  return audited.proven ? audited.sentences.join('\n') : `${audited.reason}: ${audited.message}`;
};
const bytesOf = (receipt: LooseReceipt): Uint8Array => new TextEncoder().encode(JSON.stringify(receipt));

/** Of a receipt that the log alone bears out, what its bytes give away. */
function giveaway(genuine: LooseReceipt, change: Parameters<typeof forge>[1]): string {
  const { bytes, verifierKey } = forge(genuine, change);
  expect(verifyReceipt(bytes, verifierKey).length).toBeGreaterThan(0);
  return judged(bytes, verifierKey);
}

/** Other signed bytes, which the log says were released. */
const releasing =
  (signed: string): Parameters<typeof forge>[1] =>
  (leaves, receipt) => {
    for (const transaction of receipt.transactions) transaction.signed = signed;
    for (const { kind, fields } of leaves) if (kind === 'transaction-signed') fields['raw'] = digestOf(hex(signed));
  };

/** Another transaction, which the log says was permitted, and not signed. */
const permitting =
  (unsigned: string): Parameters<typeof forge>[1] =>
  (leaves, receipt) => {
    for (const transaction of receipt.transactions) {
      const id = transactionId(transaction.wallet as WalletId, hex(unsigned));
      for (const { fields } of leaves) if (fields['transaction'] === transaction.id) fields['transaction'] = id;
      Object.assign(transaction, { id, unsigned, signed: '' });
    }
    const last = leaves.findIndex(({ kind }) => kind === 'transaction-signed');
    if (last >= 0) leaves.splice(last, 1);
  };

/** A policy of then that says this. */
const under =
  (change: (document: string) => string): Parameters<typeof forge>[1] =>
  (leaves, receipt) => {
    const policies = new Map(
      receipt.policies.map((document) => [digestOf(new TextEncoder().encode(document)) as string, change(document)]),
    );
    receipt.policies = [...policies.values()];
    for (const { fields } of leaves) {
      const document = policies.get(fields['policy'] ?? '');
      if (document !== undefined) fields['policy'] = digestOf(new TextEncoder().encode(document));
    }
  };

describe('I5: a receipt of a payment on Bitcoin', () => {
  const receipts = new Map<BitcoinWallet, LooseReceipt>();
  const genuine = (wallet: BitcoinWallet): LooseReceipt => {
    const receipt = receipts.get(wallet);
    if (receipt === undefined) throw new Error(`nothing was paid from ${wallet}`);
    return receipt;
  };
  const transactionOf = (receipt: LooseReceipt): LooseReceipt['transactions'][number] => {
    const [transaction] = receipt.transactions;
    if (transaction === undefined) throw new Error('the receipt has no transaction');
    return transaction;
  };

  beforeAll(async () => {
    for (const wallet of ['btc-1', 'btc-tr', 'btc-multi'] as const) {
      const id = `of-${wallet}`;
      await alice.authorize(id, { asset: bitcoin, amount: 50_000n, destination: payees.wpkh, maxFee: 100_000n });
      await bob.authorize(`${id}-bob`, { asset: bitcoin, amount: 60_000n, destination: payees.tr, maxFee: 100_000n });
      const request = {
        coins: [coin(0)],
        outputs: [to(payees.wpkh, 50_000n), to(payees.tr, 60_000n), { index: 0, amount: 99_880_000n }],
      };
      const paid = await of.settled(await of.pay([id, `${id}-bob`], request, { wallet }));
      expect(paid.state).toBe('SIGNED');
      receipts.set(wallet, await receiptOf(id));
    }
  });

  it.each<BitcoinWallet>(['btc-1', 'btc-tr', 'btc-multi'])(
    'says what its bytes do and that %s’s keys signed them',
    (wallet) => {
      const receipt = genuine(wallet);
      const { id, signed } = transactionOf(receipt);
      const txid = Transaction.fromRaw(hex(signed), { allowUnknownOutputs: true }).id;
      const said = judged(bytesOf(receipt), of.station.verifierKey);
      expect(said).toContain(
        `Decoded again, transaction ${id} pays 50000 of ${bitcoin} to ${payees.wpkh}, and 1 withdrawal(s) beside.`,
      );
      expect(said).toMatch(
        new RegExp(
          `What was released is exactly that transaction, signed by the keys of wallet ${wallet} that the policy pins \\(.*\\)\\. On .* it is ${txid}\\.$`,
        ),
      );
    },
  );

  it.each<BitcoinWallet>(['btc-1', 'btc-tr', 'btc-multi'])('I7: with a signature of %s that is not right', (wallet) => {
    const { signed } = transactionOf(genuine(wallet));
    const witness = Transaction.fromRaw(hex(signed), { allowUnknownOutputs: true }).getInput(0).finalScriptWitness;
    const signature = Buffer.from(witness?.find((item) => item.length >= 64) ?? []);
    const wrong = Uint8Array.from(signature, (byte, i) => (i === 40 ? byte ^ 1 : byte));
    const flipped = signed.replace(signature.toString('hex'), Buffer.from(wrong).toString('hex'));
    expect(flipped).not.toBe(signed);
    expect(giveaway(genuine(wallet), releasing(flipped))).toMatch(
      /^transaction-differs: the signed bytes of .* are not that transaction’s: input 0: /,
    );
  });

  it('I7: with the signed bytes of another payment of that wallet', async () => {
    await alice.authorize('else', { asset: bitcoin, amount: 50_000n, destination: payees.wpkh, maxFee: 100_000n });
    const request = { coins: [coin(7)], outputs: [to(payees.wpkh, 50_000n), { index: 1, amount: 99_900_000n }] };
    const other = await of.settled(await of.pay(['else'], request));
    const signed = Buffer.from(other.signed ?? []).toString('hex');
    expect(giveaway(genuine('btc-1'), releasing(signed))).toMatch(
      /: what it does differs from the permitted transaction$/,
    );
  });

  it('B1: without what tells the change from a payment, or with that of another transaction', () => {
    const without = (_: unknown, receipt: LooseReceipt) => {
      transactionOf(receipt).psbt = '';
    };
    expect(giveaway(genuine('btc-1'), without)).toMatch(/^transaction-differs: transaction .* cannot be read: /);
    const other = (_: unknown, receipt: LooseReceipt) => {
      transactionOf(receipt).psbt = transactionOf(genuine('btc-tr')).psbt;
    };
    expect(giveaway(genuine('btc-1'), other)).toMatch(/^transaction-differs: transaction .* cannot be read: /);
  });

  it('I4: that pays more than the withdrawals that it was permitted for', () => {
    const fewer = giveaway(genuine('btc-1'), (leaves) => {
      for (const { kind, fields } of leaves) {
        if (kind !== 'transaction-permitted') continue;
        const pays = 'of-btc-1';
        for (const name of ['destinations_w0', 'destinations_d0']) fields[name] = fields[name]?.split(' ')[0] ?? '';
        Object.assign(fields, { withdrawals: pays, payment_set: paymentSet([pays]) });
      }
    });
    expect(fewer).toMatch(/^transaction-differs: transaction .* is not one of 1 payment\(s\) on outpoint:/);
  });

  it('B1: of a wallet for which the change is another’s output', () => {
    const { descriptor } = of.wallet('btc-tr');
    const { descriptor: own } = of.wallet('btc-1');
    const swapped = (document: string): string =>
      document.replace(`descriptor: "${own}"`, 'descriptor: ""').replace(`"${descriptor}"`, `"${own}"`);
    expect(giveaway(genuine('btc-1'), under(swapped))).toMatch(/^transaction-differs: /);
  });
});

describe('I5: a receipt of a payment on Ethereum', () => {
  let genuine: LooseReceipt;
  let other: LooseReceipt;

  beforeAll(async () => {
    const carol = await of.station.ripeCustomer('carol');
    await carol.authorize('e-1');
    await of.station.sign(['e-1']);
    await of.station.settle();
    await carol.authorize('e-2');
    await of.station.sign(['e-2'], of.station.payment({ nonce: 1 }));
    await of.station.settle();
    genuine = await receiptOf('e-1');
    other = await receiptOf('e-2');
  });
  const only = (receipt: LooseReceipt) => {
    const [transaction] = receipt.transactions;
    if (transaction === undefined) throw new Error('the receipt has no transaction');
    return transaction;
  };

  it('says what its bytes do and that the wallet’s key signed them', () => {
    const said = judged(bytesOf(genuine), of.station.verifierKey);
    expect(said).toContain(', and nobody else.');
    expect(said).toMatch(
      /What was released is exactly that transaction, signed by the keys of wallet .* it is 0x[0-9a-f]{64}\.$/,
    );
  });

  it('I7: with another transaction’s signed bytes', () => {
    expect(giveaway(genuine, releasing(only(other).signed))).toMatch(
      /^transaction-differs: the signed bytes of .* are not that transaction’s: /,
    );
  });

  it('I7: with another key’s signature than policy pinned', () => {
    const key = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';
    const said = giveaway(
      genuine,
      under((document) => document.replace(/public_key: '0[23][0-9a-f]{64}'/, `public_key: '${key}'`)),
    );
    expect(said).toMatch(/^transaction-differs: /);
  });

  it('I2: with bytes that pay as much of a token', () => {
    const word = (hex: string) => hex.padStart(64, '0');
    const to = alicesAddress.slice(-40);
    const data = `0xa9059cbb${word(to)}${word((10n ** 18n).toString(16))}` as const;
    const bytes = of.station.payment({
      to: '0x00000000000000000000000000000000000000e2',
      value: 0n,
      gas: 100_000n,
      data,
    });
    expect(giveaway(genuine, permitting(Buffer.from(bytes).toString('hex')))).toMatch(/ does not pay .*slip44:60 to /);
  });

  it('I2: with bytes that pay another amount, or another’s address', () => {
    const { unsigned } = only(genuine);
    const [, value] = /88([0-9a-f]{16})80c0$/.exec(unsigned) ?? [];
    if (value === undefined) throw new Error(`no amount in ${unsigned}`);
    for (const bytes of [
      unsigned.replace(value, value.replace(/..$/, '01')),
      unsigned.replace(/(94)..(?=.{38}88)/, '$111'),
    ]) {
      expect(bytes).not.toBe(unsigned);
      expect(giveaway(genuine, permitting(bytes))).toMatch(/^transaction-differs: transaction .* does not pay /);
    }
  });

  it('I4: on another nonce than it was permitted for', () => {
    expect(giveaway(genuine, permitting(only(other).unsigned))).toMatch(/is not one of 1 payment\(s\) on /);
  });

  it('of a wallet that the policy of then did not have', () => {
    expect(
      giveaway(
        genuine,
        under((document) => document.replace(/\{ id: hot-1,/, '{ id: hot-9,')),
      ),
    ).toMatch(/^transaction-differs: the policy has no wallet /);
  });

  it('still says first what the log does not bear out', () => {
    const receipt = structuredClone(genuine);
    only(receipt).signed = only(other).signed;
    expect(() => verifyReceipt(bytesOf(receipt), of.station.verifierKey)).toThrow(ReceiptError);
    expect(judged(bytesOf(receipt), of.station.verifierKey)).toMatch(/^transaction-differs: /);
  });
});
