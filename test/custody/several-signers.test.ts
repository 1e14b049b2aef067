import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeParts, encodeParts, partsOf } from '../../src/custody/parts.ts';
import { Keyring } from '../../src/custody/seal.ts';
import type { Station } from '../../src/custody/station.ts';
import {
  type FreezeScope,
  parseSignatures,
  type TransactionId,
  type TransactionRecord,
} from '../../src/domain/index.ts';
import { parseLeaf } from '../../src/journal/leaf.ts';
import type { Outcome } from '../../src/signers/signer.ts';
import { BitcoinStation, bitcoin, coin, FakeBitcoinSigner, payees, to } from './bitcoin-station.ts';

const declined: Outcome = { kind: 'declined', reason: 'device-refused', message: 'a test' };
const lost: Outcome = { kind: 'uncertain', reason: 'device-lost', message: 'a test' };
const away = { ready: false, reason: 'device-missing', message: 'a test' } as const;

describe('a wallet of two of three keys, on three signers', () => {
  let of: BitcoinStation;
  const [first, second, third] = [
    new FakeBitcoinSigner(),
    new FakeBitcoinSigner('fake-2'),
    new FakeBitcoinSigner('fake-3'),
  ];
  const all = [first, second, third];
  beforeEach(async () => {
    for (const signer of all) {
      signer.seen.length = 0;
      signer.registers = false;
      signer.readiness = { ready: true, device: 'fake' };
      signer.behaviour = (_permit, signed) => signed;
    }
    of = await BitcoinStation.open({ signer: first, otherSigners: [second, third] });
    const [alice] = await of.customers({ alice: payees.wpkh });
    await alice?.authorize('w-1', { asset: bitcoin, amount: 50_000n, destination: payees.wpkh, maxFee: 10_000n });
  });
  afterEach(() => of.close());

  const pay = async (): Promise<TransactionId> => {
    const outputs = [to(payees.wpkh, 50_000n), { index: 0, amount: 99_945_000n }];
    return (await of.pay(['w-1'], { coins: [coin(0)], outputs }, { wallet: 'btc-multi' })).id;
  };
  const settled = (id: TransactionId): Promise<TransactionRecord> => of.settled({ id });
  const kinds = ({ history }: TransactionRecord): string[] =>
    history.map((at) => parseLeaf(of.station.store.log.leaf(Number(at)) ?? new Uint8Array(0)).kind);
  const timesAsked = (): number[] => all.map(({ seen }) => seen.length);

  it('is signed by two of them, one after the other, and released whole', async () => {
    const signed = await settled(await pay());
    expect(signed).toMatchObject({ state: 'SIGNED', sealed: null, declinedBy: [] });
    expect(new Set(signed.signedBy).size).toBe(2);
    expect(timesAsked().reduce((sum, times) => sum + times)).toBe(2);
    expect(kinds(signed)).toEqual([
      'transaction-permitted',
      'transaction-sent',
      'transaction-part-signed',
      'transaction-sent',
      'transaction-signed',
    ]);
  });

  it('I1: half of it is in no answer: sealed in its row, bound to it, until the other half is there', async () => {
    second.readiness = away;
    third.readiness = away;
    const half = await settled(await pay());
    expect(half).toMatchObject({ state: 'PERMITTED', signed: null, signedBy: ['fake'], blockedBy: 'device-missing' });
    const [seen] = first.seen;
    if (seen === undefined || half.sealed === null) throw new Error('nobody was asked');
    const [signature] = parseSignatures(first.makes(seen), 'signature');
    expect(Buffer.from(half.sealed).includes(Buffer.from(signature?.signature ?? []))).toBe(false);
  });

  it('I9: survives a restart between the two', async () => {
    second.readiness = away;
    third.readiness = away;
    const id = await pay();
    await settled(id);
    await of.station.restart();
    second.readiness = { ready: true, device: 'fake' };
    second.changed();
    const signed = await settled(id);
    expect(signed).toMatchObject({ state: 'SIGNED', signedBy: ['fake', 'fake-2'] });
    expect(timesAsked()).toEqual([1, 1, 0]);
  });

  it('a device that refuses is replaced by another of the three', async () => {
    first.behaviour = () => declined;
    const signed = await settled(await pay());
    expect(signed).toMatchObject({ state: 'SIGNED', declinedBy: ['fake'], blockedBy: null });
    expect([...signed.signedBy].sort()).toEqual(['fake-2', 'fake-3']);
    expect(kinds(signed)).toContain('transaction-part-declined');
    expect(timesAsked()).toEqual([1, 1, 1]);
  });

  it('a device that is lost in the middle is replaced by another', async () => {
    first.behaviour = () => lost;
    const signed = await settled(await pay());
    expect(signed.state).toBe('SIGNED');
    expect([...signed.signedBy].sort()).toEqual(['fake-2', 'fake-3']);
  });

  it('is declined once too few are left, and asked again of those who declined only by RetryTransaction', async () => {
    first.behaviour = () => declined;
    second.behaviour = () => declined;
    const id = await pay();
    const record = await settled(id);
    expect(record).toMatchObject({ state: 'DECLINED', blockedBy: 'device-refused', signed: null });
    expect([...record.declinedBy].sort()).toEqual(['fake', 'fake-2']);
    second.behaviour = (_permit, signed) => signed;
    await of.station.custody.transactions.retry(id);
    const signed = await settled(id);
    expect(signed.state).toBe('SIGNED');
    // What the third had signed before still counts; it is asked once.
    expect(third.seen).toHaveLength(1);
    expect(signed.signedBy).toContain('fake-2');
  });

  it('S12: a freeze between the two stops the second', async () => {
    second.readiness = away;
    third.readiness = away;
    const id = await pay();
    await settled(id);
    await of.station.custody.operators.freeze('wallet:btc-multi' as FreezeScope, 'olivia', 'a test');
    second.readiness = { ready: true, device: 'fake' };
    second.changed();
    expect(await settled(id)).toMatchObject({ state: 'PERMITTED', blockedBy: 'frozen' });
    expect(timesAsked()).toEqual([1, 0, 0]);
  });

  it('waits for a device on which nobody registered it, and gives the device what proves that somebody did', async () => {
    second.readiness = away;
    third.readiness = away;
    first.registers = true;
    const id = await pay();
    // Of what its signers wait for it says one.
    const { state, attempts, blockedBy } = await settled(id);
    expect([state, attempts, first.seen.length]).toEqual(['PERMITTED', 0, 0]);
    expect(['wallet-unregistered', 'device-missing']).toContain(blockedBy);
    const hmac = new Uint8Array(32).fill(7);
    first.register = () => Promise.resolve({ kind: 'registered', hmac });
    await of.station.custody.wallets.register({ wallet: of.wallet('btc-multi'), signer: 'fake', who: 'olivia' });
    of.station.wake();
    expect(await settled(id)).toMatchObject({ state: 'PERMITTED', signedBy: ['fake'] });
    expect(first.seen.map(({ registration }) => registration)).toEqual([hmac]);
  });

  it('S7: a signer that answers with another’s part is found out, and the wallet frozen', async () => {
    second.readiness = away;
    third.readiness = away;
    const other = new FakeBitcoinSigner('fake-2');
    first.behaviour = (permit) => ({ kind: 'signed', signature: other.makes(permit) });
    const record = await settled(await pay());
    expect(record).toMatchObject({ state: 'UNCERTAIN', signed: null, signedBy: [], sealed: null });
    const { freezes } = of.station.custody.operators.station();
    expect(freezes.map(({ scope }) => scope)).toEqual(['wallet:btc-multi']);
    expect(kinds(record)).toContain('transaction-uncertain');
  });

  it('D4: what is sealed for one transaction opens for no other', async () => {
    second.readiness = away;
    third.readiness = away;
    const half = await settled(await pay());
    const station = { sealing: new Keyring(of.station.sealingKeys) } as unknown as Station;
    expect(partsOf(half, station)).toHaveLength(1);
    expect(() => partsOf({ ...half, id: 'e'.repeat(64) as TransactionId }, station)).toThrow();
  });
});

describe('the parts of a transaction', () => {
  it('are read as they were written', () => {
    const parts = [
      { signer: 'ledger-1', signature: Uint8Array.of(1, 2, 3) },
      { signer: 'b', signature: new Uint8Array(300).fill(7) },
    ];
    expect(decodeParts(encodeParts(parts))).toEqual(parts);
    expect(decodeParts(new Uint8Array(0))).toEqual([]);
    expect(() => decodeParts(encodeParts(parts).slice(0, -1))).toThrow(RangeError);
  });
});
