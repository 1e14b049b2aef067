/**
 * What can go wrong on request (`POST /faults`, of this emulator only; Speculos has no such thing):
 *
 * | kind | and | the device then |
 * |---|---|---|
 * | `lock`, `unlock` | | answers every command with 5515, until unlocked |
 * | `wrong-app` | `name` (default `BOLOS`) | says that app in B0 01 and answers everything else with 6e00 |
 * | `seed` | `seed` | is another device: its keys come from these words |
 * | `hang` | `at`, `after` | takes commands and never answers again |
 * | `unplug` | `at`, `after` | drops its connections, and takes no more until replugged |
 * | `plug` | | is back, its app freshly started |
 * | `wrong-signature` | | signs with a key that is not the wallet's |
 * | `high-s` | | gives s above half the group order, with the parity to match |
 * | `corrupt` | `form` | answers a signature with 64 bytes (`short`, the default) or none (`bare`), and 9000 |
 * | `refuse` | | refuses each review by itself, as a person would |
 * | `slow` | `ms` | answers so much later |
 *
 * `at` is `now` (the default), `review` (when a review is shown) or `signature` (once it is approved and signed, before
 * the answer: the host can't know). `after` is a number of commands that are still answered, instead of `at`.
 */
export type Fault =
  | { readonly kind: 'lock' | 'unlock' | 'plug' | 'wrong-signature' | 'high-s' | 'refuse' }
  | { readonly kind: 'wrong-app'; readonly name: string }
  | { readonly kind: 'seed'; readonly seed: string }
  | { readonly kind: 'hang'; readonly moment: Moment }
  | { readonly kind: 'unplug'; readonly moment: Moment }
  | { readonly kind: 'corrupt'; readonly form: 'short' | 'bare' }
  | { readonly kind: 'slow'; readonly ms: number };

export type Moment =
  | { readonly at: 'now' | 'review' | 'signature' }
  /** How many commands are still answered. */
  | { readonly after: number };

const kinds = 'lock, unlock, wrong-app, seed, hang, unplug, plug, wrong-signature, high-s, corrupt, refuse, slow';

/** Throws with a sentence for whoever wrote the request. */
export function parseFault(json: unknown): Fault {
  if (typeof json !== 'object' || json === null) throw new Error(`a fault is an object with a kind: ${kinds}`);
  const { kind, ...rest }: Record<string, unknown> = { ...json };
  const fault = parseKind(kind, rest);
  const known = Object.keys(fault).flatMap((key) => (key === 'moment' ? ['at', 'after'] : [key]));
  const unknown = Object.keys(rest).filter((key) => !known.includes(key));
  if (unknown.length > 0) throw new Error(`fault ${fault.kind}: unknown field ${unknown.join(', ')}`);
  return fault;
}

function parseKind(kind: unknown, rest: Readonly<Record<string, unknown>>): Fault {
  switch (kind) {
    case 'lock':
    case 'unlock':
    case 'plug':
    case 'wrong-signature':
    case 'high-s':
    case 'refuse':
      return { kind };
    case 'wrong-app':
      return { kind, name: text(rest['name'] ?? 'BOLOS', 'name') };
    case 'seed':
      return { kind, seed: text(rest['seed'], 'seed') };
    case 'hang':
    case 'unplug':
      return { kind, moment: parseMoment(rest) };
    case 'corrupt': {
      const form = rest['form'] ?? 'short';
      if (form !== 'short' && form !== 'bare') throw new Error('fault corrupt: form is short or bare');
      return { kind, form };
    }
    case 'slow':
      return { kind, ms: count(rest['ms'], 'ms') };
    default:
      throw new Error(`unknown kind of fault ${JSON.stringify(kind)}: it is one of ${kinds}`);
  }
}

function parseMoment(rest: Readonly<Record<string, unknown>>): Moment {
  if (rest['after'] !== undefined) {
    if (rest['at'] !== undefined)
      throw new Error('a fault happens at a moment or after a number of commands, not both');
    return { after: count(rest['after'], 'after') };
  }
  const at = rest['at'] ?? 'now';
  if (at !== 'now' && at !== 'review' && at !== 'signature') throw new Error('at is now, review or signature');
  return { at };
}

function text(value: unknown, field: string): string {
  if (typeof value !== 'string' || value === '') throw new Error(`${field}: a text is needed`);
  return value;
}

function count(value: unknown, field: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new Error(`${field}: a whole number is needed`);
  }
  return value;
}
