import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPsbt } from '../../simulators/exchange/build-psbt.ts';
import { Coins } from '../../simulators/exchange/coins.ts';
import { requestSignature } from '../../simulators/exchange/sign.ts';
import { regtest, WatchedWallet } from '../../simulators/exchange/watched-wallet.ts';
import { withdraw } from '../../simulators/exchange/withdraw.ts';
import { TransactionState } from '../../src/generated/portcullis/v1/transaction.ts';
import { previousOf } from '../chains/bitcoin/requests.ts';
import { payees } from '../custody/bitcoin-station.ts';
import { Exchange } from './exchange.ts';

const cli = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const press = (...buttons: (1 | 2)[]) => [
  ...buttons.map((button) => ['button', button, true]),
  ...buttons.map((button) => ['button', button, false]),
];

describe('an emulated station without a person, for other teams’ CI', () => {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-headless-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  const rulesFile = (name: string, content: string): string => {
    const file = join(folder, name);
    writeFileSync(file, content);
    return file;
  };

  it('--auto-approve: payments come back signed and nobody pressed anything, one after another', async () => {
    const exchange = await Exchange.open('--auto-approve');
    try {
      const alice = await exchange.customer('alice');
      for (const id of ['w-1', 'w-2']) {
        const asked = await exchange.pay(alice, id);
        expect((await exchange.until(asked.id, TransactionState.SIGNED)).signed.length).toBeGreaterThan(100);
      }
    } finally {
      await exchange.close();
    }
  });

  it('--auto-approve: so does a payment on Bitcoin, whose Ledger is another', async () => {
    const exchange = await Exchange.open('--auto-approve');
    try {
      const { wallet } = exchange.station.bitcoin;
      const amount = 25_000_000n;
      const [alice] = await exchange.customers({ alice: payees.wpkh });
      if (alice === undefined) throw new Error('nobody was enrolled');
      const watched = new WatchedWallet(wallet.descriptor);
      const coins = new Coins(watched);
      coins.saw(previousOf(watched.place(0, 0).script, 2n * amount, 0, 0, false));
      const asset = `${wallet.chain}/slip44:1`;
      const order = { id: 'w-btc', asset, amount: `${amount}`, destination: payees.wpkh, maxFee: '5000' };
      await withdraw(exchange.withdrawals, alice, order);
      const payments = [{ address: payees.wpkh.slice(wallet.chain.length + 1), amount }];
      const of = { network: regtest, coins: coins.free, payments, change: coins.nextChange, feeRate: 10n };
      const asked = await requestSignature(exchange.transactions, wallet.id, buildPsbt(of).psbt, [order.id]);
      expect((await exchange.until(asked.id, TransactionState.SIGNED)).signed.length).toBeGreaterThan(200);
    } finally {
      await exchange.close();
    }
  });

  it('--approve RULES: the rules press the buttons, so a test may have its payments declined', async () => {
    const rules = {
      version: 1,
      rules: [
        { text: 'Reject transaction', actions: press(1, 2) },
        { regexp: 'Review|From|Amount|To|Max fees|Network|Sign', actions: press(2) },
      ],
    };
    const exchange = await Exchange.open('--approve', rulesFile('reject.json', JSON.stringify(rules)));
    try {
      const asked = await exchange.pay(await exchange.customer('alice'), 'w-declined');
      await exchange.until(asked.id, TransactionState.DECLINED, 'device-refused');
    } finally {
      await exchange.close();
    }
  });

  describe('what it prints', () => {
    let exchange: Exchange;
    beforeAll(async () => {
      exchange = await Exchange.open('--auto-approve');
    });
    afterAll(() => exchange.close());

    it('is one line of JSON with the ports and each client’s certificate', () => {
      const { ports, clients, address, operatorsAddress, ledger, bitcoin } = exchange.station;
      expect([ledger, bitcoin.ledger].map((url) => Number(new URL(url).port))).toEqual([
        ports.ledger,
        ports.bitcoinLedger,
      ]);
      expect(address).toBe(`localhost:${ports.api}`);
      expect(operatorsAddress).toBe(`localhost:${ports.operators}`);
      expect(Object.keys(clients)).toEqual(['withdrawals', 'operators', 'courier', 'auditors', 'dev']);
      for (const files of Object.values(clients))
        for (const file of Object.values(files)) expect(existsSync(file)).toBe(true);
    });
  });

  it.each([
    ['not JSON', 'oops', /--approve: the Ledger refuses the rules/],
    ['no rules', '{"version": 1}', /--approve: the Ledger refuses the rules/],
  ])('rules that are %s stop the start, and it says why', (_what, content, said) => {
    const { status, stderr } = spawnSync(process.execPath, [cli, 'dev', '--approve', rulesFile('bad.json', content)], {
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stderr).toMatch(said);
  });

  it('--auto-approve and --approve exclude each other', () => {
    const args = [cli, 'dev', '--auto-approve', '--approve', 'rules.json'];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toContain('exclude each other');
  });
});
