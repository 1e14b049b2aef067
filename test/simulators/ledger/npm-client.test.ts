import { createRequire } from 'node:module';
import { hashTypedData, parseTransaction, recoverAddress, recoverTransactionAddress, serializeTransaction } from 'viem';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../../simulators/ledger/emulator.ts';
import { Operator } from './operator.ts';

// CommonJS only: their ES modules lack file endings.
const require = createRequire(import.meta.url);
const { default: SpeculosHttpTransport } = require('@ledgerhq/hw-transport-node-speculos-http');
const { default: Eth } = require('@ledgerhq/hw-app-eth');

const path = "44'/60'/0'/0/0";
const address = '0xDad77910DbDFdE764fC21FCD4E74D71bBACA6D8D';
/** Every call to Ledger's servers off. */
const offline = { nftExplorerBaseURL: null, pluginBaseURL: null, cryptoassetsBaseURL: null, calServiceURL: null };
const resolution = { erc20Tokens: [], nfts: [], externalPlugin: [], plugin: [], domains: [] };

let emulator: Emulator;
let operator: Operator;
let transport: InstanceType<typeof SpeculosHttpTransport>;
let eth: InstanceType<typeof Eth>;

beforeEach(async () => {
  emulator = await startEmulator({ model: 'nanosp', apiPort: 0 });
  operator = new Operator(emulator.apiUrl);
  const { hostname, port } = new URL(emulator.apiUrl);
  transport = await SpeculosHttpTransport.open({ baseURL: `http://${hostname}`, apiPort: port });
  eth = new Eth(transport, 'w0w', offline);
});

afterEach(async () => {
  await transport.close();
  await emulator.close();
});

describe('Ledger’s own npm client works on it unmodified', () => {
  it('reads address and configuration', async () => {
    expect(await eth.getAddress(path)).toMatchObject({ address });
    expect(await eth.getAppConfiguration()).toMatchObject({ version: '1.22.0', arbitraryDataEnabled: 0 });
  });

  it('signs a transaction that recovers to the wallet, also in several chunks', async () => {
    await operator.select(/^App settings/);
    await operator.select(/^Blind signing/);
    await operator.select(/^Back/);
    await operator.press('left');
    for (const data of ['0x', `0x${'5a'.repeat(1500)}`] as const) {
      const transaction = parseTransaction(
        serializeTransaction({
          type: 'eip1559',
          chainId: 11155111,
          nonce: 7,
          gas: 90_000n,
          data,
          to: address,
          value: 1n,
        }),
      );
      const signing = eth.signTransaction(path, serializeTransaction(transaction).slice(2), resolution);
      await operator.sees(data === '0x' ? 'Review transaction' : /^Blind signing ahead/);
      if (data !== '0x') await operator.press('both');
      await operator.select(/sign transaction/i);
      const { r, s, v } = await signing;
      const signed = serializeTransaction(transaction, { r: `0x${r}`, s: `0x${s}`, yParity: Number.parseInt(v, 16) });
      expect(await recoverTransactionAddress({ serializedTransaction: signed })).toBe(address);
      await operator.press('both');
    }
  });

  it('rebuilds EIP-155’s v from the byte that it gets, for a chain id above 2³²', async () => {
    const transaction = {
      type: 'legacy',
      chainId: 11297108109,
      nonce: 1,
      gas: 21_000n,
      gasPrice: 1n,
      to: address,
    } as const;
    const signing = eth.signTransaction(path, serializeTransaction(transaction).slice(2), resolution);
    await operator.sees('Review transaction');
    await operator.select(/^Sign transaction/);
    const { r, s, v } = await signing;
    const signed = serializeTransaction(transaction, { r: `0x${r}`, s: `0x${s}`, v: BigInt(`0x${v}`) });
    expect(await recoverTransactionAddress({ serializedTransaction: signed })).toBe(address);
  });

  it('signs a personal message', async () => {
    const signing = eth.signPersonalMessage(path, Buffer.from('hello').toString('hex'));
    await operator.sees('Review message');
    await operator.select(/^Sign message/);
    expect((await signing).r).toHaveLength(64);
  });

  it('signs typed data with nested structs, arrays and negative numbers, as viem hashes it', async () => {
    await operator.select(/^App settings/);
    await operator.select(/^Blind signing/);
    await operator.select(/^Back/);
    await operator.press('left');
    const message = {
      domain: { name: 'Exchange', version: '1', chainId: 1, verifyingContract: address },
      primaryType: 'Order',
      types: {
        EIP712Domain: [
          { name: 'name', type: 'string' },
          { name: 'version', type: 'string' },
          { name: 'chainId', type: 'uint256' },
          { name: 'verifyingContract', type: 'address' },
        ],
        Zone: [{ name: 'delta', type: 'int64' }],
        Item: [
          { name: 'id', type: 'bytes4' },
          { name: 'zones', type: 'Zone[2]' },
          { name: 'open', type: 'bool' },
        ],
        Order: [
          { name: 'items', type: 'Item[]' },
          { name: 'note', type: 'string' },
          { name: 'grid', type: 'uint8[2][]' },
          { name: 'blob', type: 'bytes' },
        ],
      },
      message: {
        items: [
          { id: '0x01020304', zones: [{ delta: -3 }, { delta: 7 }], open: true },
          { id: '0xffffffff', zones: [{ delta: 0 }, { delta: -1 }], open: false },
        ],
        note: 'x'.repeat(600),
        grid: [
          [1, 2],
          [3, 4],
          [255, 0],
        ],
        blob: '0xdeadbeef',
      },
    } as const;
    const signing = eth.signEIP712Message(path, message);
    await operator.sees(/^Blind signing ahead/);
    await operator.press('both');
    await operator.select(/^Sign message/);
    const { r, s, v } = await signing;
    const hash = hashTypedData(message as unknown as Parameters<typeof hashTypedData>[0]);
    const signature = { r: `0x${r}`, s: `0x${s}`, v: BigInt(v) } as const;
    expect(await recoverAddress({ hash, signature })).toBe(address);
  });

  it('hears of a refusal as Ledger’s error', async () => {
    const asking = eth.getAddress(path, true);
    const outcome = expect(asking).rejects.toMatchObject({ name: 'TransportStatusError', statusCode: 0x6985 });
    await operator.sees('Verify Ethereum\naddress');
    await operator.select(/^Cancel/);
    await outcome;
  });
});
