import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import type { Reason } from '../domain/index.ts';

/** What a command writes to: a terminal, or a test. */
export interface Output {
  /** One line of the answer. */
  out(line: string): void;
  /** One line about what went wrong, or beside the answer. */
  err(line: string): void;
  /** A line over the one that was drawn before; an empty one takes it away. Only where a person watches a terminal. */
  readonly draw?: ((line: string) => void) | undefined;
}

/** A word of the command line. */
export interface Command {
  readonly name: string;
  /** One line, for the list of commands. */
  readonly summary: string;
  /** What `help` shows: usage first, then what there is to know. */
  readonly help: string;
  /** Returns the exit code. Throws `UsageError` for a command line that it can't make sense of. */
  run(args: readonly string[], output: Output): Promise<number>;
}

/** The command line itself is wrong: exit code 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** What was asked for can't be done; the message says why and what to do: exit code 1. */
export class CommandFailed extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CommandFailed';
  }
}

/** The station refused a call, or couldn't be reached: what, why, and what to do, a line each. */
export class CallFailed extends Error {
  readonly reason: Reason | undefined;
  readonly lines: readonly string[];

  constructor(reason: Reason | undefined, lines: readonly string[], options?: ErrorOptions) {
    super(lines.join('\n'), options);
    this.name = 'CallFailed';
    this.reason = reason;
    this.lines = lines;
  }
}

export interface Arguments {
  readonly positionals: readonly string[];
  /** The option's value; undefined where it wasn't given. */
  value(name: string): string | undefined;
  /** The option's values, for one that may be given more than once. */
  values(name: string): readonly string[];
  /** The option's value, or a `UsageError`. */
  required(name: string): string;
  /** Whether the flag was given. */
  has(name: string): boolean;
}

/**
 * Reads a command's arguments: options by name, each with a value; `many` may be given more than once; `flags` have no value. Anything else, one
 * positional more or fewer than `positionals` names included, is a `UsageError`.
 */
export function readArguments(
  args: readonly string[],
  schema: {
    readonly options?: readonly string[];
    readonly many?: readonly string[];
    readonly flags?: readonly string[];
    readonly positionals?: readonly string[];
  },
): Arguments {
  const { options = [], many = [], flags = [], positionals: names = [] } = schema;
  const config: ParseArgsOptionsConfig = {};
  for (const name of options) config[name] = { type: 'string' };
  for (const name of many) config[name] = { type: 'string', multiple: true };
  for (const name of flags) config[name] = { type: 'boolean' };
  let parsed: ReturnType<typeof parseArgs>;
  let tokens: readonly { kind: string; name?: string }[] = [];
  try {
    const result = parseArgs({ args: [...args], options: config, allowPositionals: true, strict: true, tokens: true });
    parsed = result;
    tokens = result.tokens;
  } catch (error) {
    throw new UsageError(firstSentence(error));
  }
  const { values, positionals } = parsed;
  for (const name of options) {
    const given = tokens.filter((token) => token.kind === 'option' && token.name === name).length;
    if (given > 1) throw new UsageError(`--${name} is given ${given} times`);
  }
  const missing = names[positionals.length];
  if (missing !== undefined) throw new UsageError(`${missing} is missing`);
  const extra = positionals[names.length];
  if (extra !== undefined) throw new UsageError(`${JSON.stringify(extra)} is one argument too many`);
  const texts = (name: string): readonly string[] => {
    const value = values[name];
    return (Array.isArray(value) ? value : [value]).filter((v) => typeof v === 'string');
  };
  return {
    positionals,
    values: texts,
    value: (name) => texts(name)[0],
    has: (name) => values[name] === true,
    required: (name) => {
      const [value] = texts(name);
      if (value === undefined) throw new UsageError(`--${name} is missing`);
      return value;
    },
  };
}

function firstSentence(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return (message.split(/\. |\n/, 1)[0] ?? message).replace(/\.$/, '');
}
