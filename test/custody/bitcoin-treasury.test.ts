import { Transaction } from '@scure/btc-signer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Refusal, type TransactionId, transactionId, type WithdrawalId } from '../../src/domain/index.ts';
import { verifyReceipt } from '../../src/journal/receipt.ts';
import { leaves } from '../attacks/attempt.ts';
import { type Coin, outpointOf, placeAt, type Request, recipients } from '../chains/bitcoin/requests.ts';
import { audited, findings, tamper } from './audit-station.ts';
import { BitcoinStation, bitcoin, coin, payees, to } from './bitcoin-station.ts';
import type { Customer, TestStation } from './station.ts';

const quorum = ['olivia', 'omar'];
const treasury = `treasury:\n  - { address: '${payees.wsh}', label: Cold wallet, evacuation: true }\n`;

describe('Bitcoin that operators move and void', () => {
  let of: BitcoinStation;
  let station: TestStation;
  let alice: Customer;
  beforeEach(async () => {
    of = await BitcoinStation.open({ operators: {}, policy: (document) => document + treasury });
    station = of.station;
    const [first] = await of.customers({ alice: payees.wpkh });
    if (first === undefined) throw new Error('no customer');
    alice = first;
  });
  afterEach(() => of.close());

  const authorize = (id: string, amount = 50_000n) =>
    alice.authorize(id, { asset: bitcoin, amount, destination: payees.wpkh, maxFee: 100_000n });
  /** Pays one withdrawal out of these coins. */
  const paying = (coins: readonly Coin[], fee = 5_000n, amount = 50_000n): Request => {
    const total = coins.reduce((sum, one) => sum + one.amount, 0n);
    return { coins, outputs: [to(payees.wpkh, amount), { index: 0, amount: total - amount - fee }] };
  };
  /** All of these coins back to the wallet. */
  const back = (coins: readonly Coin[], fee = 9_000n): Request => {
    const total = coins.reduce((sum, one) => sum + one.amount, 0n);
    return { coins, outputs: [{ index: 1, amount: total - fee }] };
  };
  const idOf = (psbt: Uint8Array): TransactionId =>
    transactionId(of.wallet().id, Transaction.fromPSBT(psbt).unsignedTx);
  const voided = async (id: TransactionId, psbt: Uint8Array) => {
    await station.operators.act(quorum, 'void', `transaction:${id}`, psbt);
    return of.settled({ id: idOf(psbt) });
  };
  const verified = async () => {
    await station.stop();
    expect(findings(station.file, { stateKey: station.stateKey, logKey: station.verifierKey })).toEqual([]);
    station.start();
  };
  const reasonOf = (asked: Promise<unknown>) =>
    asked.then(
      () => undefined,
      (error: unknown) => (error instanceof Refusal ? error.reason : error),
    );

  it('I1: a transfer goes to another wallet of the station or to its list, and nowhere else', async () => {
    const out = (script: Uint8Array): Uint8Array =>
      of.psbt({ coins: [coin(0)], outputs: [{ script, amount: 99_990_000n }] });
    const own = out(placeAt(of.wallet('btc-tr'), 0, 0).script);
    await station.operators.act(quorum, 'transfer', 'wallet:btc-1', own);
    const moved = await of.settled({ id: idOf(own) });
    expect(moved).toMatchObject({
      kind: 'transfer',
      state: 'SIGNED',
      pays: [],
      anchor: outpointOf(of.wallet(), coin(0)),
    });
    for (const elsewhere of [recipients.wpkh, placeAt(of.wallet('btc-tr'), 0, 1).script]) {
      const asked = station.operators.prepare('transfer', 'wallet:btc-1', out(elsewhere));
      expect(await reasonOf(asked)).toBe('transfer-elsewhere');
    }
    await verified();
  });

  it('an evacuation of everything goes on under a freeze, a hundred coins at once', async () => {
    await station.operators.sign('olivia', 'freeze', 'station', 'intruders');
    const coins = Array.from({ length: 100 }, (_, n) => coin(n, 1_000_000n));
    const all = of.psbt({ coins, outputs: [to(payees.wsh, 99_900_000n)] });
    expect(all.length).toBeGreaterThan(32_768);
    await station.operators.act(quorum, 'transfer', 'wallet:btc-1', all);
    expect(await of.settled({ id: idOf(all) })).toMatchObject({ kind: 'transfer', state: 'SIGNED' });
  }, 60_000);

  it('I4: a customer’s payment spends no anchor of a transfer', async () => {
    const out = of.psbt({ coins: [coin(0)], outputs: [to(payees.wsh, 99_990_000n)] });
    await station.operators.act(quorum, 'transfer', 'wallet:btc-1', out);
    await authorize('w-1');
    const asked = (coins: readonly Coin[]) => reasonOf(of.pay(['w-1'], paying(coins)));
    expect(await asked([coin(0)])).toBe('nonce-used');
    expect(['nonce-used', 'outpoint-used']).toContain(await asked([coin(0), coin(1)]));
    expect(await asked([coin(1)])).toBeUndefined();
  });

  describe('a payment that was signed and sticks', () => {
    let paid: TransactionId;
    let anchor: Coin;
    let other: Coin;
    beforeEach(async () => {
      await authorize('w-1');
      const signed = await of.settled(await of.pay(['w-1'], paying([coin(0), coin(1)])));
      paid = signed.id;
      [anchor, other] = outpointOf(of.wallet(), coin(0)) === signed.anchor ? [coin(0), coin(1)] : [coin(1), coin(0)];
    });

    it('is voided by its anchor alone, back to change; and its withdrawal ends when a quorum says so', async () => {
      const psbt = of.psbt(back([anchor]));
      expect(await voided(paid, psbt)).toMatchObject({ kind: 'void', state: 'SIGNED', replaces: paid, pays: [] });
      expect(station.custody.transactions.get(paid).state).toBe('VOIDED');
      // Until then nothing pays it, out of whatever coins.
      for (const coins of [[anchor], [other], [coin(2)], [anchor, other]]) {
        const replaces = idOf(psbt);
        const asked = of.pay(['w-1'], paying(coins, 20_000n), { replaces });
        expect(['transaction-voided', 'anchor-taken']).toContain(await reasonOf(asked));
      }
      await station.operators.act(quorum, 'void', `confirmed:${idOf(psbt)}`);
      expect(station.custody.withdrawals.get('w-1' as WithdrawalId).state).toBe('VOIDED');
      await authorize('w-2', 60_000n);
      const anew = await of.settled(await of.pay(['w-2'], paying([other], 5_000n, 60_000n)));
      expect(anew.state).toBe('SIGNED');
      await verified();
    });

    it.each<[what: string, asked: () => Request, reason: string]>([
      ['without its anchor', () => back([other]), 'void-differs'],
      ['with a payment in it', () => paying([anchor], 9_000n), 'void-differs'],
      [
        'to an address that it receives at',
        () => ({ coins: [anchor], outputs: [{ branch: 0, index: 7, amount: 99_991_000n }] }),
        'void-differs',
      ],
      ['for no more than it', () => back([anchor], 5_000n), 'replacement-underpriced'],
    ])('I4: not %s', async (_what, asked, reason) => {
      expect(await reasonOf(station.operators.prepare('void', `transaction:${paid}`, of.psbt(asked())))).toBe(reason);
    });

    it('B7: not with another payment’s anchor beside its own', async () => {
      await authorize('w-2');
      const second = await of.settled(await of.pay(['w-2'], paying([coin(2)])));
      const both = station.operators.prepare('void', `transaction:${paid}`, of.psbt(back([anchor, coin(2)])));
      // Which of the two it would be taken for is the order of their outpoints.
      expect(['outpoint-used', 'void-differs']).toContain(await reasonOf(both));
      const too = station.operators.prepare('void', `transaction:${second.id}`, of.psbt(back([anchor, coin(2)])));
      expect(['outpoint-used', 'void-differs']).toContain(await reasonOf(too));
    });
  });

  describe('what an auditor and a customer see of it', () => {
    it('I5: a receipt of each of a batch, with every version of it, proves by the log’s key alone', async () => {
      await authorize('w-1');
      await authorize('w-2', 60_000n);
      const both = (fee: bigint): Request => ({
        coins: [coin(0)],
        outputs: [to(payees.wpkh, 50_000n), to(payees.wpkh, 60_000n), { index: 0, amount: 99_890_000n - fee }],
      });
      const first = await of.settled(await of.pay(['w-1', 'w-2'], both(5_000n)));
      await of.settled(await of.pay(['w-1', 'w-2'], both(9_000n), { replaces: first.id }));
      for (const id of ['w-1', 'w-2']) {
        const facts = verifyReceipt(await station.custody.journal.receipt(id as WithdrawalId), station.verifierKey);
        expect(facts.filter(({ what }) => what === 'signed')).toHaveLength(2);
        expect(facts.map(({ sentence }) => sentence).join('\n')).toContain(payees.wpkh);
      }
      await verified();
    });

    it('D4: and a row of it that was altered is found, the kept PSBT’s too', async () => {
      await authorize('w-1');
      await of.settled(await of.pay(['w-1'], paying([coin(0)])));
      await verified();
      await station.stop();
      tamper(station.file, "UPDATE transactions SET psbt = x'70736274ff'");
      expect(findings(station.file, { stateKey: station.stateKey }).join()).toMatch(
        /row-forged transactions|transactions/,
      );
      station.start();
    });

    it('says what was voided in the journal, and finds nothing wrong with it', async () => {
      await authorize('w-1');
      const { id } = await of.settled(await of.pay(['w-1'], paying([coin(0)])));
      await voided(id, of.psbt(back([coin(0)])));
      expect(leaves(station).map(({ kind }) => kind)).toEqual(
        expect.arrayContaining(['transaction-voided', 'transaction-permitted', 'transaction-signed']),
      );
      expect(audited(station.file, { stateKey: station.stateKey }).result.size).toBe(station.store.size);
    });
  });
});
