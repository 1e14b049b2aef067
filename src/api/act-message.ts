import type { ActView } from '../custody/custody.ts';
import type { ActState } from '../domain/index.ts';
import { type OperatorAct, ActState as State } from '../generated/portcullis/v1/operator.ts';
import { reasonMessage } from './evidence.ts';

const states: Readonly<Record<ActState, State>> = {
  OPEN: State.OPEN,
  ANNOUNCING: State.ANNOUNCING,
  RIPENING: State.RIPENING,
  DONE: State.DONE,
  REFUSED: State.REFUSED,
  LAPSED: State.LAPSED,
  EXPIRED: State.EXPIRED,
};

/** An operators' act on the wire. A list leaves payloads out: they may be documents. */
export function actMessage({ act, description, signatures, notBefore, waiting }: ActView, payload = true): OperatorAct {
  return {
    id: act.id,
    verb: act.verb,
    subject: act.subject,
    digest: Buffer.from(act.digest, 'hex'),
    basePolicy: act.base,
    payload: payload ? Buffer.from(act.payload) : Buffer.alloc(0),
    state: states[act.state],
    operators: [...act.operators],
    signaturesNeeded: signatures,
    description,
    openedAt: new Date(act.openedAt),
    expiresAt: new Date(act.expiresAt),
    notBefore: notBefore === undefined ? undefined : new Date(notBefore),
    waitingFor: waiting === undefined ? undefined : reasonMessage(waiting),
  };
}
