import { secp256k1 } from '@noble/curves/secp256k1.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../../simulators/ledger/emulator.ts';
import { parseFault } from '../../../simulators/ledger/os/fault.ts';
import { Operator } from './operator.ts';
import { Person } from './person.ts';

const version = 'b001000000';
const configuration = 'e006000000';
const getAddress = 'e002000015058000002c8000003c800000000000000000000000';
const sign =
  'e004000046058000002c8000003c80000000000000000000000002ef0107843b9aca008506fc23ac008252089470997970c51812dc3a010c7d01b50e0d17dc79c8872bdc545d58750080c0';
const signature =
  '00a21d7a42951a8cff7810fdda18c9c7c95a63b2144d1a7e86a40cc29fd1c7e15c7c4e9bfbf808a97ab797ef2a647fd3497367c26bf1866c547043d1f60b1359c89000';

function approve(person: Person): string | undefined {
  const before = person.replies.length;
  person.send(sign);
  person.select('Sign transaction');
  return person.replies[before];
}

describe('faults of the device', () => {
  it('lock: 5515 to everything and no buttons, until unlocked', () => {
    const person = new Person();
    person.device.break({ kind: 'lock' });
    expect([version, configuration, getAddress].map((command) => person.send(command))).toEqual([
      '5515',
      '5515',
      '5515',
    ]);
    person.press('right');
    expect(person.screen).toBe('Device locked');
    person.device.break({ kind: 'unlock' });
    expect(person.screen).toBe('Ethereum\napp is ready');
    expect(person.send(configuration)).toBe('020116009000');
  });

  it('wrong-app: B001 names another, and class E0 is 6e00', () => {
    const person = new Person();
    person.device.break({ kind: 'wrong-app', name: 'BOLOS' });
    expect(person.send(version)).toContain(Buffer.from('BOLOS').toString('hex'));
    expect(person.send(getAddress)).toBe('6e00');
    person.device.break({ kind: 'wrong-app', name: 'Bitcoin' });
    expect(person.send(version)).toContain(Buffer.from('Bitcoin').toString('hex'));
    person.device.mend();
    expect(person.send(version)).toContain(Buffer.from('Ethereum').toString('hex'));
  });

  it('seed: another device’s keys, until mended', () => {
    const person = new Person();
    const own = person.send(getAddress);
    const seed = 'abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about';
    person.device.break({ kind: 'seed', seed });
    expect(person.send(getAddress)).toContain(Buffer.from('9858EfFD232B4033E47d90003D41EC34EcaEda94').toString('hex'));
    person.device.mend();
    expect(person.send(getAddress)).toBe(own);
  });

  it('hang: never answers, not even after it ends', () => {
    const person = new Person();
    person.device.break({ kind: 'hang', moment: { at: 'now' } });
    expect(person.send(configuration)).toBeUndefined();
    person.device.mend();
    expect(person.replies).toEqual([]);
    expect(person.send(configuration)).toBe('020116009000');
  });

  it('hang after some commands', () => {
    const person = new Person();
    person.device.break({ kind: 'hang', moment: { after: 2 } });
    expect([1, 2, 3, 4].map(() => person.send(configuration))).toEqual([
      '020116009000',
      '020116009000',
      undefined,
      undefined,
    ]);
  });

  it('hang at the review: it is shown, approved, and never answered', () => {
    const person = new Person();
    person.device.break({ kind: 'hang', moment: { at: 'review' } });
    expect(person.send(configuration)).toBe('020116009000');
    expect(approve(person)).toBeUndefined();
  });

  it('unplug now, after some commands, at the review, once signed: connections break and nothing is answered', () => {
    const now = new Person();
    now.device.break({ kind: 'unplug', moment: { at: 'now' } });
    expect([now.unplugged, now.send(configuration)]).toEqual([1, undefined]);

    const later = new Person();
    later.device.break({ kind: 'unplug', moment: { after: 1 } });
    expect([later.send(configuration), later.send(configuration), later.unplugged]).toEqual([
      '020116009000',
      undefined,
      1,
    ]);

    const reviewing = new Person();
    reviewing.device.break({ kind: 'unplug', moment: { at: 'review' } });
    expect([reviewing.send(sign), reviewing.unplugged]).toEqual([undefined, 1]);

    const signed = new Person();
    signed.device.break({ kind: 'unplug', moment: { at: 'signature' } });
    expect([approve(signed), signed.unplugged]).toEqual([undefined, 1]);
  });

  it('plug: the app starts afresh and keeps its settings', () => {
    const person = new Person();
    person.enableBlindSigning();
    person.send(sign);
    person.device.break({ kind: 'unplug', moment: { at: 'now' } });
    person.press('right');
    person.device.break({ kind: 'plug' });
    expect(person.screen).toBe('Ethereum\napp is ready');
    expect(person.replies).toEqual([]);
    expect(person.send(configuration)).toBe('030116009000');
  });

  it('wrong-signature: well-formed, by another key', () => {
    const person = new Person();
    person.device.break({ kind: 'wrong-signature' });
    const answer = approve(person);
    expect(answer).toMatch(/^0[01][0-9a-f]{128}9000$/);
    expect(answer).not.toBe(signature);
  });

  it('high-s: the same r, and n − s with the other parity', () => {
    const person = new Person();
    person.device.break({ kind: 'high-s' });
    const answer = approve(person) ?? '';
    expect(answer.slice(0, 2)).toBe('01');
    expect(answer.slice(2, 66)).toBe(signature.slice(2, 66));
    const s = BigInt(`0x${answer.slice(66, 130)}`);
    expect(secp256k1.Point.Fn.ORDER - s).toBe(BigInt(`0x${signature.slice(66, 130)}`));
  });

  it('corrupt: 64 bytes, or a bare 9000', () => {
    const person = new Person();
    person.device.break({ kind: 'corrupt', form: 'short' });
    expect(approve(person)).toBe(`${signature.slice(0, 128)}9000`);
    person.device.break({ kind: 'corrupt', form: 'bare' });
    expect(approve(person)).toBe('9000');
  });

  it('refuse: 6985 without anyone at the buttons', () => {
    const person = new Person();
    person.device.break({ kind: 'refuse' });
    expect(person.send(sign)).toBe('6985');
    expect(person.screen).toBe('Transaction rejected');
  });
});

