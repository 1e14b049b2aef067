import { afterEach, describe, expect, it, vi } from 'vitest';
import { LedgerBackend } from '../../../src/signers/ledger/backend.ts';
import type { Bus } from '../../../src/signers/ledger/library.ts';
import { policyOf } from '../../../src/signers/ledger/policy.ts';
import { pinnedExtendedKey } from '../../../src/signers/ledger/wallet-key.ts';
import { single } from './emulated.ts';
import { libraryError, type Script, type ScriptedHandle, scriptedHandle } from './scripted-handle.ts';
import { answers, testPath, testWallet } from './wallet.ts';

const path = testPath;
const { publicKey } = testWallet;
const identify = { op: 'identify', app: 'Ethereum', path, publicKey, skip: [] } as const;
const sign = {
  op: 'sign',
  app: 'Ethereum',
  path,
  unsigned: '02ef0107843b9aca008506fc23ac008252089470997970c51812dc3a010c7d01b50e0d17dc79c8872bdc545d58750080c0',
  tokenDescriptors: [],
} as const;
const signature = '00'.repeat(65);

const device =
  (address: string, app = answers.appAndVersion): Script =>
  (apdu) => {
    if (apdu.startsWith('b001')) return `${app}9000`;
    return apdu.startsWith('e002') ? `${address}9000` : `${signature}9000`;
  };
const own = device(answers.address);
const foreign = device(answers.address.replace('04ef', '04ee'));
const dashboard = device('', '0105424f4c4f5305312e312e31');
const word =
  (sw: string): Script =>
  () =>
    sw;

/** A bus with these devices, by name; undefined is one that can't be opened. */
function busOf(
  devices: Readonly<Record<string, Script | Error>>,
): Bus & { readonly handles: Map<string, ScriptedHandle> } {
  const handles = new Map<string, ScriptedHandle>();
  return {
    handles,
    list: async () => Object.keys(devices),
    product: (name) => `Nano ${name}`,
    async open(name) {
      const script = devices[name] ?? libraryError('TypeError');
      if (script instanceof Error) throw script;
      const handle = scriptedHandle(script);
      handles.set(name, handle);
      return handle;
    },
  };
}

const failing = (reason: string) => expect.objectContaining({ name: 'DeviceFailure', reason });

describe('S6: among several devices', () => {
  it('the one that holds the key is found and signs, wherever it is on the list', async () => {
    for (const devices of [
      { a: own, b: foreign },
      { a: foreign, b: own },
      { a: word('5515'), b: dashboard, c: libraryError('TypeError'), d: own },
    ]) {
      const bus = busOf(devices);
      const backend = new LedgerBackend(bus);
      expect(await backend.perform(identify)).toMatchObject({ app: 'Ethereum', version: '1.22.0', key: {} });
      expect(await backend.perform(sign)).toEqual({ result: 'signature', signature });
      for (const [name, handle] of bus.handles) {
        const commands = handle.commands.filter((command) => command.startsWith('e004'));
        expect(commands, name).toHaveLength(bus.handles.get(name) === handleOf(bus, own, devices) ? 1 : 0);
        expect(handle.closed, name).toBe(1);
      }
    }
  });

  it.each([
    ['none is there', {}, 'device-missing'],
    ['one is locked', { a: foreign, b: word('5515') }, 'device-locked'],
    ['one may not be opened', { a: foreign, b: libraryError('TypeError') }, 'device-missing'],
    ['one is busy', { a: libraryError('TransportRaceCondition'), b: libraryError('TypeError') }, 'device-busy'],
    ['one is unplugged meanwhile', { a: libraryError('DisconnectedDevice') }, 'device-missing'],
  ])(
    'where none has the key and %s, that is the reason',
    async (_, devices: Record<string, Script | Error>, reason) => {
      await expect(new LedgerBackend(busOf(devices)).perform(identify)).rejects.toEqual(failing(reason));
    },
  );

  it('one in another app is told of before one of another key', async () => {
    const identity = await new LedgerBackend(busOf({ a: foreign, b: dashboard })).perform(identify);
    expect(identity).toEqual({ result: 'identity', at: 'b', app: 'BOLOS', version: '1.1.1' });
  });

  it('a survey tells of each what it has open, and why it says nothing', async () => {
    // As node-hid has it: long enough to be cut where it is shown.
    const unopened = "cannot open device with path /dev/hidraw2: Failed to open a device with path '/dev/hidraw2'";
    const denied = new TypeError(`${unopened}: Permission denied`);
    const gone = new TypeError(`${unopened}: ${'No such file or directory '.repeat(8)}`);
    const bus = busOf({ a: own, b: dashboard, c: word('5515'), d: denied, e: gone });
    expect(await new LedgerBackend(bus).perform({ op: 'survey' })).toEqual({
      result: 'surveyed',
      devices: [
        { at: 'a', product: 'Nano a', app: 'Ethereum', version: '1.22.0' },
        { at: 'b', product: 'Nano b', app: 'BOLOS', version: '1.1.1' },
        { at: 'c', product: 'Nano c', failed: { reason: 'device-locked', message: 'the device answered 5515' } },
        {
          at: 'd',
          product: 'Nano d',
          failed: { reason: 'device-missing', message: expect.stringContaining('may not open') },
        },
        {
          at: 'e',
          product: 'Nano e',
          failed: { reason: 'device-missing', message: expect.stringMatching(/^cannot open [\x20-\x7e]*[.]{3}$/) },
        },
      ],
    });
    for (const handle of bus.handles.values()) {
      expect(handle.commands).toEqual(['b001000000']);
      expect(handle.closed).toBe(1);
    }
  });

  it('one in another app is asked nothing but its name', async () => {
    const bus = busOf({ a: dashboard });
    await new LedgerBackend(bus).perform(identify);
    expect(bus.handles.get('a')?.commands).toEqual(['b001000000']);
  });

  it.each([
    ['an address cut short', device(answers.address.slice(0, -20))],
    ['a key of another form', device(answers.address.replace('4104', '4103'))],
    ['a name in another format', device(answers.address, answers.appAndVersion.replace(/^01/, '02'))],
    ['no name', device(answers.address, '02')],
    ['nothing', word('9000')],
  ])('one that answers %s has failed', async (_, script) => {
    await expect(new LedgerBackend(busOf({ a: script })).perform(identify)).rejects.toEqual(failing('signer-failed'));
  });

  it('a list that cannot be read is a failure', async () => {
    const bus: Bus = {
      list: () => Promise.reject(new Error('libusb-1.0.so.0: no such file')),
      open: () => Promise.reject(new Error()),
      product: () => '',
    };
    await expect(new LedgerBackend(bus).perform(identify)).rejects.toEqual(failing('signer-failed'));
  });
});

