/** What a rule makes the device do; button 1 is the left one, 2 the right one; `down` presses, otherwise it lets go. */
export type Action =
  | { readonly kind: 'button'; readonly button: 'left' | 'right'; readonly down: boolean }
  | { readonly kind: 'setbool'; readonly name: string; readonly value: boolean }
  /** In pixels. */
  | { readonly kind: 'finger'; readonly x: number; readonly y: number; readonly down: boolean }
  | { readonly kind: 'exit' };

/** Speculos' automation rule: it holds for a line of text that meets all that it names. */
export interface Rule {
  readonly text?: string;
  readonly regexp?: RegExp;
  readonly x?: number;
  readonly y?: number;
  readonly conditions: readonly (readonly [name: string, value: boolean])[];
  /** A rule that names none, unlike one with an empty list, is passed over for those after it. */
  readonly actions?: readonly Action[];
}

/** Parses `{"version": 1, "rules": […]}`. Throws with a sentence that names the place. */
export function parseRules(json: unknown): Rule[] {
  const { version, rules, ...rest } = object(json, 'automation');
  requireNothing(rest, 'automation');
  if (version !== 1) throw new Error('automation: version must be 1');
  return list(rules, 'automation: rules').map((rule, i) => parseRule(rule, `automation: rules[${i}]`));
}

function parseRule(json: unknown, place: string): Rule {
  const { text, regexp, x, y, conditions, actions, ...rest } = object(json, place);
  requireNothing(rest, place);
  return {
    ...(text === undefined ? {} : { text: string(text, `${place}.text`) }),
    // Python's re.match: anchored at the start only.
    ...(regexp === undefined ? {} : { regexp: new RegExp(`^(?:${string(regexp, `${place}.regexp`)})`) }),
    ...(x === undefined ? {} : { x: integer(x, `${place}.x`) }),
    ...(y === undefined ? {} : { y: integer(y, `${place}.y`) }),
    conditions: list(conditions ?? [], `${place}.conditions`).map((condition) => parseCondition(condition, place)),
    ...(actions === undefined ? {} : { actions: parseActions(actions, `${place}.actions`) }),
  };
}

function parseCondition(json: unknown, place: string): readonly [string, boolean] {
  const [name, value] = list(json, `${place}.conditions`, 2);
  return [string(name, `${place}.conditions`), boolean(value, `${place}.conditions`)];
}

const parseActions = (json: unknown, place: string): Action[] =>
  list(json, place).map((action) => parseAction(action, place));

/** An action is a list of just its parts, the first of which is its name. */
function parseAction(json: unknown, place: string): Action {
  const [kind] = list(json, place);
  switch (kind) {
    case 'button': {
      const [, button, down] = list(json, place, 3);
      if (button !== 1 && button !== 2) throw new Error(`${place}: a button is 1 or 2`);
      return { kind, button: button === 1 ? 'left' : 'right', down: boolean(down, place) };
    }
    case 'finger': {
      const [, x, y, down] = list(json, place, 4);
      return { kind, x: integer(x, place), y: integer(y, place), down: boolean(down, place) };
    }
    case 'setbool': {
      const [, name, value] = list(json, place, 3);
      return { kind, name: string(name, place), value: boolean(value, place) };
    }
    case 'exit':
      list(json, place, 1);
      return { kind };
    default:
      throw new Error(`${place}: unknown action ${JSON.stringify(kind)}`);
  }
}

function requireNothing(rest: Readonly<Record<string, unknown>>, place: string): void {
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw new Error(`${place}: unknown key ${unknown}`);
}

function object(json: unknown, place: string): Record<string, unknown> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new Error(`${place}: not an object`);
  return { ...json };
}

/** @param length how many there must be; any number where absent */
function list(json: unknown, place: string, length?: number): readonly unknown[] {
  if (!Array.isArray(json)) throw new Error(`${place}: not a list`);
  if (length !== undefined && json.length !== length) {
    throw new Error(`${place}: ${JSON.stringify(json)} has ${json.length} parts, not ${length}`);
  }
  return json;
}

function string(json: unknown, place: string): string {
  if (typeof json !== 'string') throw new Error(`${place}: not a text`);
  return json;
}

function integer(json: unknown, place: string): number {
  if (typeof json !== 'number' || !Number.isInteger(json)) throw new Error(`${place}: not a whole number`);
  return json;
}

function boolean(json: unknown, place: string): boolean {
  if (typeof json !== 'boolean') throw new Error(`${place}: not true or false`);
  return json;
}