describe('faults over REST', () => {
  let emulator: Emulator;
  let operator: Operator;

  beforeEach(async () => {
    emulator = await startEmulator({ model: 'nanosp', apiPort: 0 });
    operator = new Operator(emulator.apiUrl);
  });
  afterEach(() => emulator.close());

  it('unplug breaks a pending command and the event stream, and refuses new ones; DELETE plugs in again', async () => {
    const stream = await fetch(`${emulator.apiUrl}/events?stream=true`);
    const pending = operator.apdu(sign);
    const broken = expect(pending).rejects.toThrow();
    await operator.sees('Review transaction');
    await operator.fault({ kind: 'unplug' });
    await broken;
    await expect(stream.text()).rejects.toThrow();
    await expect(operator.apdu(configuration)).rejects.toThrow();
    await expect(fetch(`${emulator.apiUrl}/events?stream=true`)).rejects.toThrow();
    await operator.mend();
    expect(await operator.apdu(configuration)).toBe('020116009000');
  });

  it('slow answers late, and still answers', async () => {
    await operator.fault({ kind: 'slow', ms: 5 });
    expect(await operator.apdu(configuration)).toBe('020116009000');
  });

  it('lists what is in force', async () => {
    await operator.fault({ kind: 'lock' });
    await operator.fault({ kind: 'hang', after: 3 });
    const list = async () => JSON.parse(await (await fetch(`${emulator.apiUrl}/faults`)).text());
    expect(await list()).toEqual({
      plugged: true,
      faults: [{ kind: 'lock' }, { kind: 'hang', moment: { after: 3 } }],
    });
    await operator.fault({ kind: 'unlock' });
    expect((await list()).faults).toHaveLength(1);
    await operator.mend();
    expect((await list()).faults).toEqual([]);
  });

  it('refuses a malformed fault and a seed that isn’t BIP-39 words, and stays as it was', async () => {
    expect(await operator.post('faults', { kind: 'gremlin' })).toMatchObject({ status: 400 });
    expect(await operator.post('faults', { kind: 'seed', seed: 'nonsense' })).toMatchObject({ status: 400 });
    const list = JSON.parse(await (await fetch(`${emulator.apiUrl}/faults`)).text());
    expect(list.faults).toEqual([]);
  });
});

describe('a malformed fault is refused', () => {
  it.each([
    [null, 'an object'],
    [{}, 'unknown kind'],
    [{ kind: 'lock', at: 'now' }, 'unknown field at'],
    [{ kind: 'hang', at: 'noon' }, 'at is now, review or signature'],
    [{ kind: 'hang', at: 'now', after: 1 }, 'not both'],
    [{ kind: 'unplug', after: -1 }, 'whole number'],
    [{ kind: 'slow' }, 'whole number'],
    [{ kind: 'seed' }, 'seed: a text'],
    [{ kind: 'corrupt', form: 'long' }, 'short or bare'],
  ])('%j', (json, message) => {
    expect(() => parseFault(json)).toThrow(message);
  });
});
