import type { Reason } from '../domain/index.ts';
import { CallFailed, type CommandFailed } from './command.ts';

/** What a person can mend at a device while a command waits for it. */
const mendable: ReadonlySet<Reason | undefined> = new Set<Reason>([
  'device-missing',
  'device-locked',
  'device-wrong-app',
  'device-foreign',
  'device-busy',
]);

export interface Patience {
  /** How often to ask again; 0: once only. */
  readonly again: number;
  /** Resolves when it is time to. */
  readonly pause: () => Promise<unknown>;
  readonly tell: (why: string) => void;
}

/**
 * Asks until the answer is one, or patience ends: what stands in the way at a device is told, once, and asked for again. `objection`
 * says why an answer will not do. Throws what stood in the way last; anything else at once.
 */
export async function patiently<T>(
  ask: () => Promise<T>,
  objection: (answer: T) => CommandFailed | undefined,
  { again, pause, tell }: Patience,
): Promise<T> {
  let told = '';
  for (let left = again; ; left--) {
    const tried = await attempt(ask, objection);
    if (tried.ok) return tried.answer;
    if (left <= 0) throw tried.why;
    if (tried.why.message !== told) tell(tried.why.message);
    told = tried.why.message;
    await pause();
  }
}

type Attempt<T> =
  | { readonly ok: true; readonly answer: T }
  | { readonly ok: false; readonly why: CallFailed | CommandFailed };

async function attempt<T>(
  ask: () => Promise<T>,
  objection: (answer: T) => CommandFailed | undefined,
): Promise<Attempt<T>> {
  try {
    const answer = await ask();
    const why = objection(answer);
    return why === undefined ? { ok: true, answer } : { ok: false, why };
  } catch (error) {
    if (error instanceof CallFailed && mendable.has(error.reason)) return { ok: false, why: error };
    throw error;
  }
}
