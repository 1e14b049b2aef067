import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Wallet } from '../../src/domain/index.ts';
import { isPermit, takeMint } from '../../src/store/permit.ts';
import type { Committed } from '../../src/store/store.ts';
import type { Records } from '../../src/store/tables.ts';
import { BareStore, sample } from './bare-store.ts';

const wallet = { id: 'hot' } as Wallet;

describe('a permit', () => {
  let bare: BareStore;
  beforeEach(() => {
    bare = new BareStore();
  });
  afterEach(() => bare.close());

  function send(
    members: Partial<Records['transactions']>,
    digests: readonly Uint8Array[] = [],
  ): Promise<Committed<undefined>> {
    const record = sample('transactions', { wallet: wallet.id, signer: 'ledger', ...members });
    return bare.store.decide({}, () => ({
      result: undefined,
      writes: [{ table: 'transactions', record, leaf: 0 }],
      leaves: [{ kind: 'transaction-sent', fields: {} }],
      permit: { transaction: record.id, wallet, signer: 'ledger', tokenDescriptors: [], digests, registration: null },
    }));
  }

  it('I1: comes out of a commit that left the transaction SENT, with the bytes of the committed row', async () => {
    const { permit } = await send({ state: 'SENT' });
    expect(isPermit(permit)).toBe(true);
    expect(permit?.unsigned).toEqual(Uint8Array.of(1, 2, 3));
    expect(Object.isFrozen(permit) && Object.isFrozen(permit?.wallet)).toBe(true);
  });

  it('I1: says what is to be signed in digests of its own, which nobody changes afterwards', async () => {
    const digests = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
    const { permit } = await send({ state: 'SENT' }, digests);
    digests[0]?.fill(9);
    digests.pop();
    expect(permit?.digests).toEqual([new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]);
    expect(Object.isFrozen(permit?.digests)).toBe(true);
  });

  it('I1: a copy of a permit is none, nor is anything that looks like one', async () => {
    const { permit } = await send({ state: 'SENT' });
    expect(isPermit({ ...permit })).toBe(false);
    expect(isPermit(structuredClone(permit))).toBe(false);
    expect(isPermit(Object.create(permit ?? null))).toBe(false);
    expect(isPermit(undefined)).toBe(false);
    expect(isPermit(null)).toBe(false);
  });

  it('I1: the mint is taken once, by the store, and nobody else gets it', () => {
    expect(() => takeMint()).toThrow(/mint already/);
  });

  it.each(['PERMITTED', 'SIGNED', 'WITHHELD', 'DECLINED', 'UNCERTAIN', 'REPLACED', 'VOIDED'] as const)(
    'I1: none for a transaction that is %s',
    async (state) => {
      await expect(send({ state })).rejects.toThrow(/no permit/);
    },
  );

  it('I1: none for another wallet than the row’s, and none for a row that is not there', async () => {
    await expect(send({ state: 'SENT', wallet: 'cold' as Wallet['id'] })).rejects.toThrow(/no permit/);
    const transaction = 'nothing' as Records['transactions']['id'];
    const permit = { transaction, wallet, signer: 'ledger', tokenDescriptors: [], digests: [], registration: null };
    await expect(bare.store.decide({}, () => ({ result: 1, permit }))).rejects.toThrow(/no permit/);
  });

  it('I1: none for another signer than the row was sent to', async () => {
    await expect(send({ state: 'SENT', signer: 'another' })).rejects.toThrow(/no permit/);
    await expect(send({ state: 'SENT', signer: null })).rejects.toThrow(/no permit/);
  });

  it('I1: a decision that the same commit overtook gets none', async () => {
    void bare.company();
    const sent = send({ state: 'SENT' });
    const overtaking = bare.store.decide({}, () => ({
      result: undefined,
      writes: [{ table: 'transactions', record: sample('transactions', { wallet: wallet.id, state: 'UNCERTAIN' }) }],
    }));
    await expect(sent).rejects.toThrow(/no permit/);
    await overtaking;
  });

  it('D4: a forged row that any decision of the group met: no permit for its neighbours, before it or after', async () => {
    await bare.store.decide({}, () => ({ result: 1, writes: [{ table: 'spent', record: { key: 'k', by: 'x' } }] }));
    bare.db.exec(`UPDATE spent SET by = 'y'`);
    void bare.company();
    const before = send({ state: 'SENT' });
    const meets = bare.store.decide({ rows: [['spent', 'k']] }, () => ({ result: 1 }));
    let seen: unknown;
    const after = bare.store.decide({}, () => {
      seen = bare.store.tampered;
      return { result: 1 };
    });
    await expect(before).rejects.toThrow(/authentication code/);
    await expect(meets).rejects.toThrow(/authentication code/);
    await after;
    expect(seen, 'the decision after it knows').toBeDefined();
  });
});
