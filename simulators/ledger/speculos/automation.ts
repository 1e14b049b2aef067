import { readFileSync } from 'node:fs';
import type { Device } from '../os/device.ts';
import type { TextEvent } from '../os/screen.ts';
import { type Action, parseRules, type Rule } from './rule.ts';

/** Presses the buttons by rules: the first rule that a line of text meets acts. */
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
      // A press redraws: it must come after the drawing that asked for it, and leave the event loop its turn.
      for (const event of events) {
        const rule = this.#rules.find((candidate) => this.#holds(candidate, event));
        if (rule !== undefined) setImmediate(() => this.#follow(rule));
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
      (rule.text === undefined || rule.text === event.text) &&
      (rule.regexp === undefined || rule.regexp.test(event.text)) &&
      (rule.x === undefined || rule.x === event.x) &&
      (rule.y === undefined || rule.y === event.y) &&
      rule.conditions.every(([name, value]) => (this.#variables.get(name) ?? false) === value)
    );
  }

  #follow(rule: Rule): void {
    for (const action of rule.actions) this.#act(action);
  }

  #act(action: Action): void {
    switch (action.kind) {
      case 'button':
        if (action.down) this.#device.buttons.press(action.button);
        else this.#device.buttons.release(action.button);
        break;
      case 'setbool':
        this.#variables.set(action.name, action.value);
        break;
      case 'exit':
        this.#exit();
        break;
      case 'finger':
        break;
    }
  }
}

/** Speculos takes rules as JSON or as `file:PATH`; a plain path will do too. */
export function readAutomation(argument: string): unknown {
  const inline = argument.trimStart().startsWith('{');
  return JSON.parse(inline ? argument : readFileSync(argument.replace(/^file:/, ''), 'utf8'));
}
