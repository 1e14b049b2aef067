import {
  hour,
  type ImportManifest,
  importChunkMost,
  Malformed,
  parseImportManifest,
  Refusal,
} from '../../../domain/index.ts';
import { epochRaisedKey, importSpentKey } from '../../intents.ts';
import type { Effect } from '../effect.ts';

/**
 * What an exchange has of its customers already, by a quorum: the act approves the digests of chunks and changes nothing itself; once
 * it ripened, the chunks are sent, and each is held against it (`onboarding.ts`).
 */
export const importEffect: Effect = {
  verb: 'import',
  form: 'onboarding',
  payload: { most: importChunkMost },
  ask(subject, payload, { station }) {
    if (subject !== 'onboarding') return undefined;
    const manifest = parseImportManifest(payload, 'payload');
    const { name } = station.look({}).station;
    if (manifest.station !== name)
      throw new Malformed('payload.station', `is another station: ${manifest.station}, not ${name}`);
    return {
      rows: [['spent', epochRaisedKey]],
      tightens: false,
      whileSuspect: false,
      recovery: false,
      stoppedBy: ['station'],
      personal: false,
      approved: () => payload,
      describe: () => described(manifest, station.policy.ripening),
      signatures: () => station.policy.operators?.quorum ?? Number.POSITIVE_INFINITY,
      delay: () => station.policy.operators?.delays.policy ?? Number.POSITIVE_INFINITY,
      apply(facts, by) {
        // A9: what ends every factor ends what was approved and not brought in yet, too: before it took effect, and after.
        const [opened] = facts.get('acts', by.act)?.history ?? [];
        const raised = facts.get('spent', epochRaisedKey)?.by;
        if (raised !== undefined && Number(raised) > Number(opened ?? 0))
          throw new Refusal(
            'act-lapsed',
            'all factors were revoked since it was opened, and those that it names with them',
          );
        const record = { key: importSpentKey(by.act, 'epoch'), by: String(facts.station.factorEpoch) };
        return { writes: [{ table: 'spent', record, leaf: by.position - 1 }], leaves: [] };
      },
    };
  },
};

function described(
  { chunks, factors, destinations }: ImportManifest,
  ripening: { readonly factor: number; readonly destination: number },
): string {
  const waits = `a passkey approves nothing for ${ripening.factor / hour} hours, and nothing is paid to an address for ${ripening.destination / hour} hours, after their owner was told`;
  return `Import up to ${factors} passkey(s) and ${destinations} address(es) of customers, of ${chunks.length} chunk(s), into accounts that never had a factor; ${waits}.`;
}
