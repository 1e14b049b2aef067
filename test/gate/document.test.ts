import { describe, expect, it } from 'vitest';
import { Members, textItem } from '../../src/gate/document.ts';

const of = (value: unknown): Members => new Members({ it: value }, 'doc');

describe('a document of a closed schema', () => {
  it('is members, and nothing else', () => {
    for (const value of [undefined, null, 'text', 3, true, [], [{ it: 1 }]])
      expect(() => new Members(value, 'doc'), JSON.stringify(value)).toThrow('doc: expected members, got ');
    expect(new Members({}, 'doc').place).toBe('doc');
  });

  it('gives each member once, by name; what is left over is an error', () => {
    const doc = new Members({ a: 1, b: 2 }, 'doc');
    expect([doc.has('a'), doc.has('c'), doc.at('a')]).toEqual([true, false, 'doc.a']);
    expect(doc.take('a')).toBe(1);
    expect(doc.has('a')).toBe(false);
    expect(() => doc.take('a')).toThrow('doc.a: is missing');
    expect(() => doc.done()).toThrow('doc.b: is not a member that is known here');
    doc.take('b');
    doc.done();
  });

  it('has texts, not empty ones', () => {
    expect(of('x').text('it')).toBe('x');
    for (const value of ['', 3, null, ['x']]) expect(() => of(value).text('it')).toThrow('doc.it: expected a text');
    expect(textItem('x', 'doc.it[0]')).toBe('x');
    for (const value of ['', 3, null, ['x']])
      expect(() => textItem(value, 'doc.it[0]')).toThrow('doc.it[0]: expected a text, got ');
  });

  it('has counts within bounds, both of which it may be', () => {
    for (const value of [2, 3, 5]) expect(of(value).count('it', 2, 5)).toBe(value);
    for (const value of [1, 6, 2.5, '3', null, Number.NaN, true, 3n])
      expect(() => of(value).count('it', 2, 5), String(value)).toThrow(
        'doc.it: expected a whole number from 2 to 5, got ',
      );
    expect(() => of(2 ** 53).count('it', 0, 2 ** 60)).toThrow('doc.it: expected a whole number');
  });

  it('has flags', () => {
    for (const value of [true, false]) expect(of(value).flag('it')).toBe(value);
    for (const value of ['true', 1, null]) expect(() => of(value).flag('it')).toThrow('expected true or false');
  });

  it.each([
    ['0s', 0],
    ['30s', 30_000],
    ['90m', 5_400_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
    ['999999s', 999_999_000],
  ])('has durations: %s', (text, ms) => {
    expect(of(text).duration('it')).toBe(ms);
  });

  it.each(['24', 'h', '1w', '1.5h', '-1h', '01h', '00s', '1000000s', 'x1h', '1hx', '1 h', '1H'])(
    'has no duration %s',
    (text) => {
      expect(() => of(text).duration('it')).toThrow('doc.it: expected a duration such as 24h or 90m, got ');
    },
  );

  it('has words of a list', () => {
    expect(of('b').oneOf('it', ['a', 'b'])).toBe('b');
    for (const value of ['c', 'A', 'constructor'])
      expect(() => of(value).oneOf('it', ['a', 'b'])).toThrow('doc.it: expected one of a, b, got ');
  });

  it('has lists, each item with its place, that nobody changes', () => {
    const list = of(['x', 'y']).list('it', (value, place) => `${place} ${value}`);
    expect(list).toEqual(['doc.it[0] x', 'doc.it[1] y']);
    expect(Object.isFrozen(list)).toBe(true);
    for (const value of [{}, 'x', null]) expect(() => of(value).list('it', String)).toThrow('doc.it: expected a list');
  });

  it('has lists of documents, and documents, closed as well', () => {
    const read = (value: unknown) => of(value).memberList('it', (item) => item.count('n', 0, 9));
    expect(read([{ n: 1 }, { n: 2 }])).toEqual([1, 2]);
    expect(() => read([{ n: 1 }, { n: 2, m: 3 }])).toThrow('doc.it[1].m: is not a member');
    expect(() => read([1])).toThrow('doc.it[0]: expected members');
    expect(of({ n: 4 }).members('it').at('n')).toBe('doc.it.n');
    expect(() => of([]).members('it')).toThrow('doc.it: expected members');
  });
});
