import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serializeTransaction } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Api, createApi } from '../../src/api/server.ts';
import { policyHash } from '../../src/custody/founding.ts';
import { makeCa, trustDomain } from '../certificates.ts';
import { alicesAddress, ether, mallorysAddress, TestStation, walletId } from '../custody/station.ts';
import { emptyFolder, ran } from './station.ts';

let station: TestStation;
let api: Api;
const folder = emptyFolder();
const at = (name: string): string => join(folder, name);
const looser = (d: string): string => d.replace('nonce_window: 4', 'nonce_window: 9');
const files: Record<string, string> = {};

/** The options that reach the station as a role. */
function as(role: 'operators' | 'withdrawals'): string[] {
  const port = role === 'operators' ? api.operatorsPort : api.port;
  return [
    '--address',
    `localhost:${port}`,
    '--ca',
    at('ca.pem'),
    '--cert',
    at(`${role}.pem`),
    '--key',
    at(`${role}.key`),
  ];
}

function file(name: string, text: string): string {
  writeFileSync(at(name), text);
  files[name] = text;
  return at(name);
}

beforeAll(async () => {
  station = await TestStation.open({ operators: {} });
  const alice = await station.ripeCustomer('alice');
  await alice.authorize('w-1');
  const ca = await makeCa();
  const { cert, key } = await ca.issueServer();
  api = await createApi({
    custody: station.custody,
    tls: { ca: ca.certificate, cert, key },
    clients: undefined,
    trustDomain,
    listen: { host: '127.0.0.1', port: 0 },
    operatorsListen: { host: '127.0.0.1', port: 0 },
    log: () => {},
  });
  writeFileSync(at('ca.pem'), ca.certificate);
  for (const role of ['operators', 'withdrawals']) {
    const own = await ca.issue({ role, name: 'test' });
    writeFileSync(at(`${role}.pem`), own.cert);
    writeFileSync(at(`${role}.key`), own.key, { mode: 0o600 });
  }
});
afterAll(async () => {
  await api.close(1_000);
  await station.close();
});

describe('portcullis policy show', () => {
  it('says a policy in English, whole, with the hash of its file', async () => {
    const { out, code } = await ran('policy', 'show', file('a.yaml', station.document()));
    expect(code).toBe(0);
    expect(out.split('\n')[0]).toBe(`policy ${station.policyHash}`);
    expect(out).toContain('  A new destination can be paid 24 hours after its notice was delivered.');
    expect(out).toContain('  The operators are any 2 of 3: olivia (');
    expect(out).toContain('at most 100 ETH in one payment');
  });

  it('says the one that is in force on a running station', async () => {
    const { out, code } = await ran('policy', 'show', '--in-force', ...as('operators'));
    expect(code).toBe(0);
    expect(out).toBe((await ran('policy', 'show', file('a.yaml', station.document()))).out);
  });

  it('says where a policy is wrong', async () => {
    const { err, code } = await ran(
      'policy',
      'show',
      file(
        'wrong.yaml',
        station.document((d) => `${d}more: 1\n`),
      ),
    );
    expect(err).toContain('policy.more: is not a member that is known here');
    expect(code).toBe(1);
    expect((await ran('policy', 'show', at('gone.yaml'))).code).toBe(1);
    expect((await ran('policy', 'shew')).code).toBe(2);
  });
});

describe('portcullis policy diff', () => {
  const diff = (change: (d: string) => string) =>
    ran('policy', 'diff', file('new.yaml', station.document(change)), '--in-force', ...as('operators'));

  it('I3: says which way each change is, and what follows', async () => {
    const { out } = await diff((d) => looser(d).replace("max_payment: '1000000000000'", "max_payment: '5'"));
    expect(out.split('\n')).toEqual([
      `from ${station.policyHash}`,
      `to   ${policyHash(files['new.yaml'] ?? '')}`,
      expect.stringMatching(/^tighter: assets\[.*\]\.max_payment: 1000000000000 -> 5$/),
      'looser: nonce_window: 4 -> 9',
      'Something loosens: once it has its quorum and its notice was delivered, it ripens for 24 hours.',
    ]);
    expect((await diff((d) => d.replace('nonce_window: 4', 'nonce_window: 3'))).out).toContain('It only tightens');
    expect((await diff((d) => `${d}# a word\n`)).out).toContain('Nothing changes but the text');
  });
});

