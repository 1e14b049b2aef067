import type { Policy } from '../policy.ts';

/** Operators who have to approve what a limit or the hours hold, where no band says how many. */
export function quorumOf({ operators }: Policy): number {
  return operators?.quorum ?? 1;
}
