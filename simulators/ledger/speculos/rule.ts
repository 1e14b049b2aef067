/** What a rule makes the device do; button 1 is the left one, 2 the right one; true presses, false lets go. */
export type Action =
  | { readonly kind: 'button'; readonly button: 'left' | 'right'; readonly down: boolean }
  | { readonly kind: 'setbool'; readonly name: string; readonly value: boolean }
  | { readonly kind: 'finger' }
  | { readonly kind: 'exit' };

/** Speculos' automation rule: it holds for a line of text that meets all that it names. */
export interface Rule {
  readonly text?: string;
  readonly regexp?: RegExp;
  readonly x?: number;
  readonly y?: number;
  readonly conditions: readonly (readonly [name: string, value: boolean])[];
  readonly actions: readonly Action[];
}

/** Parses `{"version": 1, "rules": […]}`. Throws with a sentence that names the place. */
export function parseRules(json: unknown): Rule[] {
  const document = object(json, 'automation');
  if (document['version'] !== 1) throw new Error('automation: version must be 1');
  return list(document['rules'], 'automation: rules').map((rule, i) => parseRule(rule, `automation: rules[${i}]`));
}

function parseRule(json: unknown, place: string): Rule {
  const { text, regexp, x, y, conditions, actions, ...rest } = object(json, place);
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw new Error(`${place}: unknown key ${unknown}`);
  return {
    ...(text === undefined ? {} : { text: string(text, `${place}.text`) }),
    // Python's re.match: anchored at the start only.
    ...(regexp === undefined ? {} : { regexp: new RegExp(`^(?:${string(regexp, `${place}.regexp`)})`) }),
    ...(x === undefined ? {} : { x: number(x, `${place}.x`) }),
    ...(y === undefined ? {} : { y: number(y, `${place}.y`) }),
    conditions: list(conditions ?? [], `${place}.conditions`).map((condition) => parseCondition(condition, place)),
    actions: list(actions ?? [], `${place}.actions`).map((action) => parseAction(action, place)),
  };
}

function parseCondition(json: unknown, place: string): readonly [string, boolean] {
  const [name, value] = list(json, `${place}.conditions`);
  return [string(name, `${place}.conditions`), boolean(value, `${place}.conditions`)];
}

function parseAction(json: unknown, place: string): Action {
  const [kind, first, second] = list(json, `${place}.actions`);
  switch (kind) {
    case 'button':
      if (first !== 1 && first !== 2) throw new Error(`${place}.actions: a button is 1 or 2`);
      return { kind, button: first === 1 ? 'left' : 'right', down: boolean(second, `${place}.actions`) };
    case 'setbool':
      return { kind, name: string(first, `${place}.actions`), value: boolean(second, `${place}.actions`) };
    case 'finger':
    case 'exit':
      return { kind };
    default:
      throw new Error(`${place}.actions: unknown action ${JSON.stringify(kind)}`);
  }
}

function object(json: unknown, place: string): Record<string, unknown> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new Error(`${place}: not an object`);
  return { ...json };
}

function list(json: unknown, place: string): readonly unknown[] {
  if (!Array.isArray(json)) throw new Error(`${place}: not a list`);
  return json;
}

function string(json: unknown, place: string): string {
  if (typeof json !== 'string') throw new Error(`${place}: not a text`);
  return json;
}

function number(json: unknown, place: string): number {
  if (typeof json !== 'number') throw new Error(`${place}: not a number`);
  return json;
}

function boolean(json: unknown, place: string): boolean {
  if (typeof json !== 'boolean') throw new Error(`${place}: not true or false`);
  return json;
}