describe('portcullis policy replay', () => {
  it('says what would end otherwise, and what it cannot know', async () => {
    const small = station.document((d) => d.replace("max_payment: '100000000000000000000'", "max_payment: '5'"));
    const { out, code } = await ran('policy', 'replay', file('new.yaml', small), '--since', '30d', ...as('operators'));
    expect(code).toBe(0);
    expect(out).toContain('1 withdrawals since 2');
    expect(out).toContain('1 would end otherwise\n  amount-within-ceiling: 1\n  w-1: approved -> refused');
    expect(out).toContain('What this cannot know:');
  });

  it('is for operators, and at most a year back', async () => {
    const given = ['policy', 'replay', file('new.yaml', station.document())];
    expect((await ran(...given, ...as('withdrawals'))).code).toBe(1);
    expect((await ran(...given, '--since', '400d', ...as('operators'))).err).toContain('since_seconds');
  });
});

describe('portcullis policy propose', () => {
  it('shows an operator what is different before they sign it', async () => {
    const { out, code } = await ran(
      ...['policy', 'propose', file('new.yaml', station.document(looser)), ...as('operators')],
      ...['--software', at('nobody.key')],
    );
    expect(out).toContain('looser: nonce_window: 4 -> 9');
    expect(out).toContain('Replay of 1 recorded withdrawal(s): 0 would end otherwise.');
    expect(code).toBe(1);
  });

  it('reads it before it calls anyone', async () => {
    const { err, code } = await ran('policy', 'propose', file('wrong.yaml', 'version: 2\n'));
    expect(err).toContain('policy.version');
    expect(code).toBe(1);
  });
});

describe('portcullis policy explain', () => {
  const withdrawal = (amount: string, destination: string) => [
    ...['policy', 'explain', 'withdrawal', '--account', 'alice', '--asset', ether, '--amount', amount],
    ...['--destination', destination, '--max-fee', '1000', ...as('withdrawals')],
  ];

  it('says every rule that a withdrawal meets, with its values', async () => {
    const { out, code } = await ran(...withdrawal('1000', alicesAddress));
    expect(code).toBe(0);
    expect(out).toContain('pass   amount-within-ceiling: 1000 is within policy’s 100000000000000000000');
    expect(out).toContain('pass   destination-ripe');
    expect(out).not.toContain('REFUSE');
    expect(out).toContain('It takes: one WebAuthn assertion, of the classes device, synced');
  });

  it('says what refuses it, and what would make it pass', async () => {
    const { out, code } = await ran(...withdrawal('100000000000000000001', mallorysAddress));
    expect(code).toBe(1);
    expect(out).toContain('REFUSE amount-within-ceiling: 100000000000000000001 is above');
    expect(out).toContain('         ceiling: 100000000000000000000');
    expect(out).toMatch(/REFUSE destination-listed: .*\n {9}destination-unlisted: \w+/);
  });

  it('says the same of a transaction', async () => {
    const unsigned = serializeTransaction({
      chainId: 31337,
      nonce: 7,
      gas: 21_000n,
      maxFeePerGas: 20_000_000_000n,
      to: alicesAddress.split(':')[2] as `0x${string}`,
      value: 10n ** 18n,
    });
    const given = ['policy', 'explain', 'transaction', '--wallet', walletId, '--unsigned', unsigned, '--pays', 'w-1'];
    const { out, code } = await ran(...given, ...as('withdrawals'));
    expect(out).toContain('pass   payments-match: 1 payment(s) match 1 withdrawal(s), one to one');
    expect(out).toContain('REFUSE nonce-in-window: nonce 7 is not below 0 + 4');
    expect(out).toContain('         next_nonce: 0');
    expect(code).toBe(1);
    expect((await ran('policy', 'explain', 'transaction', '--unsigned', 'zz', ...as('withdrawals'))).code).toBe(2);
  });
});
