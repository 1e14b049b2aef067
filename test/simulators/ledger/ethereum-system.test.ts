import { serializeTransaction } from 'viem';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { base, sign } from './ethereum.ts';
import { Person } from './person.ts';

describe('derivation paths', () => {
  it('outside the app’s own are 6a15, not hardened 6a12', () => {
    const person = new Person();
    const address = (hex: string) => person.send(`e0020000${(hex.length / 2).toString(16).padStart(2, '0')}${hex}`);
    expect(address('028000002c80000000')).toBe('6a15');
    expect(address('020000002c0000003c')).toBe('6a12');
    expect(address('028000002c8000003c')).toMatch(/9000$/);
    const raw = `028000002c80000000${serializeTransaction(base).slice(2)}`;
    expect(person.send(`e0040000${(raw.length / 2).toString(16)}${raw}`)).toBe('6a15');
  });
});

describe('the host is owed one answer a command', () => {
  it('so that a signature is dropped where another answer went out during its review', () => {
    const person = new Person();
    sign(person, base);
    expect(person.send('e006000000')).toBe('020116009000');
    person.select('Sign transaction');
    expect(person.screen).toBe('Transaction signed');
    expect(person.replies).toEqual(['020116009000']);
  });

  it('and a message for a path that isn’t the app’s gets its refusal only when approved', () => {
    const person = new Person();
    person.send('e00800000e028000002c800000000000000161');
    person.select('Sign message');
    expect(person.replies).toEqual(['6a15']);
  });
});

describe('a status', () => {
  afterEach(() => vi.useRealTimers());

  it('goes by itself after three seconds', () => {
    vi.useFakeTimers();
    const person = new Person();
    sign(person, base);
    person.select('Sign transaction');
    vi.advanceTimersByTime(2999);
    expect(person.screen).toBe('Transaction signed');
    vi.advanceTimersByTime(1);
    expect(person.screen).toBe('Ethereum\napp is ready');
  });

  it('that a new review replaced doesn’t end it', () => {
    vi.useFakeTimers();
    const person = new Person();
    sign(person, base);
    person.select('Sign transaction');
    sign(person, base);
    vi.advanceTimersByTime(10_000);
    expect(person.screen).toBe('Review transaction');
  });
});

describe('the system around the app', () => {
  it('quits to the dashboard at B0 A7, and opens again at E0 D8 once a person says so', () => {
    const person = new Person();
    expect(person.send('b0a7000000')).toBe('9000');
    expect(person.screen).toBe('Dashboard');
    expect(person.send('e006000000')).toBe('6e00');
    expect(person.send('e0d8000000')).toBe('670a');
    expect(person.send(`e0d8000008${Buffer.from('Dogecoin').toString('hex')}`)).toBe('6807');
    const open = `e0d8000008${Buffer.from('Ethereum').toString('hex')}`;
    expect(person.send(open)).toBeUndefined();
    person.select('Cancel');
    expect(person.replies.at(-1)).toBe('5501');
    person.send(open);
    person.press('right');
    person.press('both');
    expect(person.replies.at(-1)).toBe('9000');
    expect(person.send('e006000000')).toBe('020116009000');
  });

  it('leaves by the menu too', () => {
    const person = new Person();
    person.select('App info');
    expect(person.screen).toBe('Version\n1.22.0');
    person.select('Back');
    person.select('Quit app');
    expect(person.screen).toBe('Dashboard');
    person.select('Ethereum');
    expect(person.screen).toBe('Ethereum\napp is ready');
  });

  it('stops at both ends of a walk', () => {
    const person = new Person();
    person.press('left');
    expect(person.screen).toBe('Ethereum\napp is ready');
    person.select('App settings');
    person.press('left');
    expect(person.screen).toMatch(/^Blind signing/);
  });
});
