import type { Fault } from './fault.ts';

type FaultOf<Kind extends Fault['kind']> = Extract<Fault, { kind: Kind }>;
type Failure = 'hang' | 'unplug';

/** The faults in force, one of a kind at most, and the counting down to those that come later. */
export class Faults {
  readonly #inForce = new Map<Fault['kind'], Fault>();
  /** Commands still to be answered before a hang or an unplugging, by kind. */
  readonly #left = new Map<Failure, number>();

  get list(): readonly Fault[] {
    return [...this.#inForce.values()];
  }

  get<Kind extends Fault['kind']>(kind: Kind): FaultOf<Kind> | undefined {
    return this.list.find((fault): fault is FaultOf<Kind> => fault.kind === kind);
  }

  has(kind: Fault['kind']): boolean {
    return this.#inForce.has(kind);
  }

  add(fault: Fault): void {
    this.#inForce.set(fault.kind, fault);
    if ((fault.kind === 'hang' || fault.kind === 'unplug') && 'after' in fault.moment) {
      this.#left.set(fault.kind, fault.moment.after);
    }
  }

  remove(kind: Fault['kind']): void {
    this.#inForce.delete(kind);
    if (kind === 'hang' || kind === 'unplug') this.#left.delete(kind);
  }

  clear(): void {
    this.#inForce.clear();
    this.#left.clear();
  }

  /** Whether the device fails at this moment. */
  failure(at: 'review' | 'signature'): Failure | undefined {
    for (const kind of ['unplug', 'hang'] as const) {
      const moment = this.get(kind)?.moment;
      if (moment !== undefined && 'at' in moment && moment.at === at) return kind;
    }
    return undefined;
  }

  /** Whether the device fails at a command that has just come in. */
  failureOnCommand(): Failure | undefined {
    for (const [kind, left] of this.#left) {
      if (left === 0) return kind;
      this.#left.set(kind, left - 1);
    }
    return undefined;
  }
}
