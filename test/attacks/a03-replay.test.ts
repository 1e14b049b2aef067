import { copyFileSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { audit } from '../../src/custody/audit/audit.ts';
import type { Finding } from '../../src/custody/audit/finding.ts';
import { type Attestation, parseWithdrawalId, Refusal, type Sealed } from '../../src/domain/index.ts';
import { type Customer, TestStation, walletId } from '../custody/station.ts';
import { leaves, live, refused, remembered } from './attempt.ts';
import { deviceOf } from './people.ts';

describe('A3: an attestation is used again', () => {
  let station: TestStation;
  let alice: Customer;
  let intent: Sealed;
  let attestation: Attestation;
  beforeEach(async () => {
    station = await TestStation.open();
    // A synced passkey keeps no counter: nothing but the station's own memory tells its answers apart.
    alice = await station.enrol('alice', deviceOf('alice', { backup: 'synced' }));
    station.passDay();
    await alice.list('entry-alice');
    await station.deliver();
    station.passDay();
    intent = (await alice.prepare('w-1')).intent;
    attestation = alice.attest(intent.digest);
  });
  afterEach(() => station.close());

  const id = parseWithdrawalId('w-1', 'id');
  const replay = () => station.custody.withdrawals.authorize({ intent: intent.bytes, attestations: [attestation] });
  const authorizations = (): number => leaves(station).filter((leaf) => leaf.kind === 'withdrawal-authorized').length;

  it('A3: under the same id it is the same withdrawal, and nothing is written', async () => {
    const first = await replay();
    const before = remembered(station);
    expect(await replay()).toEqual(first);
    expect(remembered(station)).toEqual(before);
    expect(authorizations()).toBe(1);
  });

  it('A3: under another id it is refused', async () => {
    await replay();
    const other = (await alice.prepare('w-2')).intent;
    const again = () => station.custody.withdrawals.authorize({ intent: other.bytes, attestations: [attestation] });
    await refused(station, again, 'challenge-mismatch', 'withdrawal');
  });

  it('A3: after a restart it is still the same withdrawal, and still refused under another id', async () => {
    const first = await replay();
    await station.restart();
    expect(await replay()).toEqual(first);
    expect(authorizations()).toBe(1);
    const other = (await alice.prepare('w-2')).intent;
    const again = () => station.custody.withdrawals.authorize({ intent: other.bytes, attestations: [attestation] });
    await refused(station, again, 'challenge-mismatch', 'withdrawal');
  });

  it('A3: it does not bring a cancelled withdrawal back', async () => {
    await replay();
    await station.custody.withdrawals.cancel(id);
    expect((await replay()).state).toBe('CANCELLED');
    await refused(station, () => station.sign(['w-1']), 'withdrawal-not-payable', 'transaction');
  });

  it('A3: two at once, in one turn, make one withdrawal', async () => {
    const [one, two] = await Promise.all([replay(), replay()]);
    expect(two).toEqual(one);
    expect(authorizations()).toBe(1);
  });

  it('A3: two payments of it at once, in one turn, on two nonces: one is permitted', async () => {
    await replay();
    const outcomes = await Promise.allSettled([
      station.sign(['w-1'], station.payment({ nonce: 0 })),
      station.sign(['w-1'], station.payment({ nonce: 1 })),
    ]);
    await station.settle();
    expect(outcomes.map((o) => o.status)).toEqual(['fulfilled', 'rejected']);
    const [, lost] = outcomes;
    const reason: unknown = lost?.status === 'rejected' ? lost.reason : undefined;
    expect(reason instanceof Refusal && reason.reason).toBe('anchor-taken');
    expect(station.signer.seen).toHaveLength(1);
  });

  it('A3: the same payment at once, twice in one turn, prompts once', async () => {
    await replay();
    const [one, two] = await Promise.all([station.sign(['w-1']), station.sign(['w-1'])]);
    await station.settle();
    expect(two.id).toBe(one.id);
    expect(station.signer.seen).toHaveLength(1);
    await station.sign(['w-1']);
    await station.settle();
    expect(station.signer.seen).toHaveLength(1);
  });

  it('A3: two permits of one approval in one turn, the approval coming with each: one withdrawal, one payment', async () => {
    const inline = (nonce: number) =>
      station.custody.transactions.sign({
        wallet: walletId,
        unsigned: station.payment({ nonce }),
        pays: [id],
        replaces: undefined,
        authorizations: [{ intent: intent.bytes, attestations: [attestation] }],
      });
    const outcomes = await Promise.allSettled([inline(0), inline(1)]);
    await station.settle();
    expect(outcomes.map((o) => o.status)).toEqual(['fulfilled', 'rejected']);
    expect(authorizations()).toBe(1);
    expect(station.signer.seen).toHaveLength(1);
    await refused(station, () => inline(1), 'anchor-taken', 'transaction');
  });

  it('A3: even with the withdrawal’s row gone from the database, its evidence stays spent', async () => {
    await replay();
    station.db.prepare('DELETE FROM withdrawals').run();
    await refused(station, replay, 'attestation-spent', 'withdrawal');
    await station.restart();
    await refused(station, replay, 'attestation-spent', 'withdrawal');
  });

  /**
   * An old copy of the database, put back and run as it is. Where a checkpoint was published it starts frozen (`s04-rolled-back.test.ts`); what is
   * brought back by a restore is another generation (`a03-restored.test.ts`). Without either: evidence lives at most 15 minutes, so that a copy that
   * is brought back later than that revives none of it.
   */
  describe('after an old copy of the database is brought back', () => {
    const copy = (): string => `${station.file}.copy`;
    beforeEach(() => {
      station.db.pragma('wal_checkpoint(TRUNCATE)');
      copyFileSync(station.file, copy());
    });
    const restore = async (): Promise<void> => {
      await station.stop();
      rmSync(`${station.file}-wal`, { force: true });
      rmSync(`${station.file}-shm`, { force: true });
      copyFileSync(copy(), station.file);
      station.start();
    };

    it('A3: evidence that was used before is refused once it is too old', async () => {
      await replay();
      await station.sign(['w-1']);
      await station.settle();
      await live(station, 301_000);
      await restore();
      await refused(station, replay, 'intent-expired', 'withdrawal');
      await refused(station, () => station.sign(['w-1']), 'withdrawal-unknown', 'transaction');
      expect(station.signer.seen).toHaveLength(1);
    });

    it('A3: a checkpoint that was kept outside shows it', async () => {
      await replay();
      const { note } = await station.custody.journal.checkpoint(undefined);
      await restore();
      const findings: Finding[] = [];
      audit({ file: station.file, stateKey: station.stateKey, checkpoint: new TextEncoder().encode(note) }, (finding) =>
        findings.push(finding),
      );
      expect(findings.map((finding) => finding.tag)).toEqual(['station-behind']);
    });
  });
});