describe('among several devices', () => {
  const never: Script = () => new Promise<string>(() => undefined);
  afterEach(() => vi.useRealTimers());

  it('one on which a person decides is not opened, and is told of where none else has the key', async () => {
    const bus = busOf({ a: own, b: foreign });
    const asked = new LedgerBackend(bus).perform({ ...identify, skip: ['a'] });
    await expect(asked).rejects.toEqual(failing('device-busy'));
    expect([...bus.handles.keys()]).toEqual(['b']);
  });

  it('the one that had the key last is asked first, and no other', async () => {
    const devices: Record<string, Script> = { a: foreign, b: own };
    const bus = busOf(devices);
    const backend = new LedgerBackend(bus);
    await backend.perform(identify);
    bus.handles.clear();
    expect(await backend.perform(identify)).toMatchObject({ at: 'b' });
    expect([...bus.handles.keys()]).toEqual(['b']);
    // Its place may be another's by now, and it in another place.
    Object.assign(devices, { a: own, b: foreign });
    expect(await backend.perform(identify)).toMatchObject({ at: 'a' });
    expect(await backend.perform(sign)).toEqual({ result: 'signature', signature });
    expect(bus.handles.get('a')?.commands.at(-1)).toMatch(/^e004/);
  });

  it('F3: one that says nothing is left for the next, and not asked again while it owes an answer', async () => {
    vi.useFakeTimers();
    const bus = busOf({ a: never, b: own });
    // As the library's: closing waits for the answer.
    const open = async (name: string) => {
      const handle = await bus.open(name);
      return name === 'a' ? Object.assign(handle, { close: () => new Promise<void>(() => undefined) }) : handle;
    };
    const backend = new LedgerBackend({ ...bus, open });
    const found = backend.perform(identify);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await found).toMatchObject({ at: 'b' });
    const others = { ...identify, publicKey: `02${'11'.repeat(32)}` };
    await expect(backend.perform(others)).rejects.toEqual(failing('device-timeout'));
    expect(bus.handles.get('a')?.commands).toHaveLength(1);
  });

  it('one that answers in time is waited for', async () => {
    vi.useFakeTimers();
    const slow: Script = (apdu) => new Promise((resolve) => setTimeout(async () => resolve(await own(apdu)), 4_900));
    const found = new LedgerBackend(busOf({ a: slow })).perform(identify);
    await vi.advanceTimersByTimeAsync(9_800);
    expect(await found).toMatchObject({ at: 'a' });
  });
});

