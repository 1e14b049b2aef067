import type { WithdrawalServiceClient } from '../../src/generated/portcullis/v1/withdrawal.ts';
import { WithdrawalServiceService, WithdrawalState } from '../../src/generated/portcullis/v1/withdrawal.ts';
import type { Courier } from '../exchange/courier.ts';
import type { Customer } from '../exchange/customer.ts';
import { call } from '../exchange/station-client.ts';
import { type WithdrawalOrder, withdraw } from '../exchange/withdraw.ts';
import type { EmulatedStation } from './emulated-station.ts';
import { tell } from './narrator.ts';

export interface OperatorsChapter {
  readonly station: EmulatedStation;
  readonly withdrawals: WithdrawalServiceClient;
  readonly courier: Courier;
  readonly alice: Customer;
  readonly order: WithdrawalOrder;
  readonly expectRefusal: (what: string, run: () => Promise<unknown>) => Promise<void>;
}

/** What the station's people do: one stops, two let go, and two approve what policy holds for them. */
export async function playOperators(chapter: OperatorsChapter): Promise<void> {
  const { station, withdrawals, courier, alice, order, expectRefusal } = chapter;
  const smaller = { ...order, id: 'withdrawal-frozen' };
  tell.step('Three operators have keys of their own; any two of them decide. One alone may stop:');
  await operator(station, 'olivia', 'freeze', `asset:${order.asset}`, '--why', 'a payment looks odd');
  await courier.empty();
  await expectRefusal('Alice withdraws 1 ETH more', () => withdraw(withdrawals, alice, smaller));
  tell.step('Letting go takes two of them, and an hour after its notice, in which any of the three may refuse:');
  for (const name of ['olivia', 'omar']) await operator(station, name, 'thaw', `asset:${order.asset}`);
  await courier.empty();
  tell.step(`An hour passes. It is now ${(await station.pass(3_601)).toISOString()}.`);
  const large = { ...order, id: 'withdrawal-large', amount: `${BigInt(order.amount) * 11n}` };
  const held = await withdraw(withdrawals, alice, large);
  if (held.state !== WithdrawalState.HELD) throw new Error('the large withdrawal is not held');
  tell.step(`Alice withdraws 11 ETH: above 10 it is held, for ${held.operatorsNeeded} operators.`);
  for (const name of ['oscar', 'omar']) await operator(station, name, 'hold', 'approve', large.id);
  const { withdrawal } = await call(withdrawals, WithdrawalServiceService.getWithdrawal, { withdrawalId: large.id });
  if (withdrawal?.state !== WithdrawalState.AUTHORIZED) throw new Error('the large withdrawal is not authorized');
  tell.good('authorized: what they signed is Alice’s own intent, and it goes on to the Ledger as any other');
}

/** As they would type it; the software key stands in for a security key and the page in their browser. */
async function operator(station: EmulatedStation, name: string, ...args: readonly string[]): Promise<void> {
  const { code, output } = await station.operator(name, ...args);
  const line = args.map((arg) => (arg.includes(' ') ? `"${arg}"` : arg)).join(' ');
  tell.step(`${name} $ portcullis ${line}`);
  const lines = output.trimEnd().split('\n');
  tell.detail(lines.find((said) => !said.startsWith('A TEST KEY')) ?? '');
  tell.detail((lines.at(-1) ?? '').replace(/(: portcullis act sign|"portcullis act refuse) [0-9a-f]{64}.*/, ''));
  if (code !== 0) throw new Error(`portcullis ${line}: ${output}`);
}
