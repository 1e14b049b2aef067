import { describe, expect, it } from 'vitest';
import type { Head } from '../../src/custody/heads.ts';
import { Publication } from '../../src/custody/publication.ts';
import { JournalBehind } from '../../src/store/failure.ts';

/** Lets everything go on that can. */
async function turn(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

class Rig {
  size = 3;
  readonly published: number[] = [];
  readonly cosignedPublished: (string | undefined)[] = [];
  readonly events: string[] = [];
  readonly waits: { ms: number; run: () => void }[] = [];
  failing = false;
  ahead = false;
  cosigned: string | undefined;
  #grew = (): void => {};
  hold: Promise<void> = Promise.resolve();
  readonly publication: Publication;

  constructor(every?: number) {
    this.publication = new Publication({
      ...(every === undefined ? {} : { every }),
      journal: {
        head: async (): Promise<Head> => ({
          origin: 'portcullis/test',
          size: this.size,
          root: new Uint8Array(32),
          note: `note ${this.size}`,
        }),
        witnesses: {
          cosigned: async () => (this.cosigned === undefined ? undefined : { note: this.cosigned, cosignatures: [] }),
        },
        onGrowth: (listener) => {
          this.#grew = listener;
          return () => {
            this.#grew = () => {};
          };
        },
      },
      tiler: {
        publish: async ({ size, cosigned }) => {
          await this.hold;
          if (this.ahead) throw new JournalBehind('the tiles are ahead');
          if (this.failing) throw new Error('no space left');
          this.published.push(size);
          this.cosignedPublished.push(cosigned);
        },
      },
      later: (ms, run) => {
        const wait = { ms, run };
        this.waits.push(wait);
        return () => {
          const i = this.waits.indexOf(wait);
          if (i >= 0) this.waits.splice(i, 1);
        };
      },
      log: (event) => this.events.push(event),
      behind: (error) => this.events.push(error.message),
    });
  }

  grow(by = 1): void {
    this.size += by;
    this.#grew();
  }

  /** Whatever was to be run, now; what it was told to wait for. */
  async wake(): Promise<number[]> {
    const due = this.waits.splice(0);
    for (const { run } of due) run();
    await turn();
    return due.map(({ ms }) => ms);
  }
}

describe('Publication', () => {
  it('publishes what is there at the start, then the newest head once a second while the journal grows', async () => {
    const rig = new Rig();
    expect(await rig.wake()).toEqual([0]);
    expect(rig.waits).toEqual([]);
    rig.grow();
    rig.grow();
    expect(await rig.wake()).toEqual([1_000]);
    expect(rig.published).toEqual([3, 5]);
    expect(rig.waits).toEqual([]);
  });

  it('publishes as far apart as it is told to, and what came since at the end', async () => {
    const rig = new Rig(900_000);
    expect(await rig.wake()).toEqual([0]);
    rig.grow();
    rig.grow();
    expect(await rig.wake()).toEqual([900_000]);
    rig.grow();
    await rig.publication.close();
    expect(rig.published).toEqual([3, 5, 6]);
  });

  it('a checkpoint that witnesses cosigned is published beside it, though the journal grew by nothing', async () => {
    const rig = new Rig();
    await rig.wake();
    rig.cosigned = 'cosigned';
    rig.grow(0);
    await rig.wake();
    rig.grow(0);
    await rig.wake();
    expect(rig.cosignedPublished).toEqual([undefined, 'cosigned']);
  });

  it('what came while it published is published next', async () => {
    const rig = new Rig();
    let release = (): void => {};
    rig.hold = new Promise((resolve) => {
      release = resolve;
    });
    await rig.wake();
    rig.grow();
    release();
    await turn();
    expect(await rig.wake()).toEqual([1_000]);
    expect(rig.published).toEqual([3, 4]);
  });

  it('what can’t be written is told once and tried again', async () => {
    const rig = new Rig();
    rig.failing = true;
    await rig.wake();
    rig.grow();
    expect(await rig.wake()).toEqual([30_000]);
    rig.failing = false;
    await rig.wake();
    expect(rig.published).toEqual([4]);
    expect(rig.events).toEqual(['journal-not-published', 'journal-published-again']);
  });

  it('S4: what was published and the journal does not go on from is told to the station', async () => {
    const rig = new Rig();
    rig.ahead = true;
    await rig.wake();
    expect(rig.events).toEqual(['the tiles are ahead', 'journal-not-published']);
  });

  it('the last head is published as the station stops, unless that takes too long', async () => {
    const rig = new Rig();
    await rig.wake();
    rig.grow();
    await rig.publication.close();
    expect(rig.published).toEqual([3, 4]);
    expect(rig.waits).toEqual([]);

    const stuck = new Rig();
    stuck.hold = new Promise(() => {});
    const closed = stuck.publication.close();
    await turn();
    expect(await stuck.wake()).toEqual([5_000]);
    await closed;
    expect(stuck.published).toEqual([]);
  });
});
