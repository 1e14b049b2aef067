import { readFileSync } from 'node:fs';
import type { Device } from '../os/device.ts';
import type { TextEvent } from '../os/screen.ts';
import { type Action, parseRules, type Rule } from './rule.ts';

/** Moves buttons and finger by rules: the first rule that a line of text meets acts. */
export class Automation {
  readonly #device: Device;
  readonly #exit: () => void;
  readonly #variables = new Map<string, boolean>();
  #rules: readonly Rule[] = [];

  /** @param exit what the action `exit` does */
  constructor(device: Device, exit: () => void) {
    this.#device = device;
    this.#exit = exit;
    device.screen.onDraw((events) => {
      for (const event of events) {
        const rule = this.#rules.find((candidate) => this.#holds(candidate, event));
        if (rule !== undefined) this.#follow(rule.actions ?? []);
      }
    });
  }

  /** Replaces the rules. Throws on a document that isn't Speculos' automation format. */
  load(json: unknown): void {
    this.#rules = parseRules(json);
    this.#variables.clear();
  }

  #holds(rule: Rule, event: TextEvent): boolean {
    return (
      rule.actions !== undefined &&
      (rule.text === undefined || rule.text === event.text) &&
      (rule.regexp === undefined || rule.regexp.test(event.text)) &&
      (rule.x === undefined || rule.x === event.x) &&
      (rule.y === undefined || rule.y === event.y) &&
      rule.conditions.every(([name, value]) => (this.#variables.get(name) ?? false) === value)
    );
  }

  /**
   * What a rule remembers, the next line of the same screen is judged by. A press redraws: it must come after the drawing that
   * asked for it, and leave the event loop its turn.
   */
  #follow(actions: readonly Action[]): void {
    for (const action of actions) if (action.kind === 'setbool') this.#variables.set(action.name, action.value);
    setImmediate(() => {
      for (const action of actions) this.#act(action);
    });
  }

  #act(action: Action): void {
    switch (action.kind) {
      case 'button':
        if (action.down) this.#device.buttons.press(action.button);
        else this.#device.buttons.release(action.button);
        break;
      case 'finger':
        this.#device.finger(action.x, action.y, action.down ? 'press' : 'release');
        break;
      case 'setbool':
        break;
      case 'exit':
        this.#exit();
        break;
    }
  }
}

/** Speculos takes rules as JSON or as `file:PATH`; a plain path will do too. */
export function readAutomation(argument: string): unknown {
  const inline = argument.trimStart().startsWith('{');
  return JSON.parse(inline ? argument : readFileSync(argument.replace(/^file:/, ''), 'utf8'));
}
