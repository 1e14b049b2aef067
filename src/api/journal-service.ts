import type { Journal } from '../custody/custody.ts';
import { type CosignatureRecord, Malformed, parseWithdrawalId } from '../domain/index.ts';
import { type Cosignature, type Entry, JournalServiceService } from '../generated/portcullis/v1/journal.ts';
import { parseCount } from './fields.ts';
import { pourLog } from './outlet.ts';
import { journalRights } from './rights.ts';
import { bind, type Service } from './service.ts';

const page = 100;
const entriesMost = 1_000;
/** Bytes of leaves in one answer: a client that does not read holds this much, whatever the leaves' size. */
const answerMost = 1024 * 1024;

/** What a full tile holds (C2SP tlog-tiles). */
const fullTile = 256;

interface Indexed {
  readonly index: number;
  readonly leaf: Uint8Array;
}

function message({ index, leaf }: Indexed): Entry {
  return { index: BigInt(index), leaf: Buffer.from(leaf) };
}

function width(asked: number): number {
  if (asked > fullTile) throw new Malformed('width', `must be at most ${fullTile}`);
  return asked === 0 ? fullTile : asked;
}

function cosignature({ witness, size, time }: CosignatureRecord): Cosignature {
  return { witness: witness.slice(0, witness.indexOf('+')), size: BigInt(size), time: new Date(time) };
}

/** As many entries from the first on as fit an answer, one at least. */
function fitting(entries: readonly Indexed[]): readonly Indexed[] {
  let bytes = 0;
  const over = entries.findIndex(({ leaf }, i) => {
    bytes += leaf.length;
    return i > 0 && bytes > answerMost;
  });
  return over === -1 ? entries : entries.slice(0, over);
}

/** `JournalService` of the API, spoken to custody. */
export function journalService(journal: Journal): Service {
  return bind(JournalServiceService, journalRights, {
    getCheckpoint: async (request) => {
      const since = parseCount(request.consistentWithSize, 'consistent_with_size');
      const { note, proof } = await journal.checkpoint(since === 0 ? undefined : since);
      return {
        checkpoint: note,
        consistencyProof: proof.map((hash) => Buffer.from(hash)),
        verifierKey: journal.verifierKey,
      };
    },
    getReceipt: async (request) => ({
      receipt: Buffer.from(await journal.receipt(parseWithdrawalId(request.withdrawalId, 'withdrawal_id'))),
    }),
    getEntries: (request) => {
      const from = parseCount(request.fromIndex, 'from_index');
      if (request.limit > entriesMost) throw new Malformed('limit', `must be at most ${entriesMost}`);
      const entries = fitting(journal.entries(from, request.limit === 0 ? page : request.limit));
      return { entries: entries.map(message), size: BigInt(journal.size()) };
    },
    streamEntries: (request, outlet) => {
      let next = parseCount(request.fromIndex, 'from_index');
      const head = journal.size();
      return pourLog(
        outlet,
        {
          page: () => journal.entries(next, page),
          onMore: (listener) => journal.onGrowth(listener),
          done: () => request.untilHead && next >= head,
        },
        (entry) => {
          next = entry.index + 1;
          return { entry: message(entry) };
        },
      );
    },
    getTile: ({ level, index, width: asked }) => {
      if (level >= 64) throw new Malformed('level', 'must be at most 63');
      return { tile: Buffer.from(journal.tile({ level, index: parseCount(index, 'index'), width: width(asked) })) };
    },
    getCheckpointForWitness: async ({ witness, oldSize }) => {
      const old = oldSize === undefined ? undefined : parseCount(oldSize, 'old_size');
      const { body, size } = await journal.witnesses.request(witness, old);
      return { body, size: BigInt(size) };
    },
    addCosignatures: async ({ size, signatures }) => ({
      cosignatures: (await journal.witnesses.accept(parseCount(size, 'size'), signatures)).map(cosignature),
    }),
    submitCheckpoint: ({ checkpoint }) => ({ size: BigInt(journal.hold(new TextEncoder().encode(checkpoint))) }),
    getCosignedCheckpoint: async () => {
      const cosigned = await journal.witnesses.cosigned();
      return { checkpoint: cosigned?.note ?? '', cosignatures: cosigned?.cosignatures.map(cosignature) ?? [] };
    },
    getEntriesTile: ({ index, width: asked }) => ({
      tile: Buffer.from(journal.tile({ level: 'entries', index: parseCount(index, 'index'), width: width(asked) })),
    }),
  });
}
