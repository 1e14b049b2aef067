import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseWithdrawalId } from '../../src/domain/index.ts';
import { verifyReceipt } from '../../src/journal/receipt.ts';
import { ReceiptError } from '../../src/journal/receipt-error.ts';
import { ether, TestStation } from '../custody/station.ts';
import { forge, type LooseLeaf, type LooseReceipt } from './forged-log.ts';

let station: TestStation;
let receipt: Uint8Array;

beforeAll(async () => {
  station = await TestStation.open({
    operators: {},
    policy: (document) => `${document}bands: [{ asset: '${ether}', above: '1', operators: 2 }]\n`,
  });
  const alice = await station.ripeCustomer('alice');
  await alice.authorize('w-1');
  await alice.authorize('w-2');
  await station.operators.act(['olivia', 'omar'], 'approve', 'withdrawal:w-1');
  await station.sign(['w-1']);
  await station.settle();
  receipt = await station.custody.journal.receipt(parseWithdrawalId('w-1', 'id'));
});
afterAll(() => station.close());

function reasonOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof ReceiptError) return error.reason;
    throw error;
  }
  return 'verified';
}

describe('I5: a receipt of a withdrawal that was held', () => {
  it('says why it was held, and who approved it before anything was permitted', () => {
    const facts = verifyReceipt(receipt, station.verifierKey);
    expect(facts.map((f) => f.what)).toEqual([
      'log',
      'station',
      'approved',
      'attested',
      'held',
      'released',
      'ripe',
      'enrolled',
      'permitted',
      'signed',
    ]);
    const said = facts.map((f) => f.sentence).join('\n');
    expect(said).toContain(`held for 2 operator(s) by band-${ether}-1`);
    expect(said).toMatch(/Operators approved it at \S+: olivia omar\./);
  });

  it('proves one that still waits: nothing was permitted', async () => {
    const waiting = await station.custody.journal.receipt(parseWithdrawalId('w-2', 'id'));
    expect(verifyReceipt(waiting, station.verifierKey).map((f) => f.what)).toContain('held');
    expect(verifyReceipt(waiting, station.verifierKey).map((f) => f.what)).not.toContain('permitted');
  });

  it('is none without the operators’ approval', () => {
    const loose: LooseReceipt = JSON.parse(new TextDecoder().decode(receipt));
    const leaves = loose.leaves.filter(({ leaf }) => JSON.parse(leaf).kind !== 'withdrawal-approved');
    expect(leaves).toHaveLength(loose.leaves.length - 1);
    const without = new TextEncoder().encode(JSON.stringify({ ...loose, leaves }));
    expect(reasonOf(() => verifyReceipt(without, station.verifierKey))).toBe('leaf-missing');
  });

  it('even signed by the log, is none where operators came too late, were too few, or approved another intent', () => {
    const loose: LooseReceipt = JSON.parse(new TextDecoder().decode(receipt));
    const forged = (change: (leaves: LooseLeaf[]) => void): string => {
      const { bytes, verifierKey } = forge(loose, change);
      return reasonOf(() => verifyReceipt(bytes, verifierKey));
    };
    const at = (leaves: LooseLeaf[], kind: string): LooseLeaf => {
      const leaf = leaves.find((l) => l.kind === kind);
      if (leaf === undefined) throw new Error(`no ${kind} leaf`);
      return leaf;
    };
    expect(forged(() => {})).toBe('verified');
    const set = (kind: string, name: string, value: string) =>
      forged((leaves) => {
        at(leaves, kind).fields[name] = value;
      });
    expect(set('withdrawal-approved', 'operators', 'olivia')).toBe('leaf-unproven');
    expect(set('withdrawal-approved', 'operators', 'olivia olivia')).toBe('leaf-unproven');
    expect(set('withdrawal-approved', 'intent', '0'.repeat(64))).toBe('leaf-missing');
    expect(set('withdrawal-held', 'operators', 'some')).toBe('leaf-unproven');
    expect(
      forged((leaves) => {
        // The approval and the permit change places in the log.
        const [approved, permitted] = [at(leaves, 'withdrawal-approved'), at(leaves, 'transaction-permitted')];
        [approved.index, permitted.index] = [permitted.index, approved.index];
        leaves.sort((a, b) => a.index - b.index);
      }),
    ).toBe('transaction-differs');
    expect(
      forged((leaves) => {
        const twin = structuredClone(at(leaves, 'withdrawal-held'));
        const index = Math.max(...leaves.map((l) => l.index)) + 1;
        const last = leaves.at(-1);
        leaves.push({ ...twin, kind: 'withdrawal-authorized', index, w: last?.w ?? 0 });
      }),
    ).toBe('leaf-unproven');
  });
});
