import { describe, expect, it } from 'vitest';
import { page, path, send, signRaw, walk } from './ethereum.ts';
import { Person } from './person.ts';
import { readRecording } from './recording.ts';

describe('addresses and messages', () => {
  it('names no network that the app doesn’t know', () => {
    const person = new Person();
    person.send(`e00201001d${path}000000003ade68b1`);
    expect(person.screen).toBe('Verify address');
  });

  it('takes nothing but a chain id after the path', () => {
    expect(new Person().send(`e002000019${path}00000001`)).toBe('6a80');
  });

  it('shows white space as spaces and anything but ASCII as hex', () => {
    const person = new Person();
    const message = (text: string) => {
      const bytes = Buffer.from(text);
      send(person, '08', bytes.length.toString(16).padStart(8, '0') + bytes.toString('hex'));
      return page(walk(person), 'Message');
    };
    expect(message('two\nlines\tand more')).toBe('Message\ntwo lines and more');
    expect(message('café')).toBe('Message\n0x636166c3a9');
  });

  it('refuses more of a message than was announced, and goes home', () => {
    const person = new Person();
    expect(send(person, '08', '0000000261')).toBe('9000');
    expect(person.send('e0088000026161')).toBe('6a80');
    expect(person.send('e00880000161')).toBe('6a80');
  });

  it('refuses a message without its length, and a part of another kind', () => {
    expect(send(new Person(), '08', '0000')).toBe('6a80');
    expect(new Person().send(`e00801001a${path}0000000161`)).toBe('6b00');
  });

  it('refuses a message while a transaction is begun', () => {
    const person = new Person();
    signRaw(person, '0xffffffff');
    expect(send(person, '08', '0000000161')).toBe('6985');
  });
});

describe('typed data', () => {
  const ascii = (text: string): string => Buffer.from(text).toString('hex');
  const command = (head: string, data: string): string =>
    `e0${head}${(data.length / 2).toString(16).padStart(2, '0')}${data}`;
  const struct = (name: string) => command('1a0000', ascii(name));
  /** A descriptor (and what belongs to it), and a member's name of one letter. */
  const member = (descriptor: string, name: string) => command('1a00ff', `${descriptor}01${ascii(name)}`);
  const root = (name: string) => command('1c0000', ascii(name));
  const value = (data: string) => command('1c00ff', `${(data.length / 2).toString(16).padStart(4, '0')}${data}`);
  const domain = [struct('EIP712Domain'), member('05', 'n')];
  const begun = [...domain, struct('M'), member('82010103', 'a'), root('EIP712Domain')];

  /** What the last command is answered; those before it go through. */
  function last(...commands: readonly string[]): string | undefined {
    const person = new Person();
    person.enableBlindSigning();
    for (const earlier of commands.slice(0, -1)) expect(person.send(earlier)).toBe('9000');
    return person.send(commands.at(-1) ?? '');
  }

  it('wants a definition before values, values before the signature, and both hashes', () => {
    expect(new Person().send(root('M'))).toBe('6985');
    expect(new Person().send(`e00c000115${path}`)).toBe('6985');
    expect(last(...begun, value(ascii('x')), `e00c000115${path}`)).toBe('6985');
    expect(last(`e00c000034${path}${'11'.repeat(31)}`)).toBe('6a80');
  });

  it('wants the domain before the message, and each once', () => {
    expect(last(...domain, struct('M'), root('M'))).toBe('6a80');
    expect(last(...begun, root('EIP712Domain'))).toBe('6a80');
    expect(last(...begun, value(ascii('x')), root('EIP712Domain'))).toBe('6a80');
  });

  it('wants a struct that was defined, and members of it', () => {
    expect(last(struct('M'), member('05', 'n'), root('EIP712Domain'))).toBe('6a80');
    expect(last(member('05', 'n'))).toBe('6a80');
  });

  it('wants what is due: a value, an array’s length, nothing', () => {
    expect(last(...begun, command('1c000f', '02'))).toBe('6a80');
    const message = [...begun, value(ascii('x')), root('M')];
    expect(last(...message, value('01'))).toBe('6a80');
    expect(last(...message, command('1c000f', '02'))).toBe('6a80');
    expect(last(...message, command('1c000f', '03'), value('01'), value('02'), value('03'), value('04'))).toBe('6a80');
  });

  it('wants values of their announced length, and words of 32 bytes at most', () => {
    expect(last(...begun, command('1c00ff', '00'))).toBe('6a80');
    expect(last(...begun, command('1c00ff', '000561'))).toBe('6a80');
    const message = [...begun, value(ascii('x')), root('M'), command('1c000f', '03')];
    expect(last(...message, value('11'.repeat(33)))).toBe('6a80');
    expect(last(...message, value('11'.repeat(32)))).toBe('9000');
  });

  it.each([
    ['an address of 19 bytes', '03', '11'.repeat(19)],
    ['a boolean of two bytes', '04', '0001'],
    ['a signed number of none', '4120', ''],
  ])('wants no %s', (_what, descriptor, data) => {
    const begin = [struct('EIP712Domain'), member(descriptor, 'n'), root('EIP712Domain')];
    expect(last(...begin, value(data))).toBe('6a80');
  });

  it('takes a value in parts at any P1 but 00', () => {
    expect(last(...begun, command('1cffff', '000261'), command('1c00ff', '62'))).toBe('9000');
  });

  it.each([
    ['bytes in capitals', '4620', 'ab'.repeat(32), `0x${'AB'.repeat(32)}`],
    ['bytes cut to 48, the last of them dots', '07', 'ab'.repeat(49), `0x${'AB'.repeat(47)}...`],
    ['a text of 99 characters', '05', '61'.repeat(99), 'a'.repeat(99)],
    ['a longer text cut to 99, the last of them dots', '05', '61'.repeat(100), `${'a'.repeat(96)}...`],
  ])('shows %s', (_what, descriptor, data, shown) => {
    const person = new Person();
    person.enableBlindSigning();
    const parts = [struct('EIP712Domain'), member(descriptor, 'n'), struct('M'), member('05', 'm')];
    for (const part of [...parts, root('EIP712Domain'), value(data), root('M'), value('')]) {
      expect(person.send(part)).toBe('9000');
    }
    person.send(`e00c000115${path}`);
    person.press('both');
    const pages = walk(person).filter((page) => /^n( |$)/m.test(page));
    expect(pages.flatMap((page) => page.split('\n').slice(1)).join('')).toBe(shown);
  });

  it.each([
    ['of an unknown kind', '0801' + '6e'],
    ['of no bytes', '420001' + '6e'],
    ['of 33 bytes', '422101' + '6e'],
    ['without a name', '05'],
    ['with half a name', '05026e'],
  ])('wants no member %s', (_what, data) => {
    expect(last(struct('M'), command('1a00ff', data))).toBe('6a80');
  });

  it('knows no other parts', () => {
    expect(last(command('1a0001', '6e'))).toBe('6b00');
    expect(last(...domain, command('1c0001', '6e'))).toBe('6b00');
  });

  it('shows every field where the settings say raw messages', () => {
    const person = new Person();
    person.enableBlindSigning();
    person.select('App settings');
    person.select('Raw messages');
    person.select('Back');
    person.press('left');
    for (const { command } of readRecording('eth-eip712-full-blind-on').exchanges) person.send(command);
    person.press('both');
    expect(page(walk(person), 'spender')).toBe('spender\n0x70997970C51812dc\n3A010C7d01b50e0d17\ndc79C8');
  });
});
