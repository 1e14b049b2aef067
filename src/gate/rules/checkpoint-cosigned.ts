import type { CosignatureRecord } from '../../domain/index.ts';
import type { TransactionCase } from '../cases.ts';
import { lasting } from '../policy/english.ts';
import { pass, type Rule, refuse } from '../rule.ts';

/**
 * S4: a station that was put back to an older state, or beside what it had published, has no cosignature of today: a witness signs
 * only what goes on from all that it saw. So nothing large is signed where none came for too long. Freshness is asked of what is
 * new: what was permitted is not stopped half way.
 */
export const checkpointCosigned: Rule<TransactionCase> = {
  name: 'checkpoint-cosigned',
  judge(of) {
    const large = of.policy.witnesses?.large;
    if (large === undefined) return pass('policy asks for no cosigned checkpoint');
    if (of.phase === 'again') return pass('it was permitted under a checkpoint of then');
    const over = [...large.above].find(([asset, above]) => paid(of, asset) > above);
    if (over === undefined) return pass('no asset is paid above what policy signs without a cosigned checkpoint');
    const fresh = of.cosignatures.filter((one) => isFresh(one, of, large.cosignedWithin));
    const within = lasting(large.cosignedWithin);
    if (fresh.length >= large.by)
      return pass(`${fresh.length} of policy’s witnesses cosigned the journal within ${within}`);
    const [asset, above] = over;
    return refuse(
      'checkpoint-not-cosigned',
      `${paid(of, asset)} of ${asset} is above ${above}: ${large.by} of policy’s witnesses must have cosigned the journal within ${within}, ${fresh.length} did`,
      { asset, above: String(above), witnesses: String(large.by), cosigned: String(fresh.length) },
    );
  },
};

function paid({ effects }: TransactionCase, asset: string): bigint {
  return effects.payments.filter((payment) => payment.asset === asset).reduce((sum, { amount }) => sum + amount, 0n);
}

/** By both clocks: W of a copy that was put back stands where it stood, and the machine's clock may be set back. */
function isFresh({ time, at }: CosignatureRecord, { now, w }: TransactionCase, within: number): boolean {
  return now - time <= within && w - at <= within;
}