describe('S6: a signature is asked of the device that was identified last, and of no other', () => {
  it('so never without one', async () => {
    const bus = busOf({ a: own });
    await expect(new LedgerBackend(bus).perform(sign)).rejects.toEqual(failing('device-missing'));
    expect(bus.handles.size).toBe(0);
  });

  it('so never of a foreign one', async () => {
    const bus = busOf({ a: foreign });
    const backend = new LedgerBackend(bus);
    await backend.perform(identify);
    await expect(backend.perform(sign)).rejects.toEqual(failing('device-missing'));
  });

  it('so never for another path', async () => {
    const backend = new LedgerBackend(busOf({ a: own }));
    await backend.perform(identify);
    await expect(backend.perform({ ...sign, path: "m/44'/60'/1'/0/0" })).rejects.toEqual(failing('device-missing'));
  });

  it('so once', async () => {
    const backend = new LedgerBackend(busOf({ a: own }));
    await backend.perform(identify);
    await backend.perform(sign);
    await expect(backend.perform(sign)).rejects.toEqual(failing('device-missing'));
  });

  it('so not of one that is not there any more when it is asked again', async () => {
    const devices: Record<string, Script> = { a: own };
    const backend = new LedgerBackend(busOf(devices));
    await backend.perform(identify);
    devices['a'] = foreign;
    await backend.perform(identify);
    await expect(backend.perform(sign)).rejects.toEqual(failing('device-missing'));
  });
});

describe('S6: among several devices with Bitcoin’s app', () => {
  const wallet = single('wpkh');
  const [one = wallet.keys[0]] = wallet.keys;
  const bitcoin = pinnedExtendedKey(wallet, 'device-1');
  const ascii = (text: string) => Buffer.from(text, 'latin1').toString('hex');
  const app = `010c${ascii('Bitcoin Test')}05${ascii('2.4.6')}0102`;
  const bitcoinDevice =
    (fingerprint: string, xpub: string): Script =>
    (apdu) => {
      if (apdu.startsWith('b001')) return `${app}9000`;
      if (apdu.startsWith('e105')) return `${fingerprint}9000`;
      return apdu.startsWith('e100') ? `${ascii(xpub)}9000` : `${ascii('tb1qaddressaddressaddress')}9000`;
    };
  const holder = bitcoinDevice(one?.fingerprint ?? '', one?.xpub ?? '');
  const stranger = bitcoinDevice('00000001', one?.xpub ?? '');
  const show = {
    op: 'show-address',
    ...bitcoin,
    policy: policyOf(wallet),
    registration: '',
    branch: 0,
    index: 0,
  } as const;

  it('the one with the pinned fingerprint and key is found, wherever it is on the list, and no other is asked more', async () => {
    for (const devices of [
      { a: holder, b: stranger },
      { a: stranger, b: own, c: holder },
    ]) {
      const bus = busOf(devices);
      const backend = new LedgerBackend(bus);
      expect(await backend.perform({ op: 'identify', ...bitcoin, skip: [] })).toMatchObject({
        app: 'Bitcoin Test',
        key: { fingerprint: one?.fingerprint, xpub: one?.xpub },
      });
      expect(await backend.perform(show)).toMatchObject({ result: 'address' });
      // Those behind it on the list are not even opened.
      expect([...bus.handles.keys()].at(-1)).toBe(devices.a === holder ? 'a' : 'c');
      for (const [name, handle] of bus.handles) {
        const asked = handle.commands.filter((command) => command.startsWith('e103'));
        expect(asked, name).toHaveLength(handle === handleOf(bus, holder, devices) ? 1 : 0);
        expect(handle.closed, name).toBe(1);
      }
    }
  });

  it('one that was found for Ethereum signs nothing for Bitcoin', async () => {
    const backend = new LedgerBackend(busOf({ a: own }));
    await backend.perform(identify);
    await expect(backend.perform({ ...show, path })).rejects.toEqual(failing('device-missing'));
  });

  it.each([
    ['a fingerprint of three bytes', bitcoinDevice('000001', one?.xpub ?? '')],
    ['something that is no key', bitcoinDevice('00000001', 'tpub')],
  ])('one that answers %s has failed', async (_, script) => {
    const backend = new LedgerBackend(busOf({ a: script }));
    await expect(backend.perform({ op: 'identify', ...bitcoin, skip: [] })).rejects.toEqual(failing('signer-failed'));
  });

  const read = { op: 'read-key', app: 'Bitcoin Test', path: bitcoin.path, skip: [] } as const;

  it('a key to make a wallet of is read where one has the app open, and where two have, of neither', async () => {
    const bus = busOf({ a: own, b: stranger, c: word('5515') });
    expect(await new LedgerBackend(bus).perform(read)).toMatchObject({ key: { fingerprint: '00000001' } });
    expect([...bus.handles.values()].map(({ closed }) => closed)).toEqual([1, 1, 1]);
    const both = new LedgerBackend(busOf({ a: holder, b: stranger }));
    await expect(both.perform(read)).rejects.toEqual(failing('device-foreign'));
  });

  it('and nothing is asked of the device that was read', async () => {
    const backend = new LedgerBackend(busOf({ a: holder }));
    await backend.perform(read);
    await expect(backend.perform(show)).rejects.toEqual(failing('device-missing'));
  });
});

function handleOf(
  bus: { readonly handles: Map<string, ScriptedHandle> },
  script: Script,
  devices: Readonly<Record<string, Script | Error>>,
): ScriptedHandle | undefined {
  const name = Object.keys(devices).find((one) => devices[one] === script) ?? '';
  return bus.handles.get(name);
}
