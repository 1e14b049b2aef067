import { ActState, type OperatorAct } from '../generated/portcullis/v1/operator.ts';
import { legible } from './client.ts';

/** What has come of an act, in a sentence or two, and what the next step is. `delayMs`: how long it ripens, where that is known. */
export function actState(act: OperatorAct, delayMs = 0n): string {
  const waiting =
    act.waitingFor === undefined ? '' : ` It waits: ${act.waitingFor.reason} (${act.waitingFor.message}).`;
  return legible(`${stateSentence(act, delayMs)}${waiting}`);
}

function stateSentence(act: OperatorAct, delayMs: bigint): string {
  const { operators, signaturesNeeded, notBefore, expiresAt } = act;
  const by = operators.join(', ');
  const refuse = `"portcullis act refuse ${act.id}" stops it.`;
  switch (act.state) {
    case ActState.OPEN:
      return signaturesNeeded > operators.length
        ? `${operators.length} of ${signaturesNeeded} signed (${by}): it waits until ${expiresAt?.toISOString() ?? '?'} for another operator: portcullis act sign ${act.id}`
        : `signed by ${by}; it has not taken effect yet.`;
    case ActState.ANNOUNCING: {
      const ripens = delayMs === 0n ? 'ripens' : `ripens ${lasting(delayMs)}`;
      return `signed by ${by}, and announced to the operators: it ${ripens} after that notice is delivered. ${refuse}`;
    }
    case ActState.RIPENING:
      return `signed by ${by}; it takes effect not before ${notBefore?.toISOString() ?? '?'}. ${refuse}`;
    case ActState.DONE:
      return `done: signed by ${by}.`;
    case ActState.REFUSED:
      return 'refused by an operator.';
    case ActState.LAPSED:
      return 'lapsed: what it was decided on is no longer so. Sign it anew if it is still wanted.';
    case ActState.EXPIRED:
      return 'expired: it had no quorum in time.';
    default:
      return `in a state (${act.state}) that this release does not know.`;
  }
}

/** `24 h`, `1 h 30 min`. */
export function lasting(ms: bigint): string {
  const minutes = (ms + 59_999n) / 60_000n;
  const parts = [
    ...(minutes >= 60n ? [`${minutes / 60n} h`] : []),
    ...(minutes % 60n > 0n || minutes === 0n ? [`${minutes % 60n} min`] : []),
  ];
  return parts.join(' ');
}

/** One line about an act, for lists. */
export function actLine(act: OperatorAct): string {
  const [state = `state ${act.state}`] = Object.entries(ActState).find(([, value]) => value === act.state) ?? [];
  const signed = act.signaturesNeeded > 0 ? `${act.operators.length} of ${act.signaturesNeeded} signed` : 'settled';
  return legible(
    `${act.id}  ${state.toLowerCase().padEnd(10)} ${act.verb} ${act.subject}  (${signed}: ${act.operators.join(', ')})`,
  );
}
