import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type LeafKind, leafKinds } from '../../src/journal/leaf.ts';
import { committed, leafSentence, leafSentences } from '../../src/journal/sentences.ts';

/** The rows of formats.md's table of leaves, by kind: the text that lists its members. */
function documented(): Map<string, string> {
  const formats = readFileSync(new URL('../../docs/formats.md', import.meta.url), 'utf8');
  const table = formats.slice(formats.indexOf('## Leaf, version 1'), formats.indexOf('```json vector leaf'));
  const rows = new Map<string, string>();
  for (const line of table.split('\n')) {
    const [, first = '', members = ''] = line.split('|');
    const kinds = [...first.matchAll(/`([a-z-]+)`/g)].map(([, kind = '']) => kind);
    const [stem = ''] = (kinds[0] ?? '').split('-');
    for (const kind of kinds) rows.set(kind.startsWith('-') ? `${stem}${kind}` : kind, members);
  }
  const asBefore = (kind: string, of: string) => rows.set(kind, `${rows.get(kind)} ${rows.get(of)}`);
  asBefore('withdrawal-held', 'withdrawal-authorized');
  asBefore('breaker-tripped', 'frozen');
  return rows;
}

/** The members that a kind's sentence reads, where each is `of` its name. */
function read(kind: LeafKind, of: (name: string) => string): { sentence: string; names: Set<string> } {
  const names = new Set<string>();
  const sentence = leafSentences[kind]((name) => {
    names.add(name);
    return of(name);
  });
  return { sentence, names };
}

describe('what a journal’s entries say', () => {
  const rows = documented();

  it.each(leafKinds)('%s is one sentence, of members that formats.md names', (kind) => {
    const members = rows.get(kind);
    if (members === undefined) throw new Error(`formats.md has no entry ${kind}`);
    for (const what of ['act', 'transaction', 'withdrawal', 'destination', 'factor', 'thing']) {
      const value = (name: string): string =>
        name === 'what' ? what : name === 'scope_kind' ? 'account' : `<${name}>`;
      const { sentence, names } = read(kind, value);
      expect(sentence).not.toMatch(/undefined|NaN| {2}|\n/);
      expect(sentence.length).toBeGreaterThan(10);
      for (const name of names) expect(members, `${kind} reads ${name}`).toMatch(new RegExp(`[\`_*]${name}[\`_*]`));
    }
  });

  it('no two kinds say the same', () => {
    const said = leafKinds.map((kind) => read(kind, () => 'x').sentence);
    expect(new Set(said).size).toBe(leafKinds.length);
  });

  it('a commitment shows as one where nothing opens it, and as its value where something does', () => {
    const leaf = {
      kind: 'frozen',
      station: 's/1',
      w: 0,
      time: '2022-01-17T00:46:00Z',
      fields: { who: 'olivia', why: 'stolen phone', scope_kind: 'account', account: `commit:${'0'.repeat(64)}` },
    } as const;
    expect(leafSentence(leaf)).toBe(`olivia froze account ${committed}: stolen phone`);
    expect(leafSentence(leaf, { account: 'alice' })).toBe('olivia froze account alice: stolen phone');
  });

  it('durations are told as people say them', () => {
    const said = (ms: string) => read('clock-vouched', (name) => (name === 'ms' ? ms : name === 'who' ? 'olivia' : ''));
    expect(said('5400000').sentence).toBe('olivia vouched for 1 h 30 min that passed unseen');
    expect(said('86400000').sentence).toContain('for 24 h that');
    expect(said('0').sentence).toContain('for 0 s that');
  });
});
