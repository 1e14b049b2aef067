import { describe, expect, it } from 'vitest';
import { CommitGroup } from '../../src/store/commit-group.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function group(): { group: CommitGroup<string>; commits: string[][] } {
  const commits: string[][] = [];
  return { group: new CommitGroup((jobs) => commits.push([...jobs])), commits };
}

describe('adaptive group commit', () => {
  it('one that comes alone is committed at once, in its own call', () => {
    const { group: g, commits } = group();
    g.add('a');
    expect(commits).toEqual([['a']]);
  });

  it('those that come together share one commit at the turn’s end', async () => {
    const { group: g, commits } = group();
    for (const job of ['a', 'b', 'c', 'd']) g.add(job);
    expect(commits).toEqual([['a']]);
    await turn();
    expect(commits).toEqual([['a'], ['b', 'c', 'd']]);
  });

  it('after a busy turn the first waits for company too, until a turn has only one', async () => {
    const { group: g, commits } = group();
    g.add('a');
    g.add('b');
    await turn();
    g.add('c');
    g.add('d');
    expect(commits).toEqual([['a'], ['b']]);
    await turn();
    expect(commits).toEqual([['a'], ['b'], ['c', 'd']]);
    g.add('e');
    await turn();
    g.add('f');
    expect(commits.slice(3)).toEqual([['e'], ['f']]);
  });

  it('what waits is committed when asked to, and not again', async () => {
    const { group: g, commits } = group();
    g.add('a');
    g.add('b');
    g.flush();
    g.flush();
    expect(commits).toEqual([['a'], ['b']]);
    await turn();
    expect(commits).toHaveLength(2);
  });

  it('a commit that asks for another decision does not lose it', async () => {
    const commits: string[][] = [];
    const g: CommitGroup<string> = new CommitGroup((jobs) => {
      commits.push([...jobs]);
      if (jobs.includes('a')) g.add('from a');
    });
    g.add('a');
    await turn();
    await turn();
    expect(commits.flat()).toEqual(['a', 'from a']);
  });
});
