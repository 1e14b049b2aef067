import { readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generateX25519Identity } from 'age-encryption';
import { bytesToHex, parseTransaction } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Customer } from '../../simulators/exchange/customer.ts';
import { requestSignature, untilSettled } from '../../simulators/exchange/sign.ts';
import { call } from '../../simulators/exchange/station-client.ts';
import { prepare, withdraw } from '../../simulators/exchange/withdraw.ts';
import { JournalServiceService } from '../../src/generated/portcullis/v1/journal.ts';
import { TransactionServiceService, TransactionState } from '../../src/generated/portcullis/v1/transaction.ts';
import { WithdrawalServiceService } from '../../src/generated/portcullis/v1/withdrawal.ts';
import { ran } from '../cli/station.ts';
import { chainId, oneEther, payee, transferOf } from './exchange.ts';
import { LedgerDaemon, type Open } from './ledger-daemon.ts';

describe('a station that lost its disk, restored from a backup', () => {
  const daemon = new LedgerDaemon();
  const backup = (): string => join(dirname(daemon.identity), 'backup.age');
  const receiptFile = (name: string): string => join(dirname(daemon.identity), `${name}.receipt`);
  let open: Open;
  let alice: Customer;
  let formerKey: string;
  let newKey: string;
  /** Prepared and approved before the backup, and not used. */
  let hoarded: Parameters<typeof WithdrawalServiceService.authorizeWithdrawal.requestSerialize>[0];
  let first: string;

  beforeAll(async () => {
    await daemon.found();
    open = await daemon.start();
    alice = await daemon.customer('alice', open);
    formerKey = await logKey();
  });
  afterAll(() => daemon.close());

  const order = (id: string) => ({
    id,
    asset: `eip155:${chainId}/slip44:60`,
    amount: `${oneEther}`,
    destination: payee,
    maxFee: `${oneEther / 1000n}`,
  });
  const pay = async (id: string, nonce: number) => {
    await withdraw(open.withdrawals, alice, order(id));
    const { id: asked } = await requestSignature(open.transactions, 'hot-1', transferOf(nonce), [id]);
    return untilSettled(open.transactions, asked);
  };
  const receipt = async (id: string): Promise<void> => {
    const { receipt: json } = await call(open.journal, JournalServiceService.getReceipt, { withdrawalId: id });
    writeFileSync(receiptFile(id), json);
  };
  const logKey = async (): Promise<string> => {
    const { verifierKey } = await call(open.journal, JournalServiceService.getCheckpoint, {
      consistentWithSize: 0n,
    });
    return verifierKey;
  };
  const status = async (): Promise<string> => (await daemon.calling('status')).out;
  const idIn = (out: string): string => /act (?:sign|refuse) ([0-9a-f]{64})/.exec(out)?.[1] ?? 'no act';

  it('while it runs, a backup of it is made; what is paid later is not in it', async () => {
    expect(await pay('w-1', 0)).toMatchObject({ state: TransactionState.SIGNED });
    await receipt('w-1');
    const { intent, rpId } = await prepare(open.withdrawals, 'alice', order('w-old'));
    hoarded = { intent: intent?.canonical ?? Buffer.alloc(0), attestations: [alice.approve(intent, rpId)] };
    const { code, out } = await daemon.calling('backup', backup());
    expect(code, out).toBe(0);
    expect((await ran('doctor', '--config', daemon.config)).out).toMatch(
      /^ok {4}backup: the last was made .*Z, and the journal has grown by 0 since; this station was never restored/m,
    );
    expect(await pay('w-2', 1)).toMatchObject({ state: TransactionState.SIGNED });
    first = (await status()).split('\n')[0] ?? '';
  });

  it('restores nothing with another identity, and from the backup the next generation, with what comes next', async () => {
    await daemon.stop();
    daemon.lose();
    const other = join(dirname(daemon.identity), 'other.txt');
    writeFileSync(other, await generateX25519Identity(), { mode: 0o600 });
    const wrong = await ran('restore', backup(), '--identity', other, '--config', daemon.config);
    expect(wrong).toMatchObject({ code: 1, err: expect.stringContaining('cannot be decrypted') });
    expect(readdirSync(join(daemon.folder, 'data'))).toEqual([]);
    const { code, out, err } = await ran('restore', backup(), '--identity', daemon.identity, '--config', daemon.config);
    expect(code, err).toBe(0);
    expect(out).toMatch(/^station {4}[0-9a-f]{32}\/2, restored from [0-9a-f]{32}\/1; it starts frozen$/m);
    expect(out).toMatch(/^lost {7}[1-9][0-9]* entries that the former log was published with/m);
    expect(out).toContain('portcullis restored hot-1');
    newKey = /^log key {4}(\S+):/m.exec(out)?.[1] ?? '';
    expect(newKey).not.toBe(formerKey);
    const doctor = await ran('doctor', '--config', daemon.config);
    expect(doctor.code).toBe(1);
    expect(doctor.out).toMatch(
      /^WRONG freezes: in force on station \(restored: generation 2, from a backup of \d+ entries\)$/m,
    );
    expect(doctor.out).toMatch(/^WRONG wallet hot-1: .*nobody has stated what it used/m);
    expect(doctor.out).toMatch(/published: the journal goes on from 0 checkpoints; one of .*, from before a restore/);
  });

  it('starts frozen, says so, and takes nothing', async () => {
    open = await daemon.start();
    expect(await logKey()).toBe(newKey);
    const told = await status();
    expect(told.split('\n')[0]).not.toBe(first);
    expect(told).toMatch(/FROZEN {4}station by station since .*: restored: generation 2, from a backup/);
    expect(told).toMatch(/wallet {4}hot-1 .*not ready: wallet-unstated/);
    const used = call(open.withdrawals, WithdrawalServiceService.authorizeWithdrawal, hoarded);
    await expect(used).rejects.toMatchObject({ reason: 'frozen' });
    await expect(withdraw(open.withdrawals, alice, order('w-3'))).rejects.toMatchObject({ reason: 'frozen' });
  });

  it('a quorum states the next nonce and thaws it; then it signs from there on, and not below', async () => {
    const one = await daemon.operator('olivia', 'restored', 'hot-1', '--next-nonce', '2');
    expect(one.out, one.err).toContain('State that the next nonce of wallet hot-1 is 2');
    expect(one.out).toContain('1 of 2 signed (olivia)');
    expect(await status()).toContain('wallet-unstated');
    const two = await daemon.operator('omar', 'act', 'sign', idIn(one.out));
    expect(two.out, two.err).toContain('done: signed by olivia, omar.');
    expect(await status()).toMatch(/wallet {4}hot-1 .*, next nonce 2, ready/);
    expect((await daemon.operator('olivia', 'thaw', 'station')).out).toContain('1 of 2 signed (olivia)');
    const thaw = await daemon.operator('omar', 'thaw', 'station');
    expect(thaw.out, thaw.err).toContain('it ripens');
    await open.courier.empty();
    await expect.poll(status, { timeout: 20_000, interval: 300 }).not.toContain('FROZEN');

    await withdraw(open.withdrawals, alice, order('w-3'));
    const low = requestSignature(open.transactions, 'hot-1', transferOf(1), ['w-3']);
    await expect(low).rejects.toMatchObject({ reason: 'nonce-used' });
    const { id } = await requestSignature(open.transactions, 'hot-1', transferOf(2), ['w-3']);
    const signed = await untilSettled(open.transactions, id);
    expect(signed.state).toBe(TransactionState.SIGNED);
    expect(parseTransaction(bytesToHex(signed.signed))).toMatchObject({ nonce: 2, value: oneEther });
    // A3: what was approved before is of the former generation.
    const used = call(open.withdrawals, WithdrawalServiceService.authorizeWithdrawal, hoarded);
    await expect(used).rejects.toMatchObject({ reason: 'station-mismatch' });
  });

  it('what was paid before the backup is as it was', async () => {
    const { transaction } = await call(open.transactions, TransactionServiceService.signTransaction, {
      wallet: 'hot-1',
      unsigned: Buffer.from(transferOf(0)),
      withdrawalIds: ['w-1'],
      authorizations: [],
      replaces: '',
    });
    expect(transaction?.state).toBe(TransactionState.SIGNED);
    expect(transaction?.signed.length).toBeGreaterThan(100);
  });

  it('I5: verify finds nothing; receipts of both generations verify, each under the key of its own log', async () => {
    const verified = await ran('verify', '--config', daemon.config, '--log-key', newKey);
    expect(verified.out).toContain('nothing was found');
    expect(verified.code).toBe(0);
    const before = await ran('verify', 'receipt', receiptFile('w-1'), '--log-key', formerKey);
    expect(before.code, before.err).toBe(0);
    expect((await ran('verify', 'receipt', receiptFile('w-1'), '--log-key', newKey)).code).toBe(1);
    await receipt('w-1');
    await receipt('w-3');
    for (const id of ['w-1', 'w-3']) {
      const { code, err } = await ran('verify', 'receipt', receiptFile(id), '--log-key', newKey);
      expect(code, err).toBe(0);
    }
    await daemon.stop();
    const { code, out } = await ran('doctor', '--config', daemon.config);
    expect(out).toContain('ok    backup: none was made yet; this station came back from one');
    expect(out).toContain('nothing is wrong');
    expect(code).toBe(0);
  });
});
