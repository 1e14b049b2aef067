import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Hex, hexToBytes, parseTransaction, type TransactionSerializedEIP1559 } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Customer } from '../../simulators/exchange/customer.ts';
import { call } from '../../simulators/exchange/station-client.ts';
import { withdraw } from '../../simulators/exchange/withdraw.ts';
import { transactionId, type WalletId } from '../../src/domain/index.ts';
import { TransactionState } from '../../src/generated/portcullis/v1/transaction.ts';
import { WithdrawalServiceService, WithdrawalState } from '../../src/generated/portcullis/v1/withdrawal.ts';
import { ran } from '../cli/station.ts';
import { chainId, Exchange, oneEther } from './exchange.ts';

// What the station's people do from the command line, each with their own software key, on a station as `portcullis dev` makes it.

let exchange: Exchange;
let alice: Customer;

beforeAll(async () => {
  exchange = await Exchange.open('--auto-approve');
  alice = await exchange.customer('alice');
}, 60_000);
afterAll(() => exchange.close());

/** What a client of the operators' role is called with. */
function calling(): string[] {
  const { operatorsAddress, clients } = exchange.station;
  const of = clients['operators'];
  if (of === undefined) throw new Error('there is no certificate for operators');
  return ['--address', operatorsAddress, '--ca', of.ca, '--cert', of.certificate, '--key', of.key];
}

/** Runs a command in this process: it need not start anew each time. */
async function seen(...args: string[]): Promise<string> {
  const { code, out, err } = await ran(...args, ...calling());
  return `${err}\n${out}\nexit ${code}`;
}

function operator(name: string, ...args: string[]): Promise<string> {
  return seen(...args, '--software', exchange.station.operators[name] ?? 'nobody');
}

/** Of an act that waits. */
const idIn = (output: string): string => /act (?:sign|refuse) ([0-9a-f]{64})/.exec(output)?.[1] ?? 'no act';

