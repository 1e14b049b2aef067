import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WithdrawalId } from '../../src/domain/index.ts';
import { openCheckpoint } from '../../src/journal/checkpoint.ts';
import { heldSigner } from '../../src/journal/checkpoint-signer.ts';
import { parseLeaf } from '../../src/journal/leaf.ts';
import { formatVerifierKey, parseVerifierKey } from '../../src/journal/note.ts';
import { verifyReceipt } from '../../src/journal/receipt.ts';
import { findings } from './audit-station.ts';
import { TestStation } from './station.ts';

let station: TestStation;
const next = generateKeyPairSync('ed25519').privateKey;
const keyOf = (key: typeof next): string => formatVerifierKey(heldSigner(station.origin, key).verifier);
const named = (): (string | undefined)[] =>
  [...station.store.log.leaves(0, station.store.size)]
    .map(({ bytes }) => parseLeaf(bytes))
    .filter(({ kind }) => kind === 'journal-key-added')
    .map(({ fields }) => fields['journal_key']);

beforeEach(async () => {
  station = await TestStation.open();
});
afterEach(() => station.close());

describe('The journal’s key', () => {
  it('is changed: the log names the new one, checkpoints are signed by both, and whoever pinned either believes them', async () => {
    const alice = await station.ripeCustomer('alice');
    await alice.authorize('w-1');
    const [first = next] = station.journalKeys;
    const old = keyOf(first);
    station.journalKeys = [next, first];
    await station.restart();
    await station.running.ready;
    expect(named()).toEqual([keyOf(next)]);
    const { note, size } = await station.custody.journal.head();
    for (const key of [old, keyOf(next)]) {
      expect(openCheckpoint(note, [parseVerifierKey(key)]).size).toBe(size);
      expect(findings(station.file, { stateKey: station.stateKey, logKey: key })).toEqual([]);
      const receipt = await station.custody.journal.receipt('w-1' as WithdrawalId);
      expect(verifyReceipt(receipt, key).map(({ what }) => what)).toContain('station');
    }
    await station.restart();
    await station.running.ready;
    expect(named()).toEqual([keyOf(next)]);

    // The former one retires.
    station.journalKeys = [next];
    await station.restart();
    await station.running.ready;
    const receipt = await station.custody.journal.receipt('w-1' as WithdrawalId);
    expect(verifyReceipt(receipt, keyOf(next)).map(({ what }) => what)).toContain('station');
    expect(() => verifyReceipt(receipt, old)).toThrow(expect.objectContaining({ reason: 'checkpoint-invalid' }));
    expect(findings(station.file, { stateKey: station.stateKey, logKey: keyOf(next) })).toEqual([]);
  });

  it('S4: another one without the one that the log names is no key of this journal’s', async () => {
    const [first = next] = station.journalKeys;
    station.journalKeys = [next];
    await station.restart();
    await expect(station.running.ready).rejects.toThrow(/the log names .*: name that one's file behind it/);
    expect(named()).toEqual([]);
    expect(findings(station.file, { logKey: keyOf(next) })).toEqual(['log-key-differs leaf 0']);
    station.journalKeys = [first];
    await station.restart();
  });
});
