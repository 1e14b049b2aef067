import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Authenticator } from '../../simulators/authenticator/authenticator.ts';
import { Customer } from '../../simulators/exchange/customer.ts';
import { TransactionState } from '../../src/generated/portcullis/v1/transaction.ts';
import { ran } from '../cli/station.ts';
import { addressLine, OldPasskey } from '../custody/importing.ts';
import { Exchange } from './exchange.ts';

// An exchange with customers of its own comes to a station as `portcullis dev` makes it: from its file to a first payment.

let exchange: Exchange;

beforeAll(async () => {
  exchange = await Exchange.open('--auto-approve');
}, 60_000);
afterAll(() => exchange.close());

/** Runs a command as a client of the operators' role. */
async function seen(...args: string[]): Promise<string> {
  const { operatorsAddress, clients } = exchange.station;
  const of = clients['operators'];
  if (of === undefined) throw new Error('there is no certificate for operators');
  const calling = ['--address', operatorsAddress, '--ca', of.ca, '--cert', of.certificate, '--key', of.key];
  const { code, out, err } = await ran(...args, ...calling);
  return `${err}\n${out}\nexit ${code}`;
}

describe('onboarding', () => {
  it('A8, A10: passkeys and addresses of an exchange’s own: planned, approved by two, ripened, sent, announced, ripened, and paid to', async () => {
    const { origin, operators } = exchange.station;
    const old = new OldPasskey('olga', new Authenticator({ origin }), new URL(origin).hostname);
    const folder = mkdtempSync(join(tmpdir(), 'portcullis-onboarding-'));
    const file = join(folder, 'customers.jsonl');
    const plan = join(folder, 'plan');
    writeFileSync(file, `${old.line()}\n${addressLine('olga', exchange.destination as never, 'my wallet')}\n`);
    const [, station = ''] = /station +([0-9a-f]{32}\/1)/.exec(await seen('status')) ?? [];
    expect(await ran('onboarding', 'plan', file, '--station', station, '--out', plan)).toMatchObject({ code: 0 });
    const propose = ['onboarding', 'propose', plan, '--software'];
    const first = await seen(...propose, operators['olivia'] ?? '');
    expect(first).toContain('Import up to 1 passkey(s) and 1 address(es) of customers, of 1 chunk(s)');
    const id = /act (?:sign|refuse) ([0-9a-f]{64})/.exec(first)?.[1] ?? 'no act';
    expect(await seen('onboarding', 'send', plan, '--act', id)).toContain('act-unripe');
    expect(await seen(...propose, operators['omar'] ?? '')).toContain('h after that notice is delivered');
    await exchange.courier.empty();
    await exchange.station.pass(3_601);
    const sent = await seen('onboarding', 'send', plan, '--act', id);
    expect(sent).toContain('1 passkey(s) and 1 address(es) are announced, 0 left out\nexit 0');
    expect(await seen('onboarding', 'send', plan, '--act', id)).toContain('; 1 chunk(s) were there already\nexit 0');
    await exchange.courier.empty();
    expect(exchange.notices.filter((text) => text.includes('olga'))).toHaveLength(2);
    await exchange.station.pass(25 * 3_600);
    const customer = new Customer('olga', old.device);
    const { id: paid } = await exchange.pay(customer, 'w-olga');
    await exchange.until(paid, TransactionState.SIGNED);
  }, 60_000);
});