describe('operators at the command line', () => {
  it('S5: a freeze is one operator’s; its thaw waits for another, then for its notice, then ripens', async () => {
    const frozen = await operator('olivia', 'freeze', 'wallet:hot-1', '--why', 'drill');
    expect(frozen).toContain('Freeze wallet:hot-1, at once: drill');
    expect(frozen).toContain('A TEST KEY in software');
    expect(frozen).toContain('done: signed by olivia.\nexit 0');
    const first = await operator('olivia', 'thaw', 'wallet:hot-1');
    expect(first).toMatch(/Digest {5}[0-9a-f]{64}\n {2}Takes {6}2 signatures\n {2}Effect {5}1 h after its notice/);
    expect(first).toContain('1 of 2 signed (olivia): it waits until');
    // Within one second she would sign the very same intent, and be told the same again.
    await exchange.station.pass(1);
    expect(await operator('olivia', 'thaw', 'wallet:hot-1')).toContain('exit 1');
    expect(await seen('act', 'list')).toContain('thaw wallet:hot-1  (1 of 2 signed: olivia)');
    const second = await operator('omar', 'act', 'sign', idIn(first).slice(0, 8));
    expect(second).toContain('olivia signed already');
    expect(second).toContain('it ripens 1 h after that notice is delivered');
    await exchange.courier.empty();
    expect(await seen('act', 'show', idIn(first))).toContain('takes effect not before');
    expect(await seen('status')).toContain('FROZEN    wallet:hot-1 by olivia');
    await exchange.station.pass(3_601);
    expect(await seen('status')).not.toContain('FROZEN');
    expect(await seen('act', 'list', '--all')).toContain(`${idIn(first)}  done`);
  });

  it('I3: any one of them refuses an act while it ripens', async () => {
    await operator('olivia', 'freeze', 'account:bob', '--why', 'looks odd');
    await operator('olivia', 'thaw', 'account:bob');
    const id = idIn(await operator('omar', 'thaw', 'account:bob'));
    expect(await operator('oscar', 'act', 'refuse', id)).toContain('done: signed by oscar.');
    expect(await seen('act', 'show', id)).toContain('refused by an operator');
    expect(await seen('act', 'list')).toContain('no act waits');
  });

  it('a withdrawal above the band is held, shown whole, and released by two of them', async () => {
    const order = {
      id: 'w-large',
      asset: `eip155:${chainId}/slip44:60`,
      amount: (11n * oneEther).toString(),
      destination: exchange.destination,
      maxFee: (oneEther / 1000n).toString(),
    };
    const held = await withdraw(exchange.withdrawals, alice, order);
    expect(held).toMatchObject({ state: WithdrawalState.HELD, operatorsNeeded: 2 });
    const listed = await seen('hold', 'list');
    expect(listed).toContain('w-large: 0 of 2 approved');
    expect(listed).toContain(exchange.destination);
    const approved = await operator('oscar', 'hold', 'approve', 'w-large');
    expect(approved).toContain('Approve withdrawal w-large: 11 ETH of account alice to');
    expect(approved).toContain('1 of 2 signed (oscar)');
    expect(await operator('olivia', 'hold', 'approve', 'w-large')).toContain('done: signed by oscar, olivia.');
    const { withdrawal } = await call(exchange.withdrawals, WithdrawalServiceService.getWithdrawal, {
      withdrawalId: 'w-large',
    });
    expect(withdrawal?.state).toBe(WithdrawalState.AUTHORIZED);
    await withdraw(exchange.withdrawals, alice, { ...order, id: 'w-refused' });
    expect(await operator('omar', 'hold', 'refuse', 'w-refused')).toContain('done: signed by omar.');
    expect(await seen('hold', 'list')).toContain('no withdrawal waits for operators');
  });

  it('S5: whoever is suspended signs nothing; the others reinstate them', async () => {
    expect(await operator('olivia', 'operator', 'suspend', 'oscar', '--why', 'lost key')).toContain('done');
    expect(await seen('status')).toContain('SUSPENDED operator oscar by olivia');
    expect(await operator('oscar', 'freeze', 'station', '--why', 'revenge')).toContain('exit 1');
    await operator('olivia', 'operator', 'reinstate', 'oscar');
    expect(await operator('omar', 'operator', 'reinstate', 'oscar')).toContain('ripens 1 h');
    await exchange.courier.empty();
    await exchange.station.pass(3_601);
    expect(await seen('status')).not.toContain('SUSPENDED');
  });

  it('what the station would refuse is not signed, and its reason is told', async () => {
    const out = await operator('olivia', 'thaw', 'station');
    expect(out).toContain('exit 1');
    expect(out).toMatch(/not-found/);
    const confirmed = await operator('olivia', 'confirmed', 'ab'.repeat(32));
    expect(confirmed).toContain('not-found');
  });

  it('I4: a payment that sticks is voided at its own nonce by two of them, who then say what confirmed', async () => {
    const { id } = await exchange.pay(alice, 'w-stuck');
    await exchange.until(id, TransactionState.SIGNED);
    const own = exchange.station.wallet.address.split(':')[2] as Hex;
    const file = join(dirname(exchange.station.config), 'void.hex');
    writeFileSync(file, exchange.nothing(own, 0));
    expect(await operator('olivia', 'void', id, '--tx', file)).toContain(`Void transaction ${id} of wallet hot-1`);
    expect(await operator('omar', 'void', id, '--tx', file)).toContain('done');
    const voided = transactionId('hot-1' as WalletId, hexToBytes(exchange.nothing(own, 0)));
    await exchange.until(voided, TransactionState.SIGNED);
    expect(await seen('transaction', 'list')).toContain('every transaction is settled');
    expect(await seen('transaction', 'show', id)).toMatch(/state {7}VOIDED[\s\S]*pays {8}w-stuck/);
    expect(await seen('transaction', 'show', voided)).toMatch(
      /kind {8}void, by act [0-9a-f]{64}[\s\S]*state {7}SIGNED/,
    );
    const { out: raw } = await ran('transaction', 'show', voided, '--raw', ...calling());
    const signed = parseTransaction(`0x${raw.trim()}` as TransactionSerializedEIP1559);
    expect(signed).toMatchObject({ to: own.toLowerCase(), nonce: 0 });
    expect(signed.value ?? 0n).toBe(0n);
    await operator('olivia', 'confirmed', voided);
    expect(await operator('oscar', 'confirmed', voided)).toContain('done');
    const { withdrawal } = await call(exchange.withdrawals, WithdrawalServiceService.getWithdrawal, {
      withdrawalId: 'w-stuck',
    });
    expect(withdrawal?.state).toBe(WithdrawalState.VOIDED);
  });

  it('A9: every factor is revoked by a quorum', async () => {
    expect(await operator('olivia', 'factors', 'revoke-all')).toContain('1 of 2 signed');
    expect(await operator('omar', 'factors', 'revoke-all')).toContain('done: signed by olivia, omar.');
    await expect(exchange.pay(alice, 'w-after')).rejects.toMatchObject({ reason: expect.any(String) });
  });

  it('A8: whoever lost their factors recovers: a registration from the customer, a quorum’s signatures, every channel, 72 hours', async () => {
    const file = join(dirname(exchange.station.operators['olivia'] ?? ''), 'registration.json');
    writeFileSync(file, await exchange.registration('alice'));
    const admit = ['factors', 'admit', '--account', 'alice', '--registration', file];
    const { id } = JSON.parse(readFileSync(file, 'utf8'));
    const first = await operator('olivia', ...admit);
    expect(first).toContain('Let account alice recover with the device passkey');
    expect(first).toContain(`Passkey    ${id}`);
    expect(first).toContain('1 of 2 signed (olivia): it waits until');
    // The other one reads the same passkey out of what the act keeps.
    const second = await operator('omar', 'act', 'sign', idIn(first));
    expect(second).toContain(`Passkey    ${id}`);
    expect(second).toContain('done: signed by olivia, omar.');
    expect(await seen('factors', 'show', '--account', 'alice')).toMatch(
      new RegExp(
        `factor    ${id}  webauthn, device, announcing\\nrecovers  until .*Z at least: nothing is added\\nfrozen    no\\nexit 0`,
      ),
    );
    await exchange.courier.empty();
    expect(exchange.notices.at(-1)).toContain('It can approve nothing for 72 hours');
    await exchange.station.pass(72 * 3_600 + 1);
    expect(await seen('factors', 'show', '--account', 'alice')).toContain(
      'ripe\nadmits    a factor by its own factors',
    );
  });

  it('S9: a software key that others may read is not used', async () => {
    const file = join(dirname(exchange.station.operators['olivia'] ?? ''), 'open.json');
    writeFileSync(file, readFileSync(exchange.station.operators['olivia'] ?? ''), { mode: 0o644 });
    const out = await seen('freeze', 'station', '--why', 'x', '--software', file);
    expect(out).toContain('chmod 600');
    expect(out).toContain('exit 1');
  });
});
