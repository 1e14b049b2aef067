import type { CheckpointSigner } from '../journal/checkpoint-signer.ts';
import { formatVerifierKey } from '../journal/note.ts';
import { type Station, toldBy } from './station.ts';

/**
 * The log names its own keys: the first in entry 0, each later one in an entry that stands under checkpoints which the key before it
 * signed, too. So whoever pinned one finds the next in the log. A config that drops the key before the log has named another would
 * leave auditors with nothing that leads from one to the other: such a start is refused.
 */
export async function nameJournalKey(station: Station, signers: readonly CheckpointSigner[]): Promise<void> {
  const [newest, ...former] = signers.map(({ verifier }) => formatVerifierKey(verifier));
  const { journalKey: named } = station.look({}).station;
  if (newest === undefined || newest === named) return;
  if (!former.includes(named)) {
    const why = `the journal's key in the config is ${newest}, the log names ${named}: name that one's file behind it in keys.journal, or restore it`;
    throw new Error(why);
  }
  await station.decide({}, (facts) => ({
    result: undefined,
    writes: [
      {
        table: 'station',
        leaf: 0,
        record: {
          ...facts.station,
          journalKey: newest,
          journalKeyLeaves: [...facts.station.journalKeyLeaves, ...toldBy(facts, 0)],
        },
      },
    ],
    leaves: [{ kind: 'journal-key-added', fields: { journal_key: newest, former: named } }],
  }));
  station.log('journal-key-added', { key: newest });
}
